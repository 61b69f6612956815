// When a rebalance that could not do everything is run again, and how often that happens.

#include "client/consumer/rebalance_retry.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "remoting/protocol/commands/relay.h"
#include "rocketmq/default_lite_pull_consumer.h"
#include "tests/unit/client/push_rebalance_fixture.h"

namespace rocketmq::client {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr RebalanceGaps kNone{};
constexpr RebalanceGaps kRoutes{.routes = true};
constexpr RebalanceGaps kQueues{.queues = true};

/// A RebalanceRetry whose time the test drives.
class RebalanceRetryTest : public testing::Test {
 protected:
  /// The delay that the run which has just ended asks for; nullopt: none.
  std::optional<milliseconds> delayAfter(const RebalanceGaps& gaps) {
    const size_t before = armed_.size();
    retry_.ended(gaps);
    return armed_.size() == before ? std::nullopt : std::optional(armed_.back().first);
  }
  /// All timers that were ever set go off. How many rebalances that leads to.
  int fireAll() {
    const int before = rebalances_;
    for (const auto& [delay, task] : std::exchange(armed_, {})) {
      task();
    }
    return rebalances_ - before;
  }

  std::vector<std::pair<milliseconds, std::function<void()>>> armed_;
  int rebalances_ = 0;
  RebalanceRetry retry_{[this](milliseconds delay, std::function<void()> task) {
                          armed_.emplace_back(delay, std::move(task));
                        },
                        [this] { ++rebalances_; }};
};

TEST_F(RebalanceRetryTest, DelaysGrowToASecondAndToFiveAfterTwentyRuns) {
  EXPECT_EQ(delayAfter(kNone), std::nullopt);
  for (const int expected : {50, 100, 200, 400, 800, 1000, 1000}) {
    EXPECT_EQ(delayAfter(kRoutes), milliseconds(expected));
  }
  for (int run = 7; run < RebalanceRetry::kQuickRetries; ++run) {
    EXPECT_EQ(delayAfter(kRoutes), milliseconds(1000));
  }
  EXPECT_EQ(delayAfter(kRoutes), milliseconds(5000));
  EXPECT_EQ(delayAfter(kNone), std::nullopt);
  EXPECT_EQ(delayAfter(kRoutes), milliseconds(50)) << "another time";
}

TEST_F(RebalanceRetryTest, ATopicThatNeverComesDoesNotSlowDownTheHandOverOfQueues) {
  for (int run = 0; run < 100; ++run) {
    retry_.ended(kRoutes);
  }
  EXPECT_EQ(delayAfter({.routes = true, .queues = true}), milliseconds(50));
  EXPECT_EQ(delayAfter({.routes = true, .queues = true}), milliseconds(100));
  EXPECT_EQ(delayAfter(kRoutes), milliseconds(5000));
}

// Promise: however many runs leave something undone, one of them is repeated.
TEST_F(RebalanceRetryTest, OnlyTheLatestRunIsRepeated) {
  for (int run = 0; run < 10; ++run) {
    retry_.ended(run % 2 == 0 ? kRoutes : kQueues);
  }
  EXPECT_EQ(fireAll(), 1);
  retry_.ended(kRoutes);
  retry_.ended(kNone);
  EXPECT_EQ(fireAll(), 0) << "the later run has found everything";
}

/// Members of group CG that wait for a topic.
class MissingTopicTest : public PushConsumerTest {
 protected:
  /// Makes a member rebalance ten times for another reason, and looks how it goes on.
  void expectOneQuestionInASecond() {
    for (int notice = 0; notice < 10; ++notice) {
      const int64_t before = cluster_.routeRequests();
      broker().tellClients(remoting::NotifyConsumerIdsChanged{.consumer_group = "CG"});
      ASSERT_TRUE(eventually([&] { return cluster_.routeRequests() > before; }));
    }
    const int64_t before = cluster_.routeRequests();
    const auto begin = steady_clock::now();
    ASSERT_TRUE(eventually([&] { return cluster_.routeRequests() >= before + 2; }));
    EXPECT_GE(steady_clock::now() - begin, milliseconds(900));
  }
};

// Promise: a topic that is missing is asked for at one rate, whatever else makes the group
// rebalance meanwhile.
TEST_F(MissingTopicTest, APushConsumerAsksForItAtOneRate) {
  auto subject = consumer(config());
  subject->subscribe("Missing");
  subject->start();
  expectOneQuestionInASecond();
}

TEST_F(MissingTopicTest, ALitePullConsumerAsksForItAtOneRate) {
  LitePullConsumerConfig lite;
  lite.namesrv_addr = cluster_.nameServer();
  lite.consumer_group = "CG";
  DefaultLitePullConsumer subject(lite);
  subject.subscribe("T");
  subject.subscribe("Missing");
  subject.start();
  expectOneQuestionInASecond();
}

TEST_F(MissingTopicTest, ItIsConsumedSoonAfterItHasCome) {
  auto subject = consumer(config());
  subject->subscribe("Late");
  subject->start();
  cluster_.createTopic("Late");
  broker().append("Late", 0, "here");
  EXPECT_TRUE(eventually([this] { return received_.hasCount(1); }));
}

// Promise: a group whose retryQueueNums is 0 has no retry topic, and comes to rest all the same.
TEST_F(PushRebalanceTest, ARetryTopicThatNeverComesIsWaitedForALittleOnly) {
  cluster_.hideRetryTopics();
  ASSERT_TRUE(context_.subscriptions->add("%RETRY%CG", MessageSelector::byTag("*"), 1).isOk());
  for (int run = 0; run < RebalanceRetry::kQuickRetries; ++run) {
    EXPECT_TRUE(rebalance_.run().routes) << "the broker makes it when it hears of the group";
  }
  EXPECT_TRUE(rebalance_.run().none());
  ASSERT_TRUE(context_.subscriptions->add("Missing", MessageSelector::byTag("*"), 1).isOk());
  EXPECT_TRUE(rebalance_.run().routes) << "other topics are waited for";
}

}  // namespace
}  // namespace rocketmq::client
