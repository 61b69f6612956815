#include "broker/group/subscription_groups.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "tests/support/temp_dir.h"

namespace rocketmq::broker {
namespace {

class SubscriptionGroupsTest : public testing::Test {
 protected:
  SubscriptionGroupsTest() { restart(); }

  void restart() {
    auto opened = SubscriptionGroups::open(dir_ / "subscriptionGroup.json", settings_, clock_);
    ASSERT_TRUE(opened.ok()) << opened.status().message();
    groups_ = std::move(*opened);
  }

  void autoCreate(bool enable) {
    BrokerSettings settings;
    settings.auto_create_group = enable;
    settings_.store(std::make_shared<const BrokerSettings>(settings));
  }

  test::TempDir dir_;
  ManualClock clock_;
  LiveSettings settings_{std::make_shared<const BrokerSettings>()};
  std::unique_ptr<SubscriptionGroups> groups_;
};

TEST_F(SubscriptionGroupsTest, SevenGroupsAreThereFromTheStart) {
  for (const char* name :
       {"TOOLS_CONSUMER", "FILTERSRV_CONSUMER", "SELF_TEST_C_GROUP", "CID_ONS-HTTP-PROXY",
        "CID_ONSAPI_PULL", "CID_ONSAPI_PERMISSION", "CID_ONSAPI_OWNER"}) {
    EXPECT_NE(groups_->find(name), nullptr) << name;
  }
  EXPECT_EQ(groups_->snapshot()->subscription_group_table.size(), 7u);
}

TEST_F(SubscriptionGroupsTest, AnUnknownGroupIsCreatedWithRocketMqsDefaultsAndSurvives) {
  EXPECT_EQ(groups_->find("G"), nullptr);
  ASSERT_NE(groups_->findOrCreate("G"), nullptr);
  restart();
  const GroupConfigPtr group = groups_->find("G");
  ASSERT_NE(group, nullptr);
  EXPECT_EQ(group->group_name, "G");
  EXPECT_EQ(group->retry_max_times, 16);
  EXPECT_EQ(group->retry_queue_nums, 1);
  EXPECT_TRUE(group->consume_enable);
  EXPECT_EQ(group->which_broker_when_consume_slowly, 1);
}

TEST_F(SubscriptionGroupsTest, WithoutAutoCreationOnlySystemGroupsAreCreated) {
  autoCreate(false);
  EXPECT_FALSE(groups_->canCreate("G"));
  EXPECT_EQ(groups_->findOrCreate("G"), nullptr);
  EXPECT_NE(groups_->findOrCreate("CID_RMQ_SYS_TRANS"), nullptr);
}

TEST_F(SubscriptionGroupsTest, IllegalNamesAreNeverCreated) {
  for (const std::string& name : {std::string(), std::string("a b"), std::string(256, 'g')}) {
    EXPECT_FALSE(groups_->canCreate(name));
    EXPECT_EQ(groups_->findOrCreate(name), nullptr);
  }
}

TEST_F(SubscriptionGroupsTest, MoreRetryQueuesThanATopicMayHaveAreRefused) {
  model::SubscriptionGroupConfig config;
  config.group_name = "G";
  config.retry_queue_nums = 65'536;
  EXPECT_FALSE(groups_->update(config).isOk());
  EXPECT_EQ(groups_->find("G"), nullptr);
  config.retry_queue_nums = 65'535;
  EXPECT_TRUE(groups_->update(config).isOk());
}

TEST_F(SubscriptionGroupsTest, AGroupWithAttributesOfAnyLengthIsRefused) {
  model::SubscriptionGroupConfig config;
  config.group_name = "G";
  config.attributes = {{"a", std::string(64 << 10, 'x')}};
  EXPECT_EQ(groups_->update(config).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(groups_->find("G"), nullptr);
  config.attributes = {{"a", std::string(63 << 10, 'x')}};
  EXPECT_TRUE(groups_->update(config).isOk());
}

TEST_F(SubscriptionGroupsTest, ASlaveIsNotChangedByRequest) {
  ASSERT_NE(groups_->findOrCreate("G"), nullptr);
  BrokerSettings settings;
  settings.broker_role = BrokerRole::kSlave;
  settings_.store(std::make_shared<const BrokerSettings>(settings));
  EXPECT_FALSE(groups_->remove("G").ok());
  EXPECT_NE(groups_->find("G"), nullptr);
}

TEST_F(SubscriptionGroupsTest, UpdatesAndRemovalsCountAndSurvive) {
  model::SubscriptionGroupConfig config;
  config.group_name = "G";
  config.retry_max_times = 3;
  ASSERT_TRUE(groups_->update(config).isOk());
  config.consume_enable = false;
  ASSERT_TRUE(groups_->update(config).isOk());
  EXPECT_EQ(groups_->dataVersion().counter, 2);
  restart();
  EXPECT_EQ(groups_->find("G")->retry_max_times, 3);
  EXPECT_FALSE(groups_->find("G")->consume_enable);

  EXPECT_TRUE(*groups_->remove("G"));
  EXPECT_FALSE(*groups_->remove("G"));
  restart();
  EXPECT_EQ(groups_->find("G"), nullptr);
  config.group_name = "a b";
  EXPECT_FALSE(groups_->update(config).isOk());
}

}  // namespace
}  // namespace rocketmq::broker
