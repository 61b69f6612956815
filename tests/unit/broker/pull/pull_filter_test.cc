// Pulls whose filters are SQL92 expressions, or long.

#include <future>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/eventually.h"
#include "tests/unit/broker/pull/pull_fixture.h"

namespace rocketmq::broker {
namespace {

class PullFilterTest : public PullServiceTest {};

TEST_F(PullFilterTest, SqlIsRefusedWhilePropertyFiltersAreOff) {
  subscribe("a > 3", 1, "SQL92");
  const std::string refusal = "The broker does not support consumer to filter message by SQL92";
  EXPECT_EQ(codeOf({.sys_flag = 0}), ResponseCode::kSystemError);
  EXPECT_EQ(pull({.sys_flag = 0}).remark, refusal);
  EXPECT_EQ(codeOf({.subscription = "a >", .type = "SQL92"}), ResponseCode::kSystemError);
  EXPECT_EQ(pull({.subscription = "a > 3", .type = "SQL92"}).remark, refusal);
}

TEST_F(PullFilterTest, SqlFiltersByTheProperties) {
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

TEST_F(PullFilterTest, ABadExpressionIsRefusedWithItsPlace) {
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
TEST_F(PullFilterTest, ABadExpressionLeavesTheOneBeforeInForce) {
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
TEST_F(PullFilterTest, AHeldPullsFilterCountsWhateverItsGroupSubscribesToMeanwhile) {
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

TEST_F(PullFilterTest, AHeldPullWakesOnlyForAMessageThatItsExpressionWants) {
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
TEST_F(PullFilterTest, AScanThatFindsNothingEndsAndSaysWhereToGoOn) {
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

TEST_F(PullFilterTest, ALongFilterIsParsedOnALaneUnlessItIsKnown) {
  configure([](BrokerSettings& settings) { settings.property_filter = true; });
  const std::string tags(2'000, 't');
  const std::string expression = "a = '" + tags + "'";
  subscribe(tags);
  const auto by_tags = start({.subscription = "x" + tags});
  const auto by_sql = start({.subscription = expression, .type = "SQL92"});
  ASSERT_TRUE(
      test::eventually([&] { return by_tags->has_answer.load() && by_sql->has_answer.load(); }));
  lanes_.stop();
  EXPECT_EQ(by_tags->answer->code, ResponseCode::kPullNotFound);
  EXPECT_EQ(by_sql->answer->code, ResponseCode::kPullNotFound);
  // No lane is left.
  EXPECT_EQ(codeOf({.subscription = "x" + tags}), ResponseCode::kSystemBusy);
  EXPECT_EQ(codeOf({.subscription = "not " + expression, .type = "SQL92"}),
            ResponseCode::kSystemBusy);
  EXPECT_EQ(codeOf({.subscription = tags}), ResponseCode::kPullNotFound);
  EXPECT_EQ(codeOf({.subscription = expression, .type = "SQL92"}), ResponseCode::kPullNotFound);
  EXPECT_EQ(codeOf({.subscription = std::string(20'000, 't')}),
            ResponseCode::kSubscriptionParseFailed);
}

// Promise: what waits for a lane with filters of its own is bounded in bytes.
TEST_F(PullFilterTest, PullsThatWaitForALaneCountTheirFilters) {
  configure([](BrokerSettings& settings) { settings.property_filter = true; });
  for (int i = 0; i < 40; ++i) {
    send({.body = "x"});
  }
  const Pull pull{.subscription = "a = '" + std::string(16'000, 't') + "'", .type = "SQL92"};
  const auto first = start(pull);
  ASSERT_TRUE(test::eventually([&] { return first->has_answer.load(); }));
  std::promise<void> release;
  const std::shared_future<void> released = release.get_future().share();
  for (int thread = 0; thread < 2; ++thread) {
    ASSERT_TRUE(lanes_.run(remoting::Lane::kQuery, [released] { released.wait(); }));
  }
  std::shared_ptr<Slot> last;
  int waiting = 0;
  do {
    last = start(pull);
  } while (!last->has_answer && ++waiting < 1'000);
  release.set_value();
  EXPECT_GT(waiting, 100);
  EXPECT_LT(waiting, 1'000);
  lanes_.stop();
}

}  // namespace
}  // namespace rocketmq::broker
