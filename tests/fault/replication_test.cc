// Promise: what a SYNC_MASTER has acknowledged with SEND_OK is on its slave, whatever the moment at
// which the master is killed: byte for byte at the same place, and readable there. Whichever of the
// two is killed or stopped, afterwards both logs are the same again, and so are the positions of
// consumers that went on with the slave.
//
// ROCKETMQ_FAULT_ROUNDS=N kills N times; ROCKETMQ_FAULT_SEED=N repeats a run as far as threads can
// be repeated.

#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "rocketmq/default_lite_pull_consumer.h"
#include "rocketmq/default_mq_producer.h"
#include "rocketmq/default_mq_push_consumer.h"
#include "tests/fault/load.h"
#include "tests/fault/replicated_pair.h"
#include "tests/fault/rounds.h"
#include "tests/support/raw_client.h"

namespace rocketmq::test {
namespace {

constexpr int kQueryConsumerOffset = 14;
constexpr int kUpdateConsumerOffset = 15;
constexpr int kSendMessageV2 = 310;

class ReplicationTest : public ::testing::Test {
 protected:
  ReplicatedPair pair_{smallFiles(), "SYNC_MASTER"};
  Cluster& cluster_ = pair_.cluster();
  Slave& slave_ = pair_.slave();
};

TEST_F(ReplicationTest, WhatAKilledSyncMasterAcknowledgedIsOnTheSlave) {
  const uint64_t seed = faultSeed();
  std::mt19937_64 random(seed);
  Load load(cluster_, "SyncKill", seed);
  pair_.startSlave("SyncKill");
  const int rounds = faultRounds(3);
  for (int round = 0; round < rounds; ++round) {
    SCOPED_TRACE("ROCKETMQ_FAULT_SEED=" + std::to_string(seed) + ", round " +
                 std::to_string(round));
    load.sendUntilKilled(std::uniform_int_distribution<int64_t>(1, 1000)(random));
    // Nobody but the slave is there to read from.
    load.expectEverythingThere();
    EXPECT_FALSE(pair_.compare().first_difference);
    cluster_.startBroker();
    ASSERT_TRUE(pair_.awaitSlaves("1"));
    pair_.expectSameLogs();
    ASSERT_FALSE(HasFailure());
  }
  std::printf("%lld messages were acknowledged\n", static_cast<long long>(load.acknowledged()));
}

TEST(StoppedMasterTest, WhatAStoppedAsyncMasterAcknowledgedIsOnTheSlave) {
  ReplicatedPair pair(smallFiles(), "ASYNC_MASTER");
  Load load(pair.cluster(), "AsyncStop", faultSeed());
  pair.startSlave("AsyncStop");
  const int rounds = faultRounds(5);
  for (int round = 0; round < rounds; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    load.sendUntilStopped(500);
    load.expectEverythingThere();
    const auto comparison = pair.compare();
    EXPECT_FALSE(comparison.first_difference) << *comparison.first_difference;
    EXPECT_EQ(comparison.first_end, comparison.second_end);
    ASSERT_FALSE(::testing::Test::HasFailure());
    pair.cluster().startBroker();
    ASSERT_TRUE(pair.awaitSlaves("1"));
  }
}

TEST_F(ReplicationTest, LogsAreTheSameAgainAfterRestartsInAnyOrder) {
  const uint64_t seed = faultSeed();
  Load load(cluster_, "Restarts", seed);
  pair_.startSlave("Restarts");
  load.send(100);
  // The slave, killed while the master goes on.
  slave_.kill();
  slave_.start();
  ASSERT_TRUE(pair_.awaitSlaves("1"));
  load.send(100);
  // The master.
  cluster_.stopBroker();
  cluster_.startBroker();
  ASSERT_TRUE(pair_.awaitSlaves("1"));
  load.send(100);
  // Both, the slave first.
  cluster_.killBroker();
  slave_.stop();
  slave_.start();
  cluster_.startBroker();
  ASSERT_TRUE(pair_.awaitSlaves("1"));
  load.send(100);
  // Both, the master first.
  slave_.stop();
  cluster_.killBroker();
  cluster_.startBroker();
  slave_.start();
  ASSERT_TRUE(pair_.awaitSlaves("1"));
  load.send(100);
  load.expectEverythingThere();
  pair_.expectSameLogs();
}

// Long before its next regular registration, after 30 s.
TEST_F(ReplicationTest, ASlaveThatIsThereBeforeItsMasterFindsItSoon) {
  cluster_.stopBroker();
  slave_.start();
  cluster_.startBroker();
  EXPECT_TRUE(pair_.awaitSlaves("1"));
}

TEST_F(ReplicationTest, OffsetsCommittedToTheSlaveGetBackToTheMaster) {
  Load load(cluster_, "Offsets", faultSeed());
  pair_.startSlave("Offsets");
  load.send(100);
  const std::string queue = R"({"consumerGroup":"away","topic":"Offsets","queueId":0})";
  const std::string commit =
      R"({"consumerGroup":"away","topic":"Offsets","queueId":0,"commitOffset":"7"})";
  cluster_.killBroker();
  EXPECT_EQ(RawClient(slave_.port()).call(kUpdateConsumerOffset, commit).code, 0);
  cluster_.startBroker();
  RawClient master(cluster_.brokerPort());
  // The slave asks its master for the tables every 10 s.
  EXPECT_TRUE(
      eventually([&] { return master.call(kQueryConsumerOffset, queue).ext["offset"] == "7"; },
                 std::chrono::seconds(60)));
}

/// A push consumer that takes down which messages it has seen.
class Consumer {
 public:
  Consumer(const Cluster& cluster, const std::string& topic) : consumer_(configOf(cluster)) {
    consumer_.subscribe(topic);
    consumer_.registerMessageListener(
        [this](const std::vector<MessageExt>& messages, ConsumeConcurrentlyContext&) {
          std::unique_lock lock(mutex_);
          for (const MessageExt& message : messages) {
            seen_.insert(message.body());
          }
          may_go_on_.wait(lock, [this] { return seen_.size() < pause_at_; });
          return ConsumeConcurrentlyStatus::kConsumeSuccess;
        });
  }
  ~Consumer() { pauseAt(SIZE_MAX); }
  void start() { consumer_.start(); }

  /// Its listener does not return while it has seen so many.
  void pauseAt(size_t count) {
    const std::lock_guard lock(mutex_);
    pause_at_ = count;
    may_go_on_.notify_all();
  }
  bool hasSeen(int64_t count) {
    return eventually(
        [&] {
          const std::lock_guard lock(mutex_);
          return static_cast<int64_t>(seen_.size()) >= count;
        },
        std::chrono::seconds(60));
  }
  bool hasSeen(const std::string& body) {
    return eventually(
        [&] {
          const std::lock_guard lock(mutex_);
          return seen_.contains(body);
        },
        std::chrono::seconds(60));
  }
  size_t seen() {
    const std::lock_guard lock(mutex_);
    return seen_.size();
  }

 private:
  static PushConsumerConfig configOf(const Cluster& cluster) {
    PushConsumerConfig config;
    config.namesrv_addr = cluster.namesrvAddr();
    config.consumer_group = "replicated_group";
    config.consume_from_where = ConsumeFromWhere::kFirstOffset;
    config.pull_threshold_for_queue = 50;  // So that it has not fetched everything when it pauses.
    return config;
  }

  std::mutex mutex_;
  std::condition_variable may_go_on_;
  std::set<std::string> seen_;
  size_t pause_at_ = SIZE_MAX;
  DefaultMQPushConsumer consumer_;
};

TEST_F(ReplicationTest, AConsumerWhoseMasterDiesGoesOnWithTheSlave) {
  Load load(cluster_, "Orphaned", faultSeed());
  pair_.startSlave("Orphaned");
  load.send(2000);
  Consumer consumer(cluster_, "Orphaned");
  consumer.pauseAt(100);
  consumer.start();
  ASSERT_TRUE(consumer.hasSeen(100));
  cluster_.killBroker();
  consumer.pauseAt(SIZE_MAX);
  EXPECT_TRUE(consumer.hasSeen(load.acknowledged()));
  // And whoever looks is told that the master is missing.
  EXPECT_TRUE(eventually([&] {
    return cluster_.admin({"haStatus", "-c", "DefaultCluster"})
               .output.find("no master of broker-a is registered") != std::string::npos;
  }));
}

class SlaveReadTest : public testing::Test {
 protected:
  /// Everything counts as old data, which the slave is asked for.
  static Cluster::Settings settings() {
    Cluster::Settings settings = smallFiles();
    settings["accessMessageInMemoryMaxRatio"] = "0";
    return settings;
  }

  void storeOnBoth(int64_t messages) {
    pair_.startSlave("Behind");
    load_.send(messages);
    ASSERT_TRUE(eventually([&] { return pair_.slave().hasCaughtUp(); }));
  }

  ReplicatedPair pair_{settings(), "ASYNC_MASTER"};
  Load load_{pair_.cluster(), "Behind", faultSeed()};
};

// A master that expects nothing to be in memory sends everybody to its slave.
TEST_F(SlaveReadTest, AConsumerThatIsBehindReadsFromTheSlave) {
  storeOnBoth(2000);
  Consumer consumer(pair_.cluster(), "Behind");
  consumer.start();
  EXPECT_TRUE(consumer.hasSeen(load_.acknowledged()));
  const auto gotFrom = [&](const std::string& address) {
    return std::atoll(runtimeInfo(pair_.cluster(), address, "msgGetTotalTodayNow").c_str());
  };
  // The first pull of each queue asks the master.
  EXPECT_GT(gotFrom(pair_.slave().address()), gotFrom(pair_.cluster().brokerAddr()));
}

// Promise: a slave that hangs costs its readers one time-out, and the master gives them the rest.
TEST_F(SlaveReadTest, ASlaveThatHangsIsLeftForTheMaster) {
  storeOnBoth(2000);
  LitePullConsumerConfig config;
  config.namesrv_addr = pair_.cluster().namesrvAddr();
  config.consumer_group = "poller";
  config.consume_from_where = ConsumeFromWhere::kFirstOffset;
  config.broker_suspend_max_time = std::chrono::milliseconds(500);
  config.consumer_timeout_when_suspend = std::chrono::milliseconds(1000);
  config.pull_threshold_for_all = 100;
  DefaultLitePullConsumer consumer(config);
  consumer.subscribe("Behind");
  consumer.start();
  size_t polled = 0;
  const auto pollUpTo = [&](size_t count) {
    return eventually([&] {
      polled += consumer.poll(std::chrono::milliseconds(100)).size();
      return polled >= count;
    });
  };
  ASSERT_TRUE(pollUpTo(200));
  ASSERT_EQ(::kill(pair_.slave().broker().pid(), SIGSTOP), 0);
  EXPECT_TRUE(pollUpTo(2000)) << polled;
  ASSERT_EQ(::kill(pair_.slave().broker().pid(), SIGCONT), 0);
}

// Promise: an administrator's reset moves a group that reads its backlog from the slave.
TEST_F(SlaveReadTest, AResetMovesAConsumerThatReadsFromTheSlave) {
  storeOnBoth(4000);
  Consumer consumer(pair_.cluster(), "Behind");
  consumer.pauseAt(100);
  consumer.start();
  ASSERT_TRUE(consumer.hasSeen(100));
  const auto reset = pair_.cluster().admin(
      {"resetOffsetByTime", "-g", "replicated_group", "-t", "Behind", "-s", "now"});
  ASSERT_EQ(reset.status, 0) << reset.output;
  consumer.pauseAt(SIZE_MAX);

  ProducerConfig config;
  config.namesrv_addr = pair_.cluster().namesrvAddr();
  config.producer_group = "after_reset";
  DefaultMQProducer producer(config);
  producer.start();
  const std::vector<MessageQueue> queues = producer.fetchPublishMessageQueues("Behind");
  for (const MessageQueue& queue : queues) {
    Message message("Behind", "last of " + queue.toString());
    producer.send(message, queue);
  }
  for (const MessageQueue& queue : queues) {
    EXPECT_TRUE(consumer.hasSeen("last of " + queue.toString()));
  }
  EXPECT_LT(consumer.seen(), 1000u) << "of the backlog";
}

TEST_F(ReplicationTest, SendsAreRefusedWhileTooFewBrokersAreInSync) {
  cluster_.createTopic("MinInSync");
  const auto outcome = cluster_.admin(
      {"updateBrokerConfig", "-b", cluster_.brokerAddr(), "-k", "minInSyncReplicas", "-v", "2"});
  ASSERT_EQ(outcome.status, 0) << outcome.output;
  RawClient producer(cluster_.brokerPort());
  const std::string send =
      R"({"a":"P","b":"MinInSync","c":"TBW102","d":"4","e":"0","f":"0","g":"1","h":"0","i":""})";
  const RawClient::Frame refused = producer.call(kSendMessageV2, send, "body");
  EXPECT_EQ(refused.code, 1);
  EXPECT_NE(refused.remark.find("in-sync replicas not enough"), std::string::npos)
      << refused.remark;
  pair_.startSlave("MinInSync");
  EXPECT_EQ(producer.call(kSendMessageV2, send, "body").code, 0);
}

}  // namespace
}  // namespace rocketmq::test
