#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>

namespace rocketmq::client {

/// What a rebalance could not do.
struct RebalanceGaps {
  bool routes = false;  ///< A topic has no route yet.
  /// A queue is still another member's, or a broker could not be asked.
  bool queues = false;

  bool none() const { return !routes && !queues; }
};

/// Repeats a rebalance that has left something undone: soon at first, since a queue is mostly held
/// for a moment only, then less often, since what is missing for long (a topic that does not exist,
/// a broker that is down) will stay so. Each kind of gap has its own count, so that a topic that
/// never comes does not slow down how queues change hands.
///
/// Only the latest run counts: what it asks for takes the place of what runs before have asked for.
/// So there is one repetition to come at most, however many runs the period, brokers' notifications
/// and changes of routes cause.
///
/// Threads: ended() on the one that rebalances; repetitions come from the timer's.
class RebalanceRetry {
 public:
  /// Calls a function after a delay, once. Nothing is called after the end of this object.
  using After = std::function<void(std::chrono::milliseconds, std::function<void()>)>;

  /// How many repetitions in a row are soon ones.
  static constexpr int32_t kQuickRetries = 20;

  RebalanceRetry(After after, std::function<void()> rebalance);

  /// A run has ended and has left `gaps`.
  void ended(const RebalanceGaps& gaps);

 private:
  const After after_;
  const std::function<void()> rebalance_;
  int32_t runs_without_routes_ = 0;
  int32_t runs_without_queues_ = 0;
  /// Of the latest run; the repetition that belongs to another one is void.
  std::atomic<uint64_t> run_{0};
};

}  // namespace rocketmq::client
