#pragma once

#include <functional>
#include <optional>
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
/// Threads: any but the event loop. Cancelling `calls` ends the waits.
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
  std::optional<std::vector<std::string>> membersAt(const std::string& broker);
  /// `is_new` is set when the group begins there.
  std::optional<int64_t> firstOffset(OffsetStore& offsets, const MessageQueue& queue, bool& is_new);
  std::optional<int64_t> offsetOfNewGroup(const MessageQueue& queue);
  template <remoting::Command C>
  Outcome<int64_t> askOffset(const MessageQueue& queue, C request);

  ClientInstance& instance_;
  CancellableCalls& calls_;
  const Setting setting_;
};

}  // namespace rocketmq::client
