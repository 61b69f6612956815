// Promise: a message that is recalled in time does not come and all others do; what cannot be
// recalled is refused with RocketMQ's code and the reason, and nothing is stored.

#include "broker/send/recall_service.h"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/unit/broker/timer/timer_path.h"

namespace rocketmq::broker {
namespace {

using remoting::ResponseCode;
using std::chrono::seconds;
using Bodies = std::vector<std::string>;

class RecallServiceTest : public TimerPath {
 protected:
  RecallServiceTest() {
    enable([](BrokerSettings&) {});
    topics_->createForSend({.topic = "T", .default_topic = "TBW102", .default_topic_queues = 4});
  }

  /// The fixture's settings with recalls allowed and one change more.
  template <class Change>
  void enable(Change change) {
    configure([&](BrokerSettings& settings) {
      settings.recall_message = true;
      change(settings);
    });
  }

  RecallOutcome recall(const std::string& handle, const std::string& topic = "T",
                       const std::optional<std::string>& group = "P") {
    const RecallService service(
        {.settings = settings_, .topics = *topics_, .sends = *sends_, .clock = clock_});
    return service.recall({.producer_group = group, .topic = topic, .recall_handle = handle},
                          host_);
  }
  void expectRefusal(const RecallOutcome& outcome, ResponseCode code, std::string_view reason) {
    EXPECT_EQ(outcome.answer.code, code) << reason;
    EXPECT_NE(outcome.answer.remark.find(reason), std::string::npos) << outcome.answer.remark;
    EXPECT_FALSE(outcome.answer.header.has_value());
  }
  RecallHandle someHandle() const {
    return {.topic = "T",
            .broker_name = "broker-a",
            .deliver_ms = clock_.nowMs() + 5000,
            .unique_key = "K"};
  }
};

TEST_F(RecallServiceTest, ATimerSendIsAnsweredWithItsHandleAndOthersAreNot) {
  const TimestampMs due_ms = clock_.nowMs() + 5500;
  const auto reply = sendAt(due_ms, "b", {{"UNIQ_KEY", "K1"}});
  ASSERT_TRUE(reply.recall_handle.has_value());
  const auto handle = RecallHandle::parse(*reply.recall_handle);
  ASSERT_TRUE(handle.ok()) << handle.status().message();
  EXPECT_EQ(*handle, (RecallHandle{.topic = "T",
                                   .broker_name = "broker-a",
                                   .deliver_ms = due_ms / 1000 * 1000 + 1,
                                   .unique_key = "K1"}));
  EXPECT_EQ(send({}).recall_handle, std::nullopt);
  EXPECT_EQ(send({.properties = {{"DELAY", "1"}}}).recall_handle, std::nullopt);
  EXPECT_EQ(sendAt(clock_.nowMs()).recall_handle, std::nullopt) << "delivered at once";
  configure([](BrokerSettings&) {});
  EXPECT_TRUE(sendAt(due_ms).recall_handle.has_value()) << "also where recalls are not allowed";
}

TEST_F(RecallServiceTest, ARecalledMessageDoesNotComeItsNeighboursDo) {
  const TimestampMs due_ms = clock_.nowMs() + 5500;
  sendAt(due_ms, "before");
  const auto goes = sendAt(due_ms, "goes");
  sendAt(due_ms, "after");
  const RecallOutcome outcome = recall(*goes.recall_handle);
  ASSERT_EQ(outcome.answer.code, ResponseCode::kSuccess) << outcome.answer.remark;
  EXPECT_EQ(outcome.answer.header->message_id, goes.transaction_id);
  EXPECT_EQ(outcome.answer.header->region, "DefaultRegion");
  EXPECT_EQ(recall(*goes.recall_handle).answer.code, ResponseCode::kSuccess) << "once more";
  restart();
  clock_.advance(seconds(7));
  run();
  EXPECT_EQ(bodies(), (Bodies{"before", "after"}));
}

TEST_F(RecallServiceTest, AMessageOnTheGridOfTimeIsRecalledToo) {
  const TimestampMs due_ms = clock_.nowMs() / 1000 * 1000 + 6000;
  const auto goes = sendAt(due_ms, "goes");
  sendAt(due_ms + 1, "next step");
  EXPECT_EQ(recall(*goes.recall_handle).answer.code, ResponseCode::kSuccess);
  clock_.advance(seconds(8));
  run();
  EXPECT_EQ(bodies(), Bodies{"next step"});
}

TEST_F(RecallServiceTest, AMessageThatWaitsInRoundsIsRecalledInItsLast) {
  enable([](BrokerSettings& settings) { settings.timer_roll_window_slots = 4; });
  const auto goes = sendAt(clock_.nowMs() + 20'500, "goes");
  sendAt(clock_.nowMs() + 20'500, "stays");
  run();
  clock_.advance(seconds(5));
  run();
  EXPECT_EQ(recall(*goes.recall_handle).answer.code, ResponseCode::kSuccess);
  for (int i = 0; i < 20; ++i) {
    clock_.advance(seconds(1));
    run();
  }
  EXPECT_EQ(bodies(), Bodies{"stays"});
}

TEST_F(RecallServiceTest, TheMarkerIsRocketMqs) {
  const std::string handle = someHandle().encode();
  ASSERT_EQ(recall(handle).answer.code, ResponseCode::kSuccess);
  const auto markers = stored("rmq_sys_wheel_timer");
  ASSERT_EQ(markers.size(), 1u);
  EXPECT_EQ(markers[0].record.body, "0");
  PropertyMap properties = markers[0].properties;
  EXPECT_EQ(properties["TAGS"], "_RECALL_TAG_");
  EXPECT_EQ(properties["TIMER_DEL_UNIQKEY"], "T+K");
  EXPECT_EQ(properties["UNIQ_KEY"], "K");
  EXPECT_EQ(properties["TIMER_DELIVER_MS"], std::to_string(someHandle().deliver_ms));
  EXPECT_EQ(properties["BORN_TIMESTAMP"], std::to_string(clock_.nowMs()));
  EXPECT_EQ(properties["PGROUP"], "P");
  EXPECT_EQ(properties["REAL_TOPIC"], "T");
}

TEST_F(RecallServiceTest, AGroupNameCannotBringPropertiesOfItsOwn) {
  ASSERT_EQ(recall(someHandle().encode(), "T", "P\x02TIMER_DEL_UNIQKEY\x01T+other").answer.code,
            ResponseCode::kSuccess);
  const auto markers = stored("rmq_sys_wheel_timer");
  ASSERT_EQ(markers.size(), 1u);
  EXPECT_EQ(markers[0].properties.at("TIMER_DEL_UNIQKEY"), "T+K");
  EXPECT_FALSE(markers[0].properties.contains("PGROUP"));
}

TEST_F(RecallServiceTest, ABrokerThatMayNotRecallSaysWhy) {
  const std::string handle = someHandle().encode();
  configure([](BrokerSettings&) {});
  expectRefusal(recall(handle), ResponseCode::kNoPermission, "recallMessageEnable");
  enable([](BrokerSettings& settings) { settings.broker_role = BrokerRole::kSlave; });
  expectRefusal(recall(handle), ResponseCode::kSlaveNotAvailable, "slave");
  enable([this](BrokerSettings& settings) { settings.accept_sends_from_ms = clock_.nowMs() + 1; });
  expectRefusal(recall(handle), ResponseCode::kServiceNotAvailable, "not available until");
  enable([](BrokerSettings& settings) {
    settings.broker_permission = model::kPermissionRead;
    settings.recall_when_not_writable = false;
  });
  expectRefusal(recall(handle), ResponseCode::kServiceNotAvailable, "brokerPermission");
  EXPECT_EQ(store_->commitLogMaxOffset(), store_->commitLogMinOffset());

  enable([](BrokerSettings& settings) { settings.broker_permission = model::kPermissionRead; });
  EXPECT_EQ(recall(handle).answer.code, ResponseCode::kSuccess)
      << "allowRecallWhenBrokerNotWriteable";
}

TEST_F(RecallServiceTest, AHandleThatDoesNotFitIsRefusedWithTheReason) {
  expectRefusal(recall(someHandle().encode(), "Unknown"), ResponseCode::kTopicNotExist,
                "topic[Unknown] not exist");
  expectRefusal(recall("rubbish!"), ResponseCode::kIllegalOperation, "recall handle is invalid");
  RecallHandle handle = someHandle();
  handle.topic = "TBW102";
  expectRefusal(recall(handle.encode()), ResponseCode::kIllegalOperation, "topic not match");
  handle = someHandle();
  handle.broker_name = "broker-b";
  expectRefusal(recall(handle.encode()), ResponseCode::kIllegalOperation, "broker-b");
  handle = someHandle();
  handle.deliver_ms = clock_.nowMs();
  expectRefusal(recall(handle.encode()), ResponseCode::kIllegalOperation, "has come");
  handle.deliver_ms = clock_.nowMs() + settings_.load()->timer_delay_max_sec * 1000;
  expectRefusal(recall(handle.encode()), ResponseCode::kIllegalOperation, "timerMaxDelaySec");
  handle = someHandle();
  handle.topic = "%RETRY%G";
  ASSERT_TRUE(topics_->createInternal(handle.topic, 1).ok());
  expectRefusal(recall(handle.encode(), handle.topic), ResponseCode::kIllegalOperation,
                "not supported");
  EXPECT_EQ(store_->commitLogMaxOffset(), store_->commitLogMinOffset());
}

TEST_F(RecallServiceTest, AMarkerThatCannotBeStoredIsSystemError) {
  enable([](BrokerSettings& settings) { settings.timer_congest_slot_max = 1; });
  const auto reply = sendAt(clock_.nowMs() + 5500);
  sendAt(clock_.nowMs() + 5500);
  run();
  expectRefusal(recall(*reply.recall_handle), ResponseCode::kSystemError,
                "timerCongestNumEachSlot");
}

}  // namespace
}  // namespace rocketmq::broker
