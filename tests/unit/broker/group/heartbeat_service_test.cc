#include "broker/group/heartbeat_service.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/json/encode.h"
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

  /// One that came over the connection; true when it repeats another one, else it is accepted.
  bool comes(const remoting::HeartbeatData& heartbeat, int32_t version = 409) {
    const std::string body = json::encode(heartbeat);
    remoting::CommandView command;
    command.version = version;
    command.body = body;
    const remoting::ConnectionPtr connection = connection_;
    const remoting::RequestContext context{.connection = connection, .command = command};
    const HeartbeatPrint print = heartbeats_.printOf(context);
    if (heartbeats_.repeats(context, print)) {
      return true;
    }
    heartbeats_.accept(heartbeat, client(), &print);
    return false;
  }

  /// The first one makes the group and its retry topic.
  remoting::HeartbeatData settle(remoting::HeartbeatData heartbeat) {
    EXPECT_FALSE(comes(heartbeat));
    EXPECT_FALSE(comes(heartbeat));
    EXPECT_TRUE(comes(heartbeat));
    return heartbeat;
  }

  std::shared_ptr<FakeConnection> connection_ = std::make_shared<FakeConnection>(1);
  ConsumerFilters filters_{"", BloomFilter(20, 32), clock_};
  ClientRegistry clients_{{}, filters_, clock_};
  HeartbeatService heartbeats_{clients_, *groups_, *topics_, clock_};
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
  EXPECT_EQ(clients_.producers().clients("P").size(), 1u);
}

TEST_F(HeartbeatServiceTest, NamesAndExpressionsLongerThanAnyThatWorkAreRefused) {
  const auto problemOf = [](const auto& change) {
    auto heartbeat = heartbeatOf("G");
    heartbeat.consumer_data_set[0].subscription_data_set.resize(1);
    change(heartbeat);
    return HeartbeatService::check(heartbeat).message();
  };
  const std::string name(513, 'n');
  EXPECT_EQ(problemOf([](auto& heartbeat) { heartbeat.client_id = std::string(512, 'c'); }), "");
  EXPECT_EQ(problemOf([&](auto& heartbeat) { heartbeat.client_id = name; }),
            "the clientID in a heartbeat has 513 bytes, at most 512 are taken");
  EXPECT_EQ(problemOf([](auto& heartbeat) { heartbeat.client_id = "c\nERROR"; }),
            "the clientID in a heartbeat has control characters");
  EXPECT_EQ(problemOf([](auto& heartbeat) {
              heartbeat.consumer_data_set[0].subscription_data_set[0].topic = "T\x7f";
            }),
            "the topic in a heartbeat has control characters");
  EXPECT_NE(problemOf([&](auto& heartbeat) { heartbeat.producer_data_set[0].group_name = name; }),
            "");
  EXPECT_NE(problemOf([&](auto& heartbeat) { heartbeat.consumer_data_set[0].group_name = name; }),
            "");
  EXPECT_NE(problemOf([&](auto& heartbeat) {
              heartbeat.consumer_data_set[0].subscription_data_set[0].topic = name;
            }),
            "");
  EXPECT_EQ(problemOf([](auto& heartbeat) {
              model::SubscriptionData& data =
                  heartbeat.consumer_data_set[0].subscription_data_set[0];
              data.topic = "T";
              data.sub_string = std::string(16'385, 't');
            }),
            "the subscription of T in a heartbeat has 16385 bytes, at most 16384 are taken");
  EXPECT_NE(problemOf([](auto& heartbeat) {
              heartbeat.consumer_data_set[0].subscription_data_set[0].expression_type =
                  std::string(65, 't');
            }),
            "");
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
  EXPECT_TRUE(clients_.producers().clients("P").empty());
}

TEST_F(HeartbeatServiceTest, ARepeatedHeartbeatKeepsAllMembershipsAlive) {
  const auto heartbeat = settle(heartbeatOf("G"));
  for (int i = 0; i < 10; ++i) {
    clock_.advance(std::chrono::seconds(30));
    EXPECT_TRUE(comes(heartbeat));
  }
  clients_.removeExpired();
  EXPECT_EQ(clients_.consumerIds("G"), std::vector<std::string>{"c1"});
  EXPECT_EQ(clients_.producers().clients("P").at(0).updatedMs(), clock_.nowMs());
  clock_.advance(std::chrono::seconds(121));
  clients_.removeExpired();
  EXPECT_TRUE(clients_.consumerIds("G").empty());
  EXPECT_TRUE(clients_.producers().clients("P").empty());
}

TEST_F(HeartbeatServiceTest, AGroupThatHeartbeatsNoLongerNameExpiresThoughTheOthersAreRepeated) {
  settle(heartbeatOf("Old"));
  const auto heartbeat = settle(heartbeatOf("New"));
  clock_.advance(std::chrono::seconds(121));
  EXPECT_TRUE(comes(heartbeat));
  clients_.removeExpired();
  EXPECT_TRUE(clients_.consumerIds("Old").empty());
  EXPECT_FALSE(clients_.consumerIds("New").empty());
}

// What is handled on a lane leaves no print.
TEST_F(HeartbeatServiceTest, AfterOneThatIsNotRememberedAnEarlierOneIsNoRepetition) {
  const auto heartbeat = settle(heartbeatOf("G"));
  heartbeats_.accept(heartbeat, client());
  EXPECT_FALSE(comes(heartbeat));
  clock_.advance(std::chrono::seconds(121));
  EXPECT_TRUE(comes(heartbeat));
  clients_.removeExpired();
  EXPECT_FALSE(clients_.consumerIds("G").empty());
}

TEST_F(HeartbeatServiceTest, AnotherBodyOrVersionIsNoRepetition) {
  const auto heartbeat = settle(heartbeatOf("G"));
  auto changed = heartbeat;
  changed.producer_data_set = {{"P"}, {"Q"}};
  EXPECT_FALSE(comes(changed));
  EXPECT_EQ(clients_.producers().clients("Q").size(), 1u);
  EXPECT_TRUE(comes(changed));
  EXPECT_FALSE(comes(changed, 410));
}

TEST_F(HeartbeatServiceTest, WhoHasLeftAGroupIsRegisteredAgain) {
  const auto heartbeat = settle(heartbeatOf("G"));
  clients_.unregisterConsumer("G", "c1", connection_->id());
  EXPECT_FALSE(comes(heartbeat));
  EXPECT_FALSE(clients_.consumerIds("G").empty());
  clients_.unregisterProducer("P", "c1", connection_->id());
  EXPECT_FALSE(comes(heartbeat));
  EXPECT_FALSE(clients_.producers().clients("P").empty());
  clients_.removeConnection(connection_->id());
  EXPECT_FALSE(comes(heartbeat));
  EXPECT_FALSE(clients_.consumerIds("G").empty());
}

TEST_F(HeartbeatServiceTest, WhatWasDeletedIsMadeAgain) {
  const auto heartbeat = settle(heartbeatOf("G"));
  EXPECT_TRUE(*groups_->remove("G"));
  EXPECT_FALSE(comes(heartbeat));
  EXPECT_NE(groups_->find("G"), nullptr);
  EXPECT_FALSE(comes(heartbeat));
  EXPECT_TRUE(comes(heartbeat));
  EXPECT_TRUE(topics_->remove("%RETRY%G").ok());
  EXPECT_FALSE(comes(heartbeat));
  EXPECT_NE(topics_->find("%RETRY%G"), nullptr);
}

TEST_F(HeartbeatServiceTest, MembersThatSubscribeDifferentlyAreAllRegisteredAgain) {
  auto heartbeat = heartbeatOf("G");
  model::SubscriptionData subscription;
  subscription.topic = "T";
  heartbeat.consumer_data_set[0].subscription_data_set = {subscription};
  settle(heartbeat);
  const auto other = std::make_shared<FakeConnection>(2);
  clients_.registerConsumer("G", {.connection = other, .client_id = "c2"}, {});
  EXPECT_EQ(clients_.findSubscription("G", "T").state, ClientRegistry::SubscriptionState::kNoTopic);
  EXPECT_FALSE(comes(heartbeat));
  EXPECT_EQ(clients_.findSubscription("G", "T").state, ClientRegistry::SubscriptionState::kFound);
}

TEST_F(HeartbeatServiceTest, AGroupThatIsStillMissingIsLookedForEachTime) {
  configure([](BrokerSettings& settings) { settings.auto_create_group = false; });
  const auto heartbeat = heartbeatOf("G");
  EXPECT_FALSE(comes(heartbeat));
  EXPECT_FALSE(comes(heartbeat));
  configure([](BrokerSettings& settings) { settings.auto_create_group = true; });
  EXPECT_FALSE(comes(heartbeat));
  EXPECT_NE(groups_->find("G"), nullptr);
}

}  // namespace
}  // namespace rocketmq::broker
