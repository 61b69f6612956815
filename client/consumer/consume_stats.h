#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>

#include "common/mutex.h"
#include "remoting/protocol/bodies/consumer_running_info.h"

namespace rocketmq::client {

/// A consumer's counters by topic (RocketMQ: ConsumerStatsManager): rates over the last minute,
/// from samples taken every kSampleSeconds. Threads: any.
class ConsumeStats {
 public:
  static constexpr int64_t kSampleSeconds = 10;

  void countPull(const std::string& topic, int64_t messages, int64_t cost_ms);
  void countConsumed(const std::string& topic, int64_t ok, int64_t failed, int64_t cost_ms);

  /// To be called every kSampleSeconds.
  void takeSample();

  std::map<std::string, remoting::ConsumeStatus> status() const;

 private:
  struct Counters {
    int64_t pulls = 0;
    int64_t pulled = 0;
    int64_t pull_ms = 0;
    int64_t calls = 0;
    int64_t ok = 0;
    int64_t failed = 0;
    int64_t consume_ms = 0;
  };
  struct Topic {
    Counters now;
    std::deque<Counters> samples;  // Oldest first; at most one minute.
  };

  mutable Mutex mutex_;
  std::map<std::string, Topic> topics_ ROCKETMQ_GUARDED_BY(mutex_);
};

}  // namespace rocketmq::client
