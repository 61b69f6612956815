#include "store/flush/log_flusher.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "common/log.h"
#include "common/scheduling.h"

namespace rocketmq::store {
namespace {

constexpr std::chrono::milliseconds kWatchInterval{100};
/// So few are told before another thread would be awake.
constexpr size_t kToldInPlaceMax = 4;
constexpr std::chrono::hours kUntilWoken{1};

}  // namespace

void LogFlusher::start() {
  flush_worker_.start("StoreFlush", [this] { flushLoop(); });
  watch_worker_.start("StoreFlushWatch", [this] { watchLoop(); });
}

Status LogFlusher::stop() {
  flush_worker_.stop();
  watch_worker_.stop();
  flushTo(log_.appendedTo());
  dispatchFlushed();
  {
    MutexLock lock(mutex_);
    stopped_ = true;
  }
  endWaits();
  return state_.has(RunState::kFailed) ? Status::readOnly(state_.reason()) : Status::ok();
}

/// Under sync flush a waiter is told when its message can also be read, unless that has failed: the
/// message is on the disk all the same.
int64_t LogFlusher::servedTo() const {
  const int64_t flushed = log_.flushedOffset();
  return options_.mode == FlushMode::kSync && !state_.has(RunState::kQueueError)
             ? std::min(flushed, dispatcher_.dispatchedTo())
             : flushed;
}

void LogFlusher::whenFlushed(int64_t end_offset, std::chrono::steady_clock::time_point deadline,
                             MessageStore::FlushDone done) {
  Status refused;
  if (servedTo() < end_offset) {
    MutexLock lock(mutex_);
    refused = whyNot();
    if (refused.isOk() && waiters_.size() >= kWaitersMax) {
      refused = Status::busy("too many wait for the disk");
    }
    if (refused.isOk()) {
      waiters_.push_back({end_offset, deadline, std::move(done)});
      waiting_.store(waiters_.size());
    }
  } else {
    done(Status::ok());
    return;
  }
  if (!refused.isOk()) {
    done(refused);
    return;
  }
  flush_worker_.wake();
  if (watch_sleeps_.exchange(false)) {
    watch_worker_.wake();
  }
}

void LogFlusher::flushLoop() {
  if (options_.mode == FlushMode::kAsync) {
    takeTurns(Turns::kShort);
  }
  const std::chrono::milliseconds interval(options_.interval_ms);
  auto thorough_at = std::chrono::steady_clock::now();
  int64_t seen_end = log_.flushedOffset();
  while (flush_worker_.pause(interval)) {
    const auto now = std::chrono::steady_clock::now();
    const bool thorough = now >= thorough_at;
    if (thorough) {
      thorough_at = now + std::chrono::milliseconds(options_.thorough_interval_ms);
    }
    const CommitLog::Mark mark = log_.appendedTo();
    const bool moves = std::exchange(seen_end, mark.end) != mark.end;
    if (isDue(mark, thorough, moves)) {
      const CommitLog::Mark end = target(mark, thorough, moves);
      spared_tail_ = end.end < mark.end;
      flushTo(end);
    }
    // Telling many takes as long as a sync: the next one, for those who came during this, goes on
    // meanwhile.
    if (waiters() > kToldInPlaceMax) {
      watch_worker_.wake();
    } else {
      serve();
    }
  }
}

void LogFlusher::serve() {
  dispatchFlushed();
  endWaits();
}

bool LogFlusher::isDue(const CommitLog::Mark& mark, bool thorough, bool moves) {
  const int64_t flushed = log_.flushedOffset();
  if (mark.end <= flushed) {
    return false;
  }
  const int64_t dirty_pages = mark.end / kPageBytes - flushed / kPageBytes;
  const bool file_is_full = mark.end / log_.fileBytes() != flushed / log_.fileBytes();
  return thorough || options_.mode == FlushMode::kSync || file_is_full ||
         dirty_pages >= options_.least_pages || (spared_tail_ && !moves) || waiters() > 0;
}

/// While a page is on its way to the disk, who stores into it waits. As long as appends go on and
/// nobody waits for them, the page they are in is therefore left to a later flush.
CommitLog::Mark LogFlusher::target(const CommitLog::Mark& appended, bool thorough, bool moves) {
  if (!moves || thorough || options_.mode == FlushMode::kSync || waiters() > 0) {
    return appended;
  }
  const CommitLog::Mark whole_pages = log_.appendedToWholePages();
  return whole_pages.end > log_.flushedOffset() ? whole_pages : appended;
}

void LogFlusher::flushTo(const CommitLog::Mark& mark) {
  // After a failure the kernel may report success for pages that it has dropped.
  if (state_.has(RunState::kFailed)) {
    return;
  }
  if (const Status synced = log_.sync(mark.end); !synced.isOk()) {
    state_.fail("cannot flush the commit log: " + synced.message());
    return;
  }
  newest_flushed_ms_.store(mark.store_timestamp_ms);
}

/// Under sync flush: what is on the disk becomes visible.
void LogFlusher::dispatchFlushed() {
  if (options_.mode != FlushMode::kSync) {
    return;
  }
  MutexLock lock(dispatch_mutex_);
  const int64_t flushed = log_.flushedOffset();
  if (dispatcher_.dispatchedTo() >= flushed) {
    return;
  }
  const Status dispatched = dispatcher_.dispatchTo(flushed);
  if (dispatched.isOk()) {
    state_.clear(RunState::kQueueError);
  } else if (!state_.has(RunState::kQueueError)) {
    log::error("messages stay invisible: {}", dispatched.message());
    state_.set(RunState::kQueueError);
  }
}

/// Why nothing more comes to the disk; OK while it does.
Status LogFlusher::whyNot() const {
  if (state_.has(RunState::kFailed)) {
    return Status::readOnly(state_.reason());
  }
  return stopped_ ? Status::closed("store is closed") : Status::ok();
}

/// Ends the waits that are served, that can no longer be served and that have lasted too long.
void LogFlusher::endWaits() {
  std::vector<Waiter> ended;
  Status failure;
  const int64_t served = servedTo();
  {
    MutexLock lock(mutex_);
    if (waiters_.empty()) {
      return;
    }
    failure = whyNot();
    const auto now = clock_.monotonic();
    const auto goes_on = [&](const Waiter& waiter) {
      return waiter.end_offset > served && failure.isOk() && waiter.deadline > now;
    };
    const auto first_ended = std::stable_partition(waiters_.begin(), waiters_.end(), goes_on);
    ended.assign(std::make_move_iterator(first_ended), std::make_move_iterator(waiters_.end()));
    waiters_.erase(first_ended, waiters_.end());
    waiting_.store(waiters_.size());
  }
  if (failure.isOk()) {
    failure = Status::timeout("it was not on the disk in time");
  }
  for (const Waiter& waiter : ended) {
    waiter.done(waiter.end_offset <= served ? Status::ok() : failure);
  }
}

void LogFlusher::watchLoop() {
  bool goes_on = true;
  while (goes_on) {
    watch_sleeps_.store(true);
    if (waiters() == 0) {
      goes_on = watch_worker_.pause(kUntilWoken);
      continue;
    }
    watch_sleeps_.store(false, std::memory_order_release);
    serve();
    goes_on = watch_worker_.pause(kWatchInterval);
  }
}

}  // namespace rocketmq::store
