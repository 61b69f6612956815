#include "broker/send/send_back_service.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "common/message/message_id.h"
#include "tests/unit/broker/message_path.h"

namespace rocketmq::broker {
namespace {

using remoting::ResponseCode;

class SendBackServiceTest : public MessagePath {
 protected:
  SendBackServiceTest() {
    service_.emplace(SendBackService::Parts{.settings = settings_,
                                            .topics = *topics_,
                                            .groups = *groups_,
                                            .store = *store_,
                                            .delay_levels = levels_,
                                            .traffic = traffic_},
                     host_);
  }

  /// Log offset of a message that a consumer has just pulled.
  int64_t pulled(const Send& what) {
    return OffsetMessageId::parse(send(what).message_id)->physical_offset;
  }

  ResponseCode sendBack(int64_t offset, int32_t delay_level = 0,
                        std::optional<int32_t> max_times = std::nullopt,
                        int32_t client_version = 409) {
    remoting::ConsumerSendMessageBack request;
    request.offset = offset;
    request.group = "G";
    request.delay_level = delay_level;
    request.max_reconsume_times = max_times;
    return service_->sendBack(request, client_version).answer.code;
  }

  std::optional<SendBackService> service_;
};

TEST_F(SendBackServiceTest, AMessageGoesRoundThroughTheRetryTopicWithGrowingDelay) {
  const int64_t first =
      pulled({.body = "b", .properties = {{"UNIQ_KEY", "U1"}, {"TAGS", "A"}, {"WAIT", "true"}}});
  ASSERT_EQ(sendBack(first), ResponseCode::kSuccess);
  auto waiting = stored(kScheduleTopic, 2);  // Level 3.
  ASSERT_EQ(waiting.size(), 1u);
  EXPECT_EQ(waiting[0].record.body, "b");
  EXPECT_EQ(waiting[0].record.reconsume_times, 1);
  EXPECT_EQ(waiting[0].properties.at("RETRY_TOPIC"), "T");
  EXPECT_EQ(waiting[0].properties.at("REAL_TOPIC"), "%RETRY%G");
  EXPECT_EQ(waiting[0].properties.at("REAL_QID"), "0");
  EXPECT_EQ(waiting[0].properties.at("DELAY"), "3");
  EXPECT_EQ(waiting[0].properties.at("UNIQ_KEY"), "U1");
  EXPECT_EQ(waiting[0].properties.at("TAGS"), "A");
  const std::string first_id = stored("T")[0].properties.at("UNIQ_KEY");
  const std::string origin = waiting[0].properties.at("ORIGIN_MESSAGE_ID");
  EXPECT_EQ(OffsetMessageId::parse(origin)->physical_offset, first);

  clock_.advance(std::chrono::seconds(10));
  delays_->deliverDue();
  const auto again = stored("%RETRY%G");
  ASSERT_EQ(again.size(), 1u);
  ASSERT_EQ(sendBack(again[0].record.physical_offset), ResponseCode::kSuccess);
  waiting = stored(kScheduleTopic, 3);  // Level 4: one longer.
  ASSERT_EQ(waiting.size(), 1u);
  EXPECT_EQ(waiting[0].record.reconsume_times, 2);
  EXPECT_EQ(waiting[0].properties.at("RETRY_TOPIC"), "T");
  EXPECT_EQ(waiting[0].properties.at("ORIGIN_MESSAGE_ID"), origin);
}

TEST_F(SendBackServiceTest, TheClientMayChooseTheDelay) {
  EXPECT_EQ(sendBack(pulled({}), 1), ResponseCode::kSuccess);
  EXPECT_EQ(stored(kScheduleTopic, 0).size(), 1u);
  EXPECT_EQ(sendBack(pulled({}), 99), ResponseCode::kSuccess);
  EXPECT_EQ(stored(kScheduleTopic, 4).size(), 1u);
}

TEST_F(SendBackServiceTest, ANegativeDelayOrTooManyTimesMakeADeadLetter) {
  EXPECT_EQ(sendBack(pulled({.properties = {{"DELAY", "1"}}}), -1), ResponseCode::kSuccess);
  EXPECT_EQ(sendBack(pulled({.reconsume_times = 16})), ResponseCode::kSuccess);
  EXPECT_EQ(sendBack(pulled({.reconsume_times = 2}), 0, 2), ResponseCode::kSuccess);
  const auto dead = stored("%DLQ%G");
  ASSERT_EQ(dead.size(), 3u);
  EXPECT_FALSE(dead[0].properties.contains("DELAY"));
  EXPECT_EQ(dead[1].record.reconsume_times, 17);
  EXPECT_EQ(dead[0].properties.at("RETRY_TOPIC"), "SCHEDULE_TOPIC_XXXX");
  // An old client's own maximum does not count.
  EXPECT_EQ(sendBack(pulled({.reconsume_times = 2}), 0, 2, remoting::kVersion3_4_9 - 1),
            ResponseCode::kSuccess);
  EXPECT_EQ(stored("%DLQ%G").size(), 3u);
}

TEST_F(SendBackServiceTest, TheGroupSaysHowOftenUnlessTheClientDoes) {
  model::SubscriptionGroupConfig group;
  group.group_name = "G";
  group.retry_max_times = 3;
  ASSERT_TRUE(groups_->update(group).isOk());
  EXPECT_EQ(sendBack(pulled({.reconsume_times = 2})), ResponseCode::kSuccess);
  EXPECT_TRUE(stored("%DLQ%G").empty());
  EXPECT_EQ(sendBack(pulled({.reconsume_times = 3})), ResponseCode::kSuccess);
  EXPECT_EQ(stored("%DLQ%G").size(), 1u);
  EXPECT_EQ(sendBack(pulled({.reconsume_times = 3}), 0, 4), ResponseCode::kSuccess);
  EXPECT_EQ(stored("%DLQ%G").size(), 1u);
}

TEST_F(SendBackServiceTest, WhatCannotBeTakenBackIsRefused) {
  const int64_t offset = pulled({});
  EXPECT_EQ(sendBack(offset + 1), ResponseCode::kSystemError);
  EXPECT_EQ(sendBack(-1), ResponseCode::kSystemError);
  EXPECT_EQ(sendBack(1 << 30), ResponseCode::kSystemError);
  configure([](BrokerSettings& settings) { settings.broker_permission = 4; });
  EXPECT_EQ(sendBack(offset), ResponseCode::kNoPermission);
  ASSERT_TRUE(groups_->remove("G").ok());
  configure([](BrokerSettings& settings) { settings.auto_create_group = false; });
  EXPECT_EQ(sendBack(offset), ResponseCode::kSubscriptionGroupNotExist);
}

// Promise: a message that is as long as it may be is not tried again for ever. What nobody needs is
// left out; without room for what a retry needs, the message is a dead letter.
TEST_F(SendBackServiceTest, AMessageIsTakenBackHoweverLongItsPropertiesAre) {
  size_t sent = 0;
  for (size_t length = kPropertiesLengthMax - 300; length < kPropertiesLengthMax; ++length) {
    const auto answer = trySend({.properties = {{"K", std::string(length, 'x')}}}).answer;
    if (answer.code == ResponseCode::kSuccess) {
      ++sent;
      const auto id = OffsetMessageId::parse(answer.header->message_id);
      ASSERT_EQ(sendBack(id->physical_offset), ResponseCode::kSuccess) << length;
    }
  }
  const auto retried = stored(kScheduleTopic, 2);
  const auto dead = stored("%DLQ%G");
  ASSERT_EQ(retried.size() + dead.size(), sent);
  ASSERT_FALSE(retried.empty());
  ASSERT_FALSE(dead.empty());
  EXPECT_TRUE(retried.front().properties.contains("ORIGIN_MESSAGE_ID"));
  EXPECT_FALSE(retried.back().properties.contains("ORIGIN_MESSAGE_ID"));
  EXPECT_EQ(retried.back().properties.at("REAL_TOPIC"), "%RETRY%G");
  for (const auto* last : {&retried.back(), &dead.back()}) {
    EXPECT_EQ(last->properties.at("RETRY_TOPIC"), "T");
    EXPECT_EQ(last->record.reconsume_times, 1);
  }

  clock_.advance(std::chrono::seconds(10));
  delays_->deliverDue();
  const auto again = stored("%RETRY%G");
  ASSERT_EQ(again.size(), retried.size());
  ASSERT_EQ(sendBack(again.back().record.physical_offset), ResponseCode::kSuccess);
  EXPECT_FALSE(stored(kScheduleTopic, 3).back().properties.contains("ORIGIN_MESSAGE_ID"))
      << "it would name another than the first";
}

TEST_F(SendBackServiceTest, AGroupWithoutRetryQueuesDropsTheMessage) {
  model::SubscriptionGroupConfig group;
  group.group_name = "G";
  group.retry_queue_nums = 0;
  ASSERT_TRUE(groups_->update(group).isOk());
  EXPECT_EQ(sendBack(pulled({})), ResponseCode::kSuccess);
  EXPECT_EQ(topics_->find("%RETRY%G"), nullptr);
}

TEST_F(SendBackServiceTest, AllMessagesStayInQueuesThatTheRetryTopicHas) {
  model::SubscriptionGroupConfig group;
  group.group_name = "G";
  group.retry_queue_nums = 1;
  ASSERT_TRUE(groups_->update(group).isOk());
  EXPECT_EQ(sendBack(pulled({})), ResponseCode::kSuccess);
  group.retry_queue_nums = 8;  // The topic is there, and stays as it is.
  ASSERT_TRUE(groups_->update(group).isOk());
  constexpr size_t kMessages = 30;
  for (size_t i = 1; i < kMessages; ++i) {
    EXPECT_EQ(sendBack(pulled({})), ResponseCode::kSuccess);
  }
  clock_.advance(std::chrono::seconds(10));
  delays_->deliverDue();
  EXPECT_EQ(stored("%RETRY%G", 0).size(), kMessages);
}

TEST_F(SendBackServiceTest, AnAbsurdCountFromAClientIsNoTrouble) {
  EXPECT_EQ(sendBack(pulled({.reconsume_times = 2147483647}), 1, 2147483647),
            ResponseCode::kSuccess);
  EXPECT_EQ(sendBack(pulled({.reconsume_times = 2147483646}), 0, 2147483647),
            ResponseCode::kSuccess);
}

}  // namespace
}  // namespace rocketmq::broker
