#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "common/clock.h"
#include "common/mutex.h"

namespace rocketmq::broker {

/// The slots that hold pending timers, in the order of their time: what RocketMQ keeps in its wheel
/// of 1,209,600 slots, here only for slots that are in use. A slot knows its last unit in the timer
/// log, which leads to the ones before.
///
/// Threads: the timer thread changes it; anybody reads.
/// Memory:  about 80 bytes per slot in use, of which there are timerRollWindowSlot at most and
/// those
///          that became due while the broker was down.
class TimerSlots {
 public:
  struct Slot {
    TimestampMs at_ms = 0;
    int64_t last = -1;  ///< Position of its last unit.
    int64_t units = 0;
  };

  void add(TimestampMs at_ms, int64_t position) {
    MutexLock lock(mutex_);
    Slot& slot = slots_[at_ms];
    slot.at_ms = at_ms;
    slot.last = position;
    ++slot.units;
    ++pending_;
  }

  /// Position of the last unit of a slot; -1 when it holds none.
  int64_t lastOf(TimestampMs at_ms) const {
    MutexLock lock(mutex_);
    const auto slot = slots_.find(at_ms);
    return slot == slots_.end() ? -1 : slot->second.last;
  }

  int64_t unitsOf(TimestampMs at_ms) const {
    MutexLock lock(mutex_);
    const auto slot = slots_.find(at_ms);
    return slot == slots_.end() ? 0 : slot->second.units;
  }

  std::optional<Slot> first() const {
    MutexLock lock(mutex_);
    return slots_.empty() ? std::nullopt : std::optional(slots_.begin()->second);
  }

  /// One unit of the first slot is done with.
  void takeOne() {
    MutexLock lock(mutex_);
    --slots_.begin()->second.units;
    --pending_;
  }

  void removeFirst() {
    MutexLock lock(mutex_);
    pending_ -= slots_.begin()->second.units;
    slots_.erase(slots_.begin());
  }

  int64_t pending() const {
    MutexLock lock(mutex_);
    return pending_;
  }

 private:
  mutable Mutex mutex_;
  std::map<TimestampMs, Slot> slots_ ROCKETMQ_GUARDED_BY(mutex_);
  int64_t pending_ ROCKETMQ_GUARDED_BY(mutex_) = 0;
};

}  // namespace rocketmq::broker
