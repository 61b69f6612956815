// Promise: consumers get exactly the messages that their SQL92 expression wants, whether they push,
// pull or poll, over restarts and through retries; an expression that cannot be evaluated is
// refused when the consumer starts, with the place of the fault; and no expression harms the
// broker.

#include <gmock/gmock.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "rocketmq/default_lite_pull_consumer.h"
#include "rocketmq/default_mq_producer.h"
#include "rocketmq/default_mq_pull_consumer.h"
#include "rocketmq/default_mq_push_consumer.h"
#include "tests/support/daemon.h"
#include "tests/support/raw_client.h"
#include "tests/support/temp_dir.h"

namespace rocketmq::test {
namespace {

constexpr int kPullMessage = 11;
constexpr int kHeartbeat = 34;
constexpr int kCheckClientConfig = 46;

using Bodies = std::multiset<std::string>;

class SqlFilterTest : public testing::Test {
 protected:
  void SetUp() override {
    cluster_.start();
    cluster_.createTopic("Sql", 1);
    producer_.config().namesrv_addr = cluster_.namesrvAddr();
    producer_.start();
  }

  void send(const std::string& body, const std::map<std::string, std::string>& properties,
            int delay_level = 0) {
    Message message("Sql", body);
    for (const auto& [name, value] : properties) {
      message.putUserProperty(name, value);
    }
    if (delay_level > 0) {
      message.setDelayTimeLevel(delay_level);
    }
    producer_.send(message);
  }

  template <class Consumer>
  void configure(Consumer& consumer) {
    consumer.config().namesrv_addr = cluster_.namesrvAddr();
    consumer.config().consume_from_where = ConsumeFromWhere::kFirstOffset;
  }

  static std::string subscriptionJson(const std::string& expression, int version) {
    return R"({"classFilterMode":false,"codeSet":[],"expressionType":"SQL92","subString":")" +
           jsonEscape(expression) + R"(","subVersion":)" + std::to_string(version) +
           R"(,"tagsSet":[],"topic":"Sql"})";
  }

  TempDir folder_;
  Cluster cluster_{folder_.path().string(), {{"enablePropertyFilter", "true"}}};
  DefaultMQProducer producer_{"sql_producer"};
};

class Receipts {
 public:
  void take(const std::string& body) {
    std::lock_guard lock(mutex_);
    bodies_.insert(body);
  }
  Bodies bodies() const {
    std::lock_guard lock(mutex_);
    return bodies_;
  }

 private:
  mutable std::mutex mutex_;
  Bodies bodies_;
};

TEST_F(SqlFilterTest, PushConsumersGetWhatTheyWantAlsoAfterARestartARetryAndADelay) {
  Receipts receipts;
  DefaultMQPushConsumer consumer("sql_push");
  configure(consumer);
  consumer.subscribe("Sql", MessageSelector::bySql("a > 5 AND b = 'x'"));
  consumer.registerMessageListener(
      [&](const std::vector<MessageExt>& messages, ConsumeConcurrentlyContext& context) {
        const MessageExt& message = messages.front();
        if (message.body() == "retried" && message.reconsumeTimes() == 0) {
          context.delay_level_when_next_consume = 1;
          return ConsumeConcurrentlyStatus::kReconsumeLater;
        }
        receipts.take(message.body());
        return ConsumeConcurrentlyStatus::kConsumeSuccess;
      });
  send("early", {{"a", "6"}, {"b", "x"}});
  consumer.start();
  send("unwanted", {{"a", "5"}, {"b", "x"}});
  send("half", {{"a", "6"}});
  send("retried", {{"a", "7"}, {"b", "x"}});
  send("delayed", {{"a", "8"}, {"b", "x"}}, 1);
  send("delayed unwanted", {{"a", "1"}, {"b", "x"}}, 1);
  EXPECT_TRUE(eventually([&] { return receipts.bodies().size() == 3; }));
  EXPECT_EQ(receipts.bodies(), (Bodies{"early", "retried", "delayed"}));

  cluster_.stopBroker();
  cluster_.startBroker();
  EXPECT_TRUE(eventually([&] {
    try {
      send("after", {{"a", "9"}, {"b", "x"}});
      return true;
    } catch (const MQException&) {
      return false;
    }
  }));
  EXPECT_TRUE(eventually([&] { return receipts.bodies().count("after") != 0; }));
  const Bodies all = receipts.bodies();
  EXPECT_EQ(all.count("unwanted") + all.count("half") + all.count("delayed unwanted"), 0u);
}

TEST_F(SqlFilterTest, PullAndLitePullConsumersFilterToo) {
  for (int i = 0; i < 1000; ++i) {
    send(std::to_string(i), {{"n", std::to_string(i)}});
  }
  DefaultMQPullConsumer puller("sql_pull");
  puller.config().namesrv_addr = cluster_.namesrvAddr();
  puller.start();
  const MessageQueue queue = puller.fetchSubscribeMessageQueues("Sql").at(0);
  const auto wanted = MessageSelector::bySql("n BETWEEN 900 AND 901");
  // One pull looks at 800 messages at most and then says where to go on.
  const PullResult first = puller.pull(queue, wanted, 0, 32);
  EXPECT_EQ(first.status, PullStatus::kNoMatchedMessage);
  EXPECT_EQ(first.next_begin_offset, 800);
  const PullResult second = puller.pull(queue, wanted, 800, 32);
  ASSERT_EQ(second.messages.size(), 2u);
  EXPECT_EQ(second.messages[0].body(), "900");
  try {
    puller.pull(queue, MessageSelector::bySql("n >"), 0, 32);
    ADD_FAILURE() << "a bad expression was accepted";
  } catch (const MQBrokerException& refusal) {
    EXPECT_EQ(refusal.code(), 23);
    EXPECT_THAT(refusal.what(), testing::HasSubstr("line 1, column 4"));
  }

  DefaultLitePullConsumer poller("sql_poll");
  configure(poller);
  poller.subscribe("Sql", MessageSelector::bySql("n IN ('3', '950')"));
  poller.start();
  Bodies polled;
  EXPECT_TRUE(eventually([&] {
    for (const MessageExt& message : poller.poll(std::chrono::milliseconds(100))) {
      polled.insert(message.body());
    }
    return polled.size() == 2;
  }));
  EXPECT_EQ(polled, (Bodies{"3", "950"}));
}

TEST_F(SqlFilterTest, ABadExpressionIsRefusedWhenTheConsumerStarts) {
  const auto start = [&](const std::string& expression) {
    DefaultMQPushConsumer consumer("sql_bad");
    configure(consumer);
    consumer.subscribe("Sql", MessageSelector::bySql(expression));
    consumer.registerMessageListener(
        [](const std::vector<MessageExt>&, ConsumeConcurrentlyContext&) {
          return ConsumeConcurrentlyStatus::kConsumeSuccess;
        });
    consumer.start();
  };
  try {
    start("a > 5 AND\nb >> 1");
    ADD_FAILURE() << "a bad expression was accepted";
  } catch (const MQClientException& refusal) {
    EXPECT_EQ(refusal.code(), 23);
    EXPECT_THAT(refusal.what(), testing::HasSubstr("line 2, column 4"));
  }
  EXPECT_EQ(cluster_
                .admin({"updateBrokerConfig", "-b", cluster_.brokerAddr(), "-k",
                        "enablePropertyFilter", "-v", "false"})
                .status,
            0);
  try {
    start("a > 5");
    ADD_FAILURE() << "an expression was accepted with filters off";
  } catch (const MQClientException& refusal) {
    EXPECT_EQ(refusal.code(), 1);
    EXPECT_THAT(refusal.what(), testing::HasSubstr("The broker does not support consumer to filter "
                                                   "message by SQL92"));
  }
}

TEST_F(SqlFilterTest, NoExpressionHarmsTheBroker) {
  send("5", {{"a", "5"}});
  RawClient client(cluster_.brokerPort());
  const std::string mebibyte(1 << 20, 'x');
  const std::vector<std::string> hostile = {
      "",
      "*",
      std::string(100'000, '('),
      "a = '" + mebibyte + "'",
      mebibyte,
      "a" + std::string(5000, '-') + "1",
      [] {
        std::string chain = "a = 1";
        for (int i = 0; i < 50'000; ++i) {
          chain += " OR a = 1";
        }
        return chain;
      }(),
      std::string("a = \0 1", 7),
      "\xC3\xA4 = 1",
  };
  int version = 0;
  for (const std::string& expression : hostile) {
    const std::string subscription = subscriptionJson(expression, ++version);
    const std::string shown = expression.substr(0, 20);
    const auto check =
        client.call(kCheckClientConfig, "",
                    R"({"clientId":"c","group":"G","subscriptionData":)" + subscription + "}");
    EXPECT_NE(check.code, 0) << shown;
    const auto beat = client.call(
        kHeartbeat, "",
        R"({"clientID":"c","producerDataSet":[],"consumerDataSet":[{"consumeFromWhere":)"
        R"("CONSUME_FROM_FIRST_OFFSET","consumeType":"CONSUME_PASSIVELY","groupName":"sql_raw",)"
        R"("messageModel":"CLUSTERING","subscriptionDataSet":[)" +
            subscription + R"(],"unitMode":false}]})");
    const bool is_too_long = expression.size() > 16 << 10;
    EXPECT_EQ(beat.code, is_too_long ? 1 : 0) << shown << beat.remark;
    const std::string fields =
        R"({"consumerGroup":"sql_raw","topic":"Sql","queueId":"0","queueOffset":"0",)"
        R"("maxMsgNums":"32","sysFlag":"0","commitOffset":"0","suspendTimeoutMillis":"0",)"
        R"("subVersion":")" +
        std::to_string(version) + R"(","expressionType":"SQL92"})";
    // Of an expression that was not taken the broker knows no version.
    EXPECT_EQ(client.call(kPullMessage, fields).code, is_too_long ? 25 : 27) << shown;
  }
  DefaultMQPullConsumer puller("sql_pull");
  puller.config().namesrv_addr = cluster_.namesrvAddr();
  puller.start();
  const MessageQueue queue = puller.fetchSubscribeMessageQueues("Sql").at(0);
  EXPECT_EQ(puller.pull(queue, MessageSelector::bySql("a = 5"), 0, 32).messages.size(), 1u);
  EXPECT_TRUE(cluster_.broker().running());
}

/// Pulls everything from 0 to `end`; the number of messages that came.
size_t pullAll(DefaultMQPullConsumer& puller, const MessageQueue& queue,
               const MessageSelector& selector, int64_t end) {
  size_t messages = 0;
  for (int64_t offset = 0; offset < end;) {
    const PullResult result = puller.pull(queue, selector, offset, 32);
    messages += result.messages.size();
    offset = result.next_begin_offset;
  }
  return messages;
}

// The backlog is 20,000 messages; ROCKETMQ_FILTER_BACKLOG sets another one for a measurement.
TEST_F(SqlFilterTest, AFilteredPullOverABacklogIsFarCheaperThanPullingEverything) {
  const char* const wanted_size = std::getenv("ROCKETMQ_FILTER_BACKLOG");
  const int backlog = wanted_size == nullptr ? 20'000 : std::atoi(wanted_size);
  const std::string body(1024, 'b');
  for (int i = 0; i < backlog;) {
    std::vector<Message> batch;
    for (int end = i + 100; i < end; ++i) {
      batch.emplace_back("Sql", body);
      batch.back().putUserProperty("a", i % 1000 == 0 ? "7" : "1");
      batch.back().putUserProperty("b", "x");
    }
    producer_.send(batch);
  }
  DefaultMQPullConsumer puller("sql_pull");
  puller.config().namesrv_addr = cluster_.namesrvAddr();
  puller.start();
  const MessageQueue queue = puller.fetchSubscribeMessageQueues("Sql").at(0);
  const auto timed = [&](const MessageSelector& selector, size_t expected) {
    const auto begun = std::chrono::steady_clock::now();
    EXPECT_EQ(pullAll(puller, queue, selector, backlog), expected);
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begun)
        .count();
  };
  const double everything = timed(MessageSelector::byTag("*"), static_cast<size_t>(backlog));
  const double filtered = timed(MessageSelector::bySql("a > 5 AND b = 'x'"),
                                static_cast<size_t>((backlog + 999) / 1000));
  std::cout << "everything: " << everything << " ms, filtered: " << filtered << " ms, "
            << everything / filtered << " times as fast\n";
  // The bar is 5; a busy machine gets some room.
  EXPECT_GT(everything / filtered, 2);
}

}  // namespace
}  // namespace rocketmq::test
