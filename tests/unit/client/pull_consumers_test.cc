#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <thread>

#include "rocketmq/default_lite_pull_consumer.h"
#include "rocketmq/default_mq_pull_consumer.h"
#include "tests/unit/client/fake_cluster.h"

namespace rocketmq::client {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

const MessageQueue kQueue{"T", "b0", 0};

class PullConsumerTest : public testing::Test {
 protected:
  PullConsumerTest() {
    cluster_.createTopic("T", 1);
    PullConsumerConfig config;
    config.namesrv_addr = cluster_.nameServer();
    config.consumer_group = "CG";
    config.broker_suspend_max_time = milliseconds(20'000);
    subject_ = std::make_unique<DefaultMQPullConsumer>(config);
    subject_->start();
    for (const char* body : {"a", "b", "c"}) {
      cluster_.broker().append("T", 0, body, "TAGS\x01" + std::string(body) + "\x02");
    }
  }

  FakeCluster cluster_;
  std::unique_ptr<DefaultMQPullConsumer> subject_;
};

TEST_F(PullConsumerTest, PullGivesMessagesFromTheOffsetOn) {
  EXPECT_EQ(subject_->fetchSubscribeMessageQueues("T"), (std::vector<MessageQueue>{kQueue}));
  const PullResult result = subject_->pull(kQueue, "*", 1, 32);
  EXPECT_EQ(result.status, PullStatus::kFound);
  ASSERT_EQ(result.messages.size(), 2u);
  EXPECT_EQ(result.messages[0].body(), "b");
  EXPECT_EQ(result.next_begin_offset, 3);
  EXPECT_EQ(result.max_offset, 3);
  EXPECT_EQ(subject_->pull(kQueue, "*", 3, 32).status, PullStatus::kNoNewMessage);
  const PullResult beyond = subject_->pull(kQueue, "*", 9, 32);
  EXPECT_EQ(beyond.status, PullStatus::kOffsetIllegal);
  EXPECT_EQ(beyond.next_begin_offset, 3);
}

TEST_F(PullConsumerTest, TagsAreComparedByText) {
  const PullResult result = subject_->pull(kQueue, "a || c", 0, 32);
  ASSERT_EQ(result.messages.size(), 2u);
  EXPECT_EQ(result.messages[1].body(), "c");
  EXPECT_THROW(subject_->pull(kQueue, "||", 0, 32), MQClientException);
  EXPECT_THROW(subject_->pull(kQueue, "*", -1, 32), MQClientException);
  EXPECT_THROW(subject_->pull({"T", "unknown", 0}, "*", 0, 32), MQClientException);
}

// Promise: a master that has its readers go to a slave is followed, until an answer says otherwise,
// and read again when the slave is not there.
TEST(PullFromSlaveTest, TheSuggestedBrokerIsAskedNext) {
  FakeCluster cluster(2);
  FakeBroker& master = cluster.broker(0);
  auto& slave = cluster.broker(1);
  cluster.createTopicWithSlave("T", master, slave);
  for (FakeBroker* broker : {&master, &slave}) {
    broker->append("T", 0, "a");
  }
  PullConsumerConfig config;
  config.namesrv_addr = cluster.nameServer();
  config.consumer_group = "CG";
  DefaultMQPullConsumer subject(config);
  subject.start();
  master.suggestBroker(1);
  slave.suggestBroker(1);
  const auto pull = [&] { return subject.pull(kQueue, "*", 0, 32).messages.size(); };
  EXPECT_EQ(pull(), 1u);
  EXPECT_EQ(pull(), 1u);
  EXPECT_EQ(pull(), 1u);
  EXPECT_EQ(master.pulls("T"), 1);
  EXPECT_EQ(slave.pulls("T"), 2);
  slave.suggestBroker(0);
  EXPECT_EQ(pull(), 1u);
  EXPECT_EQ(pull(), 1u);
  EXPECT_EQ(master.pulls("T"), 2);
  slave.stop();
  EXPECT_THROW(pull(), RemotingException);
  EXPECT_EQ(pull(), 1u);
  EXPECT_EQ(master.pulls("T"), 3);
}

TEST_F(PullConsumerTest, ABlockingPullWaitsForTheNextMessage) {
  std::thread later([this] {
    EXPECT_TRUE(eventually([this] { return cluster_.broker().pulls("T") == 1; }));
    cluster_.broker().append("T", 0, "d");
  });
  const PullResult result = subject_->pullBlockIfNotFound(kQueue, "*", 3, 32);
  later.join();
  ASSERT_EQ(result.messages.size(), 1u);
  EXPECT_EQ(result.messages[0].body(), "d");
}

// The regular question for routes comes every 30 s, which is longer than eventually() waits.
TEST_F(PullConsumerTest, ABrokerThatDiedIsSoonReadWhereTheNameServerSaysNow) {
  FakeCluster elsewhere;
  elsewhere.broker().append("T", 0, "kept");
  subject_->pull(kQueue, "*", 0, 32);
  cluster_.broker().stop();
  const auto bodies = [this]() -> std::vector<std::string> {
    try {
      std::vector<std::string> found;
      for (const MessageExt& message : subject_->pull(kQueue, "*", 0, 32).messages) {
        found.push_back(message.body());
      }
      return found;
    } catch (const MQException&) {
      return {};
    }
  };
  // The name server still names the dead broker when it is asked first.
  const int64_t asked = cluster_.routeRequests();
  ASSERT_TRUE(eventually([&] { return cluster_.routeRequests() > asked; }));
  EXPECT_TRUE(bodies().empty());
  cluster_.lieAbout("T", {{"b0", elsewhere.broker().address()}});
  EXPECT_TRUE(eventually([&] { return bodies() == std::vector<std::string>{"kept"}; }));
}

TEST_F(PullConsumerTest, ShutdownEndsABlockingPull) {
  std::thread waiting(
      [this] { EXPECT_THROW(subject_->pullBlockIfNotFound(kQueue, "*", 3, 32), MQException); });
  ASSERT_TRUE(eventually([this] { return cluster_.broker().pulls("T") == 1; }));
  const auto begin = steady_clock::now();
  subject_->shutdown();
  waiting.join();
  EXPECT_LT(steady_clock::now() - begin, seconds(1));
}

TEST_F(PullConsumerTest, OffsetsAreReadSetAndStoredAtShutdown) {
  EXPECT_EQ(subject_->fetchConsumeOffset(kQueue), -1);
  subject_->updateConsumeOffset(kQueue, 2);
  EXPECT_EQ(subject_->fetchConsumeOffset(kQueue, false), 2);
  EXPECT_EQ(subject_->minOffset(kQueue), 0);
  EXPECT_EQ(subject_->maxOffset(kQueue), 3);
  subject_->shutdown();
  EXPECT_EQ(cluster_.broker().committed("CG", "T"), 2);
  EXPECT_THROW(subject_->maxOffset(kQueue), MQClientException);
}

// As RocketMQ: memory first, then the broker, whose answer is remembered.
TEST_F(PullConsumerTest, WhatCannotBeIsRefusedWithoutAQuestion) {
  EXPECT_THROW(subject_->updateConsumeOffset(kQueue, -1), MQClientException);
  const int64_t asked = cluster_.routeRequests();
  EXPECT_THROW(subject_->fetchSubscribeMessageQueues(""), MQClientException);
  EXPECT_THROW(subject_->fetchSubscribeMessageQueues("a b"), MQClientException);
  EXPECT_EQ(cluster_.routeRequests(), asked);
}

TEST_F(PullConsumerTest, AnOffsetThatIsNotKnownIsAskedForOnce) {
  cluster_.broker().setCommitted("CG", "T", 0, 1);
  EXPECT_EQ(subject_->fetchConsumeOffset(kQueue, false), 1);
  cluster_.broker().setCommitted("CG", "T", 0, 2);
  EXPECT_EQ(subject_->fetchConsumeOffset(kQueue, false), 1);
  EXPECT_EQ(subject_->fetchConsumeOffset(kQueue, true), 2);
  EXPECT_EQ(subject_->fetchConsumeOffset(kQueue, false), 2);
  subject_->shutdown();
  EXPECT_EQ(cluster_.broker().committed("CG", "T"), 2) << "what was only read is not stored";
}

TEST_F(PullConsumerTest, ABrokerThatDoesNotAnswerForOffsetsIsNoWrongUse) {
  subject_->pull(kQueue, "*", 0, 32);
  cluster_.broker().stop();
  try {
    subject_->fetchConsumeOffset(kQueue);
    ADD_FAILURE();
  } catch (const RemotingException& error) {
    EXPECT_NE(std::string(error.what()).find(cluster_.broker().address()), std::string::npos)
        << error.what();
  }
}

class LitePullConsumerTest : public testing::Test {
 protected:
  LitePullConsumerTest() {
    cluster_.createTopic("T", 1);
    config_.namesrv_addr = cluster_.nameServer();
    config_.consumer_group = "CG";
    config_.consume_from_where = ConsumeFromWhere::kFirstOffset;
    config_.pull_batch_size = 2;
    for (const char* body : {"a", "b", "c", "d", "e"}) {
      cluster_.broker().append("T", 0, body);
    }
  }

  DefaultLitePullConsumer& start() {
    subject_ = std::make_unique<DefaultLitePullConsumer>(config_);
    subject_->subscribe("T");
    subject_->start();
    return *subject_;
  }

  std::vector<std::string> poll(milliseconds timeout = seconds(10)) {
    std::vector<std::string> bodies;
    for (const MessageExt& message : subject_->poll(timeout)) {
      bodies.push_back(message.body());
    }
    return bodies;
  }

  using Bodies = std::vector<std::string>;
  FakeCluster cluster_;
  LitePullConsumerConfig config_;
  std::unique_ptr<DefaultLitePullConsumer> subject_;
};

TEST_F(LitePullConsumerTest, PollGivesBatchesInOrderAndCommitStoresThem) {
  start();
  EXPECT_EQ(poll(), (Bodies{"a", "b"}));
  EXPECT_EQ(poll(), (Bodies{"c", "d"}));
  subject_->commitSync();
  EXPECT_EQ(cluster_.broker().committed("CG", "T"), 4);
  EXPECT_EQ(subject_->committed(kQueue), 4);
  EXPECT_EQ(poll(), (Bodies{"e"}));
  EXPECT_EQ(poll(milliseconds(1)), (Bodies{}));
}

TEST_F(LitePullConsumerTest, WithAutoCommitThePollBeforeCountsAsConsumed) {
  start();
  poll();
  poll();
  subject_->shutdown();
  EXPECT_EQ(cluster_.broker().committed("CG", "T"), 2)
      << "what the last poll gave may not have been consumed";
}

TEST_F(LitePullConsumerTest, AutoCommitStoresFromTimeToTime) {
  config_.auto_commit_interval = milliseconds(1);  // Taken as a second.
  start();
  poll();
  poll();
  EXPECT_TRUE(eventually([this] { return cluster_.broker().committed("CG", "T") == 2; }));
}

TEST_F(LitePullConsumerTest, WithoutAutoCommitOnlyTheBeginningIsStoredByItself) {
  config_.auto_commit = false;
  start();
  poll();
  poll();
  subject_->shutdown();
  EXPECT_EQ(cluster_.broker().committed("CG", "T"), 0);
}

// Promise: who has the queue next begins at the same place, and not at an end that is further then.
TEST_F(LitePullConsumerTest, WhereANewGroupBeginsIsStoredBeforeItsFirstPull) {
  config_.auto_commit = false;
  config_.consume_from_where = ConsumeFromWhere::kLastOffset;
  start();
  ASSERT_TRUE(eventually([this] { return cluster_.broker().pulls("T") >= 1; }));
  EXPECT_EQ(cluster_.broker().committed("CG", "T"), 5);
}

// Promise: an offset that did not arrive is not told as stored, however often it was sent since.
TEST_F(LitePullConsumerTest, AnOffsetThatNeverArrivedIsNotForgotten) {
  config_.auto_commit = false;
  config_.auto_commit_interval = seconds(1);
  start();
  poll();
  cluster_.broker().refuseOffsets(true);
  EXPECT_THROW(subject_->commitSync(), MQBrokerException);
  const int64_t told = cluster_.broker().offsetUpdates();
  ASSERT_TRUE(eventually([&] { return cluster_.broker().offsetUpdates() >= told + 3; }));
  EXPECT_THROW(subject_->commitSync(), MQBrokerException);
  EXPECT_EQ(cluster_.broker().committed("CG", "T"), 0) << "where it began";
  cluster_.broker().refuseOffsets(false);
  subject_->commitSync();
  EXPECT_EQ(cluster_.broker().committed("CG", "T"), 2);
}

// Promise: what a broker has confirmed and lost, as it crashed before it had written it, it is told
// again without the application's doing.
TEST_F(LitePullConsumerTest, ACommitThatItsBrokerHasLostIsRepeated) {
  config_.auto_commit = false;
  config_.auto_commit_interval = seconds(1);
  start();
  poll();
  subject_->commitSync();
  cluster_.broker().setCommitted("CG", "T", 0, 0);
  EXPECT_TRUE(eventually([this] { return cluster_.broker().committed("CG", "T") == 2; }));
}

// Promise: an administrator's reset moves a running group, whatever it has pulled ahead.
TEST_F(LitePullConsumerTest, AResetDropsWhatWasPulledBeforeAndIsTheGroupsOffset) {
  config_.auto_commit = false;
  start();
  EXPECT_EQ(poll(), (Bodies{"a", "b"}));
  ASSERT_TRUE(eventually([this] { return cluster_.broker().pulls("T") == 4; }));
  cluster_.broker().moveOffset("T", 0, 5);
  ASSERT_TRUE(eventually([this] { return cluster_.broker().pulls("T") == 5; }));
  EXPECT_EQ(poll(milliseconds(1)), (Bodies{}));
  cluster_.broker().append("T", 0, "f");
  EXPECT_EQ(poll(), (Bodies{"f"}));
  subject_->shutdown();
  EXPECT_EQ(cluster_.broker().committed("CG", "T"), 5);
}

TEST_F(LitePullConsumerTest, ABrokerThatDoesNotAnswerIsNoWrongUse) {
  start();
  poll();
  cluster_.broker().stop();
  EXPECT_THROW(subject_->committed(kQueue), RemotingException);
  EXPECT_THROW(subject_->commitSync(), RemotingException);
}

// Promise: a queue that cannot be pulled waits a second, whatever the others do.
TEST_F(LitePullConsumerTest, AFailingQueueIsNotPulledWithEachPollOfTheOthers) {
  cluster_.createTopic("T", 2);
  cluster_.createTopic("Bad", 1);
  cluster_.broker().refusePulls("Bad", 0);
  subject_ = std::make_unique<DefaultLitePullConsumer>(config_);
  subject_->assign({kQueue, {"Bad", "b0", 0}});
  const auto begin = steady_clock::now();
  subject_->start();
  constexpr int kPolls = 200;
  for (int i = 0; i < kPolls; ++i) {
    cluster_.broker().append("T", 0, "more");
    ASSERT_FALSE(poll().empty());
  }
  const auto periods = (steady_clock::now() - begin) / seconds(1) + 1;
  EXPECT_LE(cluster_.broker().pulls("Bad"), periods);
  EXPECT_TRUE(eventually([&] { return cluster_.broker().pulls("Bad") > periods; }));
}

// Promise: what is chosen before the start is in the namespace that is set at the start.
TEST(LiteNamespaceTest, ANamespaceThatIsSetLateHoldsForTopicsAndQueues) {
  FakeCluster cluster;
  cluster.createTopic("NS%T", 1);
  cluster.broker().append("NS%T", 0, "a");
  for (const bool assigns : {false, true}) {
    LitePullConsumerConfig config;
    config.namesrv_addr = cluster.nameServer();
    config.consumer_group = assigns ? "AG" : "SG";
    config.consume_from_where = ConsumeFromWhere::kFirstOffset;
    DefaultLitePullConsumer subject(config);
    if (assigns) {
      subject.assign({kQueue});
    } else {
      subject.subscribe("T");
    }
    subject.config().name_space = "NS";
    subject.start();
    const auto messages = subject.poll(seconds(20));
    ASSERT_EQ(messages.size(), 1u) << assigns;
    EXPECT_EQ(messages[0].topic(), "T");
  }
}

TEST_F(LitePullConsumerTest, SeekBeyondTheQueueIsRefused) {
  start();
  EXPECT_EQ(poll(), (Bodies{"a", "b"}));
  for (const int64_t offset : {int64_t{-1}, int64_t{6}, int64_t{1'000'000}}) {
    try {
      subject_->seek(kQueue, offset);
      ADD_FAILURE() << offset;
    } catch (const MQClientException& error) {
      EXPECT_NE(std::string(error.what())
                    .find("Seek offset illegal, seek offset = " + std::to_string(offset) +
                          ", min offset = 0, max offset = 5"),
                std::string::npos)
          << error.what();
    }
  }
  EXPECT_EQ(poll(), (Bodies{"c", "d"})) << "and nothing has changed";
  subject_->seek(kQueue, 5);
  cluster_.broker().append("T", 0, "f");
  EXPECT_EQ(poll(), (Bodies{"f"}));
}

TEST_F(LitePullConsumerTest, SeekGoesOnElsewhere) {
  start();
  EXPECT_EQ(poll(), (Bodies{"a", "b"}));
  subject_->seek(kQueue, 4);
  EXPECT_EQ(poll(), (Bodies{"e"}));
  subject_->seekToBegin(kQueue);
  EXPECT_EQ(poll(), (Bodies{"a", "b"}));
  subject_->seekToEnd(kQueue);
  EXPECT_EQ(poll(milliseconds(1)), (Bodies{}));
  cluster_.broker().append("T", 0, "f");
  EXPECT_EQ(poll(), (Bodies{"f"}));
  EXPECT_THROW(subject_->seek({"T", "b0", 9}, 0), MQClientException);
}

TEST_F(LitePullConsumerTest, ASeekIsStoredLikeAPoll) {
  config_.auto_commit = false;
  start();
  subject_->seek(kQueue, 3);
  subject_->shutdown();
  EXPECT_EQ(cluster_.broker().committed("CG", "T"), 0) << "nobody has committed it";

  start();
  subject_->seek(kQueue, 3);
  subject_->commitSync();
  EXPECT_EQ(cluster_.broker().committed("CG", "T"), 3);
}

// Promise: what a seek drops leaves room under the bound of all queues together, and the queues
// that have waited for room are pulled at once.
TEST_F(LitePullConsumerTest, ASeekMakesRoomForOtherQueues) {
  cluster_.createTopic("T", 2);
  config_.pull_threshold_for_all = 2;
  subject_ = std::make_unique<DefaultLitePullConsumer>(config_);
  subject_->assign({kQueue});
  subject_->start();
  cluster_.broker().append("T", 1, "x");
  EXPECT_EQ(poll(), (Bodies{"a", "b"}));
  // Two more are pulled, and fill the room of both queues.
  ASSERT_TRUE(eventually([this] { return cluster_.broker().pulls("T") == 2; }));
  const MessageQueue other{"T", "b0", 1};
  subject_->assign({kQueue, other});
  subject_->seekToEnd(kQueue);
  EXPECT_EQ(poll(), (Bodies{"x"}));
}

TEST_F(LitePullConsumerTest, APollWithoutLimitWaitsForTheNextMessage) {
  start();
  subject_->seekToEnd(kQueue);
  auto polled = std::async(std::launch::async, [this] { return poll(milliseconds::max()); });
  cluster_.broker().append("T", 0, "f");
  EXPECT_EQ(polled.get(), (Bodies{"f"}));
}

TEST_F(LitePullConsumerTest, AssignedQueuesNeedNoGroup) {
  subject_ = std::make_unique<DefaultLitePullConsumer>(config_);
  subject_->assign({kQueue});
  EXPECT_THROW(subject_->subscribe("T"), MQClientException);
  subject_->start();
  subject_->seek(kQueue, 3);
  EXPECT_EQ(poll(), (Bodies{"d", "e"}));
  EXPECT_EQ(subject_->fetchMessageQueues("T"), (std::vector<MessageQueue>{kQueue}));
}

TEST_F(LitePullConsumerTest, AQueueThatIsNamedTwiceIsOneQueue) {
  subject_ = std::make_unique<DefaultLitePullConsumer>(config_);
  subject_->assign({kQueue, kQueue});
  subject_->start();
  EXPECT_EQ(poll(), (Bodies{"a", "b"}));
  EXPECT_EQ(poll(), (Bodies{"c", "d"}));
  EXPECT_EQ(poll(), (Bodies{"e"}));
}

TEST_F(LitePullConsumerTest, AQueueThatItsStrategyNamesTwiceIsOneQueue) {
  config_.allocate_strategy = [](const auto&, const auto&, const std::vector<MessageQueue>& all,
                                 const auto&) {
    std::vector<MessageQueue> twice = all;
    twice.insert(twice.end(), all.begin(), all.end());
    return twice;
  };
  start();
  EXPECT_EQ(poll(), (Bodies{"a", "b"}));
}

/// A lite pull consumer whose first rebalance, which start() waits for, meets a change of mind.
class LiteStartTest : public LitePullConsumerTest {
 protected:
  LiteStartTest() {
    cluster_.createTopic("T", 2);
    cluster_.createTopic("Other", 1);
    for (const MessageQueue& queue : {other_, MessageQueue{"Other", "b0", 0}}) {
      cluster_.broker().append(queue.topic, queue.queue_id, "x");
      cluster_.broker().setCommitted("CG", queue.topic, queue.queue_id, 0);
    }
    config_.consume_from_where = ConsumeFromWhere::kLastOffset;
    subject_ = std::make_unique<DefaultLitePullConsumer>(config_);
  }

  /// Starts it, and calls `change` when it asks where to begin.
  void startAnd(std::function<void()> change) {
    cluster_.broker().onEndAsked(
        [this, change = std::move(change), once = std::make_shared<std::atomic<bool>>(true)] {
          if (once->exchange(false)) {
            change();
            EXPECT_THROW(subject_->poll(), MQClientException) << "it has not started yet";
          }
        });
    subject_->start();
  }

  const MessageQueue other_{"T", "b0", 1};
};

// Promise: what is chosen while start() runs counts when it has returned.
TEST_F(LiteStartTest, QueuesThatAreAssignedDuringTheStartAreTheQueues) {
  subject_->assign({kQueue});
  startAnd([this] { subject_->assign({other_}); });
  EXPECT_EQ(poll(), (Bodies{"x"}));
}

TEST_F(LiteStartTest, ATopicThatIsSubscribedDuringTheStartIsConsumed) {
  subject_->subscribe("T");
  startAnd([this] { subject_->subscribe("Other"); });
  EXPECT_EQ(poll(), (Bodies{"x"}));
}

TEST_F(LitePullConsumerTest, PausedQueuesGiveNothingUntilTheyAreResumed) {
  start();
  EXPECT_EQ(poll(), (Bodies{"a", "b"}));
  subject_->pause({kQueue});
  EXPECT_EQ(poll(milliseconds(1)), (Bodies{}));
  subject_->resume({kQueue});
  EXPECT_EQ(poll(), (Bodies{"c", "d"}));
}

TEST_F(LitePullConsumerTest, PausedQueuesDoNotHoldUpTheOthers) {
  cluster_.createTopic("T", 2);
  config_.pull_threshold_for_all = 2;
  subject_ = std::make_unique<DefaultLitePullConsumer>(config_);
  subject_->assign({kQueue});
  subject_->start();
  EXPECT_EQ(poll(), (Bodies{"a", "b"}));
  // Two more are pulled, and fill the room of both queues.
  ASSERT_TRUE(eventually([this] { return cluster_.broker().pulls("T") == 2; }));
  subject_->assign({kQueue, {"T", "b0", 1}});
  subject_->pause({kQueue});
  cluster_.broker().append("T", 1, "x");
  EXPECT_EQ(poll(), (Bodies{"x"}));
  subject_->resume({kQueue});
  EXPECT_EQ(poll(), (Bodies{"c", "d"}));
}

TEST_F(LitePullConsumerTest, ShutdownEndsAWaitingPoll) {
  cluster_.createTopic("Empty", 1);
  subject_ = std::make_unique<DefaultLitePullConsumer>(config_);
  subject_->subscribe("Empty");
  subject_->start();
  std::thread waiting([this] {
    try {
      EXPECT_EQ(poll(seconds(60)), (Bodies{}));
    } catch (const MQClientException&) {
      // The thread came to its poll after the shutdown.
    }
  });
  ASSERT_TRUE(eventually([this] { return cluster_.broker().pulls("Empty") == 1; }));
  const auto begin = steady_clock::now();
  subject_->shutdown();
  waiting.join();
  EXPECT_LT(steady_clock::now() - begin, seconds(1));
}

}  // namespace
}  // namespace rocketmq::client
