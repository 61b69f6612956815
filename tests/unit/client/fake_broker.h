#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/model/message_queue.h"
#include "common/mutex.h"
#include "remoting/io_pool.h"
#include "remoting/protocol/bodies/heartbeat.h"
#include "remoting/protocol/commands/client_membership.h"
#include "remoting/protocol/commands/pull_message.h"
#include "remoting/protocol/commands/send_back.h"
#include "remoting/protocol/commands/send_message.h"
#include "remoting/router.h"
#include "remoting/server.h"
#include "tests/support/eventually.h"

namespace rocketmq::client {

using test::eventually;

/// A broker in the test's process: real frames on a real port, messages in memory. A test may make
/// it refuse, or swallow requests.
///
/// Threads: any.
class FakeBroker {
 public:
  FakeBroker(remoting::IoPool& pool, std::string name);
  ~FakeBroker();

  const std::string& name() const { return name_; }
  std::string address() const;
  /// Closes the port and all connections; nothing answers any more.
  void stop();

  // --- What it answers with. Success when not set.

  /// Refuses all sends with this code.
  void refuseSends(std::optional<remoting::ResponseCode> code);
  /// Takes sends but never answers.
  void swallowSends(bool swallow);
  /// Takes heartbeats but never answers.
  void swallowHeartbeats(bool swallow);
  /// Closes the connection of each of the next `count` sends in place of an answer.
  void breakSends(int32_t count);
  /// Closes the connections of all clients that it knows; they may come again.
  void cutClients();
  /// Answers each request of request-reply that it stores with this body, behind the send's answer,
  /// if it knows the client on that connection.
  void replyWith(std::optional<std::string> body);
  void refuseSendBacks(bool refuse);
  /// Grants no locks.
  void refuseLocks(bool refuse);
  /// Answers no question for locks but with an error.
  void failLocks(bool fail);
  /// Takes no offsets, with or without an answer.
  void refuseOffsets(bool refuse);
  /// Answers no question for a group's offset but with an error.
  void failOffsetQuestions(bool fail);
  /// Takes questions for a group's members, or for its offset, but never answers.
  void swallowMemberQuestions(bool swallow);
  void swallowOffsetQuestions(bool swallow);
  /// Calls this before it answers where a queue ends.
  void onEndAsked(std::function<void()> call);
  /// Answers pulls at the end of a queue at once, as a slave does that has got less than its
  /// reader.
  void holdNoPulls();
  /// Suggests this broker id with each answer to a pull.
  void suggestBroker(int64_t broker_id);
  /// Refuses all pulls of a topic's queue.
  void refusePulls(const std::string& topic, int32_t queue_id);

  // --- What it has got.

  /// Appends a message as if a producer had sent it.
  void append(const std::string& topic, int32_t queue_id, const std::string& body,
              const std::string& properties = {});
  /// Bodies of a topic's queue.
  std::vector<std::string> bodies(const std::string& topic, int32_t queue_id = 0) const;
  int64_t sends() const;
  std::vector<remoting::ConsumerSendMessageBack> sendBacks() const;
  std::vector<remoting::SendMessageV2> sent() const;
  std::optional<int64_t> committed(const std::string& group, const std::string& topic,
                                   int32_t queue_id = 0) const;
  void setCommitted(const std::string& group, const std::string& topic, int32_t queue_id,
                    int64_t offset);
  std::set<std::string> members(const std::string& group) const;
  std::optional<remoting::HeartbeatData> lastHeartbeat() const;
  /// Heartbeats, answered or not.
  int64_t heartbeats() const;
  /// Connections on which a client has made itself known.
  size_t clients() const { return connections().size(); }
  std::set<model::MessageQueue> locked() const;
  int64_t unlocks() const;
  int64_t lockRequests() const;
  /// Pulls of one topic, answered or not.
  int64_t pulls(const std::string& topic) const;
  /// Offsets that it was told, taken or not.
  int64_t offsetUpdates() const;
  /// Questions for a group's members, answered or not.
  int64_t memberQuestions() const;
  /// Questions for a group's offset, answered or not.
  int64_t offsetQuestions() const;

  /// The next pulls of a queue are answered "go on at `offset`".
  void moveOffset(const std::string& topic, int32_t queue_id, int64_t offset);

  /// A one-way request to every connected client.
  template <remoting::Command C>
  void tellClients(const C& request, const std::string& body = {}) {
    for (const remoting::ConnectionPtr& connection : connections()) {
      connection->oneway(request, remoting::Payload(body));
    }
  }
  /// A request to the client that connected last.
  template <remoting::Command C>
  remoting::CallResult<C> askClient(const C& request, const std::string& body = {}) {
    auto promise = std::make_shared<std::promise<remoting::CallResult<C>>>();
    connections().back()->call(
        request, remoting::Payload(body), remoting::deadlineAfter(std::chrono::seconds(10)),
        [promise](remoting::CallResult<C> result) { promise->set_value(std::move(result)); });
    return promise->get_future().get();
  }

 private:
  using QueueKey = std::pair<std::string, int32_t>;
  using PullResponder = std::shared_ptr<remoting::Responder<remoting::PullMessage>>;
  struct HeldPull {
    QueueKey queue;
    remoting::PullMessage request;
    PullResponder responder;
  };

  void registerSends();
  void registerPulls();
  void registerMembership();
  void registerOffsets();
  /// Keeps what would answer a request until the broker stops.
  template <class C>
  void swallow(remoting::Responder<C> responder) ROCKETMQ_REQUIRES(mutex_);
  template <class C>
  void takeSend(const C& request, const remoting::RequestContext& context,
                remoting::Responder<C> responder);
  void replyTo(const std::string& properties, const remoting::RequestContext& context);
  void store(const QueueKey& queue, const std::string& body, const std::string& properties,
             int32_t reconsume_times) ROCKETMQ_REQUIRES(mutex_);
  std::optional<remoting::Answer<remoting::PullMessageReply>> tryPull(
      const remoting::PullMessage& request) ROCKETMQ_REQUIRES(mutex_);
  void answerHeld(const QueueKey& queue);
  std::vector<remoting::ConnectionPtr> connections() const;

  remoting::IoPool& pool_;
  const std::string name_;
  remoting::Router router_{nullptr};
  std::unique_ptr<remoting::Server> server_;
  std::string address_;

  mutable Mutex mutex_;
  std::map<QueueKey, std::vector<std::string>> queues_ ROCKETMQ_GUARDED_BY(mutex_);
  std::map<QueueKey, std::vector<std::string>> bodies_ ROCKETMQ_GUARDED_BY(mutex_);
  std::list<HeldPull> held_ ROCKETMQ_GUARDED_BY(mutex_);
  std::map<QueueKey, int64_t> moved_ ROCKETMQ_GUARDED_BY(mutex_);
  std::optional<remoting::ResponseCode> refuse_sends_ ROCKETMQ_GUARDED_BY(mutex_);
  bool swallow_sends_ ROCKETMQ_GUARDED_BY(mutex_) = false;
  bool swallow_heartbeats_ ROCKETMQ_GUARDED_BY(mutex_) = false;
  int32_t break_sends_ ROCKETMQ_GUARDED_BY(mutex_) = 0;
  std::optional<std::string> reply_ ROCKETMQ_GUARDED_BY(mutex_);
  bool refuse_send_backs_ ROCKETMQ_GUARDED_BY(mutex_) = false;
  bool refuse_locks_ ROCKETMQ_GUARDED_BY(mutex_) = false;
  bool fail_locks_ ROCKETMQ_GUARDED_BY(mutex_) = false;
  bool swallow_member_questions_ ROCKETMQ_GUARDED_BY(mutex_) = false;
  bool swallow_offset_questions_ ROCKETMQ_GUARDED_BY(mutex_) = false;
  int64_t member_questions_ ROCKETMQ_GUARDED_BY(mutex_) = 0;
  bool fail_offset_questions_ ROCKETMQ_GUARDED_BY(mutex_) = false;
  int64_t offset_questions_ ROCKETMQ_GUARDED_BY(mutex_) = 0;
  std::function<void()> on_end_asked_ ROCKETMQ_GUARDED_BY(mutex_);
  bool refuse_offsets_ ROCKETMQ_GUARDED_BY(mutex_) = false;
  std::set<QueueKey> refuse_pulls_ ROCKETMQ_GUARDED_BY(mutex_);
  int64_t suggested_broker_id_ ROCKETMQ_GUARDED_BY(mutex_) = 0;
  bool hold_no_pulls_ ROCKETMQ_GUARDED_BY(mutex_) = false;
  std::vector<std::function<void()>> swallowed_ ROCKETMQ_GUARDED_BY(mutex_);
  int64_t sends_ ROCKETMQ_GUARDED_BY(mutex_) = 0;
  int64_t heartbeats_ ROCKETMQ_GUARDED_BY(mutex_) = 0;
  int64_t unlocks_ ROCKETMQ_GUARDED_BY(mutex_) = 0;
  int64_t lock_requests_ ROCKETMQ_GUARDED_BY(mutex_) = 0;
  int64_t offset_updates_ ROCKETMQ_GUARDED_BY(mutex_) = 0;
  std::map<std::string, int64_t> pulls_ ROCKETMQ_GUARDED_BY(mutex_);
  std::vector<remoting::SendMessageV2> sent_ ROCKETMQ_GUARDED_BY(mutex_);
  std::vector<remoting::ConsumerSendMessageBack> send_backs_ ROCKETMQ_GUARDED_BY(mutex_);
  std::map<std::string, std::set<std::string>> members_ ROCKETMQ_GUARDED_BY(mutex_);
  std::map<std::pair<std::string, QueueKey>, int64_t> offsets_ ROCKETMQ_GUARDED_BY(mutex_);
  std::optional<remoting::HeartbeatData> heartbeat_ ROCKETMQ_GUARDED_BY(mutex_);
  std::map<model::MessageQueue, std::string> locks_ ROCKETMQ_GUARDED_BY(mutex_);
  std::map<uint64_t, remoting::ConnectionPtr> connections_ ROCKETMQ_GUARDED_BY(mutex_);
};

}  // namespace rocketmq::client
