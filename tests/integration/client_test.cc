// The C++ client against real daemons: every way of sending and consuming, and what is promised
// when processes come and go.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "rocketmq/default_lite_pull_consumer.h"
#include "rocketmq/default_mq_producer.h"
#include "rocketmq/default_mq_pull_consumer.h"
#include "rocketmq/default_mq_push_consumer.h"
#include "tests/integration/client_fixture.h"

namespace rocketmq::test {
namespace {

using ::testing::ElementsAre;

using ClientTest = ClientFixture;

TEST_F(ClientTest, SyncSendsComeBackOnceEachWithEverythingTheyHad) {
  const auto producer = this->producer();
  std::map<std::string, std::string> ids;
  for (int i = 0; i < 100; ++i) {
    Message message(topic_, "TagA", "key-" + std::to_string(i), "body " + std::to_string(i));
    message.putUserProperty("number", std::to_string(i));
    message.setFlag(i);
    const SendResult result = producer->send(message);
    EXPECT_EQ(result.status, SendStatus::kSendOk);
    EXPECT_EQ(result.msg_id, message.uniqueKey());
    EXPECT_EQ(result.message_queue.broker_name, "broker-a");
    ids[message.body()] = result.msg_id;
  }
  Inbox inbox;
  const auto consumer = consume(inbox);
  ASSERT_TRUE(eventually([&] { return inbox.different() == 100; }));
  EXPECT_EQ(inbox.received(), 100u);
  for (const MessageExt& message : inbox.messages()) {
    const std::string number = message.property("number");
    EXPECT_EQ(message.body(), "body " + number);
    EXPECT_EQ(message.keys(), "key-" + number);
    EXPECT_EQ(message.tags(), "TagA");
    EXPECT_EQ(message.flag(), std::stoi(number));
    EXPECT_EQ(message.topic(), topic_);
    EXPECT_EQ(message.msgId(), ids.at(message.body()));
    EXPECT_EQ(message.storeHost(), cluster_->brokerAddr());
    EXPECT_EQ(message.reconsumeTimes(), 0);
    EXPECT_GE(message.storeTimestamp(), message.bornTimestamp() - 1000);
  }
}

TEST_F(ClientTest, AsyncOnewayBatchAndSelectorSendsAllArrive) {
  const auto producer = this->producer();
  std::atomic<int> succeeded{0};
  for (int i = 0; i < 50; ++i) {
    producer->send(Message(topic_, "async " + std::to_string(i)),
                   SendCallback{.on_success = [&](const SendResult&) { ++succeeded; },
                                .on_exception = [](const MQException& e) { FAIL() << e.what(); }});
  }
  std::vector<Message> batch;
  for (int i = 0; i < 50; ++i) {
    batch.emplace_back(topic_, "batch " + std::to_string(i));
    Message oneway(topic_, "oneway " + std::to_string(i));
    producer->sendOneway(oneway);
    Message selected(topic_, "selected " + std::to_string(i));
    producer->send(selected, selectQueueByHash("one key"));
  }
  const SendResult result = producer->send(batch);
  EXPECT_EQ(std::count(result.offset_msg_id.begin(), result.offset_msg_id.end(), ','), 49);

  Inbox inbox;
  const auto consumer = consume(inbox);
  ASSERT_TRUE(eventually([&] { return inbox.different() == 200; })) << inbox.different();
  EXPECT_EQ(succeeded.load(), 50);
  std::set<int32_t> selected_queues;
  for (const MessageExt& message : inbox.messages()) {
    if (message.body().starts_with("selected")) {
      selected_queues.insert(message.queueId());
    }
  }
  EXPECT_EQ(selected_queues.size(), 1u);
}

// The answer has the ids of all of them, which make a header longer than a request's may be.
TEST_F(ClientTest, ABatchOfTensOfThousandsIsStoredOnceAndAnswered) {
  constexpr int64_t kMessages = 40'000;
  const auto producer = this->producer();
  std::vector<Message> batch(kMessages, Message(topic_, "x"));
  const MessageQueue queue = producer->fetchPublishMessageQueues(topic_).at(0);
  const SendResult result = producer->send(batch, queue);
  EXPECT_EQ(result.status, SendStatus::kSendOk);
  EXPECT_EQ(std::ranges::count(result.offset_msg_id, ','), kMessages - 1);
  Message next(topic_, "next");
  EXPECT_EQ(producer->send(next, queue).queue_offset, kMessages);
}

TEST_F(ClientTest, ABatchArrivesAsSingleRecordsWithOffsetsAndIdsOfTheirOwn) {
  const auto producer = this->producer();
  const std::vector<MessageQueue> queues = producer->fetchPublishMessageQueues(topic_);
  Message before(topic_, "before");
  producer->send(before, queues[0]);
  std::vector<Message> batch;
  for (int i = 0; i < 20; ++i) {
    batch.emplace_back(topic_, "Tag" + std::to_string(i), "key" + std::to_string(i),
                       "body " + std::to_string(i));
  }
  const SendResult result = producer->send(batch, queues[0]);
  EXPECT_EQ(result.queue_offset, 1);

  PullConsumerConfig config;
  config.namesrv_addr = cluster_->namesrvAddr();
  config.consumer_group = group_;
  DefaultMQPullConsumer consumer(config);
  consumer.start();
  const PullResult pulled = consumer.pull(queues[0], "*", 1, 32);
  ASSERT_EQ(pulled.messages.size(), 20u);
  std::string ids;
  std::string offset_ids;
  for (size_t i = 0; i < 20; ++i) {
    const MessageExt& message = pulled.messages[i];
    EXPECT_EQ(message.queueOffset(), static_cast<int64_t>(i) + 1);
    EXPECT_EQ(message.body(), "body " + std::to_string(i));
    EXPECT_EQ(message.tags(), "Tag" + std::to_string(i));
    EXPECT_EQ(message.keys(), "key" + std::to_string(i));
    ids += (i == 0 ? "" : ",") + message.msgId();
    offset_ids += (i == 0 ? "" : ",") + message.offsetMsgId();
  }
  EXPECT_EQ(ids, result.msg_id);
  EXPECT_EQ(offset_ids, result.offset_msg_id);
  const PullResult tagged = consumer.pull(queues[0], "Tag7", 0, 32);
  ASSERT_EQ(tagged.messages.size(), 1u);
  EXPECT_EQ(tagged.messages[0].body(), "body 7");
}

TEST_F(ClientTest, ATopicNobodyCreatedIsMadeByTheFirstSend) {
  const auto producer = this->producer();
  Message message("C_AutoCreated", "hello");
  EXPECT_EQ(producer->send(message).status, SendStatus::kSendOk);
  // The broker tells the name server at once, but does not let the send wait for it.
  EXPECT_TRUE(eventually([&] {
    try {
      return producer->fetchPublishMessageQueues("C_AutoCreated").size() == 4;
    } catch (const MQClientException&) {
      return false;
    }
  }));
}

TEST_F(ClientTest, CompressedBodiesComeBackAsTheyWere) {
  const auto producer = this->producer();
  std::string text;
  for (int i = 0; i < 20'000; ++i) {
    text += "line " + std::to_string(i) + "\n";
  }
  Message message(topic_, text);
  producer->send(message);
  EXPECT_EQ(message.body(), text) << "the caller's message is not changed";
  Inbox inbox;
  const auto consumer = consume(inbox);
  ASSERT_TRUE(eventually([&] { return inbox.received() == 1; }));
  EXPECT_EQ(inbox.messages()[0].body(), text);
  EXPECT_LT(inbox.messages()[0].storeSize(), static_cast<int32_t>(text.size() / 2));
}

TEST_F(ClientTest, TagExpressionsDeliverTheirTagsOnly) {
  const auto producer = this->producer();
  for (int i = 0; i < 90; ++i) {
    Message message(topic_, std::string("Tag") + static_cast<char>('A' + i % 3),
                    "m" + std::to_string(i));
    producer->send(message);
  }
  Inbox inbox;
  const auto consumer = consume(inbox, "TagA || TagC");
  ASSERT_TRUE(eventually([&] { return inbox.different() == 60; }));
  for (const MessageExt& message : inbox.messages()) {
    EXPECT_NE(message.tags(), "TagB");
  }
}

TEST_F(ClientTest, AFailedMessageComesAgainThroughTheRetryTopic) {
  const auto producer = this->producer();
  Message message(topic_, "TagA", "try me twice");
  producer->send(message);
  std::atomic<int> calls{0};
  Inbox inbox;
  DefaultMQPushConsumer consumer(pushConfig());
  consumer.subscribe(topic_);
  consumer.registerMessageListener(
      [&](const std::vector<MessageExt>& messages, ConsumeConcurrentlyContext&) {
        if (calls++ == 0) {
          return ConsumeConcurrentlyStatus::kReconsumeLater;
        }
        inbox.take(messages[0]);
        return ConsumeConcurrentlyStatus::kConsumeSuccess;
      });
  consumer.start();
  ASSERT_TRUE(eventually([&] { return inbox.received() == 1; }));
  const MessageExt again = inbox.messages()[0];
  EXPECT_EQ(again.body(), "try me twice");
  EXPECT_EQ(again.topic(), topic_);
  EXPECT_EQ(again.reconsumeTimes(), 1);
}

TEST_F(ClientTest, OrderlyListenersSeeEachQueueInOrderAlsoAfterASuspension) {
  const auto producer = this->producer();
  for (int i = 0; i < 200; ++i) {
    Message message(topic_, std::to_string(i));
    producer->send(message, [&](const std::vector<MessageQueue>& queues, const Message&) {
      return queues[static_cast<size_t>(i) % queues.size()];
    });
  }
  std::mutex mutex;
  std::map<int32_t, std::vector<int64_t>> offsets;
  std::set<int32_t> inside;
  std::atomic<bool> overlapped{false};
  std::atomic<bool> suspended{false};
  DefaultMQPushConsumer consumer(pushConfig());
  consumer.config().suspend_current_queue_time = std::chrono::milliseconds(50);
  consumer.subscribe(topic_);
  consumer.registerMessageListener(
      [&](const std::vector<MessageExt>& messages, ConsumeOrderlyContext& context) {
        {
          std::lock_guard lock(mutex);
          overlapped = overlapped || !inside.insert(context.message_queue.queue_id).second;
        }
        bool suspend = false;
        for (const MessageExt& message : messages) {
          std::lock_guard lock(mutex);
          if (message.queueOffset() == 10 && !suspended.exchange(true)) {
            suspend = true;
            break;
          }
          offsets[message.queueId()].push_back(message.queueOffset());
        }
        std::lock_guard lock(mutex);
        inside.erase(context.message_queue.queue_id);
        return suspend ? ConsumeOrderlyStatus::kSuspendCurrentQueueAMoment
                       : ConsumeOrderlyStatus::kSuccess;
      });
  consumer.start();
  ASSERT_TRUE(eventually([&] {
    std::lock_guard lock(mutex);
    size_t sum = 0;
    for (const auto& [queue, list] : offsets) {
      sum += list.size();
    }
    return sum >= 200;
  }));
  consumer.shutdown();
  EXPECT_FALSE(overlapped);
  EXPECT_TRUE(suspended);
  for (const auto& [queue, list] : offsets) {
    EXPECT_EQ(list.size(), 50u) << queue;
    EXPECT_TRUE(std::is_sorted(list.begin(), list.end())) << queue;
  }
}

TEST_F(ClientTest, BroadcastingGivesEveryMessageToEveryConsumer) {
  setProperty("rocketmq.client.localOffsetStoreDir", folder_->path() / "offsets");
  std::vector<std::unique_ptr<DefaultMQPushConsumer>> consumers;
  Inbox inboxes[2];
  for (int i = 0; i < 2; ++i) {
    PushConsumerConfig config = pushConfig();
    config.message_model = MessageModel::kBroadcasting;
    config.instance_name = "broadcast-" + std::to_string(i);
    auto consumer = std::make_unique<DefaultMQPushConsumer>(config);
    consumer->subscribe(topic_);
    consumer->registerMessageListener([&inbox = inboxes[i]](const std::vector<MessageExt>& messages,
                                                            ConsumeConcurrentlyContext&) {
      inbox.take(messages[0]);
      return ConsumeConcurrentlyStatus::kConsumeSuccess;
    });
    consumer->start();
    consumers.push_back(std::move(consumer));
  }
  const auto producer = this->producer();
  for (int i = 0; i < 50; ++i) {
    Message message(topic_, std::to_string(i));
    producer->send(message);
  }
  EXPECT_TRUE(
      eventually([&] { return inboxes[0].different() == 50 && inboxes[1].different() == 50; }));
}

TEST_F(ClientTest, AGroupGoesOnWhereItStopped) {
  const auto producer = this->producer();
  const auto sendSome = [&](int from) {
    for (int i = from; i < from + 40; ++i) {
      Message message(topic_, std::to_string(i));
      producer->send(message);
    }
  };
  sendSome(0);
  Inbox first;
  {
    const auto consumer = consume(first);
    ASSERT_TRUE(eventually([&] { return first.different() == 40; }));
    consumer->shutdown();
  }
  sendSome(40);
  Inbox second;
  const auto consumer = consume(second);
  ASSERT_TRUE(eventually([&] { return second.different() == 40; }));
  EXPECT_EQ(second.received(), 40u) << "nothing is repeated after a clean shutdown";
}

TEST_F(ClientTest, PullConsumerReadsWhatItAsksFor) {
  const auto producer = this->producer();
  const MessageQueue queue{topic_, "broker-a", 2};
  for (int i = 0; i < 10; ++i) {
    Message message(topic_, std::to_string(i));
    producer->send(message, queue);
  }
  PullConsumerConfig config;
  config.namesrv_addr = cluster_->namesrvAddr();
  config.consumer_group = group_;
  DefaultMQPullConsumer consumer(config);
  consumer.start();
  EXPECT_EQ(consumer.fetchSubscribeMessageQueues(topic_).size(), 4u);
  const PullResult found = consumer.pull(queue, "*", 3, 4);
  ASSERT_EQ(found.status, PullStatus::kFound);
  std::vector<std::string> bodies;
  for (const MessageExt& message : found.messages) {
    bodies.push_back(message.body());
  }
  EXPECT_THAT(bodies, ElementsAre("3", "4", "5", "6"));
  EXPECT_EQ(found.next_begin_offset, 7);
  EXPECT_EQ(consumer.pull(queue, "*", 10, 4).status, PullStatus::kNoNewMessage);
  EXPECT_EQ(consumer.pull(queue, "*", 99, 4).status, PullStatus::kOffsetIllegal);
  EXPECT_EQ(consumer.minOffset(queue), 0);
  EXPECT_EQ(consumer.maxOffset(queue), 10);
  EXPECT_EQ(consumer.searchOffset(queue, 0), 0);

  std::thread later([&] {
    Message message(topic_, "late");
    producer->send(message, queue);
  });
  const PullResult blocked = consumer.pullBlockIfNotFound(queue, "*", 10, 4);
  later.join();
  ASSERT_EQ(blocked.status, PullStatus::kFound);
  EXPECT_EQ(blocked.messages[0].body(), "late");

  consumer.updateConsumeOffset(queue, 7);
  consumer.shutdown();
  DefaultMQPullConsumer next(config);
  next.start();
  EXPECT_EQ(next.fetchConsumeOffset(queue), 7);
}

TEST_F(ClientTest, LitePullConsumerSubscribesSeeksAndCommits) {
  const auto producer = this->producer();
  for (int i = 0; i < 40; ++i) {
    Message message(topic_, std::to_string(i));
    producer->send(message);
  }
  LitePullConsumerConfig config;
  config.namesrv_addr = cluster_->namesrvAddr();
  config.consumer_group = group_;
  config.consume_from_where = ConsumeFromWhere::kFirstOffset;
  DefaultLitePullConsumer consumer(config);
  consumer.subscribe(topic_);
  consumer.start();
  std::set<std::string> bodies;
  ASSERT_TRUE(eventually([&] {
    for (const MessageExt& message : consumer.poll(std::chrono::milliseconds(100))) {
      bodies.insert(message.body());
    }
    return bodies.size() == 40;
  }));
  consumer.commitSync();
  const MessageQueue queue{topic_, "broker-a", 0};
  EXPECT_EQ(consumer.committed(queue), 10);
  consumer.seekToBegin(queue);
  std::vector<MessageExt> again;
  ASSERT_TRUE(eventually([&] {
    again = consumer.poll(std::chrono::milliseconds(100));
    return !again.empty();
  }));
  EXPECT_EQ(again[0].queueOffset(), 0);
}

TEST_F(ClientTest, LitePullConsumerReadsTheQueuesItWasAssigned) {
  const auto producer = this->producer();
  const MessageQueue queue{topic_, "broker-a", 1};
  for (int i = 0; i < 5; ++i) {
    Message message(topic_, std::to_string(i));
    producer->send(message, queue);
    Message elsewhere(topic_, "elsewhere");
    producer->send(elsewhere, MessageQueue{topic_, "broker-a", 3});
  }
  LitePullConsumerConfig config;
  config.namesrv_addr = cluster_->namesrvAddr();
  config.consumer_group = group_;
  config.auto_commit = false;
  DefaultLitePullConsumer consumer(config);
  consumer.start();
  consumer.assign({queue});
  consumer.seek(queue, 2);
  std::vector<std::string> bodies;
  ASSERT_TRUE(eventually([&] {
    for (const MessageExt& message : consumer.poll(std::chrono::milliseconds(100))) {
      bodies.push_back(message.body());
    }
    return bodies.size() >= 3;
  }));
  EXPECT_THAT(bodies, ElementsAre("2", "3", "4"));
}

TEST_F(ClientTest, WrongUseIsExplained) {
  DefaultMQProducer nameless("");
  EXPECT_THROW(nameless.start(), MQClientException);
  const auto producer = this->producer();
  Message bad_topic("no spaces allowed", "x");
  EXPECT_THROW(producer->send(bad_topic), MQClientException);
  Message empty(topic_, "");
  EXPECT_THROW(producer->send(empty), MQClientException);
  Message large(topic_, std::string(5 * 1024 * 1024, 'x'));
  EXPECT_THROW(producer->send(large), MQClientException);
  Message reserved(topic_, "x");
  EXPECT_THROW(reserved.putUserProperty("TAGS", "x"), MQClientException);

  ProducerConfig nowhere;
  nowhere.namesrv_addr = "127.0.0.1:1";
  nowhere.producer_group = "P";
  DefaultMQProducer lost(nowhere);
  lost.start();
  Message message(topic_, "x");
  try {
    lost.send(message);
    FAIL() << "there is no name server at port 1";
  } catch (const MQException& failure) {
    EXPECT_NE(std::string(failure.what()).find("127.0.0.1:1"), std::string::npos) << failure.what();
  }
}

}  // namespace
}  // namespace rocketmq::test
