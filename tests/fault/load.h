#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "rocketmq/default_mq_producer.h"
#include "rocketmq/default_mq_pull_consumer.h"
#include "tests/support/daemon.h"

namespace rocketmq::test {

/// Four senders that number their messages and write down what the broker has promised, and a
/// reader that compares every queue with it.
class Load {
 public:
  static constexpr int kSenders = 4;
  static constexpr int kQueues = 4;

  /// Makes the topic. `cluster` runs and must outlive this.
  Load(Cluster& cluster, std::string topic, uint64_t seed);

  /// All senders send until `count` messages have been acknowledged and the broker, killed at that
  /// moment by the sender that got the last acknowledgement, is gone.
  void sendUntilKilled(int64_t count);
  /// The same with a broker that is asked to stop.
  void sendUntilStopped(int64_t count);
  /// All senders send until `count` messages have been acknowledged.
  void send(int64_t count);

  /// Every acknowledged message is where its SendResult said, and nowhere else; offsets are dense;
  /// messages of one sender are in order in each queue; nothing is there that nobody has sent.
  void expectEverythingThere();

  int64_t acknowledged() const { return acknowledged_; }
  /// The key and the id of the message that was acknowledged first.
  const std::string& someKey() const { return some_key_; }
  const std::string& someMessageId() const { return some_message_id_; }

 private:
  struct Place {
    int32_t queue_id = 0;
    int64_t queue_offset = 0;
    auto operator<=>(const Place&) const = default;
  };

  /// `signal`: what the broker gets at the end; none: it goes on.
  void run(int64_t count, std::optional<int> signal);
  void sendAlone(int sender, uint64_t seed);
  void note(const SendResult& result, const std::string& body, const std::string& key);
  void expectQueue(int32_t queue_id);
  std::vector<MessageExt> readQueue(int32_t queue_id);

  Cluster& cluster_;
  const std::string topic_;
  uint64_t seed_;
  DefaultMQProducer producer_;
  DefaultMQPullConsumer consumer_;
  std::vector<int64_t> next_number_;  // Of each sender.

  std::atomic<bool> over_{false};
  std::optional<int> signal_;
  pid_t broker_ = -1;
  int64_t stop_at_ = 0;

  std::mutex mutex_;
  std::map<Place, std::string> promised_;  // Bodies by place.
  std::string some_key_;
  std::string some_message_id_;
  std::atomic<int64_t> acknowledged_{0};
};

}  // namespace rocketmq::test
