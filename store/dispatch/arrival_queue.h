#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "common/mutex.h"
#include "store/message_store.h"
#include "store/queue/consume_queue.h"

namespace rocketmq::store {

/// A message that has become visible and has not been told to the listener yet.
struct PendingArrival {
  /// Both stay alive until the listener has returned: whoever removes queues or log files calls
  /// waitUntilTold() before letting go of them.
  const ConsumeQueue* queue = nullptr;
  std::string_view properties;
  int64_t queue_offset = 0;
  int64_t tags_code = 0;
  TimestampMs store_timestamp_ms = 0;
};

/// Tells the listener of arrivals in the order in which they were pushed, one at a time, outside
/// the append mutex.
///
/// Order:   messages are pushed under the append mutex (under sync flush: by the dispatcher), so
///          the order is that of the log, and with it of every queue.
/// Threads: push() then tell() from any. One caller of tell() at a time runs the listener; others
///          return at once, because the one inside also tells what they have pushed. A put may
///          thus return just before its arrival is told; the arrival never waits for another put.
/// Bound:   waitForRoom() before an append keeps the backlog near kBacklogMax, and what is in the
///          teller's hand at as much; one batch per putting thread can come on top.
class ArrivalQueue {
 public:
  static constexpr size_t kBacklogMax = 16 * 1024;

  explicit ArrivalQueue(ArrivalListener listener) : listener_(std::move(listener)) {}

  /// Returns at once unless the listener is so slow that the backlog is full; then when it has
  /// taken that in hand.
  void waitForRoom() {
    if (backlog_.load(std::memory_order_relaxed) >= kBacklogMax) {
      waitForSwap();
    }
  }

  void push(const PendingArrival& arrival);
  void tell();

  /// Returns when everything pushed before the call has been told.
  void waitUntilTold();

 private:
  void waitForSwap();
  void tellAll(const std::vector<PendingArrival>& arrivals) const;

  const ArrivalListener listener_;
  std::atomic<size_t> backlog_{0};
  Mutex mutex_;
  CondVar changed_;  // Nobody tells any more, or the backlog has been taken in hand.
  bool telling_ ROCKETMQ_GUARDED_BY(mutex_) = false;
  std::vector<PendingArrival> pending_ ROCKETMQ_GUARDED_BY(mutex_);
  std::vector<PendingArrival> in_hand_;  // Of the one who tells; kept for its capacity.
};

}  // namespace rocketmq::store
