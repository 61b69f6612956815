#include "client/producer/in_flight.h"

#include <utility>

#include "client/producer/send_call.h"

namespace rocketmq::client {

InFlightSends::Admission InFlightSends::admit(int64_t bytes,
                                              std::chrono::steady_clock::time_point until) {
  MutexLock lock(mutex_);
  while (!closed_ && !hasRoomLocked(bytes, 1)) {
    ++waiting_;
    const bool in_time = room_.waitUntil(mutex_, until);
    --waiting_;
    if (!in_time && !closed_ && !hasRoomLocked(bytes, 1)) {
      return Admission::kFull;
    }
  }
  if (closed_) {
    return Admission::kClosed;
  }
  takeLocked(bytes);
  return Admission::kAdmitted;
}

InFlightSends::Admission InFlightSends::admitFromCallback(int64_t bytes) {
  MutexLock lock(mutex_);
  if (closed_) {
    return Admission::kClosed;
  }
  if (!hasRoomLocked(bytes, 2)) {
    return Admission::kFull;
  }
  takeLocked(bytes);
  return Admission::kAdmitted;
}

void InFlightSends::release(int64_t bytes) {
  MutexLock lock(mutex_);
  --sends_;
  bytes_ -= bytes;
  // Waking somebody for each place would cost more than the sends.
  const auto has_quarter_free = [](int64_t used, int64_t max) {
    return used <= max - (max + 3) / 4;
  };
  const bool much_room =
      has_quarter_free(sends_, limits_.sends_max) && has_quarter_free(bytes_, limits_.bytes_max);
  if (waiting_ > 0 && much_room) {
    room_.notifyAll();
  }
}

bool InFlightSends::add(const SendCallPtr& call) {
  MutexLock lock(mutex_);
  if (closed_) {
    return false;
  }
  call->place = calls_.size();
  calls_.push_back(call);
  return true;
}

void InFlightSends::remove(SendCall& call) {
  SendCallPtr kept;  // Released after the lock: it may be the last reference.
  MutexLock lock(mutex_);
  if (call.place) {
    std::swap(calls_[*call.place], calls_.back());
    calls_[*call.place]->place = call.place;
    kept = std::move(calls_.back());
    calls_.pop_back();
    call.place.reset();
  }
}

std::vector<SendCallPtr> InFlightSends::close() {
  MutexLock lock(mutex_);
  closed_ = true;
  room_.notifyAll();
  return calls_;
}

bool InFlightSends::hasRoomLocked(int64_t bytes, int64_t factor) const {
  if (sends_ == 0) {
    return true;
  }
  return sends_ < limits_.sends_max * factor && bytes_ + bytes <= limits_.bytes_max * factor;
}

void InFlightSends::takeLocked(int64_t bytes) {
  ++sends_;
  bytes_ += bytes;
}

}  // namespace rocketmq::client
