// Message traces from our clients, as mqadmin and a reader of the trace topic see them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "rocketmq/default_lite_pull_consumer.h"
#include "rocketmq/default_mq_producer.h"
#include "rocketmq/default_mq_pull_consumer.h"
#include "rocketmq/default_mq_push_consumer.h"
#include "rocketmq/transaction_mq_producer.h"
#include "tests/support/daemon.h"
#include "tests/support/temp_dir.h"

namespace rocketmq::test {
namespace {

using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr seconds kPatience{60};
constexpr const char* kTraceTopic = "RMQ_SYS_TRACE_TOPIC";

class TraceTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<TempDir>();
    cluster_ = std::make_unique<Cluster>(
        folder_->path().string(),
        Cluster::Settings{{"traceTopicEnable", "true"}, {"messageDelayLevel", "1s 1s 1s 1s 1s"}});
    cluster_->start();
  }
  static void TearDownTestSuite() {
    cluster_.reset();
    folder_.reset();
  }

  void SetUp() override {
    name_ = ::testing::UnitTest::GetInstance()->current_test_info()->name();
    topic_ = "T_" + name_;
    cluster_->createTopic(topic_);
  }

  template <class Config>
  Config traced(Config config) const {
    config.namesrv_addr = cluster_->namesrvAddr();
    config.enable_msg_trace = true;
    return config;
  }

  std::unique_ptr<DefaultMQProducer> producer(const std::string& trace_topic = {}) const {
    ProducerConfig config;
    config.producer_group = "P_" + name_;
    config.trace_topic = trace_topic;
    auto producer = std::make_unique<DefaultMQProducer>(traced(config));
    producer->start();
    return producer;
  }

  static Cluster::Outcome trace(const std::string& id, const std::string& topic = kTraceTopic) {
    return cluster_->admin({"queryMsgTraceById", "-i", id, "-t", topic});
  }
  /// The trace once it says `text`.
  static std::string awaitTrace(const std::string& id, const std::string& text) {
    std::string output;
    EXPECT_TRUE(eventually(
        [&] {
          output = trace(id).output;
          return output.find(text) != std::string::npos;
        },
        kPatience))
        << output;
    return output;
  }

  static int64_t tracesStored() {
    DefaultMQPullConsumer consumer("trace_reader");
    consumer.config().namesrv_addr = cluster_->namesrvAddr();
    consumer.start();
    return consumer.maxOffset({kTraceTopic, "broker-a", 0});
  }

  static inline std::unique_ptr<TempDir> folder_;
  static inline std::unique_ptr<Cluster> cluster_;
  std::string name_;
  std::string topic_;
};

TEST_F(TraceTest, TheBrokerHasTheTraceTopicAsRocketMqCreatesIt) {
  EXPECT_THAT(cluster_->admin({"topicRoute", "-t", kTraceTopic}).output,
              AllOf(HasSubstr("\"readQueueNums\":1"), HasSubstr("\"perm\":6")));
}

TEST_F(TraceTest, AMessageIsFollowedFromItsSendThroughAFailureToItsConsumption) {
  std::atomic<int> runs{0};
  PushConsumerConfig config;
  config.consumer_group = "C_" + name_;
  config.consume_from_where = ConsumeFromWhere::kFirstOffset;
  DefaultMQPushConsumer consumer(traced(config));
  consumer.subscribe(topic_);
  consumer.registerMessageListener(
      [&runs](const std::vector<MessageExt>&, ConsumeConcurrentlyContext&) {
        return runs.fetch_add(1) == 0 ? ConsumeConcurrentlyStatus::kReconsumeLater
                                      : ConsumeConcurrentlyStatus::kConsumeSuccess;
      });
  consumer.start();
  const auto sender = producer();
  Message message(topic_, "TagA", "order-1 order-2", "hello");
  const SendResult sent = sender->send(message);

  // The two clients tell at moments of their own.
  awaitTrace(sent.msg_id, "Sub        C_" + name_.substr(0, 3));
  EXPECT_THAT(awaitTrace(sent.msg_id, "Pub"),
              AllOf(HasSubstr("#Type      #ProducerGroup       #ClientHost          #SendTime   "),
                    ContainsRegex("Pub +P_" + name_ + " +127.0.0.1 .* [0-9]+ms +success")));
  ASSERT_TRUE(eventually(
      [&] {
        const std::string now = trace(sent.msg_id).output;
        return now.find("failed") != std::string::npos &&
               now.find("success", now.find("#ConsumerGroup")) != std::string::npos;
      },
      kPatience))
      << trace(sent.msg_id).output;
  // Traces are found by the message's keys too.
  EXPECT_THAT(cluster_->admin({"queryMsgByKey", "-t", kTraceTopic, "-k", "order-2"}).output,
              ContainsRegex("[0-9A-F]+ +0 +[0-9]+"));
}

TEST_F(TraceTest, ATraceIsFoundAmongForgedOnesAndAfterARestart) {
  const auto sender = producer();
  Message message(topic_, "traced");
  const SendResult sent = sender->send(message);
  const auto is_told = ContainsRegex("Pub +P_" + name_ + " +127.0.0.1 .* [0-9]+ms +success");
  EXPECT_THAT(awaitTrace(sent.msg_id, "Pub"), is_told);
  DefaultMQProducer forger("forgers");
  forger.config().namesrv_addr = cluster_->namesrvAddr();
  forger.start();
  // Parts are separated by 1, records by 2.
  const std::string id = sent.msg_id;
  for (const std::string& body :
       {std::string("Pub"), std::string("Pub\1\2SubBefore\1\2SubAfter\1\2EndTransaction\1\2"),
        "Pub\1nonsense\1r\1g\1t\1" + id + "\1\1\1h\1x\1y\1z\1\1maybe\2",
        "SubAfter\1r\1" + id + "\1" + std::string(30, '9') + "\1true\1k\1" + std::string(30, '9') +
            "\2",
        std::string(100'000, '\2'), std::string(100'000, '\1')}) {
    Message forged(kTraceTopic, body);
    forged.setKeys(id);
    forger.send(forged);
  }
  EXPECT_THAT(trace(id).output, is_told);
  cluster_->stopBroker();
  cluster_->startBroker();
  EXPECT_THAT(awaitTrace(id, "Pub"), is_told);
}

TEST_F(TraceTest, EachMessageOfABatchAndOfALitePullIsTraced) {
  const auto sender = producer();
  std::vector<Message> batch{Message(topic_, "one"), Message(topic_, "two")};
  sender->send(batch);
  LitePullConsumerConfig config;
  config.consumer_group = "L_" + name_;
  config.consume_from_where = ConsumeFromWhere::kFirstOffset;
  DefaultLitePullConsumer consumer(traced(config));
  consumer.subscribe(topic_);
  consumer.start();
  size_t polled = 0;
  ASSERT_TRUE(eventually([&] { return (polled += consumer.poll().size()) >= 2; }, kPatience));
  for (const Message& message : batch) {
    EXPECT_THAT(awaitTrace(message.uniqueKey(), "Pub"),
                ContainsRegex("Pub +P_" + name_ + ".*success"));
    awaitTrace(message.uniqueKey(), "Sub        L_" + name_);
  }
}

class CommitAtOnce : public TransactionListener {
 public:
  LocalTransactionState executeLocalTransaction(const Message&, const std::any&) override {
    return LocalTransactionState::kCommitMessage;
  }
  LocalTransactionState checkLocalTransaction(const MessageExt&) override {
    return LocalTransactionState::kUnknow;
  }
};

TEST_F(TraceTest, TheEndOfATransactionIsTraced) {
  TransactionProducerConfig config;
  config.producer_group = "X_" + name_;
  TransactionMQProducer sender(traced(config), std::make_shared<CommitAtOnce>());
  sender.start();
  Message message(topic_, "half");
  const std::string id = sender.sendMessageInTransaction(message).msg_id;
  EXPECT_THAT(awaitTrace(id, "COMMIT_MESSAGE"), ContainsRegex("Pub +X_" + name_));
}

// The trace producer traces nothing itself, and a traced consumer of the trace topic does not feed
// on its own traces: in the end nothing more is stored.
TEST_F(TraceTest, TracesAreNotTracedAndGoToTheTopicOfOnesChoice) {
  cluster_->createTopic("MyTraces");
  const auto sender = producer("MyTraces");
  Message message(topic_, "elsewhere");
  const std::string id = sender->send(message).msg_id;
  EXPECT_TRUE(eventually([&] { return trace(id, "MyTraces").status == 0; }, kPatience))
      << trace(id, "MyTraces").output;
  EXPECT_THAT(trace(id).output, HasSubstr("has no trace of message " + id));

  std::atomic<int> runs{0};
  PushConsumerConfig config;
  config.consumer_group = "C_" + name_;
  config.consume_from_where = ConsumeFromWhere::kFirstOffset;
  DefaultMQPushConsumer reader(traced(config));
  reader.subscribe(kTraceTopic);
  reader.registerMessageListener(
      [&runs](const std::vector<MessageExt>&, ConsumeConcurrentlyContext&) {
        ++runs;
        return ConsumeConcurrentlyStatus::kConsumeSuccess;
      });
  reader.start();
  const auto plain = producer();
  Message last(topic_, "last");
  const std::string last_id = plain->send(last).msg_id;
  awaitTrace(last_id, "Pub");
  ASSERT_TRUE(eventually([&] { return runs.load() > 0; }, kPatience));
  reader.shutdown();  // Sends what it had to say.
  const int64_t stored = tracesStored();
  EXPECT_EQ(tracesStored(), stored);
  EXPECT_THAT(trace(last_id).output, Not(HasSubstr("Sub ")));
}

}  // namespace
}  // namespace rocketmq::test
