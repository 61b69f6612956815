#include "client/producer/in_flight.h"

#include <algorithm>
#include <utility>

#include "client/producer/send_call.h"

namespace rocketmq::client {
namespace {

// A quarter of the bound is never free while a broker that does not answer holds the rest: callers
// go on by this, with the few places that come free.
constexpr std::chrono::milliseconds kLookAgain{2};

}  // namespace

InFlightSends::Admission InFlightSends::admit(int64_t bytes,
                                              std::chrono::steady_clock::time_point until) {
  MutexLock lock(mutex_);
  waitForRoomLocked(bytes, until);
  return takeLocked(bytes, 1);
}

// One of those who wait looks, and wakes another one each time, which may need less room; who
// leaves sees to it that somebody looks.
void InFlightSends::waitForRoomLocked(int64_t bytes, std::chrono::steady_clock::time_point until) {
  while (!closed_ && !hasRoomLocked(bytes, 1)) {
    const auto now = std::chrono::steady_clock::now();
    if (now >= until) {
      break;
    }
    const bool looks = !std::exchange(somebody_looks_, true);
    ++waiting_;
    room_.waitUntil(mutex_, looks ? std::min(until, now + kLookAgain) : until);
    --waiting_;
    if (looks) {
      somebody_looks_ = false;
      room_.notifyOne();
    }
  }
  if (waiting_ > 0 && !somebody_looks_) {
    room_.notifyOne();
  }
}

InFlightSends::Admission InFlightSends::admitFromCallback(int64_t bytes) {
  MutexLock lock(mutex_);
  return takeLocked(bytes, 2);
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

InFlightSends::Admission InFlightSends::takeLocked(int64_t bytes, int64_t factor) {
  if (closed_) {
    return Admission::kClosed;
  }
  if (!hasRoomLocked(bytes, factor)) {
    return Admission::kFull;
  }
  ++sends_;
  bytes_ += bytes;
  return Admission::kAdmitted;
}

}  // namespace rocketmq::client
