#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "rocketmq/client_config.h"
#include "rocketmq/message_queue.h"

namespace rocketmq {

enum class MessageModel { kBroadcasting, kClustering };

/// Where a group starts in a queue for which it has no offset yet.
enum class ConsumeFromWhere { kLastOffset, kFirstOffset, kTimestamp };

/// Which of a topic's queues this client gets. `all_queues` and `all_clients` are sorted; every
/// client of the group must come to the same division.
using AllocateMessageQueueStrategy = std::function<std::vector<MessageQueue>(
    const std::string& group, const std::string& client_id,
    const std::vector<MessageQueue>& all_queues, const std::vector<std::string>& all_clients)>;

/// RocketMQ's AVG: neighbouring queues. The default.
AllocateMessageQueueStrategy allocateAveragely();
/// RocketMQ's AVG_BY_CIRCLE: every n-th queue.
AllocateMessageQueueStrategy allocateAveragelyByCircle();

/// Settings that all consumers share.
struct ConsumerConfig : ClientConfig {
  std::string consumer_group;
  MessageModel message_model = MessageModel::kClustering;
  AllocateMessageQueueStrategy allocate_strategy = allocateAveragely();
  std::chrono::milliseconds rebalance_interval{20'000};
};

}  // namespace rocketmq
