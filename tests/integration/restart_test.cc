// Promise: 200,000 messages of 1 KiB go through the daemons while the broker and the name server
// are restarted in the middle: nothing that was acknowledged is lost; a message is repeated only
// where RocketMQ allows it (a send whose answer was lost is sent again with the same id, and a
// consumer's position is up to five seconds old when its broker stops).

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "rocketmq/default_mq_producer.h"
#include "rocketmq/default_mq_push_consumer.h"
#include "tests/support/daemon.h"
#include "tests/support/temp_dir.h"

namespace rocketmq::test {
namespace {

constexpr int kMessages = 200'000;
constexpr int kSenders = 8;

/// Sends numbers from..to, each until it was acknowledged.
void sendRange(DefaultMQProducer& producer, int from, int to, std::atomic<int>& acknowledged,
               std::atomic<int>& sent_again) {
  const std::string filler(1000, 'f');
  for (int i = from; i < to; ++i) {
    for (bool done = false; !done;) {
      Message message("Restart", std::to_string(i) + " " + filler);
      try {
        producer.send(message);
        done = true;
      } catch (const MQException&) {
        ++sent_again;
        // While the broker is away a send fails at once: the daemons need the processors, too.
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
      }
    }
    ++acknowledged;
  }
}

class Receipts {
 public:
  void take(const std::string& body) {
    std::lock_guard lock(mutex_);
    ++times_[std::stoi(body)];
    ++received_;
  }
  size_t different() const {
    std::lock_guard lock(mutex_);
    return times_.size();
  }
  size_t repeated() const {
    std::lock_guard lock(mutex_);
    return received_ - times_.size();
  }

 private:
  mutable std::mutex mutex_;
  std::unordered_map<int, int> times_;
  size_t received_ = 0;
};

TEST(RestartTest, NothingAcknowledgedIsLostWhenDaemonsRestart) {
  TempDir folder;
  Cluster cluster(folder.path().string());
  cluster.start();
  cluster.createTopic("Restart", 8);

  Receipts receipts;
  PushConsumerConfig consumer_config;
  consumer_config.namesrv_addr = cluster.namesrvAddr();
  consumer_config.consumer_group = "restart_group";
  consumer_config.consume_from_where = ConsumeFromWhere::kFirstOffset;
  consumer_config.consume_message_batch_max_size = 32;
  consumer_config.consume_thread_max = 2;
  DefaultMQPushConsumer consumer(consumer_config);
  consumer.subscribe("Restart");
  consumer.registerMessageListener(
      [&](const std::vector<MessageExt>& messages, ConsumeConcurrentlyContext&) {
        for (const MessageExt& message : messages) {
          receipts.take(message.body());
        }
        return ConsumeConcurrentlyStatus::kConsumeSuccess;
      });
  consumer.start();

  ProducerConfig producer_config;
  producer_config.namesrv_addr = cluster.namesrvAddr();
  producer_config.producer_group = "restart_producer";
  DefaultMQProducer producer(producer_config);
  producer.start();

  std::atomic<int> acknowledged{0};
  std::atomic<int> sent_again{0};
  std::vector<std::thread> senders;
  for (int i = 0; i < kSenders; ++i) {
    senders.emplace_back([&, i] {
      sendRange(producer, kMessages / kSenders * i, kMessages / kSenders * (i + 1), acknowledged,
                sent_again);
    });
  }

  const auto awaitAcknowledged = [&](int count) {
    ASSERT_TRUE(eventually([&] { return acknowledged >= count; }, std::chrono::seconds(120)))
        << acknowledged;
  };
  awaitAcknowledged(kMessages / 4);
  cluster.stopBroker();
  cluster.startBroker();
  awaitAcknowledged(kMessages / 2);
  cluster.stopNamesrv();
  cluster.startNamesrv();
  awaitAcknowledged(kMessages / 4 * 3);
  cluster.killBroker();
  cluster.startBroker();
  for (std::thread& sender : senders) {
    sender.join();
  }
  EXPECT_TRUE(
      eventually([&] { return receipts.different() == kMessages; }, std::chrono::seconds(60)))
      << receipts.different();
  RecordProperty("repeated", static_cast<int>(receipts.repeated()));
  RecordProperty("sent_again", sent_again.load());
  std::printf("%zu messages received more than once, %d sends repeated\n", receipts.repeated(),
              sent_again.load());
}

}  // namespace
}  // namespace rocketmq::test
