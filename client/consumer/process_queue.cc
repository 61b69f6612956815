#include "client/consumer/process_queue.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "client/instance/system_properties.h"

namespace rocketmq::client {
namespace {

// RocketMQ: ProcessQueue.REBALANCE_LOCK_MAX_LIVE_TIME.
constexpr int64_t kLockValidMs = 30'000;

// The stored size: it stays the same when a compressed body is unpacked for the listener.
int64_t bytesOf(const MessageExt& message) { return message.storeSize(); }

}  // namespace

bool FlowLimits::allows(const CachedAmount& cached) const {
  return (messages_max <= 0 || cached.messages <= messages_max) &&
         (bytes_max <= 0 || cached.bytes <= bytes_max) &&
         (span_max <= 0 || cached.span() <= span_max);
}

ProcessQueue::ProcessQueue(MessageQueue queue) : queue_(std::move(queue)) {}

int64_t ProcessQueue::lockValidMs() {
  static const int64_t value = systemNumber(system_property::kLockMaxLiveTime, kLockValidMs);
  return value;
}

void ProcessQueue::setLocked(bool locked, int64_t now_ms) {
  if (locked) {
    last_lock_ms_.store(now_ms);
  }
  locked_.store(locked);
}

bool ProcessQueue::holdsLock(int64_t now_ms) const {
  return locked_.load() && now_ms - last_lock_ms_.load() <= lockValidMs();
}

bool ProcessQueue::lockRanOut(int64_t now_ms) const { return locked_.load() && !holdsLock(now_ms); }

ProcessQueue::Renewal ProcessQueue::takeRenewal(bool granted, int64_t now_ms) {
  const bool late = granted && lockRanOut(now_ms);
  if (late && !isOrderly()) {
    return Renewal::kLate;
  }
  const bool lost = late || (!granted && locked_.load());
  setLocked(granted && !lost, now_ms);
  return lost ? Renewal::kLost : Renewal::kDone;
}

void ProcessQueue::confirmLock(int64_t now_ms) {
  if (locked_.load()) {
    last_lock_ms_.store(now_ms);
  }
}

std::vector<ConsumeBatchPtr> ConcurrentProcessQueue::add(std::vector<MessageExt> messages,
                                                         size_t batch_max) {
  std::vector<ConsumeBatchPtr> batches;
  MutexLock lock(mutex_);
  for (MessageExt& message : messages) {
    const int64_t offset = message.queueOffset();
    const bool is_last = unfinished_.empty() || unfinished_.rbegin()->first < offset;  // Mostly.
    if (!is_last && unfinished_.contains(offset)) {
      continue;
    }
    if (batches.empty() || batches.back()->messages.size() >= batch_max) {
      batches.push_back(std::make_shared<ConsumeBatch>());
      batches.back()->messages.reserve(std::min(batch_max, messages.size()));
    }
    ConsumeBatch& batch = *batches.back();
    bytes_ += bytesOf(message);
    end_offset_ = std::max(end_offset_, offset + 1);
    batch.messages.push_back(std::move(message));
    unfinished_.emplace_hint(unfinished_.end(), offset,
                             Entry{batches.back(), batch.messages.size() - 1});
  }
  waiting_.insert(waiting_.end(), batches.begin(), batches.end());
  return batches;
}

ConsumeBatchPtr ConcurrentProcessQueue::take() {
  MutexLock lock(mutex_);
  if (dropped() || waiting_.empty()) {
    return nullptr;
  }
  ConsumeBatchPtr batch = std::move(waiting_.front());
  waiting_.pop_front();
  ++busy_;
  return batch;
}

bool ConcurrentProcessQueue::enter() {
  MutexLock lock(mutex_);
  if (released_.load()) {
    return false;
  }
  ++busy_;
  return true;
}

void ConcurrentProcessQueue::leave() {
  MutexLock lock(mutex_);
  --busy_;
}

void ConcurrentProcessQueue::requeue(ConsumeBatchPtr again) {
  MutexLock lock(mutex_);
  waiting_.push_front(std::move(again));
}

bool ConcurrentProcessQueue::releaseIfIdle() {
  MutexLock lock(mutex_);
  return busy_ == 0 && !released_.exchange(true);
}

bool ConcurrentProcessQueue::releaseNow() {
  MutexLock lock(mutex_);
  return !released_.exchange(true);
}

int64_t ConcurrentProcessQueue::removeOffset(int64_t offset) {
  MutexLock lock(mutex_);
  removeLocked(offset);
  return lowestUnfinishedLocked();
}

void ConcurrentProcessQueue::replace(const ConsumeBatchPtr& again) {
  MutexLock lock(mutex_);
  for (size_t i = 0; i < again->messages.size(); ++i) {
    const auto found = unfinished_.find(again->messages[i].queueOffset());
    if (found != unfinished_.end()) {
      found->second = {again, i};
    }
  }
}

void ConcurrentProcessQueue::removeLocked(int64_t offset) {
  const auto found = unfinished_.find(offset);
  if (found != unfinished_.end()) {
    bytes_ -= bytesOf(found->second.batch->messages[found->second.index]);
    unfinished_.erase(found);
  }
}

int64_t ConcurrentProcessQueue::lowestUnfinishedLocked() const {
  return unfinished_.empty() ? end_offset_ : unfinished_.begin()->first;
}

std::vector<MessageExt> ConcurrentProcessQueue::expired(int64_t started_before_ms,
                                                        size_t count) const {
  std::vector<MessageExt> messages;
  MutexLock lock(mutex_);
  for (const auto& [offset, entry] : unfinished_) {
    const int64_t started_ms = entry.batch->started_ms.load();
    if (messages.size() >= count || started_ms == 0 || started_ms >= started_before_ms) {
      break;
    }
    messages.push_back(entry.batch->messages[entry.index]);
  }
  return messages;
}

bool ConcurrentProcessQueue::contains(int64_t offset) const {
  MutexLock lock(mutex_);
  return unfinished_.contains(offset);
}

CachedAmount ConcurrentProcessQueue::cached() const {
  MutexLock lock(mutex_);
  if (unfinished_.empty()) {
    return {};
  }
  return {static_cast<int64_t>(unfinished_.size()), bytes_, unfinished_.begin()->first,
          unfinished_.rbegin()->first};
}

bool OrderlyProcessQueue::add(std::vector<MessageExt> messages) {
  MutexLock lock(mutex_);
  for (MessageExt& message : messages) {
    waiting_bytes_ += bytesOf(message);
    waiting_.push_back(std::move(message));
  }
  if (worker_ != Worker::kNone || waiting_.empty()) {
    return false;
  }
  worker_ = Worker::kRunning;
  return true;
}

std::vector<MessageExt> OrderlyProcessQueue::take(size_t count) {
  std::vector<MessageExt> taken;
  MutexLock lock(mutex_);
  while (taken.size() < count && !waiting_.empty()) {
    taken_bytes_ += bytesOf(waiting_.front());
    taken.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  waiting_bytes_ -= taken_bytes_;
  taken_messages_ = static_cast<int64_t>(taken.size());
  if (taken.empty()) {
    worker_ = Worker::kNone;
  } else {
    taken_first_ = taken.front().queueOffset();
    taken_last_ = taken.back().queueOffset();
  }
  return taken;
}

int64_t OrderlyProcessQueue::commit() {
  MutexLock lock(mutex_);
  const int64_t offset = taken_messages_ > 0 ? taken_last_ + 1 : -1;
  taken_messages_ = 0;
  taken_bytes_ = 0;
  return offset;
}

void OrderlyProcessQueue::putBack(std::vector<MessageExt> messages) {
  MutexLock lock(mutex_);
  for (const MessageExt& message : messages) {
    waiting_bytes_ += bytesOf(message);
  }
  taken_messages_ = 0;
  taken_bytes_ = 0;
  waiting_.insert(waiting_.begin(), std::make_move_iterator(messages.begin()),
                  std::make_move_iterator(messages.end()));
}

void OrderlyProcessQueue::park() {
  MutexLock lock(mutex_);
  worker_ = Worker::kParked;
}

bool OrderlyProcessQueue::unpark() {
  MutexLock lock(mutex_);
  if (released_.load()) {
    return false;
  }
  worker_ = Worker::kRunning;
  return true;
}

void OrderlyProcessQueue::leave() {
  MutexLock lock(mutex_);
  worker_ = Worker::kNone;
}

bool OrderlyProcessQueue::releaseIfIdle() {
  MutexLock lock(mutex_);
  return worker_ != Worker::kRunning && !released_.exchange(true);
}

CachedAmount OrderlyProcessQueue::cached() const {
  MutexLock lock(mutex_);
  CachedAmount amount{.messages = taken_messages_ + static_cast<int64_t>(waiting_.size()),
                      .bytes = taken_bytes_ + waiting_bytes_};
  if (amount.messages > 0) {
    amount.min_offset = taken_messages_ > 0 ? taken_first_ : waiting_.front().queueOffset();
    amount.max_offset = waiting_.empty() ? taken_last_ : waiting_.back().queueOffset();
  }
  return amount;
}

}  // namespace rocketmq::client
