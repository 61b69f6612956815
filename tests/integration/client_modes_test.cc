// The less common ways of producing and consuming, against real daemons.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <numeric>
#include <set>
#include <string>
#include <thread>

#include "rocketmq/default_lite_pull_consumer.h"
#include "rocketmq/default_mq_pull_consumer.h"
#include "rocketmq/message_util.h"
#include "tests/integration/client_fixture.h"
#include "tests/support/raw_client.h"
#include "tests/support/sanitizers.h"

namespace rocketmq::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ClientModesTest : public ClientFixture {
 protected:
  void send(const std::string& body, int32_t queue_id) const {
    Message message(topic_, body);
    sender().send(message, MessageQueue{topic_, "broker-a", queue_id});
  }
  void sendSome(const std::string& name, int count) const {
    for (int i = 0; i < count; ++i) {
      Message message(topic_, name + std::to_string(i));
      sender().send(message);
    }
  }

  DefaultMQProducer& sender() const {
    if (sender_ == nullptr) {
      sender_ = producer();
    }
    return *sender_;
  }

  static MessageListenerConcurrently into(Inbox& inbox) {
    return [&inbox](const std::vector<MessageExt>& messages, ConsumeConcurrentlyContext&) {
      std::for_each(messages.begin(), messages.end(),
                    [&](const MessageExt& message) { inbox.take(message); });
      return ConsumeConcurrentlyStatus::kConsumeSuccess;
    };
  }

  std::unique_ptr<DefaultMQPushConsumer> consume(PushConsumerConfig config,
                                                 MessageListenerConcurrently listener,
                                                 std::string topic = {}) const {
    auto consumer = std::make_unique<DefaultMQPushConsumer>(std::move(config));
    consumer->subscribe(topic.empty() ? topic_ : topic);
    consumer->registerMessageListener(std::move(listener));
    consumer->start();
    return consumer;
  }

  /// A consumer that replies to each request with "re: " and its body, or not at all.
  std::unique_ptr<DefaultMQPushConsumer> startReplier(bool replies = true) const {
    return consume(pushConfig(), [this, replies](const std::vector<MessageExt>& messages,
                                                 ConsumeConcurrentlyContext&) {
      if (replies) {
        Message reply = createReplyMessage(messages[0], "re: " + messages[0].body());
        sender().send(reply);
      }
      return ConsumeConcurrentlyStatus::kConsumeSuccess;
    });
  }

  LitePullConsumerConfig liteConfig() const {
    LitePullConsumerConfig config;
    config.namesrv_addr = cluster_->namesrvAddr();
    config.consumer_group = group_;
    config.consume_from_where = ConsumeFromWhere::kFirstOffset;
    config.poll_name_server_interval = milliseconds(200);
    return config;
  }

 private:
  mutable std::unique_ptr<DefaultMQProducer> sender_;
};

// --- Request and reply.

TEST_F(ClientModesTest, ARequestGetsTheReplyOfAConsumer) {
  sender();
  const auto replier = startReplier();
  const auto requester = producer();
  for (int i = 0; i < 10; ++i) {
    Message question(topic_, "question " + std::to_string(i));
    const Message reply = requester->request(question, seconds(10));
    EXPECT_EQ(reply.body(), "re: question " + std::to_string(i));
    EXPECT_EQ(reply.property("CORRELATION_ID"), question.property("CORRELATION_ID"));
  }
  Message chosen(topic_, "with a selector");
  EXPECT_EQ(requester->request(chosen, selectQueueByHash("key"), seconds(10)).body(),
            "re: with a selector");
}

TEST_F(ClientModesTest, AsynchronousRequestsGetTheirOwnReplies) {
  sender();
  const auto replier = startReplier();
  const auto requester = producer();
  std::atomic<int> right{0};
  for (int i = 0; i < 50; ++i) {
    const std::string body = std::to_string(i);
    requester->request(
        Message(topic_, body),
        {.on_success =
             [&, body](const Message& reply) { right += reply.body() == "re: " + body ? 1 : 0; },
         .on_exception = [](const MQException& e) { ADD_FAILURE() << e.what(); }},
        seconds(10));
  }
  EXPECT_TRUE(eventually([&] { return right == 50; })) << right;
}

TEST_F(ClientModesTest, ARequestThatNobodyRepliesToEndsInTime) {
  sender();
  const auto replier = startReplier(false);
  const auto requester = producer();
  Message question(topic_, "anybody?");
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_THROW(requester->request(question, milliseconds(300)), RequestTimeoutException);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, milliseconds(1500));

  std::atomic<int> ended{0};
  requester->request(Message(topic_, "and now?"),
                     {.on_success = nullptr,
                      .on_exception =
                          [&](const MQException& e) {
                            EXPECT_EQ(e.code(), ClientErrorCode::kRequestTimeout);
                            ++ended;
                          }},
                     milliseconds(300));
  EXPECT_TRUE(eventually([&] { return ended == 1; }));
  requester->request(Message(topic_, "shutting down"),
                     {.on_success = nullptr, .on_exception = [&](const MQException&) { ++ended; }},
                     seconds(30));
  requester->shutdown();
  EXPECT_EQ(ended, 2) << "a shutdown ends what waits";
  EXPECT_THROW(createReplyMessage(Message(topic_, "no request"), "x"), MQClientException);
}

// --- Where a group starts, and what moves it.

TEST_F(ClientModesTest, BroadcastingWithALateJoinerAndARestart) {
  setProperty("rocketmq.client.localOffsetStoreDir", folder_->path() / "late");
  const auto member = [&](const std::string& name, ConsumeFromWhere from, Inbox& inbox) {
    PushConsumerConfig config = pushConfig();
    config.message_model = MessageModel::kBroadcasting;
    config.instance_name = name;
    config.consume_from_where = from;
    return consume(config, into(inbox));
  };
  sendSome("early", 20);
  Inbox first;
  auto early = member("early", ConsumeFromWhere::kFirstOffset, first);
  ASSERT_TRUE(eventually([&] { return first.different() == 20; }));

  Inbox second;
  const auto late = member("late", ConsumeFromWhere::kFirstOffset, second);
  ASSERT_TRUE(eventually([&] { return second.different() == 20; }))
      << "nobody else's progress counts";
  early->shutdown();
  sendSome("while away", 20);
  ASSERT_TRUE(eventually([&] { return second.different() == 40; }));
  Inbox again;
  early = member("early", ConsumeFromWhere::kFirstOffset, again);
  ASSERT_TRUE(eventually([&] { return again.different() == 20; }));
  sendSome("at the end", 4);
  ASSERT_TRUE(eventually([&] { return again.different() == 24 && second.different() == 44; }));
  EXPECT_EQ(again.received(), 24u) << "the file of offsets was not used";
  EXPECT_EQ(second.received(), 44u);
}

TEST_F(ClientModesTest, TimesLeadToTheFirstMessageStoredThenOrLater) {
  const MessageQueue queue{topic_, "broker-a", 2};
  PullConsumerConfig config;
  config.namesrv_addr = cluster_->namesrvAddr();
  config.consumer_group = group_;
  DefaultMQPullConsumer consumer(config);
  consumer.start();
  for (int i = 0; i < 5; ++i) {
    const auto now = std::chrono::steady_clock::now();
    ASSERT_TRUE(
        eventually([&] { return std::chrono::steady_clock::now() > now + milliseconds(3); }));
    send(std::to_string(i), 2);
  }
  const PullResult all = consumer.pull(queue, "*", 0, 32);
  ASSERT_EQ(all.messages.size(), 5u);
  for (const MessageExt& message : all.messages) {
    EXPECT_EQ(consumer.searchOffset(queue, message.storeTimestamp()), message.queueOffset());
    EXPECT_EQ(consumer.searchOffset(queue, message.storeTimestamp() - 1), message.queueOffset());
  }
}

// Start times are whole seconds, as in RocketMQ. Like its broker ours lets a new group begin with
// the first message as long as that is in memory, whatever the group asks for.
TEST_F(ClientModesTest, ANewGroupStartsAtATime) {
  const auto changed = cluster_->admin({"updateBrokerConfig", "-b", cluster_->brokerAddr(), "-k",
                                        "accessMessageInMemoryMaxRatio", "-v", "0"});
  ASSERT_EQ(changed.status, 0) << changed.output;
  sendSome("early", 20);
  const std::time_t begun = std::time(nullptr);
  ASSERT_TRUE(eventually([&] { return std::time(nullptr) > begun; }));
  const std::time_t start = std::time(nullptr);
  sendSome("late", 20);
  PushConsumerConfig config = pushConfig();
  config.consume_from_where = ConsumeFromWhere::kTimestamp;
  char text[] = "20261231235959";
  std::tm local{};
  ::localtime_r(&start, &local);
  ASSERT_GT(std::strftime(text, sizeof(text), "%Y%m%d%H%M%S", &local), 0u);
  config.consume_timestamp = text;
  Inbox inbox;
  const auto consumer = consume(config, into(inbox));
  ASSERT_TRUE(eventually([&] { return inbox.different() == 20; }));
  for (const MessageExt& message : inbox.messages()) {
    EXPECT_THAT(message.body(), HasSubstr("late"));
  }
}

TEST_F(ClientModesTest, ARunningGroupFollowsAResetOfItsOffsets) {
  sendSome("m", 40);
  Inbox inbox;
  const auto consumer = consume(pushConfig(), into(inbox));
  ASSERT_TRUE(eventually([&] { return inbox.received() == 40; }));
  const Cluster::Outcome reset =
      cluster_->admin({"resetOffsetByTime", "-g", group_, "-t", topic_, "-s", "0"});
  ASSERT_EQ(reset.status, 0) << reset.output;
  // All queues at once, not one with each rebalance.
  ASSERT_TRUE(eventually([&] { return inbox.received() == 80; }, seconds(5))) << inbox.received();
  EXPECT_EQ(inbox.different(), 40u);
}

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

// --- Flow control.

TEST_F(ClientModesTest, ASlowConsumerIsNotFloodedAndLosesNothing) {
  PushConsumerConfig config = pushConfig();
  config.consume_thread_max = 1;
  config.pull_threshold_for_topic = 40;  // Ten for each of the four queues.
  config.pull_batch_size = 4;
  sendSome("m", 400);
  std::mutex mutex;
  std::condition_variable changed;
  bool open = false;
  Inbox inbox;
  const auto consumer =
      consume(config, [&](const std::vector<MessageExt>& messages, ConsumeConcurrentlyContext&) {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return open; });
        inbox.take(messages[0]);
        return ConsumeConcurrentlyStatus::kConsumeSuccess;
      });
  // What the running client tells of itself: 307 is GET_CONSUMER_RUNNING_INFO.
  RawClient administrator(cluster_->brokerPort());
  const auto cached = [&] {
    const std::string body = administrator
                                 .call(307, R"({"consumerGroup":")" + group_ + R"(","clientId":")" +
                                                consumer->clientId() + R"("})")
                                 .body;
    std::vector<int> counts;
    constexpr std::string_view kName = "\"cachedMsgCount\":";
    for (size_t at = body.find(kName); at != std::string::npos; at = body.find(kName, at + 1)) {
      counts.push_back(std::atoi(body.c_str() + at + kName.size()));
    }
    return counts;
  };
  const auto sum = [](const std::vector<int>& counts) {
    return std::accumulate(counts.begin(), counts.end(), 0);
  };
  ASSERT_TRUE(eventually([&] { return sum(cached()) >= 40; }));
  for (const int count : cached()) {
    EXPECT_LE(count, 10 + 1 + config.pull_batch_size) << "the bound, and the last pull over it";
  }
  {
    std::lock_guard lock(mutex);
    open = true;
  }
  changed.notify_all();
  EXPECT_TRUE(eventually([&] { return inbox.different() == 400; })) << inbox.different();
  EXPECT_EQ(inbox.received(), 400u);
}

TEST_F(ClientModesTest, TheListenerPoolGrowsAndShrinksWhileRunning) {
  PushConsumerConfig config = pushConfig();
  config.consume_thread_max = 1;
  std::atomic<int> inside{0};
  std::atomic<int> most{0};
  std::atomic<int> done{0};
  const auto consumer =
      consume(config, [&](const std::vector<MessageExt>&, ConsumeConcurrentlyContext&) {
        const int now = ++inside;
        int seen = most;
        while (now > seen && !most.compare_exchange_weak(seen, now)) {
        }
        std::this_thread::sleep_for(milliseconds(5));  // The work of the listener.
        --inside;
        ++done;
        return ConsumeConcurrentlyStatus::kConsumeSuccess;
      });
  sendSome("one", 40);
  ASSERT_TRUE(eventually([&] { return done == 40; }));
  EXPECT_EQ(most, 1);
  consumer->setConsumeThreads(4);
  sendSome("four", 80);
  ASSERT_TRUE(eventually([&] { return done == 120; }));
  EXPECT_EQ(most, 4);
  consumer->setConsumeThreads(1);
  most = 0;
  sendSome("one again", 40);
  ASSERT_TRUE(eventually([&] { return done == 160; }));
  EXPECT_EQ(most, 1);
  EXPECT_THROW(consumer->setConsumeThreads(0), MQClientException);
}

// --- Queues.

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
  const int64_t old_stored = std::time(nullptr) * int64_t{1000};
  ASSERT_TRUE(eventually([&] { return std::time(nullptr) * int64_t{1000} > old_stored + 1000; }));
  send("new", 1);
  const MessageQueue queue{topic_, "broker-a", 1};
  DefaultLitePullConsumer consumer(liteConfig());
  consumer.start();
  consumer.assign({queue});
  consumer.seekToTimestamp(queue, old_stored + 1000);
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

// --- Names, bodies, cost.

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

int64_t statusOfThisProcess(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(name + ":")) {
      return std::atoll(line.c_str() + name.size() + 1);
    }
  }
  return -1;
}

// The bars of one producer and one consumer that have worked: under 10 MiB, at most 4 threads
// besides the listeners'.
TEST_F(ClientModesTest, AClientCostsLittleMemoryAndFewThreads) {
  if (kIsSanitized) {
    GTEST_SKIP() << "sanitizers take memory and threads of their own";
  }
  const int64_t kib_before = statusOfThisProcess("VmRSS");
  const int64_t threads_before = statusOfThisProcess("Threads");
  std::atomic<int> received{0};
  const auto consumer = consume(
      pushConfig(), [&](const std::vector<MessageExt>& messages, ConsumeConcurrentlyContext&) {
        received += static_cast<int>(messages.size());
        return ConsumeConcurrentlyStatus::kConsumeSuccess;
      });
  // In rounds: what is in flight counts as the application's.
  for (int wanted = 100; wanted <= 2000; wanted += 100) {
    std::atomic<int> sent{0};
    for (int i = 0; i < 100; ++i) {
      sender().send(Message(topic_, std::string(1024, 'x')),
                    {.on_success = [&](const SendResult&) { ++sent; }, .on_exception = nullptr});
    }
    ASSERT_TRUE(eventually([&] { return sent == 100 && received == wanted; }));
  }
  const int64_t kib = statusOfThisProcess("VmRSS") - kib_before;
  const int64_t threads = statusOfThisProcess("Threads") - threads_before;
  std::printf("one producer and one consumer: %lld KiB, %lld threads with at most 4 listeners\n",
              static_cast<long long>(kib), static_cast<long long>(threads));
  EXPECT_LT(kib, 10 * 1024);
  EXPECT_LE(threads, 4 + 4);
}

}  // namespace
}  // namespace rocketmq::test
