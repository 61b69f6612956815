#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "client/consumer/offset_store.h"
#include "client/instance/cancellable_calls.h"
#include "client/instance/client_error.h"
#include "client/instance/client_instance.h"
#include "rocketmq/consumer_config.h"

namespace rocketmq::client {

/// Questions that consumers of all kinds ask brokers and wait for. Everything is borrowed.
///
/// Threads: any but the event loop, if nothing else is said. Cancelling `calls` ends the waits.
class ConsumerQueries {
 public:
  struct Setting {
    std::string group;
    std::string name_space;
    AllocateMessageQueueStrategy allocate;
    ConsumeFromWhere from_where = ConsumeFromWhere::kLastOffset;
    std::string consume_timestamp;  ///< Checked before, see parseConsumeTimestamp().
  };

  ConsumerQueries(ClientInstance& instance, CancellableCalls& calls, Setting setting)
      : instance_(instance), calls_(calls), setting_(std::move(setting)) {}

  /// The known route, or what a name server says.
  Outcome<TopicRoutePtr> route(const std::string& topic);

  /// All queues of `topic` that can be read, as a name server says now; named as the topic `shown`.
  Outcome<std::vector<MessageQueue>> readableQueues(const std::string& topic,
                                                    const std::string& shown);

  // Of the thread that rebalances only. One broker that does not answer must not hold up the queues
  // of all the others: within a run nothing more is asked of it, and in the next one it comes last.

  void beginRun();
  /// Whether a question of this run has had no answer from this broker.
  bool isSilent(const std::string& broker_name) const { return silent_.contains(broker_name); }

  /// This client's share of a topic's queues; nullopt when the group's members are not known.
  std::optional<std::vector<MessageQueue>> allocate(const std::string& topic,
                                                    const std::vector<MessageQueue>& all);

  using Start = std::function<void(const MessageQueue& queue, int64_t offset)>;
  /// Finds out where to begin in each of `queues`, and calls `start` where that is known: at the
  /// stored offset, or where the setting says for a new group. The latter is stored first, so that
  /// whoever has the queue next begins there, too, and not at an end that is further by then. False
  /// when it cannot be found out now for all of them.
  bool startQueues(OffsetStore& offsets, const std::vector<MessageQueue>& queues,
                   const Start& start);

  Outcome<int64_t> maxOffset(const MessageQueue& queue);
  Outcome<int64_t> minOffset(const MessageQueue& queue);
  Outcome<int64_t> searchOffset(const MessageQueue& queue, int64_t timestamp_ms);

 private:
  /// All that some of the topic's brokers know, sorted. Every broker should know every member, but
  /// one that has just started only learns of them: with its list alone the first to be back would
  /// take all queues. nullopt as long as this client is not among them.
  std::optional<std::vector<std::string>> members(const std::string& topic);
  std::optional<std::vector<std::string>> membersAt(const BrokerAddress& broker);
  /// The queues of each broker, those of brokers that were silent in the last run at the end.
  std::vector<std::vector<MessageQueue>> byBroker(const std::vector<MessageQueue>& queues) const;
  bool startQueuesOfBroker(OffsetStore& offsets, const std::vector<MessageQueue>& queues,
                           const Start& start);
  /// `is_new` is set when the group begins there.
  std::optional<int64_t> firstOffset(OffsetStore& offsets, const MessageQueue& queue, bool& is_new);
  std::optional<int64_t> offsetOfNewGroup(const MessageQueue& queue);
  void noteFailure(const std::string& broker_name, const ClientError& error);
  template <remoting::Command C>
  Outcome<int64_t> askOffset(const MessageQueue& queue, C request);

  ClientInstance& instance_;
  CancellableCalls& calls_;
  const Setting setting_;
  /// Names of brokers.
  std::set<std::string> silent_;
  std::set<std::string> silent_before_;  ///< In the run before.
};

}  // namespace rocketmq::client
