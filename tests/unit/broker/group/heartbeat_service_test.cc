#include "broker/group/heartbeat_service.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "tests/unit/broker/fake_connection.h"
#include "tests/unit/broker/message_path.h"

namespace rocketmq::broker {
namespace {

class HeartbeatServiceTest : public MessagePath {
 protected:
  static remoting::HeartbeatData heartbeatOf(std::string group) {
    remoting::HeartbeatData heartbeat;
    heartbeat.client_id = "c1";
    remoting::ConsumerData consumer;
    consumer.group_name = std::move(group);
    heartbeat.consumer_data_set = {consumer};
    heartbeat.producer_data_set = {{"P"}};
    return heartbeat;
  }

  ClientInfo client() const { return {.connection = connection_, .client_id = "c1"}; }

  std::shared_ptr<FakeConnection> connection_ = std::make_shared<FakeConnection>(1);
  ConsumerFilters filters_{"", BloomFilter(20, 32), clock_};
  ClientRegistry clients_{{}, filters_, clock_};
  HeartbeatService heartbeats_{clients_, *groups_, *topics_};
};

TEST_F(HeartbeatServiceTest, OnlyTheFirstHeartbeatOfAGroupHasSomethingToCreate) {
  const auto heartbeat = heartbeatOf("G");
  EXPECT_TRUE(heartbeats_.needsBlocking(heartbeat));
  heartbeats_.accept(heartbeat, client());
  EXPECT_FALSE(heartbeats_.needsBlocking(heartbeat));
  EXPECT_NE(groups_->find("G"), nullptr);
  ASSERT_NE(topics_->find("%RETRY%G"), nullptr);
  EXPECT_EQ(topics_->find("%RETRY%G")->write_queue_nums, 1);
  EXPECT_EQ(topics_->find("%RETRY%G")->perm, 6);
  EXPECT_EQ(clients_.consumerIds("G"), std::vector<std::string>{"c1"});
  EXPECT_EQ(clients_.producers("P").size(), 1u);
}

TEST_F(HeartbeatServiceTest, AUnitConsumersRetryTopicIsMarked) {
  auto heartbeat = heartbeatOf("G");
  heartbeat.consumer_data_set[0].unit_mode = true;
  heartbeats_.accept(heartbeat, client());
  EXPECT_EQ(topics_->find("%RETRY%G")->topic_sys_flag, model::kTopicUnitSubscription);
}

TEST_F(HeartbeatServiceTest, AGroupThatMustNotBeCreatedIsRegisteredAllTheSame) {
  configure([](BrokerSettings& settings) { settings.auto_create_group = false; });
  const auto heartbeat = heartbeatOf("G");
  EXPECT_FALSE(heartbeats_.needsBlocking(heartbeat));
  heartbeats_.accept(heartbeat, client());
  EXPECT_EQ(groups_->find("G"), nullptr);
  EXPECT_EQ(topics_->find("%RETRY%G"), nullptr);
  EXPECT_EQ(clients_.consumerIds("G"), std::vector<std::string>{"c1"});
}

TEST_F(HeartbeatServiceTest, AHeartbeatThatOutlivesItsConnectionLeavesNothing) {
  connection_->close("gone");
  heartbeats_.accept(heartbeatOf("G"), client());
  EXPECT_TRUE(clients_.consumerIds("G").empty());
  EXPECT_TRUE(clients_.producers("P").empty());
}

}  // namespace
}  // namespace rocketmq::broker
