#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>

#include "common/clock.h"
#include "common/model/data_version.h"
#include "common/mutex.h"

namespace rocketmq::broker {

/// Timers by the topic that they are for (RocketMQ: TimerMetrics). A topic is known by javaHash()
/// of its name, which is what the timer log keeps of it, so that no message has to be read when it
/// is counted again after a restart. Topics of one hash share their numbers.
///
/// Threads: the timer thread counts; anybody reads.
/// Memory:  about 80 bytes per topic, kTopicsMax at most; timers of further ones are not counted.
class TimerTopics {
 public:
  static constexpr size_t kTopicsMax = 100'000;

  struct Counts {
    int64_t enqueued = 0;  ///< Read from the queue since start.
    int64_t dequeued = 0;  ///< Delivered or put on a new way since start.
    int64_t waiting = 0;   ///< In slots, recalls not counted.
    TimestampMs changed_ms = 0;
  };
  struct View {
    model::DataVersion version;  ///< Another one after each change.
    std::unordered_map<int32_t, Counts> by_hash;
  };

  /// Adds the numbers of `change` to those of a topic.
  void add(int32_t topic_hash, const Counts& change, TimestampMs now) {
    MutexLock lock(mutex_);
    const auto known = view_.by_hash.find(topic_hash);
    if (known == view_.by_hash.end() && view_.by_hash.size() >= kTopicsMax) {
      return;
    }
    Counts& counts = known == view_.by_hash.end() ? view_.by_hash[topic_hash] : known->second;
    counts.enqueued += change.enqueued;
    counts.dequeued += change.dequeued;
    counts.waiting += change.waiting;
    counts.changed_ms = now;
    view_.version.nextVersion(now);
  }

  View view() const {
    MutexLock lock(mutex_);
    return view_;
  }

 private:
  mutable Mutex mutex_;
  View view_ ROCKETMQ_GUARDED_BY(mutex_);
};

}  // namespace rocketmq::broker
