// AdminClient: calls to brokers about topics, groups and the broker itself.

#include "client/admin/admin_client.h"
#include "client/admin/admin_client_impl.h"
#include "common/json/encode.h"
#include "common/properties_file.h"
#include "remoting/protocol/commands/broker_admin.h"
#include "remoting/protocol/commands/consume_stats.h"
#include "remoting/protocol/commands/group_admin.h"
#include "remoting/protocol/commands/namesrv_kv.h"
#include "remoting/protocol/commands/query_message.h"
#include "remoting/protocol/commands/relay.h"
#include "remoting/protocol/commands/topic_admin.h"

namespace rocketmq::client {
namespace {

std::string propertiesText(const std::map<std::string, std::string>& properties) {
  return formatPropertiesFile(PropertiesByKey(properties.begin(), properties.end()));
}

}  // namespace

Status AdminClient::updateNamesrvConfig(const std::map<std::string, std::string>& properties) {
  return tellNameServers(remoting::UpdateNamesrvConfig{}, propertiesText(properties));
}

Status AdminClient::updateTopic(const std::string& address, const model::TopicConfig& config) {
  remoting::UpdateAndCreateTopic request;
  request.topic = config.topic_name;
  request.default_topic = "TBW102";
  request.read_queue_nums = config.read_queue_nums;
  request.write_queue_nums = config.write_queue_nums;
  request.perm = config.perm;
  request.topic_filter_type = json::nameOf(config.topic_filter_type);
  request.topic_sys_flag = config.topic_sys_flag;
  request.order = config.order;
  if (config.attributes && !config.attributes->empty()) {
    std::string text;
    for (const auto& [key, value] : *config.attributes) {
      text += (text.empty() ? "+" : ",+") + key + "=" + value;
    }
    request.attributes = std::move(text);
  }
  return tell(address, std::move(request));
}

Status AdminClient::deleteTopicInBroker(const std::string& address, const std::string& topic) {
  return tell(address, remoting::DeleteTopicInBroker{.topic = topic});
}

Result<model::TopicConfigTable> AdminClient::allTopics(const std::string& address) {
  return ask<model::TopicConfigTable>(address, remoting::GetAllTopicConfig{});
}

Result<remoting::TopicStats> AdminClient::topicStats(const std::string& address,
                                                     const std::string& topic) {
  return ask<remoting::TopicStats>(address, remoting::GetTopicStatsInfo{.topic = topic});
}

Result<std::vector<std::string>> AdminClient::groupsOfTopic(const std::string& address,
                                                            const std::string& topic) {
  ROCKETMQ_ASSIGN_OR_RETURN(
      remoting::GroupList list,
      ask<remoting::GroupList>(address, remoting::QueryTopicConsumeByWho{.topic = topic}));
  return std::move(list.group_list);
}

Status AdminClient::updateSubscriptionGroup(const std::string& address,
                                            const model::SubscriptionGroupConfig& config) {
  return tell(address, remoting::UpdateAndCreateSubscriptionGroup{}, json::encode(config));
}

Status AdminClient::deleteSubscriptionGroup(const std::string& address, const std::string& group,
                                            bool remove_offsets) {
  // Each release has its own name for the flag.
  return tell(address, remoting::DeleteSubscriptionGroup{.group_name = group,
                                                         .clean_offset = remove_offsets,
                                                         .remove_offset = remove_offsets});
}

Result<model::SubscriptionGroupTable> AdminClient::allSubscriptionGroups(
    const std::string& address) {
  return ask<model::SubscriptionGroupTable>(address, remoting::GetAllSubscriptionGroupConfig{});
}

Result<std::optional<remoting::ConsumerConnection>> AdminClient::consumerConnection(
    const std::string& address, const std::string& group) {
  ROCKETMQ_ASSIGN_OR_RETURN(
      const auto reply,
      acceptedUnless(
          remoting::ResponseCode::kConsumerNotOnline,
          exchange(address, remoting::GetConsumerConnectionList{.consumer_group = group})));
  if (!reply) {
    return std::optional<remoting::ConsumerConnection>();
  }
  ROCKETMQ_ASSIGN_OR_RETURN(auto members,
                            decodeBody<remoting::ConsumerConnection>(reply->body, address));
  return std::optional(std::move(members));
}

Result<remoting::ProducerConnection> AdminClient::producerConnection(const std::string& address,
                                                                     const std::string& group) {
  return ask<remoting::ProducerConnection>(
      address, remoting::GetProducerConnectionList{.producer_group = group});
}

Result<remoting::ProducerTable> AdminClient::allProducers(const std::string& address) {
  return ask<remoting::ProducerTable>(address, remoting::GetAllProducerInfo{});
}

Result<remoting::ConsumeStats> AdminClient::consumeStats(const std::string& address,
                                                         const std::string& group,
                                                         const std::optional<std::string>& topic) {
  return ask<remoting::ConsumeStats>(
      address,
      remoting::GetConsumeStats{.consumer_group = group, .topic = topic, .topic_list = {}});
}

Result<remoting::BrokerConsumeStats> AdminClient::brokerConsumeStats(const std::string& address,
                                                                     bool orderly) {
  return ask<remoting::BrokerConsumeStats>(address,
                                           remoting::GetBrokerConsumeStats{.is_order = orderly});
}

Result<std::optional<remoting::ResetOffsetBody>> AdminClient::resetOffset(
    const std::string& address, const std::string& group, const std::string& topic,
    int64_t timestamp_ms, bool force) {
  remoting::InvokeBrokerToResetOffset request;
  request.topic = topic;
  request.group = group;
  request.timestamp_ms = timestamp_ms;
  request.is_force = force;
  // 5.3 brokers prefer a given offset to the time.
  request.offset = -1;
  ROCKETMQ_ASSIGN_OR_RETURN(const auto reply,
                            acceptedUnless(remoting::ResponseCode::kConsumerNotOnline,
                                           exchange(address, std::move(request))));
  if (!reply) {
    return std::optional<remoting::ResetOffsetBody>();
  }
  ROCKETMQ_ASSIGN_OR_RETURN(auto reset, remoting::decodeResetOffsetBody(reply->body));
  return std::optional(std::move(reset));
}

Result<remoting::GetConsumerStatusBody> AdminClient::consumerStatus(const std::string& address,
                                                                    const std::string& group,
                                                                    const std::string& topic,
                                                                    const std::string& client_id) {
  remoting::InvokeBrokerToGetConsumerStatus request;
  request.topic = topic;
  request.group = group;
  if (!client_id.empty()) {
    request.client_address = client_id;
  }
  return ask<remoting::GetConsumerStatusBody>(address, std::move(request));
}

Result<std::string> AdminClient::consumerRunningInfo(const std::string& address,
                                                     const std::string& group,
                                                     const std::string& client_id,
                                                     bool with_stacks) {
  ROCKETMQ_ASSIGN_OR_RETURN(
      auto reply, call(address, remoting::GetConsumerRunningInfo{.consumer_group = group,
                                                                 .client_id = client_id,
                                                                 .jstack_enable = with_stacks}));
  return std::move(reply.body);
}

Result<remoting::ConsumeMessageDirectlyResult> AdminClient::consumeMessageDirectly(
    const std::string& address, const std::string& group, const std::string& client_id,
    const std::string& offset_message_id) {
  remoting::ConsumeMessageDirectly request;
  request.consumer_group = group;
  request.client_id = client_id;
  request.message_id = offset_message_id;
  return ask<remoting::ConsumeMessageDirectlyResult>(address, std::move(request));
}

Status AdminClient::cloneGroupOffset(const std::string& address, const std::string& source_group,
                                     const std::string& destination_group,
                                     const std::optional<std::string>& topic, bool offline) {
  return tell(address, remoting::CloneGroupOffset{.source_group = source_group,
                                                  .destination_group = destination_group,
                                                  .topic = topic,
                                                  .offline = offline});
}

Result<remoting::QueryConsumeQueueBody> AdminClient::consumeQueue(const std::string& address,
                                                                  const std::string& topic,
                                                                  int32_t queue_id, int64_t index,
                                                                  int32_t count,
                                                                  const std::string& group) {
  remoting::QueryConsumeQueue request;
  request.topic = topic;
  request.queue_id = queue_id;
  request.index = index;
  request.count = count;
  if (!group.empty()) {
    request.consumer_group = group;
  }
  return ask<remoting::QueryConsumeQueueBody>(address, std::move(request));
}

Result<std::map<std::string, std::string>> AdminClient::brokerRuntimeInfo(
    const std::string& address) {
  ROCKETMQ_ASSIGN_OR_RETURN(remoting::KvTable table,
                            ask<remoting::KvTable>(address, remoting::GetBrokerRuntimeInfo{}));
  return std::move(table.table);
}

Result<remoting::HaStatus> AdminClient::brokerHaStatus(const std::string& address) {
  return ask<remoting::HaStatus>(address, remoting::GetBrokerHaStatus{});
}

Status AdminClient::updateAclAccount(const std::string& address,
                                     const remoting::UpdateAndCreateAclConfig& account) {
  return tell(address, account);
}

Status AdminClient::deleteAclAccount(const std::string& address, const std::string& access_key) {
  return tell(address, remoting::DeleteAclConfig{.access_key = access_key});
}

Status AdminClient::updateGlobalWhiteAddresses(
    const std::string& address, const remoting::UpdateGlobalWhiteAddrsConfig& addresses) {
  return tell(address, addresses);
}

Result<remoting::GetBrokerClusterAclInfoReply> AdminClient::aclVersion(const std::string& address) {
  ROCKETMQ_ASSIGN_OR_RETURN(auto reply, call(address, remoting::GetBrokerClusterAclInfo{}));
  return std::move(reply.header);
}

Result<remoting::AclConfig> AdminClient::aclConfig(const std::string& address) {
  return ask<remoting::AclConfig>(address, remoting::GetBrokerClusterAclConfig{});
}

Result<std::string> AdminClient::brokerConfig(const std::string& address) {
  ROCKETMQ_ASSIGN_OR_RETURN(auto reply, call(address, remoting::GetBrokerConfig{}));
  return std::move(reply.body);
}

Status AdminClient::updateBrokerConfig(const std::string& address,
                                       const std::map<std::string, std::string>& properties) {
  return tell(address, remoting::UpdateBrokerConfig{}, propertiesText(properties));
}

Result<remoting::BrokerStatsData> AdminClient::brokerStats(const std::string& address,
                                                           const std::string& stats_name,
                                                           const std::string& stats_key) {
  return ask<remoting::BrokerStatsData>(
      address, remoting::ViewBrokerStatsData{.stats_name = stats_name, .stats_key = stats_key});
}

Status AdminClient::cleanExpiredConsumeQueue(const std::string& address) {
  return tell(address, remoting::CleanExpiredConsumeQueue{});
}

Status AdminClient::cleanUnusedTopic(const std::string& address) {
  return tell(address, remoting::CleanUnusedTopic{});
}

Status AdminClient::deleteExpiredCommitLog(const std::string& address) {
  return tell(address, remoting::DeleteExpiredCommitLog{});
}

}  // namespace rocketmq::client
