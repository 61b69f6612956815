// Promise: consumers get exactly the messages whose transactions were committed, by the producer's
// own word or by its answer to the broker's question, also when the broker is restarted between any
// two steps; whatever else is sent to the broker as the end of a transaction changes nothing.

#include <gtest/gtest.h>

#include <algorithm>
#include <any>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "rocketmq/default_mq_pull_consumer.h"
#include "rocketmq/transaction_mq_producer.h"
#include "tests/support/daemon.h"
#include "tests/support/raw_client.h"
#include "tests/support/sanitizers.h"
#include "tests/support/temp_dir.h"

namespace rocketmq::test {
namespace {

using State = LocalTransactionState;

constexpr int kEndTransaction = 37;
constexpr int kCheckState = 39;
constexpr int kHeartbeat = 34;
constexpr int kSendV2 = 310;
constexpr int kResume = 323;

/// Does and answers what the test says; remembers what it was asked.
class Listener : public TransactionListener {
 public:
  std::function<State(const Message&)> execute = [](const Message&) { return State::kUnknow; };
  std::function<State(const MessageExt&)> check = [](const MessageExt&) { return State::kUnknow; };

  State executeLocalTransaction(const Message& message, const std::any& /*argument*/) override {
    return execute(message);
  }
  State checkLocalTransaction(const MessageExt& message) override {
    {
      std::lock_guard lock(mutex_);
      asked_.push_back(message);
    }
    return check(message);
  }
  std::vector<MessageExt> asked() const {
    std::lock_guard lock(mutex_);
    return asked_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<MessageExt> asked_;
};

class TransactionsTest : public ::testing::Test {
 protected:
  explicit TransactionsTest(const std::string& check_max = "1000")
      : cluster_(folder_.path().string(), {{"transactionTimeOut", "100"},
                                           {"transactionCheckInterval", "200"},
                                           {"transactionCheckMax", check_max}}) {}

  void SetUp() override {
    cluster_.start();
    cluster_.createTopic("Orders", 1);
    PullConsumerConfig config;
    config.namesrv_addr = cluster_.namesrvAddr();
    config.consumer_group = "reader";
    reader_ = std::make_unique<DefaultMQPullConsumer>(config);
    reader_->start();
    producer_ = makeProducer(listener_);
  }

  std::unique_ptr<TransactionMQProducer> makeProducer(std::shared_ptr<Listener> listener) {
    TransactionProducerConfig config;
    config.namesrv_addr = cluster_.namesrvAddr();
    config.producer_group = "orders";
    config.instance_name = "p" + std::to_string(++producers_);
    auto producer = std::make_unique<TransactionMQProducer>(config, std::move(listener));
    producer->start();
    return producer;
  }

  TransactionSendResult send(const std::string& body) {
    Message message("Orders", "TagA", body, body);
    return producer_->sendMessageInTransaction(message);
  }

  /// Bodies of the topic's only queue, from its beginning.
  std::vector<std::string> bodies() {
    std::vector<std::string> bodies;
    for (int64_t offset = 0;;) {
      const PullResult result = reader_->pull({"Orders", "broker-a", 0}, "*", offset, 32);
      if (result.status != PullStatus::kFound) {
        return bodies;
      }
      for (const MessageExt& message : result.messages) {
        bodies.push_back(message.body());
      }
      offset = result.next_begin_offset;
    }
  }
  bool eventuallyThere(std::vector<std::string> expected) {
    std::sort(expected.begin(), expected.end());
    return eventually([&] {
      try {
        std::vector<std::string> there = bodies();
        std::sort(there.begin(), there.end());
        return there == expected;
      } catch (const MQException&) {
        return false;  // The connection of the broker's life before.
      }
    });
  }

  TempDir folder_;
  Cluster cluster_;
  int producers_ = 0;
  std::unique_ptr<DefaultMQPullConsumer> reader_;
  std::shared_ptr<Listener> listener_ = std::make_shared<Listener>();
  std::unique_ptr<TransactionMQProducer> producer_;
};

TEST_F(TransactionsTest, OnlyCommittedMessagesReachConsumers) {
  listener_->execute = [](const Message& message) {
    return message.body() == "commit"     ? State::kCommitMessage
           : message.body() == "rollback" ? State::kRollbackMessage
           : message.body() == "throw"    ? throw std::runtime_error("no database")
                                          : State::kUnknow;
  };
  listener_->check = [](const MessageExt& message) {
    return message.body() == "later" || message.body() == "throw" ? State::kCommitMessage
                                                                  : State::kRollbackMessage;
  };
  const TransactionSendResult result = send("commit");
  EXPECT_EQ(result.status, SendStatus::kSendOk);
  EXPECT_EQ(result.local_transaction_state, State::kCommitMessage);
  EXPECT_EQ(result.transaction_id, result.msg_id);
  EXPECT_EQ(send("rollback").local_transaction_state, State::kRollbackMessage);
  EXPECT_EQ(send("later").local_transaction_state, State::kUnknow);
  EXPECT_EQ(send("never").local_transaction_state, State::kUnknow);
  EXPECT_EQ(send("throw").local_transaction_state, State::kUnknow);
  EXPECT_TRUE(eventuallyThere({"commit", "later", "throw"}));
  ASSERT_TRUE(eventually([&] { return listener_->asked().size() >= 3; }));
  for (const MessageExt& asked : listener_->asked()) {
    EXPECT_EQ(asked.topic(), "Orders");
    EXPECT_EQ(asked.keys(), asked.body());
    EXPECT_EQ(asked.property("PGROUP"), "orders");
    EXPECT_FALSE(asked.uniqueKey().empty());
  }
}

TEST_F(TransactionsTest, EveryStepSurvivesARestart) {
  std::atomic<bool> decided{false};
  listener_->check = [&decided](const MessageExt&) {
    return decided ? State::kCommitMessage : State::kUnknow;
  };
  send("open");
  cluster_.stopBroker();
  cluster_.startBroker();
  listener_->execute = [](const Message&) { return State::kCommitMessage; };
  send("committed");
  EXPECT_TRUE(eventuallyThere({"committed"}));
  cluster_.killBroker();
  cluster_.startBroker();
  EXPECT_TRUE(eventuallyThere({"committed"}));
  decided = true;
  // The broker asks only whom it knows; a producer makes itself known by sending.
  send("new");
  EXPECT_TRUE(eventuallyThere({"committed", "open", "new"}));
  producer_.reset();  // Its listener looks at what is local here.
}

class GivenUpTransactionsTest : public TransactionsTest {
 protected:
  GivenUpTransactionsTest() : TransactionsTest("3") {}
};

TEST_F(GivenUpTransactionsTest, WhatNobodyDecidesIsGivenUp) {
  send("undecided");
  ASSERT_TRUE(eventually([&] {
    return cluster_.admin({"topicList"}).output.find("TRANS_CHECK_MAX_TIME_TOPIC") !=
           std::string::npos;
  }));
  EXPECT_EQ(listener_->asked().size(), 3u);
  EXPECT_TRUE(bodies().empty());
}

/// Memory of a process that is not a mapped file, from /proc.
int64_t anonymousKib(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("RssAnon:")) {
      return std::stoll(line.substr(8));
    }
  }
  return -1;
}

// ROCKETMQ_PENDING_TRANSACTIONS=100000 is the long variant.
TEST_F(TransactionsTest, ManyOpenTransactionsCostLittleMemoryAndAreAllAskedFor) {
  const char* const wanted = std::getenv("ROCKETMQ_PENDING_TRANSACTIONS");
  const int count = wanted != nullptr ? std::atoi(wanted) : 1000;
  std::atomic<bool> decided{false};
  listener_->check = [&decided](const MessageExt&) {
    return decided ? State::kCommitMessage : State::kUnknow;
  };
  const int64_t before_kib = anonymousKib(cluster_.broker().pid());
  std::vector<std::thread> senders;
  std::atomic<int> next{0};
  for (int i = 0; i < 8; ++i) {
    senders.emplace_back([&] {
      while (next++ < count) {
        send("open");
      }
    });
  }
  for (std::thread& sender : senders) {
    sender.join();
  }
  const int64_t grown_kib = anonymousKib(cluster_.broker().pid()) - before_kib;
  // Buffers of connections and threads, and 100 bytes for each.
  EXPECT_LT(grown_kib, (32 * 1024 + count / 10) * memoryFactor());
  decided = true;
  EXPECT_TRUE(eventually(
      [&] {
        return reader_->maxOffset({"Orders", "broker-a", 0}) == count;
      },
      std::chrono::seconds(20 + count / 500)))
      << reader_->maxOffset({"Orders", "broker-a", 0});
  std::printf("%d open transactions: %lld KiB more of anonymous memory\n", count,
              static_cast<long long>(grown_kib));
  producer_.reset();  // Its listener looks at what is local here.
}

int64_t nowMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

/// A producer of another make, that says what it wants.
class RawProducer {
 public:
  explicit RawProducer(Cluster& cluster) : client_(cluster.brokerPort()) {
    client_.call(kHeartbeat, "",
                 R"({"clientID":"raw","producerDataSet":[{"groupName":"raw"}],)"
                 R"("consumerDataSet":[]})");
  }

  RawClient::Frame sendHalf(std::map<std::string, std::string> properties = {}) {
    properties.insert({{"TRAN_MSG", "true"}, {"PGROUP", "raw"}, {"UNIQ_KEY", "0AF1"}});
    return client_.call(kSendV2,
                        R"({"a":"raw","b":"Orders","c":"TBW102","d":4,"e":0,"f":4,)"
                        R"("g":)" +
                            std::to_string(nowMs()) + R"(,"h":0,"i":")" +
                            jsonEscape(propertyString(properties)) + R"(","j":0,"k":false})",
                        "raw body");
  }
  RawClient::Frame end(const std::string& group, int64_t queue_offset, int64_t log_offset,
                       const std::string& decision) {
    return client_.call(kEndTransaction,
                        R"({"producerGroup":")" + group + R"(","tranStateTableOffset":")" +
                            std::to_string(queue_offset) + R"(","commitLogOffset":")" +
                            std::to_string(log_offset) + R"(","commitOrRollback":")" + decision +
                            R"(","fromTransactionCheck":"false","msgId":"0AF1"})");
  }
  RawClient& client() { return client_; }

 private:
  RawClient client_;
};

int64_t logOffsetOf(const RawClient::Frame& answer) {
  return std::stoll(answer.ext.at("msgId").substr(16), nullptr, 16);
}

TEST_F(TransactionsTest, WrongEndsAreRefusedWithAReason) {
  RawProducer raw(cluster_);
  const auto half = raw.sendHalf();
  ASSERT_EQ(half.code, 0) << half.remark;
  const int64_t queue_offset = std::stoll(half.ext.at("queueOffset"));
  const int64_t log_offset = logOffsetOf(half);
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  const auto expectRefused = [](const RawClient::Frame& answer, const std::string& why) {
    EXPECT_EQ(answer.code, 1) << answer.remark;
    EXPECT_NE(answer.remark.find(why), std::string::npos) << answer.remark;
  };
  expectRefused(raw.end("foreign", queue_offset, log_offset, "8"), "The producer group wrong");
  for (const int64_t offset : {int64_t{-1}, log_offset + 1, kMax, -kMax}) {
    expectRefused(raw.end("raw", queue_offset, offset, "8"), "Find prepared transaction");
    expectRefused(raw.end("raw", offset, log_offset, "8"), "Find prepared transaction");
  }
  expectRefused(raw.end("raw", queue_offset, log_offset, "3"), "commitOrRollback");
  EXPECT_NE(raw.end("raw", queue_offset, log_offset, "many").code, 0);
  EXPECT_NE(raw.client().call(kEndTransaction, R"({"producerGroup":"raw"})").code, 0);
  EXPECT_NE(raw.client().call(kResume, R"({"msgId":"nonsense"})").code, 0);
  EXPECT_NE(raw.client().call(kResume, R"({"msgId":"7F00000100002A9F0000000000FFFFFF"})").code, 0);
  EXPECT_EQ(raw.sendHalf({{"big", std::string(32'760, 'x')}}).code, 13);
  EXPECT_TRUE(bodies().empty());
}

TEST_F(TransactionsTest, AProducerOfAnotherMakeIsAskedOnItsOwnConnection) {
  RawProducer raw(cluster_);
  const auto half = raw.sendHalf({{"CHECK_IMMUNITY_TIME_IN_SECONDS", "0"}});
  ASSERT_EQ(half.code, 0) << half.remark;
  const auto check = raw.client().takeRequest();
  ASSERT_TRUE(check);
  EXPECT_EQ(check->code, kCheckState);
  EXPECT_EQ(check->flag & 2, 2) << "one-way";
  EXPECT_TRUE(check->ext_all_strings);
  EXPECT_EQ(check->ext.at("msgId"), "0AF1");
  const auto messages = decodeMessages(check->body);
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0].topic, "Orders");
  EXPECT_EQ(messages[0].properties.at("PGROUP"), "raw");
  EXPECT_EQ(std::to_string(messages[0].queue_offset), check->ext.at("tranStateTableOffset"));
  EXPECT_EQ(std::to_string(messages[0].physical_offset), check->ext.at("commitLogOffset"));
  raw.client().call(
      kEndTransaction,
      R"({"producerGroup":"raw","tranStateTableOffset":")" + check->ext.at("tranStateTableOffset") +
          R"(","commitLogOffset":")" + check->ext.at("commitLogOffset") +
          R"(","commitOrRollback":"8","fromTransactionCheck":"true","msgId":"0AF1"})");
  EXPECT_TRUE(eventuallyThere({"raw body"}));
}

}  // namespace
}  // namespace rocketmq::test
