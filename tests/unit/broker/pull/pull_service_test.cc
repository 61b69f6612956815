#include "broker/pull/pull_service.h"

#include <chrono>
#include <string>
#include <vector>

#include "tests/support/eventually.h"
#include "tests/unit/broker/pull/pull_fixture.h"

namespace rocketmq::broker {
namespace {

TEST_F(PullServiceTest, MessagesComeInOrderWithTheFourOffsets) {
  send({.body = "a"});
  send({.body = "b"});
  send({.body = "c"});
  const PullAnswer answer = pull({.offset = 1});
  EXPECT_EQ(answer.code, ResponseCode::kSuccess);
  EXPECT_EQ(answer.remark, "FOUND");
  EXPECT_EQ(bodies(answer), (std::vector<std::string>{"b", "c"}));
  ASSERT_TRUE(answer.header);
  EXPECT_EQ(answer.header->next_begin_offset, 3);
  EXPECT_EQ(answer.header->min_offset, 0);
  EXPECT_EQ(answer.header->max_offset, 3);
  EXPECT_EQ(answer.header->suggest_which_broker_id, 0);
  EXPECT_EQ(bodies(pull({.max = 1})), std::vector<std::string>{"a"});
}

TEST_F(PullServiceTest, TagsAreFilteredByTheBroker) {
  for (const char* tag : {"A", "B", "A", "C"}) {
    send({.body = tag, .properties = {{"TAGS", tag}}});
  }
  EXPECT_EQ(bodies(pull({.subscription = "A || C"})), (std::vector<std::string>{"A", "A", "C"}));
  const PullAnswer none = pull({.subscription = "D"});
  EXPECT_EQ(none.code, ResponseCode::kPullRetryImmediately);
  EXPECT_EQ(none.header->next_begin_offset, 4);
  EXPECT_TRUE(none.body.empty());
}

TEST_F(PullServiceTest, WithoutASubscriptionInThePullTheHeartbeatsOneCounts) {
  send({.body = "A", .properties = {{"TAGS", "A"}}});
  send({.body = "B", .properties = {{"TAGS", "B"}}});
  EXPECT_EQ(codeOf({.sys_flag = 0, .subscription = ""}), ResponseCode::kSubscriptionNotExist);
  subscribe("B");
  EXPECT_EQ(bodies(pull({.sys_flag = 0, .subscription = ""})), std::vector<std::string>{"B"});
  EXPECT_EQ(codeOf({.sys_flag = 0, .version = 2}), ResponseCode::kSubscriptionNotLatest);
  topics_->createForSend({.topic = "U", .default_topic = "TBW102", .default_topic_queues = 4});
  EXPECT_EQ(codeOf({.topic = "U", .sys_flag = 0}), ResponseCode::kSubscriptionNotExist);
}

// Rows carry every later fault as well: the first one decides.
TEST_F(PullServiceTest, FaultsAreFoundInRocketMqsOrder) {
  configure([](BrokerSettings& settings) {
    settings.broker_permission = 2;
    settings.lite_pull_message = false;
    settings.auto_create_group = false;
  });
  const Pull worst{.group = "unknown",
                   .topic = "unknown",
                   .queue_id = 9,
                   .subscription = "||",
                   .type = "TAG",
                   .is_lite = true};
  EXPECT_EQ(codeOf(worst), ResponseCode::kNoPermission);
  EXPECT_NE(pull(worst).remark.find("pulling message is forbidden"), std::string::npos);
  configure([](BrokerSettings& settings) {
    settings.lite_pull_message = false;
    settings.auto_create_group = false;
  });
  EXPECT_NE(pull(worst).remark.find("lite pull"), std::string::npos);
  Pull next = worst;
  next.is_lite = false;
  EXPECT_EQ(codeOf(next), ResponseCode::kSubscriptionGroupNotExist);
  next.group = "G";
  model::SubscriptionGroupConfig group = *groups_->find("G");
  group.consume_enable = false;
  ASSERT_TRUE(groups_->update(group).isOk());
  EXPECT_EQ(codeOf(next), ResponseCode::kNoPermission);
  group.consume_enable = true;
  ASSERT_TRUE(groups_->update(group).isOk());
  EXPECT_EQ(codeOf(next), ResponseCode::kTopicNotExist);
  model::TopicConfig write_only;
  write_only.topic_name = "W";
  write_only.perm = 2;
  ASSERT_TRUE(topics_->update(write_only).ok());
  next.topic = "W";
  EXPECT_EQ(codeOf(next), ResponseCode::kNoPermission);
  next.topic = "T";
  EXPECT_EQ(codeOf(next), ResponseCode::kSystemError);
  next.queue_id = -1;
  EXPECT_EQ(codeOf(next), ResponseCode::kSystemError);
  next.queue_id = 0;
  EXPECT_EQ(codeOf(next), ResponseCode::kSubscriptionParseFailed);
  next.type = "SQL92";
  EXPECT_EQ(codeOf(next), ResponseCode::kSystemError);
  EXPECT_NE(pull(next).remark.find("SQL92"), std::string::npos);
}

TEST_F(PullServiceTest, ASlaveServesPullsOnlyWithSlaveReadAndLeavesOffsetsToTheMaster) {
  send({.body = "a"});
  configure([](BrokerSettings& settings) { settings.broker_role = BrokerRole::kSlave; });
  EXPECT_EQ(codeOf({}), ResponseCode::kSystemBusy);

  configure([](BrokerSettings& settings) {
    settings.broker_role = BrokerRole::kSlave;
    settings.slave_read = true;
  });
  constexpr int32_t kCommitting = pull_sys_flag::kSubscription | pull_sys_flag::kCommitOffset;
  EXPECT_EQ(bodies(pull({.sys_flag = kCommitting, .commit = 5})), std::vector<std::string>{"a"});
  EXPECT_FALSE(offsets_->find("G", "T", 0));
  const PullAnswer beyond = pull({.offset = 7});
  EXPECT_EQ(beyond.code, ResponseCode::kPullRetryImmediately);
  EXPECT_EQ(beyond.header->next_begin_offset, 7);
  EXPECT_EQ(beyond.header->suggest_which_broker_id, 0);

  configure([](BrokerSettings& settings) {
    settings.broker_role = BrokerRole::kSlave;
    settings.slave_read = true;
    settings.offset_check_in_slave = true;
  });
  EXPECT_EQ(codeOf({.offset = 7}), ResponseCode::kPullOffsetMoved);
}

// Promise: a reader that is further than the slave waits there as at the end of any queue.
TEST_F(PullServiceTest, ASlaveHoldsPullsOfWhatItHasNotGotYet) {
  const auto copied = [this](std::string_view body) {
    MessageRecord record;
    record.topic = "T";
    record.body = body;
    EXPECT_TRUE(store_->put(record).ok());
  };
  copied("a");
  configure([](BrokerSettings& settings) {
    settings.broker_role = BrokerRole::kSlave;
    settings.slave_read = true;
  });
  const auto beyond = start({.offset = 2, .sys_flag = kHold});
  const auto unknown = start({.queue_id = 3, .offset = 4, .sys_flag = kHold});
  copied("b");
  runPosted();
  EXPECT_FALSE(beyond->answer);
  EXPECT_FALSE(unknown->answer);
  copied("c");
  runPosted();
  ASSERT_TRUE(beyond->answer);
  EXPECT_EQ(bodies(*beyond->answer), std::vector<std::string>{"c"});
  held_.expire(clock_.monotonic() + std::chrono::seconds(16));
  runPosted();
  ASSERT_TRUE(unknown->answer);
  EXPECT_EQ(unknown->answer->code, ResponseCode::kPullRetryImmediately);
  EXPECT_EQ(unknown->answer->header->next_begin_offset, 4);
}

TEST_F(PullServiceTest, ABroadcastingGroupMayBeForbidden) {
  send({});
  subscribe("*", 1, "TAG", model::MessageModel::kBroadcasting);
  EXPECT_EQ(codeOf({.sys_flag = 0}), ResponseCode::kSuccess);
  model::SubscriptionGroupConfig group = *groups_->find("G");
  group.consume_broadcast_enable = false;
  ASSERT_TRUE(groups_->update(group).isOk());
  EXPECT_EQ(codeOf({.sys_flag = 0}), ResponseCode::kNoPermission);
}

TEST_F(PullServiceTest, OffsetsOutsideTheQueueAreCorrected) {
  send({});
  send({});
  struct Case {
    int32_t queue_id;
    int64_t offset;
    ResponseCode code;
    int64_t next;
  };
  for (const Case& c : std::vector<Case>{
           {0, 2, ResponseCode::kPullNotFound, 2},
           {0, 3, ResponseCode::kPullOffsetMoved, 2},
           {1, 0, ResponseCode::kPullNotFound, 0},
           {1, 5, ResponseCode::kPullOffsetMoved, 0},
       }) {
    const PullAnswer answer = pull({.queue_id = c.queue_id, .offset = c.offset});
    EXPECT_EQ(answer.code, c.code) << c.queue_id << " " << c.offset;
    ASSERT_TRUE(answer.header);
    EXPECT_EQ(answer.header->next_begin_offset, c.next) << c.queue_id << " " << c.offset;
  }
}

TEST_F(PullServiceTest, TheOffsetThatComesAlongIsCommitted) {
  send({});
  codeOf({.sys_flag = pull_sys_flag::kSubscription, .commit = 7});
  EXPECT_EQ(offsets_->find("G", "T", 0), std::nullopt);
  codeOf({.sys_flag = pull_sys_flag::kSubscription | pull_sys_flag::kCommitOffset, .commit = 7});
  EXPECT_EQ(offsets_->find("G", "T", 0), 7);
}

TEST_F(PullServiceTest, APendingResetSendsTheGroupToItsNewOffset) {
  send({});
  offsets_->assignReset("G", "T", {{0, 0}});
  const PullAnswer answer = pull({.offset = 1, .sys_flag = kHold});
  EXPECT_EQ(answer.code, ResponseCode::kPullOffsetMoved);
  EXPECT_EQ(answer.header->next_begin_offset, 0);
  EXPECT_EQ(codeOf({.offset = 0}), ResponseCode::kSuccess);
}

// Promise: a client whose connection has broken with the answer is not lost for the reset.
TEST_F(PullServiceTest, AResetIsToldAgainOnTheNextConnection) {
  send({});
  offsets_->assignReset("G", "T", {{0, 0}});
  EXPECT_EQ(codeOf({.offset = 1}), ResponseCode::kPullOffsetMoved);
  connection_ = std::make_shared<FakeConnection>(2);
  EXPECT_EQ(codeOf({.offset = 1,
                    .sys_flag = pull_sys_flag::kSubscription | pull_sys_flag::kCommitOffset,
                    .commit = 1}),
            ResponseCode::kPullOffsetMoved);
  EXPECT_EQ(offsets_->find("G", "T", 0), 0);
  EXPECT_EQ(codeOf({.offset = 0}), ResponseCode::kSuccess);
  EXPECT_EQ(codeOf({.offset = 1}), ResponseCode::kPullNotFound) << "it is done";
}

// Promise: nothing is kept of a connection that closes before its pull has come through a lane.
TEST_F(PullServiceTest, AClosedConnectionIsNotRememberedToHaveHeardOfAReset) {
  send({});
  offsets_->assignReset("G", "T", {{0, 0}});
  const auto open = connection_;
  connection_ = std::make_shared<FakeConnection>(2);
  connection_->close("");
  EXPECT_EQ(codeOf({.offset = 1}), ResponseCode::kPullOffsetMoved);
  EXPECT_EQ(codeOf({.offset = 1}), ResponseCode::kPullOffsetMoved) << "as if it had not";
  connection_ = open;
  EXPECT_EQ(codeOf({.offset = 1}), ResponseCode::kPullOffsetMoved);
  EXPECT_EQ(codeOf({.offset = 1}), ResponseCode::kPullNotFound);
}

// Promise: nobody is held who is to hear of a reset, although the pulls that are held are woken
// before this one is among them.
TEST_F(PullServiceTest, AResetThatComesJustBeforeTheHoldIsHeardOf) {
  send({});
  const auto slot = start({.offset = 1, .sys_flag = kHold}, [this] {
    offsets_->assignReset("G", "T", {{0, 0}});
    held_.wakeGroup("T", "G");
  });
  ASSERT_TRUE(slot->answer);
  EXPECT_EQ(slot->answer->code, ResponseCode::kPullRetryImmediately);
  EXPECT_EQ(slot->answer->header->next_begin_offset, 1);
  EXPECT_EQ(codeOf({.offset = 1, .sys_flag = kHold}), ResponseCode::kPullOffsetMoved);
}

TEST_F(PullServiceTest, AResetIsToldToEachMemberOfABroadcastingGroup) {
  send({});
  const auto first = connection_;
  subscribe("*", 1, "TAG", model::MessageModel::kBroadcasting);
  connection_ = std::make_shared<FakeConnection>(2);
  subscribe("*", 1, "TAG", model::MessageModel::kBroadcasting);
  offsets_->assignReset("G", "T", {{0, 1}});
  EXPECT_EQ(codeOf({.offset = 1, .sys_flag = kHold}), ResponseCode::kPullOffsetMoved);
  EXPECT_FALSE(start({.offset = 1, .sys_flag = kHold})->answer) << "it is there, and waits";
  connection_ = first;
  EXPECT_EQ(codeOf({.offset = 0}), ResponseCode::kPullOffsetMoved);
  EXPECT_EQ(codeOf({.offset = 1}), ResponseCode::kPullNotFound);
  EXPECT_FALSE(offsets_->isResetPending("G", "T", 0));
}

TEST_F(PullServiceTest, AHeldPullIsAnsweredByTheNextMessage) {
  const auto slot = start({.sys_flag = kHold});
  EXPECT_FALSE(slot->answer);
  EXPECT_EQ(held_.size(), 1u);
  {
    HeldPulls::WakeScope wakes(held_);
    send({.body = "x"});
    EXPECT_FALSE(slot->answer);
  }
  ASSERT_TRUE(slot->answer);
  EXPECT_EQ(slot->answer->code, ResponseCode::kSuccess);
  EXPECT_EQ(bodies(*slot->answer), std::vector<std::string>{"x"});
}

TEST_F(PullServiceTest, AHeldPullIsNotDisturbedByOtherTags) {
  const auto slot = start({.sys_flag = kHold, .subscription = "A"});
  send({.properties = {{"TAGS", "B"}}});
  runPosted();
  EXPECT_FALSE(slot->answer);
  send({.body = "x", .properties = {{"TAGS", "A"}}});
  runPosted();
  ASSERT_TRUE(slot->answer);
  EXPECT_EQ(bodies(*slot->answer), std::vector<std::string>{"x"});
  EXPECT_EQ(slot->answer->header->next_begin_offset, 2);
}

// Promise: a group that is to want other messages from now on loses none of them to its pulls that
// wait, whatever comes before they have ended.
TEST_F(PullServiceTest, AHeldPullOfAGroupThatSubscribesOtherwiseIsAskedAgain) {
  const auto slot = start({.sys_flag = kHold, .subscription = "A"});
  held_.wakeGroup("T", "G");
  send({.properties = {{"TAGS", "B"}}});
  runPosted();
  ASSERT_TRUE(slot->answer);
  EXPECT_EQ(slot->answer->code, ResponseCode::kPullRetryImmediately);
  EXPECT_EQ(slot->answer->header->next_begin_offset, 0);
}

TEST_F(PullServiceTest, AHeldPullEndsAfterTheClientsTime) {
  send({});
  const auto slot = start({.offset = 1, .sys_flag = kHold, .suspend_ms = 500});
  held_.expire(clock_.monotonic() + std::chrono::milliseconds(499));
  runPosted();
  EXPECT_FALSE(slot->answer);
  held_.expire(clock_.monotonic() + std::chrono::milliseconds(500));
  runPosted();
  ASSERT_TRUE(slot->answer);
  EXPECT_EQ(slot->answer->code, ResponseCode::kPullNotFound);
  EXPECT_EQ(slot->answer->header->next_begin_offset, 1);
  EXPECT_EQ(held_.size(), 0u);
}

TEST_F(PullServiceTest, WithLongPollingOffPullsAreHeldForTheShortTime) {
  configure([](BrokerSettings& settings) {
    settings.long_polling = false;
    settings.short_polling_ms = 100;
  });
  const auto slot = start({.sys_flag = kHold});
  held_.expire(clock_.monotonic() + std::chrono::milliseconds(100));
  runPosted();
  EXPECT_TRUE(slot->answer);
}

TEST_F(PullServiceTest, NothingIsHeldForAClientThatDoesNotWantIt) {
  EXPECT_EQ(codeOf({}), ResponseCode::kPullNotFound);
  EXPECT_EQ(codeOf({.offset = 9, .sys_flag = kHold}), ResponseCode::kPullOffsetMoved);
  EXPECT_EQ(held_.size(), 0u);
}

TEST_F(PullServiceTest, ACommitIsNotRepeatedWhenAPullIsWoken) {
  start({.sys_flag = kHold | pull_sys_flag::kCommitOffset, .commit = 3});
  EXPECT_EQ(offsets_->find("G", "T", 0), 3);
  offsets_->commit("G", "T", 0, 9);
  send({});
  runPosted();
  EXPECT_EQ(offsets_->find("G", "T", 0), 9);
}

TEST_F(PullServiceTest, APullOfAClosedConnectionIsForgotten) {
  const auto slot = start({.sys_flag = kHold});
  held_.dropConnection(connection_->id());
  send({});
  runPosted();
  EXPECT_FALSE(slot->answer);
}

// This thread is a connection's: other connections wait while it does.
TEST_F(PullServiceTest, WhatMustComeFromTheDiskIsReadOnALane) {
  send({.body = "x"});
  files_.is_cold = true;
  const auto slot = start({});
  ASSERT_TRUE(test::eventually([&] { return slot->has_answer.load(); }));
  lanes_.stop();
  EXPECT_EQ(bodies(*slot->answer), std::vector<std::string>{"x"});
  // No lane is left.
  EXPECT_EQ(codeOf({}), ResponseCode::kSystemBusy);
  files_.is_cold = false;
  EXPECT_EQ(codeOf({}), ResponseCode::kSuccess);
}

TEST_F(PullServiceTest, AnOverloadedMasterSendsReadersToASlaveThatIsInSync) {
  send({.body = "x"});
  send({.body = "y"});
  files_.is_cold = true;
  lanes_.stop();  // One read more than is allowed.
  has_slave_ = true;
  EXPECT_EQ(codeOf({.offset = 1}), ResponseCode::kSystemBusy) << "slaveReadEnable is off";
  configure([](BrokerSettings& settings) { settings.slave_read = true; });
  const PullAnswer answer = pull({.offset = 1});
  EXPECT_EQ(answer.code, ResponseCode::kPullRetryImmediately);
  ASSERT_TRUE(answer.header.has_value());
  EXPECT_EQ(answer.header->suggest_which_broker_id, 1);
  EXPECT_EQ(answer.header->next_begin_offset, 1);
  EXPECT_EQ(answer.header->min_offset, 0);
  EXPECT_EQ(answer.header->max_offset, 2);
  // No slave to go to.
  has_slave_ = false;
  EXPECT_EQ(codeOf({.offset = 1}), ResponseCode::kSystemBusy);
  // The group's setting names this broker itself.
  has_slave_ = true;
  model::SubscriptionGroupConfig stays = *groups_->find("G");
  stays.which_broker_when_consume_slowly = 0;
  ASSERT_TRUE(groups_->update(stays).isOk());
  EXPECT_EQ(codeOf({.offset = 1}), ResponseCode::kSystemBusy);
}

TEST_F(PullServiceTest, AnUnknownGroupIsCreatedOnALane) {
  send({.body = "x"});
  const auto slot = start({.group = "New"});
  ASSERT_TRUE(test::eventually([&] { return slot->has_answer.load(); }));
  EXPECT_EQ(bodies(*slot->answer), std::vector<std::string>{"x"});
  EXPECT_NE(groups_->find("New"), nullptr);
}

}  // namespace
}  // namespace rocketmq::broker
