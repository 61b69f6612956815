#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "broker/stats/stats_item.h"
#include "broker/traffic_observer.h"
#include "common/clock.h"
#include "common/mutex.h"
#include "common/sharded_counter.h"

namespace rocketmq::broker {

/// Counted with relaxed operations: each is right by itself.
using TrafficCell = std::atomic<int64_t>;

inline int64_t loadCell(const TrafficCell& cell) { return cell.load(std::memory_order_relaxed); }
inline void addToCell(TrafficCell& cell, int64_t amount) {
  cell.fetch_add(amount, std::memory_order_relaxed);
}

/// The histories of what goes through one place, in messages and bytes. Threads: any.
class TrafficHistory {
 public:
  void sample(TimestampMs now, StatsDue due, int64_t messages, int64_t bytes, int64_t times);

  StatsView nums() const;
  StatsView size() const;
  /// Per second, over the last minute.
  double messagesPerSecond() const;
  double bytesPerSecond() const;
  bool isIdleSince(TimestampMs then) const;

 private:
  mutable Mutex mutex_;
  StatsHistory nums_ ROCKETMQ_GUARDED_BY(mutex_);
  StatsHistory size_ ROCKETMQ_GUARDED_BY(mutex_);
  StatsIdleness idleness_ ROCKETMQ_GUARDED_BY(mutex_);
};

/// What goes into one topic. The counters, since the start, fill two cache lines. Threads: any.
class TopicTraffic {
 public:
  static constexpr size_t kTypes = 4;
  /// Upper ends of the classes of message sizes, in bytes; one more class has no end.
  static constexpr std::array<int64_t, 6> kSizeLimits{1 << 10, 4 << 10, 512 << 10,
                                                      1 << 20, 2 << 20, 4 << 20};

  void put(const TrafficObserver::Put& put);
  void endTransaction(bool is_commit) { addToCell(is_commit ? commits_ : rollbacks_, 1); }

  int64_t messages(MessageType type) const {
    return loadCell(messages_[static_cast<size_t>(type)]);
  }
  int64_t bytes(MessageType type) const { return loadCell(bytes_[static_cast<size_t>(type)]); }
  int64_t messages() const { return sumOf(messages_); }
  int64_t bytes() const { return sumOf(bytes_); }
  /// Messages by size; the mean size of a batch counts for each of its messages.
  std::array<int64_t, kSizeLimits.size() + 1> sizes() const;
  int64_t commits() const { return loadCell(commits_); }
  int64_t rollbacks() const { return loadCell(rollbacks_); }

  void sample(TimestampMs now, StatsDue due);
  /// TOPIC_PUT_NUMS and TOPIC_PUT_SIZE.
  const TrafficHistory& history() const { return history_; }

 private:
  static int64_t sumOf(const std::array<TrafficCell, kTypes>& cells);

  alignas(64) std::array<TrafficCell, kTypes> messages_{};
  std::array<TrafficCell, kTypes> bytes_{};
  alignas(64) std::array<TrafficCell, kSizeLimits.size() + 1> sizes_{};
  TrafficCell times_{0};
  TrafficCell commits_{0};
  TrafficCell rollbacks_{0};

  TrafficHistory history_;
};

/// What a group gets of a topic. Threads: any.
class GroupTraffic {
 public:
  void get(const TrafficObserver::Get& get);

  int64_t messages() const { return loadCell(messages_); }
  int64_t bytes() const { return loadCell(bytes_); }

  void sample(TimestampMs now, StatsDue due);
  /// GROUP_GET_NUMS and GROUP_GET_SIZE.
  const TrafficHistory& history() const { return history_; }

 private:
  alignas(64) TrafficCell messages_{0};
  TrafficCell bytes_{0};
  TrafficCell times_{0};

  TrafficHistory history_;
};

/// A group's reads of one queue: their durations, and how far they have come. Threads: any.
class QueueReads : public StatsItem {
 public:
  void get(const TrafficObserver::Get& get) {
    add(get.duration_us / 1000);
    next_offset_.store(get.next_offset, std::memory_order_relaxed);
  }
  /// The one after the last message that was handed out.
  int64_t nextOffset() const { return loadCell(next_offset_); }

 private:
  TrafficCell next_offset_{0};
};

/// A sum over the whole broker, with its history. Threads: any.
class BrokerTotal {
 public:
  void add(int64_t amount) { counter_.add(amount); }
  int64_t value() const { return counter_.sum(); }

  void sample(TimestampMs now, StatsDue due);
  StatsView view() const;

 private:
  ShardedCounter counter_;
  mutable Mutex mutex_;
  StatsHistory history_ ROCKETMQ_GUARDED_BY(mutex_);
};

}  // namespace rocketmq::broker
