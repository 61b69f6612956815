// Where a group starts, and what moves it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>
#include <string>
#include <vector>

#include "common/local_time.h"
#include "rocketmq/default_mq_pull_consumer.h"
#include "tests/integration/client_modes_fixture.h"
#include "tests/support/raw_client.h"

namespace rocketmq::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;

class GroupOffsetsTest : public ClientModesFixture {
 protected:
  /// The group runs until it has got `count` messages, then stops; these.
  std::vector<MessageExt> runUntil(size_t count) const {
    Inbox inbox;
    const auto consumer = consume(inbox);
    EXPECT_TRUE(eventually([&] { return inbox.received() == count; })) << inbox.received();
    consumer->shutdown();
    return inbox.messages();
  }
};

TEST_F(GroupOffsetsTest, BroadcastingWithALateJoinerAndARestart) {
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

TEST_F(GroupOffsetsTest, TimesLeadToTheFirstMessageStoredThenOrLater) {
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
TEST_F(GroupOffsetsTest, ANewGroupStartsAtATime) {
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
  const std::tm local = localTime(start * 1000);
  ASSERT_GT(std::strftime(text, sizeof(text), "%Y%m%d%H%M%S", &local), 0u);
  config.consume_timestamp = text;
  Inbox inbox;
  const auto consumer = consume(config, into(inbox));
  ASSERT_TRUE(eventually([&] { return inbox.different() == 20; }));
  for (const MessageExt& message : inbox.messages()) {
    EXPECT_THAT(message.body(), HasSubstr("late"));
  }
}

TEST_F(GroupOffsetsTest, ARunningGroupFollowsAResetOfItsOffsets) {
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

// Promise: the same for a group of which nobody runs: it begins there when it comes back.
TEST_F(GroupOffsetsTest, AStoppedGroupBeginsWhereItWasReset) {
  sendSome("m", 40);
  runUntil(40);
  const Cluster::Outcome reset =
      cluster_->admin({"resetOffsetByTime", "-g", group_, "-t", topic_, "-s", "0"});
  ASSERT_EQ(reset.status, 0) << reset.output;
  runUntil(40);
  sendSome("after", 4);
  for (const MessageExt& message : runUntil(4)) {
    EXPECT_THAT(message.body(), HasSubstr("after")) << "a reset is obeyed once";
  }
}

// What mqadmin's cloneGroupOffset asks of a broker, code 314.
TEST_F(GroupOffsetsTest, AClonedGroupBeginsWhereTheOtherOneIs) {
  sendSome("before", 20);
  runUntil(20);
  sendSome("after", 20);
  RawClient administrator(cluster_->brokerPort());
  const RawClient::Frame cloned =
      administrator.call(314, R"({"srcGroup":")" + group_ + R"(","destGroup":")" + group_ +
                                  R"(_clone","topic":")" + topic_ + R"(","offline":"false"})");
  ASSERT_EQ(cloned.code, 0) << cloned.remark;
  PushConsumerConfig config = pushConfig();
  config.consumer_group = group_ + "_clone";
  Inbox inbox;
  const auto clone = consume(config, into(inbox));
  ASSERT_TRUE(eventually([&] { return inbox.different() == 20; }));
  for (const MessageExt& message : inbox.messages()) {
    EXPECT_THAT(message.body(), HasSubstr("after"));
  }
}

// What dashboards and consumerProgress ask for: 208 is GET_CONSUME_STATS, 303
// QUERY_CONSUME_TIME_SPAN, 317 GET_BROKER_CONSUME_STATS.
TEST_F(GroupOffsetsTest, StatisticsTellHowFarAGroupIs) {
  for (int i = 0; i < 10; ++i) {
    send("consumed " + std::to_string(i), 0);
  }
  const std::vector<MessageExt> consumed = runUntil(10);
  for (int i = 0; i < 5; ++i) {
    send("not yet " + std::to_string(i), 0);
  }
  RawClient administrator(cluster_->brokerPort());
  const std::string names = R"("topic":")" + topic_ + R"(","group":")" + group_ +
                            R"(","consumerGroup":")" + group_ + R"(")";
  const std::string stats = administrator.call(208, "{" + names + "}").body;
  EXPECT_THAT(stats, HasSubstr("\"brokerOffset\":15,\"consumerOffset\":10"));
  EXPECT_THAT(stats, HasSubstr("\"brokerOffset\":0,\"consumerOffset\":0")) << "the other queues";
  const auto last = std::max_element(
      consumed.begin(), consumed.end(),
      [](const auto& a, const auto& b) { return a.queueOffset() < b.queueOffset(); });
  const std::string spans = administrator.call(303, "{" + names + "}").body;
  EXPECT_THAT(spans,
              HasSubstr("\"consumeTimeStamp\":" + std::to_string(last->storeTimestamp()) + ","));
  const std::string all = administrator.call(317, R"({"isOrder":"false"})").body;
  EXPECT_THAT(all, HasSubstr("\"" + group_ + "\""));
}

}  // namespace
}  // namespace rocketmq::test
