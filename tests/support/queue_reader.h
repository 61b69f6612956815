#pragma once

#include <string>
#include <utility>
#include <vector>

#include "rocketmq/default_mq_pull_consumer.h"
#include "tests/support/daemon.h"
#include "tests/support/eventually.h"

namespace rocketmq::test {

/// Reads a topic's only queue, also across restarts of its broker. For programs that link the
/// client.
class QueueReader {
 public:
  /// `cluster` runs; `topic` has one queue.
  QueueReader(const Cluster& cluster, const std::string& topic)
      : queue_{topic, "broker-a", 0}, consumer_(configFor(cluster, topic)) {
    consumer_.start();
  }

  /// All messages, from the first on. Throws MQException.
  std::vector<MessageExt> messages() {
    std::vector<MessageExt> all;
    for (;;) {
      const PullResult result =
          consumer_.pull(queue_, "*", static_cast<int64_t>(all.size()), kBatch);
      if (result.status != PullStatus::kFound) {
        return all;
      }
      all.insert(all.end(), result.messages.begin(), result.messages.end());
    }
  }

  /// The message at an offset, which must exist. Throws MQException.
  MessageExt at(int64_t offset) { return consumer_.pull(queue_, "*", offset, 1).messages.at(0); }

  /// How many there are. 0 while the broker does not answer.
  int64_t count() {
    try {
      return consumer_.maxOffset(queue_);
    } catch (const MQException&) {
      return 0;
    }
  }
  /// Waits until there are so many.
  bool awaitCount(int64_t wanted, std::chrono::milliseconds patience = std::chrono::seconds(20)) {
    return eventually([&] { return count() >= wanted; }, patience);
  }

 private:
  static constexpr int32_t kBatch = 32;

  static PullConsumerConfig configFor(const Cluster& cluster, const std::string& topic) {
    PullConsumerConfig config;
    config.namesrv_addr = cluster.namesrvAddr();
    config.consumer_group = "reader-of-" + topic;
    return config;
  }

  const MessageQueue queue_;
  DefaultMQPullConsumer consumer_;
};

}  // namespace rocketmq::test
