// Promise: no queue of an orderly group is consumed in two places at once, nor out of order, when
// its broker is down for some seconds: the members come back one after the other, and the first
// ones see a group without the rest.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "rocketmq/default_mq_producer.h"
#include "rocketmq/default_mq_push_consumer.h"
#include "tests/support/daemon.h"
#include "tests/support/temp_dir.h"

namespace rocketmq::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* kTopic = "OrderlyRestart";
constexpr int kQueues = 8;
constexpr int kMembers = 4;
constexpr int kMessagesPerQueue = 3000;
constexpr milliseconds kListenerTime{20};
/// Of each queue, after the broker has come back: ten seconds' worth.
constexpr int64_t kSeenAfterwards = 500;

/// What the listeners of all members see of one queue.
class QueueWatch {
 public:
  void begin(int member, int64_t offset) {
    overlaps_ += inside_.exchange(member) != 0 ? 1 : 0;
    setbacks_ += offset < next_.load() ? 1 : 0;
    gaps_ += offset > next_.load() ? 1 : 0;
  }
  void end(int64_t offset) {
    next_.store(offset + 1);
    inside_.store(0);
  }

  int64_t next() const { return next_; }
  int overlaps() const { return overlaps_; }
  int setbacks() const { return setbacks_; }
  int gaps() const { return gaps_; }

 private:
  std::atomic<int> inside_{0};  ///< The number of the member, from 1.
  std::atomic<int64_t> next_{0};
  std::atomic<int> overlaps_{0};
  std::atomic<int> setbacks_{0};
  std::atomic<int> gaps_{0};
};

class OrderlyRestartTest : public testing::Test {
 protected:
  void SetUp() override {
    cluster_.start();
    cluster_.createTopic(kTopic, kQueues);
    fill();
    for (int member = 1; member <= kMembers; ++member) {
      members_.push_back(join(member));
    }
    ASSERT_TRUE(eventually([this] { return minNext() > 20; }, seconds(60))) << minNext();
  }

  void fill() const {
    ProducerConfig config;
    config.namesrv_addr = cluster_.namesrvAddr();
    config.producer_group = "orderly_restart_producer";
    DefaultMQProducer producer(config);
    producer.start();
    for (int queue = 0; queue < kQueues; ++queue) {
      for (int sent = 0; sent < kMessagesPerQueue; sent += 500) {
        std::vector<Message> batch(500, Message(kTopic, "body"));
        producer.send(batch, MessageQueue{kTopic, "broker-a", queue});
      }
    }
  }

  std::unique_ptr<DefaultMQPushConsumer> join(int number) {
    PushConsumerConfig config;
    config.namesrv_addr = cluster_.namesrvAddr();
    config.consumer_group = "orderly_restart_group";
    config.instance_name = "member" + std::to_string(number);
    config.consume_from_where = ConsumeFromWhere::kFirstOffset;
    config.consume_thread_max = kQueues;
    auto consumer = std::make_unique<DefaultMQPushConsumer>(config);
    consumer->subscribe(kTopic);
    consumer->registerMessageListener(
        [this, number](const std::vector<MessageExt>& messages, ConsumeOrderlyContext& context) {
          QueueWatch& queue = queues_[static_cast<size_t>(context.message_queue.queue_id)];
          queue.begin(number, messages.front().queueOffset());
          if (!hurries_) {
            std::this_thread::sleep_for(kListenerTime);
          }
          queue.end(messages.back().queueOffset());
          return ConsumeOrderlyStatus::kSuccess;
        });
    consumer->start();
    return consumer;
  }

  int64_t minNext() const {
    int64_t least = INT64_MAX;
    for (const QueueWatch& queue : queues_) {
      least = std::min(least, queue.next());
    }
    return least;
  }

  void comeBackAndExpectOrder() {
    cluster_.startBroker();
    std::array<int64_t, kQueues> goals{};
    for (size_t i = 0; i < queues_.size(); ++i) {
      goals[i] = queues_[i].next() + kSeenAfterwards;
    }
    awaitOffsets(goals);
    hurries_ = true;
    goals.fill(kMessagesPerQueue);
    awaitOffsets(goals);
    members_.clear();
    for (size_t i = 0; i < queues_.size(); ++i) {
      SCOPED_TRACE("queue " + std::to_string(i));
      EXPECT_EQ(queues_[i].overlaps(), 0);
      EXPECT_EQ(queues_[i].setbacks(), 0);
      EXPECT_EQ(queues_[i].gaps(), 0);
    }
  }

  void awaitOffsets(const std::array<int64_t, kQueues>& goals) const {
    for (size_t i = 0; i < queues_.size(); ++i) {
      EXPECT_TRUE(eventually([&] { return queues_[i].next() >= goals[i]; }, seconds(90)))
          << "queue " << i << " stands at " << queues_[i].next();
    }
  }

  TempDir folder_;
  Cluster cluster_{folder_.path().string()};
  std::array<QueueWatch, kQueues> queues_;
  std::atomic<bool> hurries_{false};
  std::vector<std::unique_ptr<DefaultMQPushConsumer>> members_;
};

TEST_F(OrderlyRestartTest, ABrokerThatWasStoppedForSomeSecondsLetsNobodyIntoAQueueOfOthers) {
  cluster_.stopBroker();
  std::this_thread::sleep_for(seconds(5));  // The time the broker is away.
  comeBackAndExpectOrder();
}

TEST_F(OrderlyRestartTest, ABrokerThatWasKilledLetsNobodyIntoAQueueOfOthers) {
  cluster_.killBroker();
  std::this_thread::sleep_for(seconds(2));  // The time the broker is away.
  comeBackAndExpectOrder();
}

}  // namespace
}  // namespace rocketmq::test
