// Where a group begins that has no offset in a queue yet: that place is stored before anything is
// pulled, so that a member that gets the queue later begins there, too.

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include "client/consumer/offset_store.h"
#include "tests/unit/client/push_consumer_fixture.h"
#include "tests/unit/common/temp_folder.h"

namespace rocketmq::client {
namespace {

class NewGroupTest : public PushConsumerTest {
 protected:
  NewGroupTest() { broker().append("T", 0, "old"); }

  PushConsumerConfig from(ConsumeFromWhere where) const {
    PushConsumerConfig result = config();
    result.consume_from_where = where;
    return result;
  }

  bool firstPull() {
    return eventually([this] { return broker().pulls("T") >= 1; });
  }
};

TEST_F(NewGroupTest, TheEndIsStoredBeforeTheFirstPull) {
  auto subject = consumer(from(ConsumeFromWhere::kLastOffset));
  subject->start();
  ASSERT_TRUE(firstPull());
  EXPECT_EQ(broker().committed("CG", "T"), 1);
}

TEST_F(NewGroupTest, ZeroIsStoredToo) {
  auto subject = orderly(from(ConsumeFromWhere::kFirstOffset), [](const auto&) {
    return ConsumeOrderlyStatus::kSuspendCurrentQueueAMoment;
  });
  subject->start();
  ASSERT_TRUE(firstPull());
  EXPECT_EQ(broker().committed("CG", "T"), 0);
}

// Promise: of two members that begin at the same time the one whose place is stored has it.
TEST_F(NewGroupTest, WhatAnotherMemberHasStoredMeanwhileCounts) {
  broker().onEndAsked([this] { broker().setCommitted("CG", "T", 0, 0); });
  auto subject = consumer(from(ConsumeFromWhere::kLastOffset));
  subject->start();
  EXPECT_TRUE(eventually([this] { return received_.hasCount(1); }));
}

TEST_F(NewGroupTest, WithoutAWordOfTheGroupsOffsetNothingBegins) {
  broker().onEndAsked([this] { broker().failOffsetQuestions(true); });
  auto subject = consumer(from(ConsumeFromWhere::kLastOffset));
  subject->start();
  ASSERT_TRUE(eventually([this] { return broker().offsetQuestions() >= 5; }));
  EXPECT_EQ(broker().pulls("T"), 0);
  EXPECT_EQ(broker().committed("CG", "T"), std::nullopt);
  broker().onEndAsked(nullptr);
  broker().failOffsetQuestions(false);
  ASSERT_TRUE(firstPull());
  EXPECT_EQ(broker().committed("CG", "T"), 1);
}

TEST_F(NewGroupTest, ABroadcastingMemberKeepsItInItsFile) {
  const rocketmq::test::TempFolder folder;
  setProperty("rocketmq.client.localOffsetStoreDir", folder.path());
  PushConsumerConfig broadcast = from(ConsumeFromWhere::kLastOffset);
  broadcast.message_model = MessageModel::kBroadcasting;
  auto subject = consumer(broadcast);
  subject->start();
  ASSERT_TRUE(firstPull());
  std::ifstream file(localOffsetPath(subject->clientId(), "CG"));
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  const auto offsets = parseOffsetFile(text);
  ASSERT_TRUE(offsets.ok()) << text;
  EXPECT_EQ(*offsets, (std::map<MessageQueue, int64_t>{{{"T", "b0", 0}, 1}}));
}

}  // namespace
}  // namespace rocketmq::client
