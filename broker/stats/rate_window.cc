#include "broker/stats/rate_window.h"

#include <algorithm>

#include "common/json/encode.h"

namespace rocketmq::broker {

void RateWindow::sample(TimestampMs now, int64_t value) {
  MutexLock lock(mutex_);
  if (ring_.size() < kSamplesMax) {
    ring_.push_back({now, value});
    newest_ = ring_.size() - 1;
    return;
  }
  newest_ = (newest_ + 1) % kSamplesMax;
  ring_[newest_] = {now, value};
}

const RateWindow::Sample& RateWindow::back(size_t samples) const {
  return ring_[(newest_ + ring_.size() - samples) % ring_.size()];
}

double RateWindow::rate(size_t seconds) const {
  if (ring_.size() < 2) {
    return 0;
  }
  const Sample& last = ring_[newest_];
  const Sample& first = back(std::min(seconds, ring_.size() - 1));
  const TimestampMs elapsed = last.at - first.at;
  return elapsed <= 0
             ? 0
             : static_cast<double>(last.value - first.value) * 1000 / static_cast<double>(elapsed);
}

double RateWindow::lastTenSeconds() const {
  MutexLock lock(mutex_);
  return rate(10);
}

std::string RateWindow::text() const {
  MutexLock lock(mutex_);
  std::string text = json::encode(rate(10));
  for (const size_t seconds : {size_t{60}, size_t{600}}) {
    if (ring_.size() > seconds) {
      text += " " + json::encode(rate(seconds));
    }
  }
  return text;
}

}  // namespace rocketmq::broker
