#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "client/message_decoder.h"
#include "common/json/decode.h"
#include "common/model/subscription_group_config.h"
#include "common/model/topic_config.h"
#include "common/model/topic_route.h"
#include "common/status.h"
#include "remoting/client.h"
#include "remoting/protocol/bodies/acl_config.h"
#include "remoting/protocol/bodies/config_tables.h"
#include "remoting/protocol/bodies/connections.h"
#include "remoting/protocol/bodies/consume_queue.h"
#include "remoting/protocol/bodies/consumer_running_info.h"
#include "remoting/protocol/bodies/ha_status.h"
#include "remoting/protocol/bodies/lists.h"
#include "remoting/protocol/bodies/offsets.h"
#include "remoting/protocol/bodies/stats.h"
#include "remoting/protocol/commands/acl_admin.h"
#include "rocketmq/message.h"
#include "rocketmq/pull_result.h"
#include "rocketmq/send_result.h"

namespace rocketmq::client {

/// Calls of administrators to name servers and brokers (RocketMQ: DefaultMQAdminExtImpl). Each call
/// waits for its answer and opens the connection it needs; nothing runs in the background: no
/// heartbeats, no polling of routes.
///
/// Errors: a refusal is a Status with "CODE: <n>  DESC: <remark>" as its message. Everything else
///         says which address could not be asked and why. Refusals that answer the question, such
///         as that there is no such topic, are nullopt where a call says so.
/// Threads: any; calls wait, so not from an I/O thread. `address` is always "host:port".
class AdminClient {
 public:
  struct Options {
    /// "host:port;host:port"; empty: found as any client finds them (property, NAMESRV_ADDR, HTTP).
    std::string name_servers;
    /// For each call.
    std::chrono::milliseconds timeout{5000};
    /// Java brokers change the body of some answers for C++ admins.
    remoting::Language language = remoting::Language::kJava;
    /// Signs every request; empty: none is signed.
    remoting::SessionCredentials credentials = {};
  };

  /// InvalidArgument when the name servers' addresses are wrong, Io when they cannot be fetched.
  /// Connects to nobody yet. RocketMQ parity: without any, calls that need none work.
  static Result<std::unique_ptr<AdminClient>> create(Options options);
  ~AdminClient();
  AdminClient(const AdminClient&) = delete;
  AdminClient& operator=(const AdminClient&) = delete;

  /// Any request to any server; the building block of all calls below.
  template <remoting::Command C>
  Result<remoting::CallReply<C>> call(const std::string& address, C request,
                                      std::string body = {}) {
    return accepted(exchange(address, std::move(request), std::move(body)));
  }

  // --- Name servers. Questions go to one of them (the next if it does not answer), changes to all.
  // NotFound says how to set one when none is.

  Result<std::vector<std::string>> nameServers() const;

  /// NotFound when no broker has the topic.
  Result<model::TopicRouteData> topicRoute(const std::string& topic);
  /// nullopt when no broker has the topic.
  Result<std::optional<model::TopicRouteData>> findTopicRoute(const std::string& topic);
  Result<remoting::ClusterInfo> clusterInfo();
  Result<std::vector<std::string>> topicList();
  Result<std::vector<std::string>> topicsOfCluster(const std::string& cluster);
  Status deleteTopicInNameServers(const std::string& topic,
                                  const std::optional<std::string>& cluster = {});

  Status putKvConfig(const std::string& name_space, const std::string& key,
                     const std::string& value);
  Status deleteKvConfig(const std::string& name_space, const std::string& key);

  /// Properties text by name-server address.
  Result<std::map<std::string, std::string>> namesrvConfig();
  Status updateNamesrvConfig(const std::map<std::string, std::string>& properties);

  /// At one name server. Number of topics changed.
  Result<int32_t> wipeWritePerm(const std::string& address, const std::string& broker_name);
  Result<int32_t> addWritePerm(const std::string& address, const std::string& broker_name);

  // --- Finding brokers.

  /// The brokers of a cluster, by name. NotFound for unknown clusters, here and below.
  Result<std::vector<model::BrokerData>> brokersIn(const std::string& cluster);
  /// Addresses of the masters of a cluster, by broker name.
  Result<std::map<std::string, std::string>> mastersOfCluster(const std::string& cluster);
  /// Addresses of masters and slaves of a cluster.
  Result<std::vector<std::string>> brokersOfCluster(const std::string& cluster);
  /// For each broker name of a topic the address of its master, else of any slave.
  Result<std::map<std::string, std::string>> brokersOfTopic(const std::string& topic);
  /// nullopt when there is no such topic.
  Result<std::optional<std::map<std::string, std::string>>> findBrokersOfTopic(
      const std::string& topic);

  // --- Topics of a broker.

  Status updateTopic(const std::string& address, const model::TopicConfig& config);
  Status deleteTopicInBroker(const std::string& address, const std::string& topic);
  Result<model::TopicConfigTable> allTopics(const std::string& address);
  Result<remoting::TopicStats> topicStats(const std::string& address, const std::string& topic);
  /// Groups that consume the topic.
  Result<std::vector<std::string>> groupsOfTopic(const std::string& address,
                                                 const std::string& topic);

  // --- Groups of a broker.

  Status updateSubscriptionGroup(const std::string& address,
                                 const model::SubscriptionGroupConfig& config);
  Status deleteSubscriptionGroup(const std::string& address, const std::string& group,
                                 bool remove_offsets);
  Result<model::SubscriptionGroupTable> allSubscriptionGroups(const std::string& address);
  /// nullopt when the group has no member there.
  Result<std::optional<remoting::ConsumerConnection>> consumerConnection(const std::string& address,
                                                                         const std::string& group);
  Result<remoting::ProducerConnection> producerConnection(const std::string& address,
                                                          const std::string& group);
  Result<remoting::ProducerTable> allProducers(const std::string& address);
  /// Of one topic, or of all topics of the group.
  Result<remoting::ConsumeStats> consumeStats(const std::string& address, const std::string& group,
                                              const std::optional<std::string>& topic = {});
  Result<remoting::BrokerConsumeStats> brokerConsumeStats(const std::string& address, bool orderly);
  /// nullopt when the group has no member that could do it (4.x brokers). `timestamp_ms` -1 means
  /// the end of the queues.
  Result<std::optional<remoting::ResetOffsetBody>> resetOffset(const std::string& address,
                                                               const std::string& group,
                                                               const std::string& topic,
                                                               int64_t timestamp_ms, bool force);
  Result<remoting::GetConsumerStatusBody> consumerStatus(const std::string& address,
                                                         const std::string& group,
                                                         const std::string& topic,
                                                         const std::string& client_id = {});
  /// The client's own words: C++ clients write text that is not always JSON.
  Result<std::string> consumerRunningInfo(const std::string& address, const std::string& group,
                                          const std::string& client_id, bool with_stacks);
  Result<remoting::ConsumeMessageDirectlyResult> consumeMessageDirectly(
      const std::string& address, const std::string& group, const std::string& client_id,
      const std::string& offset_message_id);
  Status cloneGroupOffset(const std::string& address, const std::string& source_group,
                          const std::string& destination_group,
                          const std::optional<std::string>& topic, bool offline);

  // --- Offsets of a queue.

  Result<int64_t> maxOffset(const std::string& address, const std::string& topic, int32_t queue_id);
  Result<int64_t> minOffset(const std::string& address, const std::string& topic, int32_t queue_id);
  Result<int64_t> searchOffset(const std::string& address, const std::string& topic,
                               int32_t queue_id, int64_t timestamp_ms);
  Status updateConsumerOffset(const std::string& address, const std::string& group,
                              const std::string& topic, int32_t queue_id, int64_t offset);

  // --- Messages.

  /// By key, or by the unique id of a producer; only messages that really have it. Empty when there
  /// are none.
  struct MessageQuery {
    std::string topic;
    std::string key;
    bool unique_key = false;
    int32_t max_messages = 64;
    int64_t begin_ms = 0;
    int64_t end_ms = INT64_MAX;
  };
  Result<std::vector<MessageExt>> queryMessages(const std::string& address,
                                                const MessageQuery& query);

  /// By the broker's message id; the broker inside the id is asked. InvalidArgument when the text
  /// is no such id.
  Result<MessageExt> messageById(const std::string& offset_message_id);

  /// Up to `max_messages` from `offset` on, at once, as group TOOLS_CONSUMER.
  Result<PullResult> pull(const std::string& address, const MessageQueue& queue, int64_t offset,
                          int32_t max_messages, const std::string& tags = "*");

  /// Sends a message, to any queue or to the one that is named. An unknown topic is NotFound:
  /// admins do not create topics by sending.
  struct SendTo {
    std::optional<std::string> broker_name;
    std::optional<int32_t> queue_id;
  };
  Result<SendResult> send(Message message, const SendTo& to = {});
  /// The same for a copy of what a broker has stored, see makeOutgoingCopy().
  Result<SendResult> sendCopy(Message copy);

  /// Index entries as they are on disk.
  Result<remoting::QueryConsumeQueueBody> consumeQueue(const std::string& address,
                                                       const std::string& topic, int32_t queue_id,
                                                       int64_t index, int32_t count,
                                                       const std::string& group = {});

  // --- A broker itself.

  Result<std::map<std::string, std::string>> brokerRuntimeInfo(const std::string& address);
  Result<remoting::HaStatus> brokerHaStatus(const std::string& address);

  // --- Who may do what at a broker.

  Status updateAclAccount(const std::string& address,
                          const remoting::UpdateAndCreateAclConfig& account);
  Status deleteAclAccount(const std::string& address, const std::string& access_key);
  Status updateGlobalWhiteAddresses(const std::string& address,
                                    const remoting::UpdateGlobalWhiteAddrsConfig& addresses);
  Result<remoting::GetBrokerClusterAclInfoReply> aclVersion(const std::string& address);
  /// With secret keys.
  Result<remoting::AclConfig> aclConfig(const std::string& address);

  // --- A broker's settings and counters.

  /// Properties text.
  Result<std::string> brokerConfig(const std::string& address);
  Status updateBrokerConfig(const std::string& address,
                            const std::map<std::string, std::string>& properties);
  Result<remoting::BrokerStatsData> brokerStats(const std::string& address,
                                                const std::string& stats_name,
                                                const std::string& stats_key);
  Status cleanExpiredConsumeQueue(const std::string& address);
  Status cleanUnusedTopic(const std::string& address);
  Status deleteExpiredCommitLog(const std::string& address);

 private:
  class Impl;
  explicit AdminClient(std::unique_ptr<Impl> impl);

  remoting::Client& remotingClient();
  remoting::Deadline deadline() const;
  static Status refused(remoting::ResponseCode code, const std::string& remark);
  Result<SendResult> sendAs(Message message, const SendTo& to, bool is_copy);

  /// The answer, also when it is a refusal.
  template <remoting::Command C>
  remoting::CallResult<C> exchange(const std::string& address, C request, std::string body = {}) {
    remoting::CallResult<C> result =
        remotingClient().callSync(address, std::move(request), std::move(body), deadline());
    return result.ok() ? std::move(result)
                       : remoting::CallResult<C>(result.status().withContext(address));
  }
  /// Makes a refusal an error.
  template <class Reply>
  static Result<Reply> accepted(Result<Reply> reply) {
    return reply.ok() && !reply->success() ? refused(reply->code, reply->remark) : std::move(reply);
  }
  /// The same, with nullopt for a refusal with `code`.
  template <class Reply>
  static Result<std::optional<Reply>> acceptedUnless(remoting::ResponseCode code,
                                                     Result<Reply> reply) {
    if (reply.ok() && reply->code == code) {
      return std::optional<Reply>();
    }
    ROCKETMQ_ASSIGN_OR_RETURN(Reply good, accepted(std::move(reply)));
    return std::optional<Reply>(std::move(good));
  }

  /// call() without a use for the answer.
  template <remoting::Command C>
  Status tell(const std::string& address, C request, std::string body = {}) {
    return call(address, std::move(request), std::move(body)).status();
  }
  /// call() whose answer's body is JSON.
  template <class T, remoting::Command C>
  Result<T> ask(const std::string& address, C request, std::string body = {}) {
    ROCKETMQ_ASSIGN_OR_RETURN(const auto reply, call(address, std::move(request), std::move(body)));
    return decodeBody<T>(reply.body, address);
  }
  template <class T>
  static Result<T> decodeBody(const std::string& body, const std::string& address) {
    Result<T> decoded = json::decode<T>(body);
    return decoded.ok() ? std::move(decoded)
                        : Result<T>(decoded.status().withContext("answer of " + address));
  }
  /// exchange() with the first name server that answers.
  template <remoting::Command C>
  remoting::CallResult<C> exchangeWithNameServer(C request);
  template <class T, remoting::Command C>
  Result<T> askNameServer(C request);
  /// The same request to every name server, whatever the others answer; the first failure, with
  /// the messages of all.
  template <remoting::Command C>
  Status tellNameServers(const C& request, const std::string& body = {});

  std::unique_ptr<Impl> impl_;
};

}  // namespace rocketmq::client
