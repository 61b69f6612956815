#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <future>

#include "common/json/encode.h"
#include "common/message/properties.h"
#include "remoting/protocol/bodies/offsets.h"
#include "tests/unit/client/messages.h"
#include "tests/unit/client/push_consumer_fixture.h"

namespace rocketmq::client {
namespace {

using std::chrono::milliseconds;
using testing::UnorderedElementsAre;

TEST_F(PushConsumerTest, MessagesBeforeAndAfterStartAreConsumedAndCommittedAtShutdown) {
  broker().append("T", 0, "a", "TAGS\x01x\x02");
  auto subject = consumer(config());
  subject->start();
  broker().append("T", 0, "b");
  ASSERT_TRUE(eventually([this] { return received_.hasCount(2); }));
  const MessageExt first = received_.all()[0];
  EXPECT_EQ(first.topic(), "T");
  EXPECT_EQ(first.brokerName(), "b0");
  EXPECT_EQ(first.property("MIN_OFFSET"), "0");
  EXPECT_FALSE(first.property("MAX_OFFSET").empty());
  EXPECT_FALSE(first.property("CONSUME_START_TIME").empty());
  subject->shutdown();
  EXPECT_EQ(broker().committed("CG", "T"), 2);
  EXPECT_TRUE(broker().members("CG").empty()) << "it has said goodbye";
}

TEST_F(PushConsumerTest, AGroupGoesOnWhereItWas) {
  for (const char* body : {"a", "b", "c"}) {
    broker().append("T", 0, body);
  }
  broker().setCommitted("CG", "T", 0, 2);
  auto subject = consumer(config());
  subject->start();
  ASSERT_TRUE(eventually([this] { return received_.hasCount(1); }));
  subject->shutdown();
  EXPECT_EQ(received_.bodies(), (std::vector<std::string>{"c"}));
}

TEST_F(PushConsumerTest, ANewGroupFromTheLastOffsetSeesOnlyWhatComes) {
  broker().append("T", 0, "old");
  PushConsumerConfig from_last = config();
  from_last.consume_from_where = ConsumeFromWhere::kLastOffset;
  auto subject = consumer(from_last);
  subject->start();
  // Pulling is known to have begun when the empty queue's offset was noted.
  ASSERT_TRUE(eventually([this] { return broker().members("CG").size() == 1; }));
  ASSERT_TRUE(eventually([&] { return owns({"T", "b0", 0}); }));
  broker().append("T", 0, "new");
  ASSERT_TRUE(eventually([this] { return received_.hasCount(1); }));
  EXPECT_EQ(received_.bodies(), (std::vector<std::string>{"new"}));
}

TEST_F(PushConsumerTest, HeartbeatTellsGroupModelAndSubscriptions) {
  auto subject = consumer(config());
  subject->subscribe("T", "A || B");
  subject->start();
  const auto heartbeat = broker().lastHeartbeat();
  ASSERT_TRUE(heartbeat.has_value()) << "before start() returns";
  EXPECT_EQ(heartbeat->client_id, subject->clientId());
  ASSERT_EQ(heartbeat->consumer_data_set.size(), 1u);
  const remoting::ConsumerData& data = heartbeat->consumer_data_set[0];
  EXPECT_EQ(data.group_name, "CG");
  EXPECT_EQ(data.consume_type, model::ConsumeType::kPassively);
  EXPECT_EQ(data.consume_from_where, model::ConsumeFromWhere::kFirstOffset);
  ASSERT_EQ(data.subscription_data_set.size(), 2u);
  EXPECT_EQ(data.subscription_data_set[0].topic, "%RETRY%CG");
  EXPECT_EQ(data.subscription_data_set[1].tags_set, (std::set<std::string>{"A", "B"}));
  EXPECT_EQ(heartbeat->producer_data_set.at(0).group_name, "CLIENT_INNER_PRODUCER");
}

TEST_F(PushConsumerTest, MessagesWithOtherTagsAreLeftOutAndPassedOver) {
  broker().append("T", 0, "a",
                  "TAGS\x01"
                  "A\x02");
  broker().append("T", 0, "b",
                  "TAGS\x01"
                  "B\x02");
  broker().append("T", 0, "none");
  broker().append("T", 0, "a2",
                  "TAGS\x01"
                  "A\x02");
  auto subject = consumer(config());
  subject->subscribe("T", "A");
  subject->start();
  ASSERT_TRUE(eventually([this] { return received_.hasCount(2); }));
  subject->shutdown();
  EXPECT_EQ(broker().committed("CG", "T"), 4);
  for (const MessageExt& message : received_.all()) {
    EXPECT_EQ(message.tags(), "A");
  }
}

TEST_F(PushConsumerTest, WhatIsNotConsumedGoesBackToTheBroker) {
  broker().append("T", 0, "a");
  broker().append("T", 0, "b");
  auto subject = consumer(config(), [](const auto& messages, ConsumeConcurrentlyContext& context) {
    context.delay_level_when_next_consume = 2;
    return messages[0].body() == "a" ? ConsumeConcurrentlyStatus::kReconsumeLater
                                     : ConsumeConcurrentlyStatus::kConsumeSuccess;
  });
  subject->start();
  ASSERT_TRUE(eventually([this] { return broker().sendBacks().size() == 1; }));
  ASSERT_TRUE(eventually([this] { return received_.hasCount(2); }));
  subject->shutdown();
  const auto back = broker().sendBacks()[0];
  EXPECT_EQ(back.group, "CG");
  EXPECT_EQ(back.offset, 1000) << "its place in the commit log";
  EXPECT_EQ(back.delay_level, 2);
  EXPECT_EQ(back.origin_topic, "T");
  EXPECT_EQ(back.max_reconsume_times, 16);
  EXPECT_EQ(broker().committed("CG", "T"), 2);
}

TEST_F(PushConsumerTest, AThrowingListenerMeansConsumeAgain) {
  broker().append("T", 0, "a");
  auto subject = consumer(config(), [](const auto&, auto&) -> ConsumeConcurrentlyStatus {
    throw std::runtime_error("on purpose");
  });
  subject->start();
  EXPECT_TRUE(eventually([this] { return broker().sendBacks().size() == 1; }));
}

TEST_F(PushConsumerTest, AckIndexGivesBackOnlyTheRestOfABatch) {
  for (const char* body : {"a", "b", "c"}) {
    broker().append("T", 0, body);
  }
  PushConsumerConfig in_batches = config();
  in_batches.consume_message_batch_max_size = 3;
  auto subject = consumer(in_batches, [](const auto&, ConsumeConcurrentlyContext& context) {
    context.ack_index = 0;
    return ConsumeConcurrentlyStatus::kConsumeSuccess;
  });
  subject->start();
  ASSERT_TRUE(eventually([this] { return broker().sendBacks().size() == 2; }));
  EXPECT_EQ(broker().sendBacks()[0].offset + broker().sendBacks()[1].offset, 1001 + 1002);
}

// Promise: a broker that takes no message back gets a copy on the retry topic, with the count of
// tries and the original topic.
TEST_F(PushConsumerTest, ARefusedSendBackBecomesASendToTheRetryTopic) {
  broker().refuseSendBacks(true);
  broker().append("T", 0, "a", "UNIQ_KEY\x01ID1\x02mine\x01v\x02");
  auto subject =
      consumer(config(), [first = std::make_shared<std::atomic<bool>>(true)](const auto&, auto&) {
        return first->exchange(false) ? ConsumeConcurrentlyStatus::kReconsumeLater
                                      : ConsumeConcurrentlyStatus::kConsumeSuccess;
      });
  subject->start();
  ASSERT_TRUE(eventually([this] { return broker().sends() == 1; }));
  const auto sent = broker().sent()[0];
  EXPECT_EQ(sent.topic, "%RETRY%CG");
  EXPECT_EQ(sent.producer_group, "CLIENT_INNER_PRODUCER");
  EXPECT_EQ(sent.reconsume_times, 1);
  EXPECT_EQ(sent.max_reconsume_times, 16);
  const PropertyMap properties = parseProperties(*sent.properties);
  EXPECT_EQ(properties.at("RETRY_TOPIC"), "T");
  EXPECT_EQ(properties.at("ORIGIN_MESSAGE_ID"), "ID1");
  EXPECT_EQ(properties.at("DELAY"), "3");
  EXPECT_EQ(properties.at("mine"), "v");
  EXPECT_FALSE(properties.contains("MAX_OFFSET"));
  // The fake broker delivers it at once; the listener sees the original topic.
  ASSERT_TRUE(eventually([this] { return received_.hasCount(2); }));
  EXPECT_EQ(received_.all()[1].topic(), "T");
  EXPECT_EQ(received_.all()[1].reconsumeTimes(), 1);
  subject->shutdown();
  EXPECT_EQ(broker().committed("CG", "T"), 1);
}

TEST_F(PushConsumerTest, WhatNobodyTakesIsConsumedAgainHere) {
  broker().refuseSendBacks(true);
  broker().refuseSends(remoting::ResponseCode::kSystemError);
  broker().append("T", 0, "a");
  auto subject = consumer(config(), [](const auto& messages, auto&) {
    return messages[0].reconsumeTimes() == 0 ? ConsumeConcurrentlyStatus::kReconsumeLater
                                             : ConsumeConcurrentlyStatus::kConsumeSuccess;
  });
  subject->start();
  ASSERT_TRUE(eventually([this] { return received_.hasCount(2); })) << "after five seconds";
  subject->shutdown();
  EXPECT_EQ(broker().committed("CG", "T"), 1);
}

TEST_F(PushConsumerTest, TheOffsetWaitsForTheSlowestMessage) {
  std::promise<void> go_on;
  std::shared_future<void> gate = go_on.get_future().share();
  broker().append("T", 0, "slow");
  for (int i = 0; i < 5; ++i) {
    broker().append("T", 0, "fast");
  }
  PushConsumerConfig often = config();
  often.persist_consumer_offset_interval = milliseconds(10);
  auto subject = consumer(often, [gate](const auto& messages, auto&) {
    if (messages[0].body() == "slow") {
      gate.wait();
    }
    return ConsumeConcurrentlyStatus::kConsumeSuccess;
  });
  subject->start();
  ASSERT_TRUE(eventually([this] { return received_.hasCount(6); }));
  EXPECT_EQ(broker().committed("CG", "T").value_or(0), 0);
  go_on.set_value();
  subject->shutdown();
  EXPECT_EQ(broker().committed("CG", "T"), 6);
}

TEST_F(PushConsumerTest, PullingStopsAtTheLimitAndGoesOnWhenThereIsRoom) {
  std::promise<void> go_on;
  std::shared_future<void> gate = go_on.get_future().share();
  PushConsumerConfig tight = config();
  tight.pull_threshold_for_queue = 10;
  tight.pull_batch_size = 5;
  tight.consume_thread_max = 2;
  for (int i = 0; i < 100; ++i) {
    broker().append("T", 0, std::to_string(i));
  }
  auto subject = consumer(tight, [gate](const auto&, auto&) {
    gate.wait();
    return ConsumeConcurrentlyStatus::kConsumeSuccess;
  });
  subject->start();
  const auto cachedNow = [&] {
    const auto info = runningInfo();
    const auto entry = info->mq_table.find({"T", "b0", 0});
    return entry == info->mq_table.end() ? 0 : entry->second.cached_msg_count;
  };
  ASSERT_TRUE(eventually([&] { return cachedNow() > 10; }));
  EXPECT_LE(cachedNow(), 15) << "the limit and one more pull";
  go_on.set_value();
  EXPECT_TRUE(eventually([this] { return received_.hasCount(100); }));
}

TEST_F(PushConsumerTest, TwoMembersShareTheQueuesAndOneTakesOver) {
  cluster_.createTopic("T", 4);
  auto first = consumer(config());
  first->start();
  auto second = consumer(config());
  second->start();
  broker().tellClients(remoting::NotifyConsumerIdsChanged{.consumer_group = "CG"});
  const auto share = [&](int32_t queue) { broker().append("T", queue, std::to_string(queue)); };
  for (int32_t queue = 0; queue < 4; ++queue) {
    share(queue);
  }
  ASSERT_TRUE(eventually([this] { return received_.hasCount(4); }));
  second->shutdown();
  broker().tellClients(remoting::NotifyConsumerIdsChanged{.consumer_group = "CG"});
  const size_t before = received_.all().size();
  for (int32_t queue = 0; queue < 4; ++queue) {
    share(queue);
  }
  EXPECT_TRUE(eventually([&] { return received_.hasCount(before + 4); }));
}

// Promise: what no broker tells is found out by the regular rebalance.
TEST_F(PushConsumerTest, AMemberThatNobodyWasToldOfGetsItsShareToo) {
  cluster_.createTopic("T", 2);
  PushConsumerConfig often = config();
  often.rebalance_interval = milliseconds(20);
  auto first = consumer(often);
  first->start();
  std::atomic<int> of_second{0};
  auto second = consumer(often, [&](const auto&, auto&) {
    ++of_second;
    return ConsumeConcurrentlyStatus::kConsumeSuccess;
  });
  second->start();
  EXPECT_TRUE(eventually([&] {
    for (int32_t queue = 0; queue < 2; ++queue) {
      broker().append("T", queue, "x");
    }
    return of_second > 0;
  }));
}

// Promise: the application's own division is obeyed; while it throws, queues stay as they are and
// it is asked again.
TEST_F(PushConsumerTest, AnAllocationOfTheApplicationsOwnDecidesAndMayFail) {
  cluster_.createTopic("T", 2);
  PushConsumerConfig own = config();
  std::atomic<int> asked{0};
  own.allocate_strategy = [&](const std::string& group, const std::string&,
                              const std::vector<MessageQueue>& all,
                              const std::vector<std::string>& members) {
    EXPECT_EQ(group, "CG");
    EXPECT_EQ(members.size(), 1u);
    if (++asked <= 2) {
      throw std::runtime_error("not yet");
    }
    std::vector<MessageQueue> mine = all;
    std::erase_if(
        mine, [](const MessageQueue& queue) { return queue.topic == "T" && queue.queue_id == 0; });
    return mine;
  };
  broker().append("T", 0, "of nobody");
  broker().append("T", 1, "mine");
  auto subject = consumer(own);
  subject->start();
  ASSERT_TRUE(eventually([this] { return received_.hasCount(1); }));
  EXPECT_FALSE(owns({"T", "b0", 0}));
  EXPECT_TRUE(owns({"T", "b0", 1}));
  subject->shutdown();
  EXPECT_EQ(received_.bodies(), (std::vector<std::string>{"mine"}));
}

TEST_F(PushConsumerTest, BroadcastingMembersGetEverythingAndKeepOffsetsInAFile) {
  const std::string folder = testing::TempDir() + "rocketmq-broadcast-test";
  setProperty("rocketmq.client.localOffsetStoreDir", folder);
  broker().append("T", 0, "a");
  PushConsumerConfig broadcast = config();
  broadcast.message_model = MessageModel::kBroadcasting;
  broadcast.instance_name = "one";
  {
    auto subject = consumer(broadcast);
    subject->start();
    ASSERT_TRUE(eventually([this] { return received_.hasCount(1); }));
    subject->shutdown();
    EXPECT_EQ(broker().committed("CG", "T"), std::nullopt);
  }
  broker().append("T", 0, "b");
  {
    auto subject = consumer(broadcast);
    subject->start();
    ASSERT_TRUE(eventually([this] { return received_.hasCount(2); }));
  }
  EXPECT_EQ(received_.bodies(), (std::vector<std::string>{"a", "b"}));
  std::filesystem::remove_all(folder);
  setProperty("rocketmq.client.localOffsetStoreDir", "");
}

TEST_F(PushConsumerTest, AConfiguredQueueOfANamespaceIsConsumed) {
  cluster_.createTopic("NS%T", 2);
  PushConsumerConfig of_namespace = config();
  of_namespace.name_space = "NS";
  of_namespace.allocate_strategy = allocateByConfig({{"T", "b0", 1}});
  broker().append("NS%T", 0, "not configured");
  broker().append("NS%T", 1, "a");
  auto subject = consumer(of_namespace);
  subject->start();
  ASSERT_TRUE(eventually([this] { return received_.hasCount(1); }));
  subject->shutdown();
  EXPECT_EQ(received_.bodies(), (std::vector<std::string>{"a"}));
}

TEST_F(PushConsumerTest, ANamespaceThatIsSetAfterTheSubscriptionHoldsForIt) {
  cluster_.createTopic("NS%T", 1);
  broker().append("NS%T", 0, "a");
  auto subject = consumer(config());
  subject->config().name_space = "NS";
  subject->start();
  ASSERT_TRUE(eventually([this] { return received_.hasCount(1); }));
  EXPECT_EQ(received_.all()[0].topic(), "T");
  subject->unsubscribe("T");
  EXPECT_TRUE(eventually([this] {
    const auto heartbeat = broker().lastHeartbeat();
    return heartbeat && heartbeat->consumer_data_set.size() == 1 &&
           heartbeat->consumer_data_set[0].subscription_data_set.size() == 1;
  })) << "only the retry topic is left";
}

TEST_F(PushConsumerTest, ATopicThatIsTooLongInItsNamespaceIsRefusedAtTheStart) {
  auto subject = consumer(config());
  subject->subscribe(std::string(120, 't'), "*");
  subject->config().name_space = "namespace";
  EXPECT_THROW(subject->start(), MQClientException);
}

TEST_F(PushConsumerTest, AMovedOffsetIsFollowed) {
  for (int i = 0; i < 5; ++i) {
    broker().append("T", 0, std::to_string(i));
  }
  auto subject = consumer(config());
  subject->start();
  ASSERT_TRUE(eventually([this] { return received_.hasCount(5); }));
  testing::internal::CaptureStderr();
  broker().moveOffset("T", 0, 3);
  ASSERT_TRUE(eventually([this] { return received_.hasCount(7); }));
  EXPECT_EQ(testing::internal::GetCapturedStderr().find("OFFSET_RESET"), std::string::npos)
      << "an administrator's order is no reason for a warning";
  EXPECT_THAT(lastBodies(2), UnorderedElementsAre("3", "4"));
}

TEST_F(PushConsumerTest, AnOffsetOutsideOfTheQueueIsCorrectedWithAWarning) {
  broker().append("T", 0, "a");
  broker().setCommitted("CG", "T", 0, 7);
  testing::internal::CaptureStderr();
  auto subject = consumer(config());
  subject->start();
  ASSERT_TRUE(eventually([this] { return broker().committed("CG", "T") == 1; }));
  broker().append("T", 0, "b");
  ASSERT_TRUE(eventually([this] { return received_.hasCount(1); }));
  EXPECT_NE(testing::internal::GetCapturedStderr().find(" from 7 to 1"), std::string::npos);
}

TEST_F(PushConsumerTest, AnAdministratorsResetIsFollowedInBothForms) {
  for (int i = 0; i < 4; ++i) {
    broker().append("T", 0, std::to_string(i));
  }
  auto subject = consumer(config());
  subject->start();
  ASSERT_TRUE(eventually([this] { return received_.hasCount(4); }));
  remoting::ResetConsumerClientOffset request;
  request.topic = "T";
  request.group = "CG";
  remoting::ResetOffsetBody body;
  body.offset_table[{"T", "b0", 0}] = 2;
  broker().tellClients(request, json::encode(body));
  ASSERT_TRUE(eventually([this] { return received_.hasCount(6); }));
  EXPECT_THAT(lastBodies(2), UnorderedElementsAre("2", "3"));
  broker().tellClients(request, json::encode(remoting::toListForm(body)));
  EXPECT_TRUE(eventually([this] { return received_.hasCount(8); }));
}

TEST_F(PushConsumerTest, RunningInfoAndDirectConsumptionAreAnswered) {
  auto subject = consumer(config(), [](const auto& messages, auto&) {
    return messages[0].body() == "bad" ? ConsumeConcurrentlyStatus::kReconsumeLater
                                       : ConsumeConcurrentlyStatus::kConsumeSuccess;
  });
  subject->start();
  const auto info = runningInfo();
  ASSERT_TRUE(info.ok());
  EXPECT_EQ(info->properties.at("PROP_CONSUME_TYPE"), "CONSUME_PASSIVELY");
  EXPECT_EQ(info->properties.at("PROP_NAMESERVER_ADDR"), cluster_.nameServer());
  EXPECT_EQ(info->subscription_set.size(), 2u);

  const auto consumeNow = [&](const std::string& body) {
    remoting::ConsumeMessageDirectly request;
    request.consumer_group = "CG";
    request.broker_name = "b0";
    const auto reply = broker().askClient(request, encodeStored({.body = body}));
    return json::decode<remoting::ConsumeMessageDirectlyResult>(reply->body)->consume_result;
  };
  EXPECT_EQ(consumeNow("good"), remoting::DirectConsumeResult::kSuccess);
  EXPECT_EQ(consumeNow("bad"), remoting::DirectConsumeResult::kLater);

  remoting::GetConsumerRunningInfo of_other;
  of_other.consumer_group = "Other";
  const auto unknown = broker().askClient(of_other);
  EXPECT_EQ(unknown->code, remoting::ResponseCode::kSystemError);
}

TEST_F(PushConsumerTest, SuspendStopsPullingAndResumeGoesOn) {
  auto subject = consumer(config());
  subject->start();
  broker().append("T", 0, "a");
  ASSERT_TRUE(eventually([this] { return received_.hasCount(1); }));
  subject->suspend();
  const int64_t pulls = broker().pulls("T");
  broker().append("T", 0, "b");  // Given to the pull that was held already.
  broker().append("T", 0, "c");
  // Two answers from the client's event loop: what has come before them has been looked at.
  const auto roundTrip = [this] { return runningInfo().ok(); };
  ASSERT_TRUE(roundTrip());
  ASSERT_TRUE(roundTrip());
  EXPECT_EQ(broker().pulls("T"), pulls);
  EXPECT_FALSE(received_.hasCount(2));
  subject->resume();
  EXPECT_TRUE(eventually([this] { return received_.hasCount(3); }));
}

TEST_F(PushConsumerTest, ATopicThatIsCreatedLaterIsFoundSoon) {
  PushConsumerConfig quick = config();
  auto subject = consumer(quick);
  subject->subscribe("Later");
  subject->start();
  cluster_.createTopic("Later");
  broker().append("Later", 0, "x");
  EXPECT_TRUE(eventually([this] { return received_.hasCount(1); }));
}

TEST_F(PushConsumerTest, StartChecksItsSettings) {
  PushConsumerConfig bad = config();
  bad.consumer_group = "DEFAULT_CONSUMER";
  EXPECT_THROW(consumer(bad)->start(), MQClientException);
  DefaultMQPushConsumer no_listener(config());
  no_listener.subscribe("T");
  EXPECT_THROW(no_listener.start(), MQClientException);
  no_listener.registerMessageListener(MessageListenerConcurrently());
  EXPECT_THROW(no_listener.start(), MQClientException) << "an empty one is none";
  EXPECT_THROW(no_listener.subscribe("T", "||"), MQClientException);
}

}  // namespace
}  // namespace rocketmq::client
