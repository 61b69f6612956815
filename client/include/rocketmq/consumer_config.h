#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "rocketmq/client_config.h"
#include "rocketmq/message_queue.h"

namespace rocketmq {

/// Whether every member of a group gets every message, or they share them.
enum class MessageModel { kBroadcasting, kClustering };

/// Where a group starts in a queue for which it has no offset yet.
enum class ConsumeFromWhere { kLastOffset, kFirstOffset, kTimestamp };

/// Which of a topic's queues this client gets. `all_queues` and `all_clients` are sorted; every
/// client of the group must come to the same division. Group and topics are named as the
/// application wrote them, without namespace. Asked for the group's retry topic, %RETRY%<group>,
/// too: its queues must go to somebody, or what failed is never consumed again. Called on a thread
/// of the consumer; when it throws, the queues stay as they are and it is asked again soon.
using AllocateMessageQueueStrategy = std::function<std::vector<MessageQueue>(
    const std::string& group, const std::string& client_id,
    const std::vector<MessageQueue>& all_queues, const std::vector<std::string>& all_clients)>;

/// RocketMQ's AVG: neighbouring queues. The default.
AllocateMessageQueueStrategy allocateAveragely();
/// RocketMQ's AVG_BY_CIRCLE: every n-th queue.
AllocateMessageQueueStrategy allocateAveragelyByCircle();
/// RocketMQ's CONFIG: always these queues, whoever else is in the group; topics without namespace.
/// The queues of the group's retry topic are divided as allocateAveragely() does.
AllocateMessageQueueStrategy allocateByConfig(std::vector<MessageQueue> queues);
/// RocketMQ's MACHINE_ROOM: of the queues whose broker is named "<room>@<name>" with one of
/// `rooms`, an equal share; the others go to nobody here.
AllocateMessageQueueStrategy allocateByMachineRoom(std::set<std::string> rooms);
/// RocketMQ's CONSISTENT_HASH: clients stand at `virtual_nodes` places of a ring, and a queue goes
/// to the next one; few queues move when a client comes or goes. Throws
/// MQClientException when `virtual_nodes` is below 1.
AllocateMessageQueueStrategy allocateByConsistentHash(int32_t virtual_nodes = 10);

/// Settings that all consumers share.
struct ConsumerConfig : ClientConfig {
  /// Required: at most 255 of the characters %|a-zA-Z0-9_-, not DEFAULT_CONSUMER.
  std::string consumer_group;
  MessageModel message_model = MessageModel::kClustering;
  AllocateMessageQueueStrategy allocate_strategy = allocateAveragely();
  /// How often the queues are divided anew besides when brokers tell of a change.
  std::chrono::milliseconds rebalance_interval{20'000};
};

}  // namespace rocketmq
