#include "broker/stats/rate_window.h"

#include "common/json/encode.h"

namespace rocketmq::broker {

using std::chrono::seconds;

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

const RateWindow::Sample* RateWindow::before(std::chrono::milliseconds age) const {
  for (size_t samples = 1; samples < ring_.size(); ++samples) {
    if (ring_[newest_].at - back(samples).at >= age.count()) {
      return &back(samples);
    }
  }
  return nullptr;
}

double RateWindow::rateSince(const Sample& first) const {
  const Sample& last = ring_[newest_];
  const TimestampMs elapsed = last.at - first.at;
  return elapsed <= 0
             ? 0
             : static_cast<double>(last.value - first.value) * 1000 / static_cast<double>(elapsed);
}

double RateWindow::tenSeconds() const {
  if (ring_.size() < 2) {
    return 0;
  }
  const Sample* const first = before(seconds(10));
  return rateSince(first != nullptr ? *first : back(ring_.size() - 1));
}

double RateWindow::lastTenSeconds() const {
  MutexLock lock(mutex_);
  return tenSeconds();
}

std::string RateWindow::text() const {
  MutexLock lock(mutex_);
  std::string text = json::encode(tenSeconds());
  for (const auto age : {seconds(60), seconds(600)}) {
    if (const Sample* const first = before(age)) {
      text += " " + json::encode(rateSince(*first));
    }
  }
  return text;
}

}  // namespace rocketmq::broker
