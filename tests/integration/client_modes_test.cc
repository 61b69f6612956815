// The less common ways of producing and consuming, against real daemons.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

#include "tests/integration/client_modes_fixture.h"
#include "tests/support/raw_client.h"

namespace rocketmq::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;

class ClientModesTest : public ClientModesFixture {
 protected:
};

/// Where listeners wait until the test lets them pass.
class Barrier {
 public:
  void pass() {
    std::unique_lock lock(mutex_);
    most_ = std::max(++inside_, most_);
    changed_.wait(lock, [this] { return open_; });
    --inside_;
  }
  void open(bool open) {
    std::lock_guard lock(mutex_);
    open_ = open;
    most_ = open ? most_ : 0;
    changed_.notify_all();
  }
  int inside() const {
    std::lock_guard lock(mutex_);
    return inside_;
  }
  /// How many were inside at the same time since it was closed last.
  int most() const {
    std::lock_guard lock(mutex_);
    return most_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
  int inside_ = 0;
  int most_ = 0;
};

TEST_F(ClientModesTest, AMessageThatIsNeverConsumedBecomesADeadLetter) {
  PushConsumerConfig config = pushConfig();
  config.max_reconsume_times = 2;
  std::atomic<int> tries{0};
  send("poison", 0);
  const auto consumer =
      consume(config, [&](const std::vector<MessageExt>& messages, ConsumeConcurrentlyContext&) {
        EXPECT_EQ(messages[0].reconsumeTimes(), tries);
        ++tries;
        return ConsumeConcurrentlyStatus::kReconsumeLater;
      });
  Inbox dead;
  PushConsumerConfig undertaker = pushConfig();
  undertaker.consumer_group = group_ + "_dead";
  ASSERT_TRUE(eventually([&] { return tries == 3; }));
  const auto other = consume(undertaker, into(dead), "%DLQ%" + group_);
  ASSERT_TRUE(eventually([&] { return dead.received() == 1; }));
  EXPECT_EQ(dead.messages()[0].body(), "poison");
  EXPECT_EQ(tries, 3);
}

// Promise: what a running consumer subscribes to anew comes from then on, though its pulls wait at
// the broker with the expression before.
TEST_F(ClientModesTest, ASubscriptionThatIsWidenedLosesNothing) {
  Inbox inbox;
  const auto consumer = consume(pushConfig(), into(inbox), topic_, "A");
  const auto tagged = [this](const std::string& tag) {
    Message message(topic_, tag, tag);
    sender().send(message);
  };
  tagged("A");
  ASSERT_TRUE(eventually([&] { return inbox.received() == 1; }));
  consumer->subscribe(topic_, "A || B");
  RawClient administrator(cluster_->brokerPort());
  ASSERT_TRUE(eventually([&] {
    // 203 is GET_CONSUMER_CONNECTION_LIST.
    const std::string body =
        administrator.call(203, R"({"consumerGroup":")" + group_ + R"("})").body;
    return body.find("A || B") != std::string::npos;
  }));
  for (int i = 0; i < 8; ++i) {
    tagged("B");
  }
  EXPECT_TRUE(eventually([&] { return inbox.received() == 9; })) << inbox.received();
}

TEST_F(ClientModesTest, ASlowConsumerIsNotFloodedAndLosesNothing) {
  PushConsumerConfig config = pushConfig();
  config.consume_thread_max = 1;
  config.pull_threshold_for_topic = 40;  // Ten for each of the four queues.
  config.pull_batch_size = 4;
  sendSome("m", 400);
  Barrier barrier;
  Inbox inbox;
  const auto consumer =
      consume(config, [&](const std::vector<MessageExt>& messages, ConsumeConcurrentlyContext&) {
        barrier.pass();
        inbox.take(messages[0]);
        return ConsumeConcurrentlyStatus::kConsumeSuccess;
      });
  ASSERT_TRUE(eventually([&] { return cachedInAll(*consumer) >= 40; }));
  for (const int count : cached(*consumer)) {
    EXPECT_LE(count, 10 + 1 + config.pull_batch_size) << "the bound, and the last pull over it";
  }
  barrier.open(true);
  EXPECT_TRUE(eventually([&] { return inbox.different() == 400; })) << inbox.different();
  EXPECT_EQ(inbox.received(), 400u);
}

TEST_F(ClientModesTest, TheListenerPoolGrowsAndShrinksWhileRunning) {
  PushConsumerConfig config = pushConfig();
  config.consume_thread_max = 1;
  Barrier barrier;
  std::atomic<int> done{0};
  const auto consumer =
      consume(config, [&](const std::vector<MessageExt>&, ConsumeConcurrentlyContext&) {
        barrier.pass();
        ++done;
        return ConsumeConcurrentlyStatus::kConsumeSuccess;
      });
  // All messages are here, and as many listeners as there may be hold the first ones.
  const auto runsWith = [&](int threads) {
    SCOPED_TRACE(threads);
    const int before = done;
    barrier.open(false);
    sendSome(std::to_string(threads) + " at most ", 40);
    ASSERT_TRUE(eventually([&] { return cachedInAll(*consumer) == 40; }));
    ASSERT_TRUE(eventually([&] { return barrier.inside() == threads; }));
    barrier.open(true);
    ASSERT_TRUE(eventually([&] { return done == before + 40; }));
    EXPECT_EQ(barrier.most(), threads);
  };
  runsWith(1);
  consumer->setConsumeThreads(4);
  runsWith(4);
  consumer->setConsumeThreads(1);
  runsWith(1);
  EXPECT_THROW(consumer->setConsumeThreads(0), MQClientException);
}

TEST_F(ClientModesTest, FewerQueuesAreReadThanWrittenAndTheOtherWayRound) {
  const auto resize = [&](const std::string& read, const std::string& write) {
    const Cluster::Outcome outcome = cluster_->admin(
        {"updateTopic", "-b", cluster_->brokerAddr(), "-t", topic_, "-r", read, "-w", write});
    ASSERT_EQ(outcome.status, 0) << outcome.output;
  };
  resize("4", "8");
  const auto eight = producer();
  ASSERT_TRUE(eventually([&] { return eight->fetchPublishMessageQueues(topic_).size() == 8; }));
  for (int i = 0; i < 80; ++i) {
    Message message(topic_, std::to_string(i));
    eight->send(message);
  }
  Inbox inbox;
  PushConsumerConfig config = pushConfig();
  config.poll_name_server_interval = milliseconds(200);
  const auto consumer = consume(config, into(inbox));
  ASSERT_TRUE(eventually([&] { return inbox.different() == 40; }));
  for (const MessageExt& message : inbox.messages()) {
    EXPECT_LT(message.queueId(), 4);
  }
  resize("8", "4");
  ASSERT_TRUE(eventually([&] { return inbox.different() == 80; }))
      << "queues that become readable are found";
  const auto four = producer();
  ASSERT_TRUE(eventually([&] { return four->fetchPublishMessageQueues(topic_).size() == 4; }));
  EXPECT_EQ(inbox.received(), 80u);
}

TEST_F(ClientModesTest, ALitePullConsumerSeeksByTimeAndHearsOfQueueChanges) {
  send("old", 1);
  const auto now_ms = [] {
    return std::chrono::duration_cast<milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  };
  // Clocks that are read in a hurry may be some milliseconds late.
  const int64_t between = now_ms() + 20;
  ASSERT_TRUE(eventually([&] { return now_ms() > between + 20; }));
  send("new", 1);
  const MessageQueue queue{topic_, "broker-a", 1};
  DefaultLitePullConsumer consumer(liteConfig());
  consumer.start();
  consumer.assign({queue});
  consumer.seekToTimestamp(queue, between);
  std::vector<std::string> bodies;
  ASSERT_TRUE(eventually([&] {
    for (const MessageExt& message : consumer.poll(milliseconds(50))) {
      bodies.push_back(message.body());
    }
    return !bodies.empty();
  }));
  EXPECT_THAT(bodies, ElementsAre("new"));

  std::mutex mutex;
  std::vector<size_t> sizes;
  consumer.registerTopicMessageQueueChangeListener(
      topic_, [&](const std::string& topic, const std::vector<MessageQueue>& queues) {
        std::lock_guard lock(mutex);
        EXPECT_EQ(topic, topic_);
        sizes.push_back(queues.size());
      });
  const auto told = [&] {
    std::lock_guard lock(mutex);
    return sizes;
  };
  ASSERT_TRUE(eventually([&] { return told() == std::vector<size_t>{4}; }));
  cluster_->createTopic(topic_, 6);
  ASSERT_TRUE(eventually([&] { return told() == std::vector<size_t>{4, 6}; }));
}

TEST_F(ClientModesTest, NamespacesKeepEqualNamesApart) {
  cluster_->createTopic("ns1%" + topic_);
  ProducerConfig producer_config;
  producer_config.namesrv_addr = cluster_->namesrvAddr();
  producer_config.producer_group = "P_ns";
  producer_config.name_space = "ns1";
  DefaultMQProducer inside(producer_config);
  inside.start();
  Message message(topic_, "inside");
  EXPECT_EQ(inside.send(message).message_queue.topic, topic_);
  sendSome("outside", 1);
  PushConsumerConfig config = pushConfig();
  config.name_space = "ns1";
  std::atomic<int> tries{0};
  Inbox inbox;
  const auto consumer =
      consume(config, [&](const std::vector<MessageExt>& messages, ConsumeConcurrentlyContext&) {
        if (tries++ == 0) {
          return ConsumeConcurrentlyStatus::kReconsumeLater;
        }
        inbox.take(messages[0]);
        return ConsumeConcurrentlyStatus::kConsumeSuccess;
      });
  ASSERT_TRUE(eventually([&] { return inbox.received() == 1; }));
  EXPECT_EQ(inbox.messages()[0].body(), "inside");
  EXPECT_EQ(inbox.messages()[0].topic(), topic_) << "also after the way through the retry topic";
  EXPECT_EQ(inbox.messages()[0].reconsumeTimes(), 1);
}

TEST_F(ClientModesTest, EveryCompressionComesBackPlain) {
  const std::string text(100'000, 'a');
  for (const CompressType type : {CompressType::kZlib, CompressType::kLz4, CompressType::kZstd}) {
    ProducerConfig config;
    config.namesrv_addr = cluster_->namesrvAddr();
    config.producer_group = "P_compress";
    config.compress_type = type;
    DefaultMQProducer compressing(config);
    compressing.start();
    Message message(topic_, std::to_string(static_cast<int>(type)), text);
    compressing.send(message);
  }
  Inbox inbox;
  const auto consumer = consume(pushConfig(), into(inbox));
  ASSERT_TRUE(eventually([&] { return inbox.received() == 3; }));
  for (const MessageExt& message : inbox.messages()) {
    EXPECT_EQ(message.body(), text) << message.tags();
    EXPECT_LT(message.storeSize(), 10'000) << message.tags();
  }
}

}  // namespace
}  // namespace rocketmq::test
