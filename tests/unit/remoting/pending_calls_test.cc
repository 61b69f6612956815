#include "remoting/pending_calls.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace rocketmq::remoting {
namespace {

using std::chrono::milliseconds;

class PendingCallsTest : public testing::Test {
 protected:
  bool add(int32_t opaque, Deadline deadline) {
    PendingCalls::Callback callback = [this, opaque](const Result<const CommandView*>&) {
      ended_.push_back(opaque);
    };
    return calls_.add(opaque, start_, deadline, callback);
  }

  std::multiset<int32_t> end(std::vector<PendingCalls::Callback> callbacks) {
    ended_.clear();
    for (auto& callback : callbacks) {
      callback(Status::timeout("test"));
    }
    return {ended_.begin(), ended_.end()};
  }

  PendingCalls calls_;
  std::vector<int32_t> ended_;
  const Deadline start_ = Deadline(std::chrono::hours(5));
};

TEST_F(PendingCallsTest, CallIsTakenOnce) {
  ASSERT_TRUE(add(7, start_));
  EXPECT_TRUE(calls_.take(7));
  EXPECT_FALSE(calls_.take(7));
  EXPECT_TRUE(calls_.empty());
  EXPECT_FALSE(calls_.nextExpiry());
}

TEST_F(PendingCallsTest, OpaqueThatWaitsIsNotTakenTwice) {
  ASSERT_TRUE(add(7, start_));
  EXPECT_FALSE(add(7, start_));
  EXPECT_EQ(calls_.size(), 1u);
}

TEST_F(PendingCallsTest, NeverDeadlineDoesNotOverflow) {
  ASSERT_TRUE(add(1, Deadline::max()));
  EXPECT_GT(*calls_.nextExpiry(), start_);
  EXPECT_TRUE(calls_.takeExpired(start_).callbacks.empty());
}

// Promise: against a plain map, whatever the order of calls, answers and time, no call ends early
// or more than 8 ms late, and none is lost.
TEST_F(PendingCallsTest, BehavesLikeAMapOfDeadlines) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    std::map<int32_t, Deadline> model;
    Deadline now = start_;
    for (int step = 0; step < 2000; ++step) {
      const auto opaque = static_cast<int32_t>(random() % 50);
      switch (random() % 4) {
        case 0:
        case 1: {
          const Deadline deadline = now + std::chrono::microseconds(random() % 40'000);
          ASSERT_EQ(add(opaque, deadline), model.try_emplace(opaque, deadline).second);
          break;
        }
        case 2:
          ASSERT_EQ(static_cast<bool>(calls_.take(opaque)), model.erase(opaque) == 1);
          break;
        default: {
          now += std::chrono::microseconds(random() % 10'000);
          for (const int32_t expired : end(calls_.takeExpired(now).callbacks)) {
            ASSERT_LE(model.at(expired), now) << "early";
            model.erase(expired);
          }
          for (const auto& [waiting, deadline] : model) {
            ASSERT_GT(deadline + milliseconds(8), now) << waiting << " is late";
          }
        }
      }
      ASSERT_EQ(calls_.size(), model.size());
      ASSERT_EQ(calls_.nextExpiry().has_value(), !model.empty());
    }
    EXPECT_EQ(end(calls_.takeAll()).size(), model.size());
    EXPECT_TRUE(calls_.empty());
  }
}

}  // namespace
}  // namespace rocketmq::remoting
