#include "remoting/rpc_latency.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <thread>
#include <vector>

namespace rocketmq::remoting {
namespace {

using std::chrono::microseconds;
using Kind = RpcLatency::Kind;

int64_t total(const RpcLatency::Series& series) {
  return std::accumulate(series.counts.begin(), series.counts.end(), int64_t{0});
}

TEST(RpcLatencyTest, EachCombinationHasCountsOfItsOwn) {
  RpcLatency latency;
  const RpcLatency::Key send{.request_code = 310, .response_code = ResponseCode::kSuccess};
  const RpcLatency::Key refused{.request_code = 310, .response_code = ResponseCode::kSystemBusy};
  const RpcLatency::Key held{
      .request_code = 11, .response_code = ResponseCode::kPullNotFound, .kind = Kind::kLongPolling};
  latency.note(send, microseconds(1000));
  latency.note(send, microseconds(1001));
  latency.note(send, microseconds(99'999));
  latency.note(refused, microseconds(10));
  latency.note(held, microseconds(15'000'000));

  const auto all = latency.series();
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].key, held);
  EXPECT_EQ(all[0].counts.back(), 1) << "longer than the last limit";
  EXPECT_EQ(all[1].key, send);
  EXPECT_EQ(all[1].counts, (decltype(all[1].counts){1, 1, 0, 0, 0, 1, 0, 0, 0, 0}));
  EXPECT_EQ(all[1].sum_us, 102'000);
  EXPECT_EQ(all[2].key, refused);
  EXPECT_EQ(total(all[2]), 1);
}

// Promise: whatever peers ask and get, memory stays as it is and nothing is lost.
TEST(RpcLatencyTest, WhatIsBeyondTheBoundCountsTogether) {
  RpcLatency latency;
  constexpr int32_t kCodes = 5000;
  for (int32_t code = 0; code < kCodes; ++code) {
    latency.note({.request_code = code}, microseconds(1));
  }
  const auto all = latency.series();
  EXPECT_EQ(all.size(), RpcLatency::kSeriesMax + 1);
  EXPECT_EQ(all.front().key.request_code, RpcLatency::kOtherCode);
  EXPECT_EQ(total(all.front()), kCodes - static_cast<int64_t>(RpcLatency::kSeriesMax));
}

TEST(RpcLatencyTest, ThreadsCountTogetherWithoutLosingAny) {
  RpcLatency latency;
  constexpr int kThreads = 12;
  constexpr int kNotes = 20'000;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&latency] {
        for (int32_t n = 0; n < kNotes; ++n) {
          latency.note({.request_code = n % 50}, microseconds(1));
        }
      });
    }
  }
  const auto all = latency.series();
  ASSERT_EQ(all.size(), 50u);
  for (const RpcLatency::Series& series : all) {
    EXPECT_EQ(total(series), kThreads * kNotes / 50) << series.key.request_code;
  }
}

}  // namespace
}  // namespace rocketmq::remoting
