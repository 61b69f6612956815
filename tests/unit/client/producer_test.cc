#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <mutex>
#include <set>
#include <thread>

#include "common/log.h"
#include "common/log_limiter.h"
#include "tests/unit/client/producer_fixture.h"
#include "tests/unit/common/temp_folder.h"

namespace rocketmq::client {
namespace {

using remoting::ResponseCode;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

TEST_F(ProducerTest, SendTellsWhereTheMessageIs) {
  start();
  Message message("T", "TagA", "k", "hello");
  const SendResult result = producer_->send(message);
  EXPECT_EQ(result.status, SendStatus::kSendOk);
  EXPECT_EQ(result.msg_id, message.uniqueKey());
  EXPECT_EQ(result.offset_msg_id.size(), 32u);
  EXPECT_EQ(result.message_queue.topic, "T");
  EXPECT_EQ(result.message_queue.broker_name, "b0");
  EXPECT_EQ(cluster_->broker().bodies("T", result.message_queue.queue_id),
            (std::vector<std::string>{"hello"}));
  const auto sent = cluster_->broker().sent().front();
  EXPECT_EQ(sent.producer_group, "PG");
  EXPECT_EQ(sent.broker_name, "b0");
  EXPECT_GT(sent.born_timestamp_ms, 0);
}

TEST_F(ProducerTest, MessagesGoToAllQueuesInTurn) {
  start(2);
  std::multiset<std::string> queues;
  for (int i = 0; i < 8; ++i) {
    queues.insert(send().message_queue.toString());
  }
  EXPECT_EQ(std::set<std::string>(queues.begin(), queues.end()).size(), 4u);
  for (const std::string& queue : queues) {
    EXPECT_EQ(queues.count(queue), 2u) << queue;
  }
}

TEST_F(ProducerTest, ARefusalThatMayPassIsTriedOnAnotherBroker) {
  start(2);
  cluster_->broker(0).refuseSends(ResponseCode::kSystemError);
  for (int i = 0; i < 6; ++i) {
    EXPECT_EQ(send().message_queue.broker_name, "b1");
  }
  EXPECT_GT(cluster_->broker(0).sends(), 0);
}

// Promise: an application whose brokers are away keeps a log that a person can read.
TEST_F(ProducerTest, RetriesWithoutEndDoNotFillTheLog) {
  const rocketmq::test::TempFolder folder;
  ASSERT_TRUE(log::init({.directory = folder.path(), .file_name = "client.log"}).isOk());
  start(2, [](ProducerConfig& config) {
    config.retry_times_when_send_failed = 50;
    config.send_msg_timeout = std::chrono::seconds(60);
  });
  cluster_->broker(0).refuseSends(ResponseCode::kSystemError);
  cluster_->broker(1).refuseSends(ResponseCode::kSystemError);
  const auto began = steady_clock::now();
  EXPECT_THROW(send(), MQBrokerException);
  const auto seconds_begun =
      std::chrono::duration_cast<std::chrono::seconds>(steady_clock::now() - began).count() + 2;
  log::shutdown();
  const std::string written = rocketmq::test::readFile(folder.file("client.log"));
  int64_t lines = 0;
  for (size_t at = written.find("is tried again"); at != std::string::npos;
       at = written.find("is tried again", at + 1)) {
    ++lines;
  }
  EXPECT_GT(lines, 0);
  EXPECT_LE(lines, seconds_begun * LogLimiter::kUsualLinesPerSecond);
  EXPECT_GT(cluster_->broker(0).sends() + cluster_->broker(1).sends(), 40);
}

TEST_F(ProducerTest, FlowControlIsThrownAtOnce) {
  start(2);
  for (size_t i = 0; i < 2; ++i) {
    cluster_->broker(i).refuseSends(ResponseCode::kSystemBusy);
  }
  EXPECT_THROW(send(), MQBrokerException);
  EXPECT_EQ(cluster_->broker(0).sends() + cluster_->broker(1).sends(), 1);
}

TEST_F(ProducerTest, ARefusalForGoodIsThrownWithTheBrokersCode) {
  start(2);
  cluster_->broker(0).refuseSends(ResponseCode::kMessageIllegal);
  cluster_->broker(1).refuseSends(ResponseCode::kMessageIllegal);
  try {
    send();
    FAIL();
  } catch (const MQBrokerException& failure) {
    EXPECT_EQ(failure.code(), 13);
    EXPECT_NE(std::string(failure.what()).find("refused by the test"), std::string::npos);
    EXPECT_FALSE(failure.brokerAddr().empty());
  }
  EXPECT_EQ(cluster_->broker(0).sends() + cluster_->broker(1).sends(), 1);
}

TEST_F(ProducerTest, ADeadBrokerIsLeftForAnotherOne) {
  start(2);
  send();
  cluster_->broker(0).stop();
  for (int i = 0; i < 6; ++i) {
    EXPECT_EQ(send().message_queue.broker_name, "b1");
  }
}

TEST_F(ProducerTest, SendAnswersAreResultsAlsoWhenAPromiseWasNotKept) {
  start();
  // "Stored, but ..." answers carry the same fields; the fake refuses with an empty header here.
  cluster_->broker().refuseSends(ResponseCode::kFlushSlaveTimeout);
  EXPECT_EQ(send().status, SendStatus::kFlushSlaveTimeout);
  cluster_->broker().refuseSends(ResponseCode::kSlaveNotAvailable);
  EXPECT_EQ(send().status, SendStatus::kSlaveNotAvailable);
  cluster_->broker().refuseSends(ResponseCode::kFlushDiskTimeout);
  EXPECT_EQ(send().status, SendStatus::kFlushDiskTimeout);
}

// RocketMQ: retryAnotherBrokerWhenNotStoreOK. When no broker keeps its promise the last status is
// the result: the message is stored, so there is nothing to throw.
TEST_F(ProducerTest, WhatIsStoredLessSafelyIsSentElsewhereOnlyWhenThatIsWanted) {
  start(2, [](ProducerConfig& config) { config.retry_another_broker_when_not_store_ok = true; });
  cluster_->broker(0).refuseSends(ResponseCode::kFlushDiskTimeout);
  for (int i = 0; i < 4; ++i) {
    const SendResult result = send();
    EXPECT_EQ(result.status, SendStatus::kSendOk);
    EXPECT_EQ(result.message_queue.broker_name, "b1");
  }
  cluster_->broker(1).refuseSends(ResponseCode::kSlaveNotAvailable);
  const int64_t before = cluster_->broker(0).sends() + cluster_->broker(1).sends();
  EXPECT_NE(send().status, SendStatus::kSendOk);
  EXPECT_EQ(cluster_->broker(0).sends() + cluster_->broker(1).sends() - before, 3);
  Heard heard;
  producer_->send(Message("T", "x"), heard.callback());
  EXPECT_NE(heard.get().status, SendStatus::kSendOk) << "not of asynchronous sends";
  EXPECT_EQ(cluster_->broker(0).sends() + cluster_->broker(1).sends() - before, 4);
}

TEST_F(ProducerTest, TheTimeoutBoundsTheWholeCallWithAllItsTries) {
  start(2, [](ProducerConfig& config) { config.send_msg_timeout = milliseconds(300); });
  cluster_->broker(0).swallowSends(true);
  cluster_->broker(1).swallowSends(true);
  const auto begin = steady_clock::now();
  try {
    send();
    ADD_FAILURE() << "answered";
  } catch (const RemotingTimeoutException& expected) {
    EXPECT_THAT(expected.what(),
                testing::MatchesRegex("[^:]*no answer from 127.0.0.1:[0-9]+ in time"));
  }
  const auto cost = steady_clock::now() - begin;
  EXPECT_GE(cost, milliseconds(290));
  EXPECT_LT(cost, milliseconds(2000));
}

TEST_F(ProducerTest, TheTimeoutBoundsTheQuestionForTheRouteToo) {
  start(1, [](ProducerConfig& config) { config.send_msg_timeout = milliseconds(200); });
  cluster_->swallowRoutes(true);
  const auto begin = steady_clock::now();
  EXPECT_THROW(send(), RemotingTimeoutException);
  EXPECT_LT(steady_clock::now() - begin, milliseconds(2000));
}

TEST_F(ProducerTest, AnUnknownTopicIsSentByTheTemplatesRouteElseRefused) {
  start();
  Message message("New", "x");
  try {
    producer_->send(message);
    FAIL();
  } catch (const MQClientException& failure) {
    EXPECT_EQ(failure.code(), ClientErrorCode::kNotFoundTopic);
    EXPECT_NE(std::string(failure.what()).find("No route info of this topic: New"),
              std::string::npos);
  }
  cluster_->createTopic("TBW102", 8, 7);
  const SendResult result = producer_->send(message);
  EXPECT_LT(result.message_queue.queue_id, 4) << "default_topic_queue_nums";
  EXPECT_EQ(cluster_->broker().sent().back().default_topic, "TBW102");
}

TEST_F(ProducerTest, AConnectFailureNamesAddressOriginAndCure) {
  start();
  cluster_->createTopic("Far", 1);
  cluster_->lieAbout("Far", {{"b0", "127.0.0.1:1"}});
  Message message("Far", "x");
  try {
    producer_->send(message);
    FAIL();
  } catch (const RemotingException& failure) {
    const std::string text = failure.what();
    EXPECT_EQ(failure.code(), ClientErrorCode::kConnectBroker);
    for (const std::string& part :
         {std::string("127.0.0.1:1"), std::string("route of topic Far"),
          "name server " + cluster_->nameServer(), std::string("brokerIP1")}) {
      EXPECT_NE(text.find(part), std::string::npos) << part << " in " << text;
    }
  }
}

TEST_F(ProducerTest, NoNameServerIsNamedToo) {
  ProducerConfig config;
  config.producer_group = "PG";
  config.namesrv_addr = "127.0.0.1:1";
  DefaultMQProducer producer(config);
  producer.start();
  Message message("T", "x");
  try {
    producer.send(message);
    FAIL();
  } catch (const RemotingException& failure) {
    EXPECT_NE(std::string(failure.what()).find("127.0.0.1:1"), std::string::npos);
  }
}

TEST_F(ProducerTest, ANameServerThatIsDownIsLeftForTheNextOne) {
  cluster_ = std::make_unique<FakeCluster>();
  cluster_->createTopic("T");
  for (const char* dead : {"127.0.0.1:1;%", "%;127.0.0.1:1"}) {
    ProducerConfig config = configFor(*cluster_);
    std::string list = dead;
    config.namesrv_addr = list.replace(list.find('%'), 1, cluster_->nameServer());
    DefaultMQProducer producer(config);
    producer.start();
    Message message("T", "x");
    EXPECT_EQ(producer.send(message).status, SendStatus::kSendOk) << list;
  }
}

TEST_F(ProducerTest, FixedQueuesAndSelectorsDecideAlone) {
  start(2);
  const MessageQueue queue{"T", "b1", 1};
  Message message("T", "x");
  EXPECT_EQ(producer_->send(message, queue).message_queue, queue);
  const auto by_hash = selectQueueByHash("key");
  const MessageQueue chosen = producer_->send(message, by_hash).message_queue;
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(producer_->send(message, by_hash).message_queue, chosen);
  }
  EXPECT_EQ(producer_->fetchPublishMessageQueues("T").size(), 4u);
  cluster_->broker(1).refuseSends(ResponseCode::kSystemError);
  EXPECT_THROW(producer_->send(message, queue), MQBrokerException) << "one try";
  EXPECT_THROW(producer_->send(message, MessageQueue{"Other", "b1", 0}), MQClientException);
  const MessageQueueSelector thrower = [](const auto&, const auto&) -> MessageQueue {
    throw std::runtime_error("no idea");
  };
  EXPECT_THROW(producer_->send(message, thrower), MQClientException);
}

TEST_F(ProducerTest, ABatchIsOneRequest) {
  start();
  std::vector<Message> batch{{"T", "a"}, {"T", "b"}, {"T", "c"}};
  const SendResult result = producer_->send(batch);
  EXPECT_EQ(cluster_->broker().sends(), 1);
  EXPECT_EQ(result.msg_id,
            batch[0].uniqueKey() + "," + batch[1].uniqueKey() + "," + batch[2].uniqueKey());
  EXPECT_EQ(cluster_->broker().sent().front().batch, true);
}

TEST_F(ProducerTest, OnewaySendsArriveWithoutAnAnswer) {
  start();
  for (int i = 0; i < 10; ++i) {
    Message message("T", "x");
    producer_->sendOneway(message);
  }
  EXPECT_TRUE(eventually([this] { return cluster_->broker().sends() == 10; }));
  Message message("Unknown", "x");
  EXPECT_THROW(producer_->sendOneway(message), MQClientException);
}

TEST_F(ProducerTest, ShutdownEndsAWaitingSyncSend) {
  start(1, [](ProducerConfig& config) { config.send_msg_timeout = milliseconds(60'000); });
  send();
  cluster_->broker().swallowSends(true);
  std::thread waiting([this] { EXPECT_THROW(send(), RemotingException); });
  EXPECT_TRUE(eventually([this] { return cluster_->broker().sends() == 2; }));
  producer_->shutdown();
  waiting.join();
}

TEST_F(ProducerTest, BrokersHearOfTheGroupWhenTheyAreFirstUsed) {
  start();
  send();
  ASSERT_TRUE(eventually([this] { return cluster_->broker().lastHeartbeat().has_value(); }));
  const auto heartbeat = *cluster_->broker().lastHeartbeat();
  EXPECT_EQ(heartbeat.client_id, producer_->clientId());
  ASSERT_EQ(heartbeat.producer_data_set.size(), 1u);
  EXPECT_EQ(heartbeat.producer_data_set[0].group_name, "PG");
}

TEST_F(ProducerTest, StartChecksGroupAndNameServer) {
  ProducerConfig config;
  config.namesrv_addr = "127.0.0.1:1";
  for (const char* group : {"", "bad group", "DEFAULT_PRODUCER"}) {
    config.producer_group = group;
    EXPECT_THROW(DefaultMQProducer(config).start(), MQClientException) << group;
  }
  config.producer_group = "PG";
  config.namesrv_addr = "nonsense";
  EXPECT_THROW(DefaultMQProducer(config).start(), MQClientException);
}

TEST_F(ProducerTest, TwoProducersOfOneInstanceShareItAndNeedDifferentGroups) {
  cluster_ = std::make_unique<FakeCluster>();
  cluster_->createTopic("T");
  ProducerConfig config = configFor(*cluster_);
  config.instance_name = "shared";
  DefaultMQProducer first(config);
  first.start();
  EXPECT_THROW(DefaultMQProducer(config).start(), MQClientException);
  config.producer_group = "PG2";
  auto second = std::make_unique<DefaultMQProducer>(config);
  second->start();
  EXPECT_EQ(first.clientId(), second->clientId());
  second.reset();
  Message message("T", "x");
  EXPECT_EQ(first.send(message).status, SendStatus::kSendOk) << "the instance is still there";
}

TEST_F(ProducerTest, LatencyFaultToleranceAvoidsTheBrokerThatFailed) {
  start(2, [](ProducerConfig& config) { config.send_latency_fault_enable = true; });
  cluster_->broker(0).refuseSends(ResponseCode::kSystemError);
  for (int i = 0; i < 4; ++i) {
    send();
  }
  const int64_t tried = cluster_->broker(0).sends();
  EXPECT_EQ(tried, 1);
  for (int i = 0; i < 8; ++i) {
    EXPECT_EQ(send().message_queue.broker_name, "b1");
  }
  EXPECT_EQ(cluster_->broker(0).sends(), tried);
}

TEST_F(ProducerTest, ChangesOfTheConfigurationAfterTheStartHaveNoEffect) {
  start();
  producer_->config().max_message_size = 1;
  producer_->config().name_space = "late";
  producer_->config().send_msg_timeout = std::chrono::milliseconds(0);
  EXPECT_EQ(send("more than a byte").message_queue.topic, "T");
  EXPECT_EQ(cluster_->broker().sent().back().topic, "T");
  Heard heard;
  producer_->send(Message("T", "more than a byte"), heard.callback());
  EXPECT_EQ(heard.get().status, SendStatus::kSendOk);
}

}  // namespace
}  // namespace rocketmq::client
