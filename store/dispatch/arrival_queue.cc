#include "store/dispatch/arrival_queue.h"

#include <utility>

namespace rocketmq::store {

void ArrivalQueue::push(const PendingArrival& arrival) {
  if (listener_ == nullptr) {
    return;
  }
  MutexLock lock(mutex_);
  pending_.push_back(arrival);
  backlog_.store(pending_.size(), std::memory_order_relaxed);
}

void ArrivalQueue::tell() {
  if (listener_ == nullptr) {
    return;
  }
  mutex_.lock();
  if (telling_) {
    mutex_.unlock();
    return;
  }
  telling_ = true;
  while (!pending_.empty()) {
    std::swap(pending_, in_hand_);
    const bool was_full = in_hand_.size() >= kBacklogMax;
    backlog_.store(0, std::memory_order_relaxed);
    mutex_.unlock();
    if (was_full) {
      changed_.notifyAll();
    }
    tellAll(in_hand_);
    in_hand_.clear();
    mutex_.lock();
  }
  telling_ = false;
  changed_.notifyAll();
  mutex_.unlock();
}

void ArrivalQueue::tellAll(const std::vector<PendingArrival>& arrivals) const {
  for (const PendingArrival& arrival : arrivals) {
    listener_({.topic = arrival.queue->topic(),
               .queue_id = arrival.queue->queueId(),
               .queue_offset = arrival.queue_offset,
               .tags_code = arrival.tags_code,
               .store_timestamp_ms = arrival.store_timestamp_ms,
               .properties = arrival.properties});
  }
}

void ArrivalQueue::waitForSwap() {
  tell();
  MutexLock lock(mutex_);
  while (telling_ && pending_.size() >= kBacklogMax) {
    changed_.wait(mutex_);
  }
}

void ArrivalQueue::waitUntilTold() {
  tell();
  MutexLock lock(mutex_);
  while (telling_) {
    changed_.wait(mutex_);
  }
}

}  // namespace rocketmq::store
