#include "broker/pull/pull_service.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/message/sys_flag.h"
#include "tests/support/eventually.h"
#include "tests/unit/broker/fake_connection.h"
#include "tests/unit/broker/message_path.h"

namespace rocketmq::broker {
namespace {

using remoting::ResponseCode;
using PullAnswer = remoting::Answer<remoting::PullMessageReply>;

class PullServiceTest : public MessagePath {
 protected:
  PullServiceTest() {
    topics_->createForSend({.topic = "T", .default_topic = "TBW102", .default_topic_queues = 4});
    groups_->findOrCreate("G");
    pulls_.emplace(PullService::Parts{.settings = settings_,
                                      .topics = *topics_,
                                      .groups = *groups_,
                                      .clients = clients_,
                                      .offsets = *offsets_,
                                      .store = *store_,
                                      .held = held_,
                                      .lanes = lanes_,
                                      .traffic = traffic_,
                                      .clock = clock_,
                                      .has_slave_in_sync = [this] { return has_slave_; }});
  }
  ~PullServiceTest() override { lanes_.stop(); }

  struct Pull {
    std::string group = "G";
    std::string topic = "T";
    int32_t queue_id = 0;
    int64_t offset = 0;
    int32_t max = 32;
    int32_t sys_flag = pull_sys_flag::kSubscription;
    int64_t commit = 0;
    int64_t suspend_ms = 15'000;
    std::string subscription = "*";
    int64_t version = 0;
    std::string type = "TAG";
    bool is_lite = false;
  };

  /// Where the answer of one pull goes.
  struct Slot {
    std::optional<PullAnswer> answer;
    std::atomic<bool> has_answer{false};  ///< For answers that come from another thread.
    bool was_held = false;
  };

  class SlotResponder final : public PullResponder {
   public:
    SlotResponder(std::shared_ptr<Slot> slot, remoting::ConnectionPtr connection)
        : slot_(std::move(slot)), connection_(std::move(connection)) {}
    void answer(PullAnswer answer) override {
      slot_->answer = std::move(answer);
      slot_->has_answer = true;
    }
    const remoting::ConnectionPtr& connection() const override { return connection_; }
    void markHeld() override { slot_->was_held = true; }

   private:
    std::shared_ptr<Slot> slot_;
    remoting::ConnectionPtr connection_;
  };

  std::shared_ptr<Slot> start(const Pull& what) {
    PullService::Header header;
    header.consumer_group = what.group;
    header.topic = what.topic;
    header.queue_id = what.queue_id;
    header.queue_offset = what.offset;
    header.max_messages = what.max;
    header.sys_flag = what.sys_flag;
    header.commit_offset = what.commit;
    header.suspend_timeout_ms = what.suspend_ms;
    header.subscription = what.subscription;
    header.subscription_version = what.version;
    header.expression_type = what.type;
    auto slot = std::make_shared<Slot>();
    pulls_->pull(header, what.is_lite, std::make_unique<SlotResponder>(slot, connection_));
    return slot;
  }

  /// A pull that must be answered at once.
  PullAnswer pull(const Pull& what) {
    const auto slot = start(what);
    EXPECT_TRUE(slot->answer.has_value());
    return slot->answer.value_or(PullAnswer{});
  }

  ResponseCode codeOf(const Pull& what) { return pull(what).code; }

  static std::vector<std::string> bodies(const PullAnswer& answer) {
    std::string bytes;
    for (const auto& slice : answer.body.slices()) {
      bytes += slice.bytes;
    }
    std::vector<std::string> found;
    for (std::string_view rest = bytes; !rest.empty();) {
      const auto record = decodeRecord(rest, CrcCheck::kVerify);
      EXPECT_TRUE(record.ok());
      if (!record.ok()) {
        break;
      }
      found.emplace_back(record->body);
      rest.remove_prefix(static_cast<size_t>(record->total_size));
    }
    return found;
  }

  void subscribe(std::string expression, int64_t version = 1, std::string type = "TAG",
                 model::MessageModel model = model::MessageModel::kClustering) {
    GroupSubscription subscription;
    subscription.traits.message_model = model;
    model::SubscriptionData data;
    data.topic = "T";
    data.sub_string = std::move(expression);
    data.sub_version = version;
    data.expression_type = std::move(type);
    subscription.subscriptions = {data};
    clients_.registerConsumer("G", {.connection = connection_, .client_id = "c"}, subscription);
  }

  static constexpr int32_t kHold = pull_sys_flag::kSubscription | pull_sys_flag::kSuspend;

  std::shared_ptr<FakeConnection> connection_ = std::make_shared<FakeConnection>(1);
  ConsumerFilters filters_{"", BloomFilter(20, 32), clock_};
  ClientRegistry clients_{{}, filters_, clock_};
  remoting::Lanes lanes_{{}};
  bool has_slave_ = false;
  std::optional<PullService> pulls_;
};

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
  groups_->setConsumeEnable("G", false);
  EXPECT_EQ(codeOf(next), ResponseCode::kNoPermission);
  groups_->setConsumeEnable("G", true);
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

TEST_F(PullServiceTest, ABroadcastingGroupMayBeForbidden) {
  send({});
  subscribe("*", 1, "TAG", model::MessageModel::kBroadcasting);
  EXPECT_EQ(codeOf({.sys_flag = 0}), ResponseCode::kSuccess);
  model::SubscriptionGroupConfig group = *groups_->find("G");
  group.consume_broadcast_enable = false;
  ASSERT_TRUE(groups_->update(group).isOk());
  EXPECT_EQ(codeOf({.sys_flag = 0}), ResponseCode::kNoPermission);
}

TEST_F(PullServiceTest, SqlIsRefusedWhilePropertyFiltersAreOff) {
  subscribe("a > 3", 1, "SQL92");
  const std::string refusal = "The broker does not support consumer to filter message by SQL92";
  EXPECT_EQ(codeOf({.sys_flag = 0}), ResponseCode::kSystemError);
  EXPECT_EQ(pull({.sys_flag = 0}).remark, refusal);
  EXPECT_EQ(codeOf({.subscription = "a >", .type = "SQL92"}), ResponseCode::kSystemError);
  EXPECT_EQ(pull({.subscription = "a > 3", .type = "SQL92"}).remark, refusal);
}

TEST_F(PullServiceTest, SqlFiltersByTheProperties) {
  configure([](BrokerSettings& settings) { settings.property_filter = true; });
  for (const char* a : {"1", "5", "9"}) {
    send({.body = a, .properties = {{"a", a}, {"TAGS", "T"}}});
  }
  send({.body = "none"});
  EXPECT_EQ(bodies(pull({.subscription = "a > 3 AND TAGS = 'T'", .type = "SQL92"})),
            (std::vector<std::string>{"5", "9"}));
  subscribe("a < 3", 1, "SQL92");
  EXPECT_EQ(bodies(pull({.sys_flag = 0, .version = 1})), std::vector<std::string>{"1"});
  const PullAnswer none = pull({.subscription = "a = 0", .type = "SQL92"});
  EXPECT_EQ(none.code, ResponseCode::kPullRetryImmediately);
  EXPECT_EQ(none.header->next_begin_offset, 4);
}

TEST_F(PullServiceTest, ABadExpressionIsRefusedWithItsPlace) {
  configure([](BrokerSettings& settings) { settings.property_filter = true; });
  const PullAnswer own = pull({.subscription = "a > ", .type = "SQL92"});
  EXPECT_EQ(own.code, ResponseCode::kSubscriptionParseFailed);
  EXPECT_NE(own.remark.find("line 1, column 5"), std::string::npos) << own.remark;
  EXPECT_EQ(codeOf({.subscription = "a", .type = "XPATH"}), ResponseCode::kSubscriptionParseFailed);
  subscribe("a > ", 1, "SQL92");
  const PullAnswer groups = pull({.sys_flag = 0});
  EXPECT_EQ(groups.code, ResponseCode::kFilterDataNotExist);
  EXPECT_NE(groups.remark.find("line 1, column 5"), std::string::npos) << groups.remark;
}

// As in RocketMQ: members that still use the expression before go on.
TEST_F(PullServiceTest, ABadExpressionLeavesTheOneBeforeInForce) {
  configure([](BrokerSettings& settings) { settings.property_filter = true; });
  send({.body = "5", .properties = {{"a", "5"}}});
  subscribe("a > 3", 1, "SQL92");
  subscribe("a > ", 2, "SQL92");
  EXPECT_EQ(codeOf({.sys_flag = 0, .version = 2}), ResponseCode::kFilterDataNotLatest);
  EXPECT_EQ(bodies(pull({.sys_flag = 0, .version = 1})), std::vector<std::string>{"5"});
  subscribe("a > 9", 3, "SQL92");
  EXPECT_EQ(codeOf({.sys_flag = 0, .version = 3}), ResponseCode::kPullRetryImmediately);
}

// Promise: filters that only pulls that wait still have count as what their connection keeps.
TEST_F(PullServiceTest, AHeldPullsFilterCountsWhateverItsGroupSubscribesToMeanwhile) {
  configure([](BrokerSettings& settings) { settings.property_filter = true; });
  subscribe("*", 1);
  const size_t usual = clients_.bytes();
  int64_t version = 1;
  for (const std::string type : {"TAG", "SQL92"}) {
    SCOPED_TRACE(type);
    subscribe(
        type == "TAG" ? std::string(10'000, 't') : "a > 3 OR b = '" + std::string(9'000, 't') + "'",
        ++version, type);
    const size_t with_filter = clients_.bytes();
    EXPECT_GT(with_filter, usual + 10'000);
    const auto held = start({.sys_flag = pull_sys_flag::kSuspend, .version = version});
    EXPECT_EQ(held_.size(), 1u);
    subscribe("a > ", ++version, "SQL92");
    subscribe("*", ++version);
    EXPECT_GE(clients_.bytes(), with_filter);
    held_.dropConnection(connection_->id());
    EXPECT_EQ(clients_.bytes(), usual);
  }
}

TEST_F(PullServiceTest, AHeldPullWakesOnlyForAMessageThatItsExpressionWants) {
  configure([](BrokerSettings& settings) { settings.property_filter = true; });
  const auto held = start({.sys_flag = kHold, .subscription = "a > 3", .type = "SQL92"});
  {
    HeldPulls::WakeScope wakes(held_);
    send({.body = "1", .properties = {{"a", "1"}}});
    send({.body = "none"});
    EXPECT_EQ(held_.size(), 1u);
    send({.body = "5", .properties = {{"a", "5"}}});
    EXPECT_EQ(held_.size(), 0u);
  }
  ASSERT_TRUE(held->answer.has_value());
  EXPECT_EQ(bodies(*held->answer), std::vector<std::string>{"5"});
  EXPECT_EQ(held->answer->header->next_begin_offset, 3);
}

// One pull looks at 16,000 bytes of the queue, as in RocketMQ; the next goes on from there.
TEST_F(PullServiceTest, AScanThatFindsNothingEndsAndSaysWhereToGoOn) {
  configure([](BrokerSettings& settings) { settings.property_filter = true; });
  for (int i = 0; i < 900; ++i) {
    send({.body = "x"});
  }
  send({.body = "5", .properties = {{"a", "5"}}});
  const auto first = start({.subscription = "a > 3", .type = "SQL92"});
  ASSERT_TRUE(test::eventually([&] { return first->has_answer.load(); }));
  EXPECT_EQ(first->answer->code, ResponseCode::kPullRetryImmediately);
  EXPECT_EQ(first->answer->header->next_begin_offset, 800);
  const auto second = start({.offset = 800, .subscription = "a > 3", .type = "SQL92"});
  ASSERT_TRUE(test::eventually([&] { return second->has_answer.load(); }));
  EXPECT_EQ(bodies(*second->answer), std::vector<std::string>{"5"});
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
  offsets_->assignReset("G", "T", 0, 0);
  const PullAnswer answer = pull({.offset = 1, .sys_flag = kHold});
  EXPECT_EQ(answer.code, ResponseCode::kPullOffsetMoved);
  EXPECT_EQ(answer.header->next_begin_offset, 0);
  EXPECT_EQ(codeOf({.offset = 0}), ResponseCode::kSuccess);
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
  lanes_.stop();  // Finishes what is queued.
  ASSERT_TRUE(slot->answer);
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
  lanes_.stop();  // Finishes what is queued.
  ASSERT_TRUE(slot->answer);
  EXPECT_EQ(bodies(*slot->answer), std::vector<std::string>{"x"});
  EXPECT_NE(groups_->find("New"), nullptr);
}

}  // namespace
}  // namespace rocketmq::broker
