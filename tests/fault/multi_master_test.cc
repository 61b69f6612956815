// Promise: with two masters and no slaves a producer goes on with the other one within one retry
// when a master dies. An ordered topic keeps either all its messages flowing (its keys move to the
// queues that are left, so that the order of a key has a gap) or, with an ORDER_TOPIC_CONFIG, the
// place of each key: what belongs to the dead master is refused until it is back.

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "client/trace/trace_record.h"
#include "rocketmq/default_mq_producer.h"
#include "rocketmq/default_mq_pull_consumer.h"
#include "tests/support/daemon.h"
#include "tests/support/slave.h"
#include "tests/support/temp_dir.h"

namespace rocketmq::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int kKeys = 16;
constexpr int kSenders = 4;

class MultiMasterTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(cluster_.start());
    ASSERT_NO_FATAL_FAILURE(other_.start());
  }

  void createTopic(const std::string& topic, const std::string& ordered) {
    const auto made = cluster_.admin(
        {"updateTopic", "-c", "DefaultCluster", "-t", topic, "-r", "4", "-w", "4", "-o", ordered});
    ASSERT_EQ(made.status, 0) << made.output;
  }

  ProducerConfig producerConfig() const {
    ProducerConfig config;
    config.namesrv_addr = cluster_.namesrvAddr();
    config.producer_group = "multi_master_producer";
    config.poll_name_server_interval = milliseconds(500);
    return config;
  }

  static std::string keyOf(int key) { return "key" + std::to_string(key); }

  /// Where one message of each key went; a broker name that is empty for one that was refused.
  static std::map<int, MessageQueue> sendEachKey(DefaultMQProducer& producer,
                                                 const std::string& topic) {
    std::map<int, MessageQueue> places;
    for (int key = 0; key < kKeys; ++key) {
      Message message(topic, keyOf(key));
      try {
        places[key] = producer.send(message, selectQueueByHash(keyOf(key))).message_queue;
      } catch (const MQException&) {
        places[key] = MessageQueue{};
      }
    }
    return places;
  }

  static bool isOn(const MessageQueue& queue, const std::string& broker) {
    return queue.broker_name == broker;
  }

  TempDir first_dir_;
  TempDir other_dir_;
  Cluster cluster_{first_dir_.path().string(), {}, {{"orderMessageEnable", "true"}}};
  Slave other_{cluster_,
               other_dir_.path().string(),
               {{"brokerName", "broker-b"}, {"brokerId", "0"}, {"brokerRole", "ASYNC_MASTER"}}};
};

TEST_F(MultiMasterTest, AKilledMasterCostsAProducerOneRetry) {
  createTopic("Spread", "false");
  ProducerConfig config = producerConfig();
  config.retry_times_when_send_failed = 1;
  config.poll_name_server_interval = seconds(30);  // The dead one stays in the route.
  DefaultMQProducer producer(config);
  producer.start();
  std::atomic<bool> killed{false};
  std::atomic<int64_t> to_other{0};
  std::atomic<int64_t> sent_after{0};
  std::atomic<int64_t> failed{0};
  std::vector<std::thread> senders;
  for (int i = 0; i < kSenders; ++i) {
    senders.emplace_back([&] {
      while (sent_after < 1000) {
        const bool is_after = killed;
        Message message("Spread", "body");
        try {
          const SendResult result = producer.send(message);
          to_other += isOn(result.message_queue, "broker-b") ? 1 : 0;
          sent_after += is_after ? 1 : 0;
        } catch (const MQException& failure) {
          ADD_FAILURE() << failure.what();
          ++failed;
          return;
        }
      }
    });
  }
  EXPECT_TRUE(eventually([&] { return to_other >= 200 || failed > 0; }));
  other_.kill();
  killed = true;
  for (std::thread& sender : senders) {
    sender.join();
  }
}

TEST_F(MultiMasterTest, KeysMoveToTheMastersThatAreLeft) {
  createTopic("Partial", "false");
  DefaultMQProducer producer(producerConfig());
  producer.start();
  const auto before = sendEachKey(producer, "Partial");
  other_.stop();
  // As soon as the route says so all keys have queues on the one that is left.
  std::map<int, MessageQueue> without;
  EXPECT_TRUE(eventually([&] {
    without = sendEachKey(producer, "Partial");
    return std::all_of(without.begin(), without.end(),
                       [](const auto& place) { return isOn(place.second, "broker-a"); });
  }));
  other_.start();
  EXPECT_TRUE(eventually([&] { return sendEachKey(producer, "Partial") == before; }));
  EXPECT_NE(before, without);
}

TEST_F(MultiMasterTest, AnOrderConfigurationRefusesWhatBelongsToADeadMaster) {
  createTopic("Strict", "true");
  DefaultMQProducer producer(producerConfig());
  producer.start();
  const auto before = sendEachKey(producer, "Strict");
  const auto countOn = [&](const std::string& broker) {
    return std::count_if(before.begin(), before.end(),
                         [&](const auto& place) { return isOn(place.second, broker); });
  };
  ASSERT_GT(countOn("broker-a"), 0);
  ASSERT_GT(countOn("broker-b"), 0);
  ASSERT_EQ(countOn("broker-a") + countOn("broker-b"), kKeys);
  other_.stop();
  // Long after the producer has learnt that it is gone.
  ASSERT_TRUE(eventually([&] {
    return cluster_.admin({"topicRoute", "-t", "Strict"}).output.find(other_.address()) ==
           std::string::npos;
  }));
  for (int round = 0; round < 3; ++round) {
    const auto without = sendEachKey(producer, "Strict");
    for (const auto& [key, queue] : before) {
      const bool is_refused = without.at(key) == MessageQueue{};
      EXPECT_EQ(is_refused, isOn(queue, "broker-b")) << keyOf(key);
      EXPECT_TRUE(is_refused || without.at(key) == queue) << keyOf(key);
    }
  }
  other_.start();
  EXPECT_TRUE(eventually([&] { return sendEachKey(producer, "Strict") == before; }));
}

TEST_F(MultiMasterTest, AnOrderConfigurationSurvivesARestartOfNameServerAndBrokers) {
  createTopic("Kept", "true");
  const auto hasOrder = [&] {
    return cluster_.admin({"topicRoute", "-t", "Kept"})
               .output.find("\"orderTopicConf\":\"broker-a:4;broker-b:4\"") != std::string::npos;
  };
  EXPECT_TRUE(eventually(hasOrder));
  cluster_.stopBroker();
  other_.stop();
  cluster_.stopNamesrv();
  cluster_.startNamesrv();
  cluster_.startBroker();
  other_.start();
  EXPECT_TRUE(eventually(hasOrder));
}

TEST_F(MultiMasterTest, AMessagesTraceIsPutTogetherFromAllMasters) {
  createTopic("Traces", "false");
  DefaultMQProducer producer(producerConfig());
  producer.start();
  const std::string id = "7F0000010000000000000000DEADBEEF";
  const auto store = [&](const std::string& broker, const client::TraceRecord& record) {
    Message message("Traces", client::encodeTrace(record));
    message.setKeys(id);
    producer.send(message, MessageQueue{"Traces", broker, 0});
  };
  client::PubTrace sent;
  sent.timestamp_ms = 1'700'000'000'000;
  sent.group = "senders";
  sent.topic = "T";
  sent.message_id = id;
  sent.success = true;
  store("broker-a", sent);
  client::SubBeforeTrace begun;
  begun.timestamp_ms = sent.timestamp_ms + 100;
  begun.group = "readers";
  begun.request_id = "r1";
  begun.message_id = id;
  store("broker-b", begun);
  client::SubAfterTrace ended;
  ended.request_id = begun.request_id;
  ended.message_id = id;
  ended.cost_ms = 5;
  ended.success = true;
  ended.timestamp_ms = sent.timestamp_ms + 105;
  ended.group = "readers";
  store("broker-a", ended);
  std::string shown;
  EXPECT_TRUE(eventually([&] {
    shown = cluster_.admin({"queryMsgTraceById", "-i", id, "-t", "Traces"}).output;
    const size_t run = shown.find("Sub        readers");
    return shown.find("Pub        senders") != std::string::npos && run != std::string::npos &&
           shown.find("5ms        success", run) != std::string::npos;
  })) << shown;
}

}  // namespace
}  // namespace rocketmq::test
