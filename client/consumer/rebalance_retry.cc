#include "client/consumer/rebalance_retry.h"

#include <algorithm>
#include <utility>

namespace rocketmq::client {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFirstDelay{50};
// RocketMQ 5: RebalanceService.minInterval, as long as a group is not balanced.
constexpr milliseconds kQuickDelayMax{1000};
constexpr milliseconds kLongDelay{5000};

/// Before the next run, after `runs` runs in a row with a gap of one kind.
milliseconds delayAfter(int32_t runs) {
  if (runs > RebalanceRetry::kQuickRetries) {
    return kLongDelay;
  }
  constexpr int32_t kDoublingsMax = 10;
  return std::min(kFirstDelay * (1 << std::min(runs - 1, kDoublingsMax)), kQuickDelayMax);
}

}  // namespace

RebalanceRetry::RebalanceRetry(After after, std::function<void()> rebalance)
    : after_(std::move(after)), rebalance_(std::move(rebalance)) {}

void RebalanceRetry::ended(const RebalanceGaps& gaps) {
  runs_without_routes_ = gaps.routes ? runs_without_routes_ + 1 : 0;
  runs_without_queues_ = gaps.queues ? runs_without_queues_ + 1 : 0;
  const uint64_t run = run_.fetch_add(1) + 1;
  if (gaps.none()) {
    return;
  }
  milliseconds delay = kLongDelay;
  for (const int32_t runs : {runs_without_routes_, runs_without_queues_}) {
    delay = runs > 0 ? std::min(delay, delayAfter(runs)) : delay;
  }
  after_(delay, [this, run] {
    if (run == run_.load()) {
      rebalance_();
    }
  });
}

}  // namespace rocketmq::client
