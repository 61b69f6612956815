#include "client/consumer/assigned_queues.h"

#include <utility>

namespace rocketmq::client {

bool AssignedQueues::contains(const MessageQueue& queue) const {
  MutexLock lock(mutex_);
  return entries_.contains(queue);
}

std::vector<MessageQueue> AssignedQueues::all() const {
  std::vector<MessageQueue> queues;
  MutexLock lock(mutex_);
  for (const auto& [queue, entry] : entries_) {
    queues.push_back(queue);
  }
  return queues;
}

void AssignedQueues::add(const MessageQueue& queue, int64_t offset) {
  MutexLock lock(mutex_);
  Entry& entry = entries_[queue];
  clearLocked(entry);
  entry = Entry{};
  entry.next_offset = offset;
  entry.epoch = next_epoch_++;
}

void AssignedQueues::remove(const MessageQueue& queue) {
  MutexLock lock(mutex_);
  const auto found = entries_.find(queue);
  if (found != entries_.end()) {
    clearLocked(found->second);
    entries_.erase(found);
  }
}

std::optional<AssignedQueues::NextPull> AssignedQueues::beginPull(const MessageQueue& queue) {
  MutexLock lock(mutex_);
  const auto found = entries_.find(queue);
  if (found == entries_.end() || closed_) {
    return std::nullopt;
  }
  Entry& entry = found->second;
  if (entry.pulling || entry.paused || !hasRoomLocked(entry)) {
    return std::nullopt;
  }
  entry.pulling = true;
  return NextPull{entry.next_offset, entry.broker_id, entry.epoch};
}

bool AssignedQueues::endPull(const MessageQueue& queue, uint64_t epoch, int64_t next_offset,
                             int64_t broker_id, std::vector<MessageExt> messages) {
  MutexLock lock(mutex_);
  Entry* entry = findLocked(queue, epoch);
  if (entry == nullptr) {
    return false;
  }
  entry->pulling = false;
  entry->next_offset = next_offset;
  entry->broker_id = broker_id;
  if (!entry->paused) {
    messages_ += static_cast<int64_t>(messages.size());
  }
  for (MessageExt& message : messages) {
    entry->bytes += message.storeSize();
    entry->cached.push_back(std::move(message));
  }
  arrived_.notifyAll();
  return true;
}

bool AssignedQueues::endFailedPull(const MessageQueue& queue, uint64_t epoch) {
  MutexLock lock(mutex_);
  Entry* entry = findLocked(queue, epoch);
  if (entry == nullptr) {
    return false;
  }
  entry->pulling = false;
  return true;
}

std::vector<MessageExt> AssignedQueues::poll(size_t count,
                                             std::chrono::steady_clock::time_point until) {
  MutexLock lock(mutex_);
  std::vector<MessageExt> messages = takeLocked(count);
  while (messages.empty() && !closed_) {
    const bool in_time = arrived_.waitUntil(mutex_, until);
    messages = takeLocked(count);
    if (!in_time) {
      break;
    }
  }
  return messages;
}

std::vector<MessageExt> AssignedQueues::takeLocked(size_t count) {
  std::vector<MessageExt> messages;
  auto next = entries_.upper_bound(last_polled_);
  for (size_t i = 0; i < entries_.size() && messages.empty(); ++i, ++next) {
    if (next == entries_.end()) {
      next = entries_.begin();
    }
    Entry& entry = next->second;
    if (entry.paused || entry.cached.empty()) {
      continue;
    }
    while (messages.size() < count && !entry.cached.empty()) {
      entry.bytes -= entry.cached.front().storeSize();
      messages.push_back(std::move(entry.cached.front()));
      entry.cached.pop_front();
    }
    messages_ -= static_cast<int64_t>(messages.size());
    entry.polled_offset = messages.back().queueOffset() + 1;
    last_polled_ = next->first;
  }
  return messages;
}

bool AssignedQueues::seek(const MessageQueue& queue, int64_t offset) {
  MutexLock lock(mutex_);
  const auto found = entries_.find(queue);
  if (found == entries_.end()) {
    return false;
  }
  seekLocked(found->second, offset);
  return true;
}

bool AssignedQueues::takeReset(const MessageQueue& queue, uint64_t epoch, int64_t offset) {
  MutexLock lock(mutex_);
  Entry* entry = findLocked(queue, epoch);
  if (entry == nullptr) {
    return false;
  }
  seekLocked(*entry, offset);
  return true;
}

void AssignedQueues::setPaused(const MessageQueue& queue, bool paused) {
  MutexLock lock(mutex_);
  const auto found = entries_.find(queue);
  if (found == entries_.end() || found->second.paused == paused) {
    return;
  }
  Entry& entry = found->second;
  entry.paused = paused;
  const auto cached = static_cast<int64_t>(entry.cached.size());
  messages_ += paused ? -cached : cached;
  arrived_.notifyAll();
}

void AssignedQueues::eachPolled(
    const std::function<void(const MessageQueue&, int64_t)>& use) const {
  MutexLock lock(mutex_);
  for (const auto& [queue, entry] : entries_) {
    if (entry.polled_offset >= 0) {
      use(queue, entry.polled_offset);
    }
  }
}

void AssignedQueues::close() {
  MutexLock lock(mutex_);
  closed_ = true;
  arrived_.notifyAll();
}

bool AssignedQueues::hasRoomLocked(const Entry& entry) const {
  if (entry.cached.empty()) {
    return messages_ < limits_.messages_max;
  }
  const int64_t span = entry.cached.back().queueOffset() - entry.cached.front().queueOffset();
  return messages_ < limits_.messages_max &&
         static_cast<int64_t>(entry.cached.size()) < limits_.queue_messages_max &&
         entry.bytes < limits_.queue_bytes_max && span <= limits_.queue_span_max;
}

AssignedQueues::Entry* AssignedQueues::findLocked(const MessageQueue& queue, uint64_t epoch) {
  const auto found = entries_.find(queue);
  return found == entries_.end() || found->second.epoch != epoch ? nullptr : &found->second;
}

void AssignedQueues::seekLocked(Entry& entry, int64_t offset) {
  clearLocked(entry);
  entry.next_offset = offset;
  entry.polled_offset = offset;
  // A pull that is under way may be held by the broker for long; its answer is not waited for.
  entry.pulling = false;
  entry.epoch = next_epoch_++;
}

void AssignedQueues::clearLocked(Entry& entry) {
  if (!entry.paused) {
    messages_ -= static_cast<int64_t>(entry.cached.size());
  }
  entry.cached.clear();
  entry.bytes = 0;
}

}  // namespace rocketmq::client
