#include "remoting/io_thread.h"

#include <algorithm>

#include <asio/post.hpp>

#include "common/check.h"

namespace rocketmq::remoting {
namespace {

constexpr std::chrono::milliseconds kScanPeriodMin{5};
constexpr std::chrono::milliseconds kScanPeriodMax{5000};
constexpr std::chrono::milliseconds kLongRound{5};
/// Then others' turn on the thread comes: thousands may be idle at once, and to close one takes as
/// long as a send or longer.
constexpr size_t kExpiredPerTurn = 16;

}  // namespace

asio::execution_context::id IoThread::id;

IoThread::IoThread(asio::execution_context& context)
    : service(context), context_(static_cast<asio::io_context&>(context)), readiness_(context_) {}

void IoThread::shutdown() {
  scan_timer_.reset();
  watched_.clear();
  readiness_.shutdown();
}

/// What is posted now runs after everything that is ready already: that is one round. After a long
/// one another is measured, so that the last that counts is a short one.
void IoThread::measureDelay() {
  if (is_measuring_) {
    return;
  }
  is_measuring_ = true;
  asio::post(context_, [this, began = std::chrono::steady_clock::now()] {
    const auto round = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - began);
    delay_ = std::min(round, last_round_);
    last_round_ = round;
    is_measuring_ = false;
    if (round >= kLongRound) {
      measureDelay();
    }
  });
}

std::span<char> IoThread::readBuffer() {
  if (read_buffer_ == nullptr) {
    read_buffer_ = std::make_unique_for_overwrite<char[]>(kReadBufferBytes);
  }
  return {read_buffer_.get(), kReadBufferBytes};
}

void IoThread::watch(IdleTracker& tracker) {
  ROCKETMQ_CHECK(tracker.index_ == IdleTracker::kUnwatched);
  std::chrono::milliseconds shortest = std::chrono::milliseconds::max();
  for (const std::chrono::milliseconds timeout : {tracker.timeout_, tracker.other_timeout_}) {
    shortest = timeout.count() > 0 ? std::min(shortest, timeout) : shortest;
  }
  if (shortest == std::chrono::milliseconds::max()) {
    return;
  }
  tracker.index_ = watched_.size();
  watched_.push_back(&tracker);
  const auto period = std::clamp(shortest / 10, kScanPeriodMin, kScanPeriodMax);
  if (period < scan_period_) {
    scan_period_ = period;
    is_scan_armed_ = false;
  }
  armScan();
}

void IoThread::unwatch(IdleTracker& tracker) {
  if (tracker.index_ == IdleTracker::kUnwatched) {
    return;
  }
  IdleTracker* const last = watched_.back();
  watched_[tracker.index_] = last;
  last->index_ = tracker.index_;
  watched_.pop_back();
  tracker.index_ = IdleTracker::kUnwatched;
}

void IoThread::armScan() {
  if (is_scan_armed_ || watched_.empty()) {
    return;
  }
  if (!scan_timer_) {
    scan_timer_.emplace(executor());
  }
  is_scan_armed_ = true;
  scan_timer_->expires_after(scan_period_);
  scan_timer_->async_wait([this](const asio::error_code& error) {
    if (!error) {
      scan(watched_.size());
    }
  });
}

/// Looks at the first `unseen` trackers, from the back: one that unwatches itself is replaced by
/// one that was seen already, also between two turns.
void IoThread::scan(size_t unseen) {
  const auto now = std::chrono::steady_clock::now();
  size_t expired = 0;
  for (size_t i = std::min(unseen, watched_.size()); i-- > 0;) {
    IdleTracker& tracker = *watched_[i];
    expired += tracker.onScan(now) ? 1u : 0u;
    if (tracker.is_touched_) {
      tracker.is_touched_ = false;
      tracker.quiet_since_ = now;
    } else if (tracker.timeout_.count() > 0 && now - tracker.quiet_since_ >= tracker.timeout_) {
      tracker.onIdle();
      ++expired;
    }
    if (expired >= kExpiredPerTurn) {
      asio::post(context_, [this, i] { scan(i); });
      return;
    }
  }
  is_scan_armed_ = false;
  armScan();
}

}  // namespace rocketmq::remoting
