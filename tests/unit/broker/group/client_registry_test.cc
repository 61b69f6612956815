#include "broker/group/client_registry.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "common/hash.h"
#include "common/log.h"
#include "remoting/protocol/commands/client_membership.h"
#include "tests/unit/broker/fake_connection.h"
#include "tests/unit/common/temp_folder.h"

namespace rocketmq::broker {
namespace {

constexpr int32_t kNotify = 40;

class ClientRegistryTest : public testing::Test {
 protected:
  static std::shared_ptr<FakeConnection> connect(uint64_t id) {
    return std::make_shared<FakeConnection>(id);
  }

  static ClientInfo client(const std::shared_ptr<FakeConnection>& connection, std::string id) {
    return {.connection = connection, .client_id = std::move(id)};
  }

  static model::SubscriptionData subscription(std::string topic, std::string expression = "*",
                                              int64_t version = 1) {
    model::SubscriptionData data;
    data.topic = std::move(topic);
    data.sub_string = std::move(expression);
    data.sub_version = version;
    return data;
  }

  static model::SubscriptionData bySql(std::string topic, std::string expression,
                                       int64_t version = 1) {
    model::SubscriptionData data = subscription(std::move(topic), std::move(expression), version);
    data.expression_type = "SQL92";
    return data;
  }

  static GroupSubscription to(std::vector<model::SubscriptionData> subscriptions) {
    GroupSubscription group;
    group.subscriptions = std::move(subscriptions);
    return group;
  }

  bool may_notify_ = true;
  ManualClock clock_;
  ConsumerFilters filters_{"", BloomFilter(20, 32), clock_};
  ClientRegistry clients_{
      {.may_notify = [this](std::string_view) { return may_notify_; }}, filters_, clock_};
};

// Promise: what a connection makes the broker keep is bounded, and given back when it is gone.
TEST_F(ClientRegistryTest, SubscriptionsOfOneConnectionAndOfAllAreBounded) {
  ClientRegistry clients(
      {.may_notify = {}, .bytes = {.each_free = 4'000, .each_max = 40'000, .total_max = 50'000}},
      filters_, clock_);
  const auto topics = [](const std::string& name, int count) {
    std::vector<model::SubscriptionData> all;
    for (int i = 0; i < count; ++i) {
      all.push_back(subscription(name + std::to_string(i), "A||B"));
    }
    return to(all);
  };
  const auto greedy = connect(1);
  const auto other = connect(2);
  const auto modest = connect(3);
  int groups = 0;
  while (clients.registerConsumer("G" + std::to_string(groups), client(greedy, "c"),
                                  topics("T", 10))) {
    ASSERT_LT(++groups, 100);
  }
  EXPECT_GT(groups, 1);
  EXPECT_LE(clients.bytes(), 40'000u);
  EXPECT_TRUE(clients.consumerIds("G" + std::to_string(groups)).empty());
  // Repeating what is there takes nothing more.
  EXPECT_TRUE(clients.registerConsumer("G0", client(greedy, "c"), topics("T", 10)));

  EXPECT_FALSE(clients.registerConsumer("H", client(other, "c"), topics("T", 36)));
  EXPECT_TRUE(clients.registerConsumer("I", client(modest, "c"), topics("T", 2)));
  clients.removeConnection(1);
  EXPECT_TRUE(clients.registerConsumer("H", client(other, "c"), topics("T", 36)));
  clients.removeConnection(2);
  clients.removeConnection(3);
  EXPECT_EQ(clients.bytes(), 0u);
}

TEST_F(ClientRegistryTest, EachClientOfAConnectionCountsInEachOfItsGroups) {
  ClientRegistry clients(
      {.may_notify = {}, .bytes = {.each_free = 4'000, .each_max = 40'000, .total_max = 50'000}},
      filters_, clock_);
  const auto greedy = connect(1);
  const auto joins = [&](int number) {
    const ClientInfo joining = client(greedy, std::string(500, 'c') + std::to_string(number));
    return number % 2 == 0 ? clients.registerProducer("G", joining)
                           : clients.registerConsumer("G", joining, to({}));
  };
  int count = 0;
  while (joins(count)) {
    ASSERT_LT(++count, 1000);
  }
  EXPECT_GT(count, 5);
  EXPECT_TRUE(joins(0)) << "it is there already";
  clients.removeConnection(1);
  EXPECT_EQ(clients.bytes(), 0u);
  EXPECT_TRUE(clients.producers().clients("G").empty());
  EXPECT_TRUE(clients.consumerIds("G").empty());
}

TEST_F(ClientRegistryTest, ANewMemberIsToldBeforeRegisteringReturnsAndTheOthersSoon) {
  const auto first = connect(1);
  const auto second = connect(2);
  clients_.registerConsumer("G", client(first, "c1"), to({subscription("T")}));
  EXPECT_EQ(first->sentCodes(), std::vector<int32_t>{kNotify});  // The sender as well.

  clients_.registerConsumer("G", client(second, "c2"), to({subscription("T")}));
  EXPECT_EQ(second->sentCodes(), std::vector<int32_t>{kNotify});
  EXPECT_TRUE(clients_.hasChangesToTell());
  clients_.tellChanges();
  EXPECT_EQ(first->sentCodes(), (std::vector<int32_t>{kNotify, kNotify}));
  EXPECT_EQ(clients_.consumerIds("G"), (std::vector<std::string>{"c1", "c2"}));
  EXPECT_FALSE(clients_.hasChangesToTell());
}

TEST_F(ClientRegistryTest, AConnectionIsToldOnceHoweverManyMembersItHas) {
  const auto many = connect(1);
  for (const char* id : {"c1", "c2", "c3"}) {
    clients_.registerConsumer("G", client(many, id), to({subscription("T")}));
  }
  many->forgetSent();
  clients_.registerConsumer("G", client(connect(2), "c4"), to({subscription("T")}));
  EXPECT_TRUE(many->sentCodes().empty());
  clients_.tellChanges();
  EXPECT_EQ(many->sentCodes().size(), 1u);
  EXPECT_EQ(many->sentRequests<remoting::NotifyConsumerIdsChanged>()[0].first.consumer_group, "G");
}

TEST_F(ClientRegistryTest, AGroupIsToldEvery100MsWhateverHappensInBetween) {
  const auto staying = connect(1);
  clients_.registerConsumer("G", client(staying, "c1"), to({subscription("T")}));
  staying->forgetSent();
  const auto joinAndLeave = [&] {
    const auto restless = connect(2);
    clients_.registerConsumer("G", client(restless, "c2"), to({subscription("T")}));
    clients_.unregisterConsumer("G", "c2", 2);
  };
  for (int ms = 0; ms < 1000; ms += 50) {
    for (int i = 0; i < 10; ++i) {
      joinAndLeave();
    }
    clients_.tellChanges();
    clock_.advance(ClientRegistry::kTellPeriod);
  }
  EXPECT_EQ(staying->sentCodes().size(), 10u);
  clients_.tellChanges();
  EXPECT_EQ(staying->sentCodes().size(), 11u) << "the last change is told, too";
  EXPECT_FALSE(clients_.hasChangesToTell());
}

TEST_F(ClientRegistryTest, ALargeGroupIsToldInSlices) {
  std::vector<std::shared_ptr<FakeConnection>> members;
  for (uint64_t id = 1; id <= ClientRegistry::kToldAtOnce + 1; ++id) {
    members.push_back(connect(id));
    clients_.registerConsumer("G", client(members.back(), "c" + std::to_string(id)),
                              to({subscription("T")}));
  }
  const auto told = [&members] {
    return std::count_if(members.begin(), members.end(), [](const auto& member) {
      return member->sentCodes().size() == 2;  // And when it joined.
    });
  };
  clients_.tellChanges();
  EXPECT_EQ(told(), static_cast<int64_t>(ClientRegistry::kToldAtOnce));
  clients_.tellChanges();
  EXPECT_EQ(told(), static_cast<int64_t>(ClientRegistry::kToldAtOnce)) << "too early";
  clock_.advance(ClientRegistry::kTellPeriod);
  clients_.tellChanges();
  EXPECT_EQ(told(), static_cast<int64_t>(members.size()));
  EXPECT_FALSE(clients_.hasChangesToTell());
}

TEST_F(ClientRegistryTest, TheIdsOfAGroupAreWrittenOnceUntilTheyChange) {
  EXPECT_EQ(clients_.consumerIdsBody("G"), nullptr);
  clients_.registerConsumer("G", client(connect(1), "c1"), to({subscription("T")}));
  const auto body = clients_.consumerIdsBody("G");
  EXPECT_EQ(*body, R"({"consumerIdList":["c1"]})");
  clients_.registerConsumer("G", client(connect(1), "c1"), to({subscription("T")}));
  EXPECT_EQ(clients_.consumerIdsBody("G"), body);
  clients_.registerConsumer("G", client(connect(2), "c2"), to({subscription("T")}));
  EXPECT_EQ(*clients_.consumerIdsBody("G"), R"({"consumerIdList":["c1","c2"]})");
  clients_.removeConnection(1);
  EXPECT_EQ(*clients_.consumerIdsBody("G"), R"({"consumerIdList":["c2"]})");
}

TEST_F(ClientRegistryTest, ARepeatedHeartbeatTellsNobody) {
  const auto connection = connect(1);
  clients_.registerConsumer("G", client(connection, "c1"), to({subscription("T")}));
  connection->forgetSent();
  clients_.registerConsumer("G", client(connection, "c1"), to({subscription("T")}));
  // A newer version of a known topic is no news either.
  clients_.registerConsumer("G", client(connection, "c1"), to({subscription("T", "A", 2)}));
  EXPECT_TRUE(connection->sentCodes().empty());
}

TEST_F(ClientRegistryTest, ATopicThatComesOrGoesIsToldToAll) {
  const auto connection = connect(1);
  clients_.registerConsumer("G", client(connection, "c1"), to({subscription("T")}));
  connection->forgetSent();
  clients_.registerConsumer("G", client(connection, "c1"),
                            to({subscription("T"), subscription("U")}));
  EXPECT_EQ(connection->sentCodes().size(), 1u);
  clients_.registerConsumer("G", client(connection, "c1"), to({subscription("U")}));
  EXPECT_EQ(connection->sentCodes().size(), 2u);
  EXPECT_EQ(clients_.groupsSubscribedTo("T"), std::set<std::string>{});
  EXPECT_EQ(clients_.groupsSubscribedTo("U"), std::set<std::string>{"G"});
}

TEST_F(ClientRegistryTest, NobodyIsToldWhenTheGroupDoesNotWantIt) {
  may_notify_ = false;
  const auto connection = connect(1);
  clients_.registerConsumer("G", client(connection, "c1"), to({subscription("T")}));
  clients_.registerConsumer("G", client(connect(2), "c2"), to({subscription("T")}));
  clients_.tellChanges();
  EXPECT_TRUE(connection->sentCodes().empty());
}

TEST_F(ClientRegistryTest, OnlyANewerVersionReplacesASubscription) {
  const auto connection = connect(1);
  clients_.registerConsumer("G", client(connection, "c1"), to({subscription("T", "A", 5)}));
  clients_.registerConsumer("G", client(connection, "c1"), to({subscription("T", "B", 5)}));
  EXPECT_EQ(clients_.findSubscription("G", "T").subscription->data.sub_string, "A");
  clients_.registerConsumer("G", client(connection, "c1"), to({subscription("T", "B", 6)}));
  EXPECT_EQ(clients_.findSubscription("G", "T").subscription->data.sub_string, "B");
}

// Promise: versions are times of different clocks. Of a host whose clock is ahead they count as
// long as its member is there and subscribes to the topic; then the newest of those that are there.
TEST_F(ClientRegistryTest, WhoIsLeftAloneWithATopicDecides) {
  const auto ahead = connect(1);
  const auto first = connect(2);
  const auto second = connect(3);
  const auto expression = [this] {
    return clients_.findSubscription("G", "T").subscription->data.sub_string;
  };
  const auto beat = [this](const auto& connection, const std::string& tag, int64_t version) {
    clients_.registerConsumer("G", client(connection, "c"), to({subscription("T", tag, version)}));
  };
  beat(ahead, "Ahead", 90);
  beat(first, "First", 50);
  beat(second, "Second", 40);
  EXPECT_EQ(expression(), "Ahead");
  const uint64_t changes = clients_.changes();
  clients_.removeConnection(1);
  EXPECT_GT(clients_.changes(), changes) << "heartbeats that come again have something to say now";
  beat(second, "Second", 40);
  EXPECT_EQ(expression(), "Ahead") << "a newer one is there";
  beat(first, "First", 50);
  EXPECT_EQ(expression(), "First");
  beat(second, "Second", 40);
  EXPECT_EQ(expression(), "First");
  clients_.unregisterConsumer("G", "c", 2);
  beat(second, "Second", 40);
  EXPECT_EQ(expression(), "Second");
}

// A client that takes the time as version, and whose clock has been set back.
TEST_F(ClientRegistryTest, AMemberThatIsAloneSubscribesOtherwiseWithASmallerVersion) {
  const auto connection = connect(1);
  clients_.registerConsumer("G", client(connection, "c1"), to({subscription("T", "A", 9)}));
  clients_.registerConsumer("G", client(connection, "c1"), to({subscription("T", "B", 5)}));
  EXPECT_EQ(clients_.findSubscription("G", "T").subscription->data.sub_string, "B");
}

TEST_F(ClientRegistryTest, WhoNoLongerSubscribesToATopicDecidesNothingThere) {
  const auto ahead = connect(1);
  const auto other = connect(2);
  clients_.registerConsumer("G", client(ahead, "c1"), to({subscription("T", "A", 9)}));
  clients_.registerConsumer("G", client(other, "c2"), to({subscription("T", "B", 5)}));
  const uint64_t changes = clients_.changes();
  clients_.registerConsumer("G", client(ahead, "c1"), to({subscription("T", "A", 3)}));
  EXPECT_GT(clients_.changes(), changes);
  EXPECT_EQ(clients_.findSubscription("G", "T").subscription->data.sub_string, "A");
  clients_.registerConsumer("G", client(other, "c2"), to({subscription("T", "B", 5)}));
  EXPECT_EQ(clients_.findSubscription("G", "T").subscription->data.sub_string, "B");
  clients_.registerConsumer("G", client(ahead, "c1"), to({subscription("U")}));
  clients_.registerConsumer("G", client(other, "c2"), to({subscription("T", "C", 4)}));
  EXPECT_EQ(clients_.findSubscription("G", "T").subscription->data.sub_string, "C");
}

// C++ clients send 0 as code of every tag, and every client may leave the sets out.
// Promise: pulls that wait with the expression before do not pass over what the new one wants.
TEST_F(ClientRegistryTest, AnotherExpressionIsToldToWhoeverHoldsPulls) {
  std::vector<std::string> told;
  ClientRegistry clients({.may_notify = {},
                          .on_other_expression =
                              [&](std::string_view topic, std::string_view group) {
                                told.push_back(std::string(topic) + " " + std::string(group));
                              }},
                         filters_, clock_);
  const auto connection = connect(1);
  const auto subscribe = [&](const std::string& expression, int64_t version) {
    clients.registerConsumer("G", client(connection, "c"),
                             to({subscription("T", expression, version)}));
  };
  subscribe("A", 1);
  subscribe("A", 2);
  EXPECT_TRUE(told.empty());
  subscribe("A || B", 3);
  EXPECT_EQ(told, std::vector<std::string>{"T G"});
}

TEST_F(ClientRegistryTest, TagsAreTakenFromTheExpressionNotFromTheCodes) {
  const auto connection = connect(1);
  model::SubscriptionData wrong = subscription("T", "TagA || TagB");
  wrong.code_set = {0};
  clients_.registerConsumer("G", client(connection, "c1"), to({wrong}));
  const auto found = clients_.findSubscription("G", "T");
  ASSERT_EQ(found.state, ClientRegistry::SubscriptionState::kFound);
  ASSERT_NE(found.subscription->filter, nullptr);
  EXPECT_TRUE(found.subscription->filter->matchesTagsCode(tagsCode("TagA")));
  EXPECT_TRUE(found.subscription->filter->matchesTagsCode(tagsCode("TagB")));
  EXPECT_FALSE(found.subscription->filter->matchesTagsCode(tagsCode("TagC")));
  EXPECT_FALSE(found.subscription->filter->matchesTagsCode(0));
}

// Promise: members of a group that subscribe differently, and so lose messages, are both named in
// the log, once for each change, not with every heartbeat.
TEST_F(ClientRegistryTest, MembersThatSubscribeDifferentlyAreNamed) {
  const test::TempFolder folder;
  ASSERT_TRUE(log::init({.directory = folder.path(), .file_name = "broker.log"}).isOk());
  const auto first = connect(1);
  const auto second = connect(2);
  clients_.registerConsumer("G", client(first, "c1"), to({subscription("T", "A")}));
  clients_.registerConsumer("G", client(second, "c2"), to({subscription("T", "A", 2)}));
  for (int heartbeat = 0; heartbeat < 3; ++heartbeat) {
    clients_.registerConsumer("G", client(second, "c2"), to({subscription("T", "B", 3)}));
  }
  log::shutdown();
  const std::string written = test::readFile(folder.file("broker.log"));
  const size_t at = written.find("subscribe differently");
  ASSERT_NE(at, std::string::npos) << written;
  const std::string line = written.substr(at, written.find('\n', at) - at);
  EXPECT_NE(line.find("c1"), std::string::npos) << line;
  EXPECT_NE(line.find("c2"), std::string::npos) << line;
  EXPECT_EQ(written.find("subscribe differently", at + 1), std::string::npos) << written;
}

// Promise: what one member costs does not grow with the others of its group, who share a lock.
TEST_F(ClientRegistryTest, JoiningAndLeavingCostsTheSameInALargeGroup) {
  const auto comers_and_goers = connect(1);
  const auto joinAndLeave = [&](const std::string& group) {
    const auto began = std::chrono::steady_clock::now();
    for (int i = 0; i < 500; ++i) {
      clients_.registerConsumer(group, client(comers_and_goers, "c"), to({subscription("T", "A")}));
      clients_.unregisterConsumer(group, "c", comers_and_goers->id());
    }
    return std::chrono::steady_clock::now() - began;
  };
  clients_.registerConsumer("Small", client(connect(2), "c"), to({subscription("T", "A")}));
  for (uint64_t id = 3; id < 7; ++id) {
    const auto connection = connect(id);
    for (int i = 0; i < 9'000; ++i) {
      clients_.registerConsumer("Large", client(connection, std::to_string(i)),
                                to({subscription("T", "A")}));
    }
  }
  ASSERT_EQ(36'000u, clients_.consumerIds("Large").size() * 4);
  EXPECT_LT(joinAndLeave("Large"), 50 * joinAndLeave("Small"));
}

TEST_F(ClientRegistryTest, SubscribingToAllNeedsNoFilter) {
  const auto connection = connect(1);
  clients_.registerConsumer("G", client(connection, "c1"),
                            to({subscription("T"), subscription("U", "")}));
  EXPECT_EQ(clients_.findSubscription("G", "T").subscription->filter, nullptr);
  EXPECT_EQ(clients_.findSubscription("G", "U").subscription->filter, nullptr);
  EXPECT_EQ(clients_.findSubscription("G", "V").state, ClientRegistry::SubscriptionState::kNoTopic);
  EXPECT_EQ(clients_.findSubscription("H", "T").state, ClientRegistry::SubscriptionState::kNoGroup);
}

TEST_F(ClientRegistryTest, AHeartbeatWithoutSubscriptionsMayKeepThem) {
  const auto connection = connect(1);
  clients_.registerConsumer("G", client(connection, "c1"), to({subscription("T")}));
  connection->forgetSent();
  GroupSubscription kept;
  kept.keeps_subscriptions = true;
  clients_.registerConsumer("G", client(connection, "c1"), kept);
  EXPECT_EQ(clients_.findSubscription("G", "T").state, ClientRegistry::SubscriptionState::kFound);
  EXPECT_TRUE(connection->sentCodes().empty());
}

TEST_F(ClientRegistryTest, AClosedConnectionLeavesAllItsGroupsAndTheOthersAreTold) {
  const auto leaving = connect(1);
  const auto staying = connect(2);
  for (const char* group : {"G", "H"}) {
    clients_.registerConsumer(group, client(leaving, "c1"), to({subscription("T")}));
    clients_.registerConsumer(group, client(staying, "c2"), to({subscription("T")}));
  }
  clients_.registerProducer("P", client(leaving, "c1"));
  clients_.tellChanges();
  clock_.advance(std::chrono::milliseconds(100));
  leaving->forgetSent();
  staying->forgetSent();

  clients_.removeConnection(1);

  EXPECT_EQ(clients_.consumerIds("G"), std::vector<std::string>{"c2"});
  EXPECT_EQ(clients_.consumerIds("H"), std::vector<std::string>{"c2"});
  EXPECT_TRUE(clients_.producers().clients("P").empty());
  clients_.tellChanges();
  EXPECT_TRUE(leaving->sentCodes().empty());
  EXPECT_EQ(staying->sentCodes().size(), 2u);
}

TEST_F(ClientRegistryTest, TheLastMemberTakesTheGroupAlong) {
  const auto connection = connect(1);
  clients_.registerConsumer("G", client(connection, "c1"), to({subscription("T")}));
  clients_.unregisterConsumer("G", "c1", 1);
  EXPECT_TRUE(clients_.consumerIds("G").empty());
  EXPECT_FALSE(clients_.consumerGroup("G").has_value());
  EXPECT_EQ(clients_.findSubscription("G", "T").state, ClientRegistry::SubscriptionState::kNoGroup);
}

TEST_F(ClientRegistryTest, AClientThatReconnectsIsListedOnceAndSurvivesItsOldConnection) {
  clients_.registerConsumer("G", client(connect(1), "c1"), to({subscription("T")}));
  clients_.registerConsumer("G", client(connect(2), "c1"), to({subscription("T")}));
  EXPECT_EQ(clients_.consumerIds("G"), std::vector<std::string>{"c1"});
  clients_.removeConnection(1);
  EXPECT_EQ(clients_.consumerIds("G"), std::vector<std::string>{"c1"});
}

TEST_F(ClientRegistryTest, SilenceOverTwoMinutesEndsAMembership) {
  const auto silent = connect(1);
  const auto alive = connect(2);
  clients_.registerConsumer("G", client(silent, "c1"), to({subscription("T")}));
  clients_.registerConsumer("G", client(alive, "c2"), to({subscription("T")}));
  clients_.registerProducer("P", client(silent, "c1"));
  clock_.advance(std::chrono::seconds(100));
  clients_.registerConsumer("G", client(alive, "c2"), to({subscription("T")}));
  clock_.advance(std::chrono::seconds(20));
  clients_.removeExpired();
  EXPECT_EQ(clients_.consumerIds("G").size(), 2u);

  alive->forgetSent();
  clock_.advance(std::chrono::milliseconds(1));
  clients_.removeExpired();
  EXPECT_EQ(clients_.consumerIds("G"), std::vector<std::string>{"c2"});
  EXPECT_TRUE(clients_.producers().clients("P").empty());
  EXPECT_FALSE(silent->isOpen());
  EXPECT_TRUE(alive->isOpen());
  clients_.tellChanges();
  EXPECT_EQ(alive->sentCodes(), std::vector<int32_t>{kNotify});
}

TEST_F(ClientRegistryTest, AGroupsViewShowsTraitsSubscriptionsAndMembers) {
  GroupSubscription broadcast = to({subscription("T", "A")});
  broadcast.traits.message_model = model::MessageModel::kBroadcasting;
  clients_.registerConsumer("G", client(connect(1), "c1"), broadcast);
  const auto view = clients_.consumerGroup("G");
  ASSERT_TRUE(view);
  EXPECT_EQ(view->traits.message_model, model::MessageModel::kBroadcasting);
  EXPECT_EQ(view->subscriptions.at("T").sub_string, "A");
  ASSERT_EQ(view->members.size(), 1u);
  EXPECT_EQ(view->members[0].client_id, "c1");
  EXPECT_EQ(view->members[0].updatedMs(), clock_.nowMs());
  EXPECT_TRUE(clients_.findConsumer("G", "c1"));
  EXPECT_FALSE(clients_.findConsumer("G", "c2"));
}

TEST_F(ClientRegistryTest, AConsumerThatReconnectedIsReachedOverItsNewConnection) {
  const auto half_open = connect(1);
  const auto alive = connect(2);
  clients_.registerConsumer("G", client(half_open, "c1"), to({subscription("T")}));
  clients_.registerConsumer("G", client(alive, "c1"), to({subscription("T")}));
  EXPECT_EQ(clients_.findConsumer("G", "c1")->connection, alive);
}

TEST_F(ClientRegistryTest, AConnectionThatMayJoinNoMoreKeepsItsMembers) {
  const auto connection = connect(1);
  ASSERT_TRUE(clients_.registerConsumer("G", client(connection, "c1"), to({subscription("T")})));
  int joined = 0;
  while (clients_.registerProducer("P" + std::to_string(joined), client(connection, "c1"))) {
    ASSERT_LT(++joined, 20'000);
  }
  EXPECT_TRUE(clients_.registerConsumer("G", client(connection, "c1"), to({subscription("T")})));
}

TEST_F(ClientRegistryTest, AnExpressionIsAliveWhileItsGroupSubscribesByIt) {
  const auto isAlive = [this](const char* topic) {
    const auto data = filters_.find("G", topic);
    EXPECT_TRUE(data);
    return data && !data->dead;
  };
  const auto first = connect(1);
  clients_.registerConsumer("G", client(first, "c1"),
                            to({bySql("T", "a > 5", 7), bySql("U", "a > 5"), subscription("V")}));
  EXPECT_TRUE(isAlive("T"));
  EXPECT_TRUE(isAlive("U"));
  EXPECT_FALSE(filters_.find("G", "V"));
  EXPECT_EQ(filters_.find("G", "T")->client_version, 7);

  // Only the last member takes it along, and a topic that is no longer subscribed to.
  clients_.registerConsumer("G", client(connect(2), "c2"), to({bySql("T", "a > 5", 7)}));
  EXPECT_FALSE(isAlive("U"));
  clients_.removeConnection(2);
  EXPECT_TRUE(isAlive("T"));
  clock_.advance(std::chrono::milliseconds(1000));
  clients_.removeConnection(1);
  EXPECT_FALSE(isAlive("T"));
  EXPECT_EQ(filters_.find("G", "T")->dead_time, clock_.nowMs());

  // Whoever comes back finds it, in whatever version.
  clients_.registerConsumer("G", client(connect(3), "c3"), to({bySql("T", "a > 5", 3)}));
  EXPECT_TRUE(isAlive("T"));
  EXPECT_EQ(filters_.find("G", "T")->client_version, 3);
}

TEST_F(ClientRegistryTest, AnExpressionThatIsReplacedByTagsIsDead) {
  const auto member = client(connect(1), "c1");
  clients_.registerConsumer("G", member, to({bySql("T", "a > 5")}));
  clients_.registerConsumer("G", member, to({subscription("T", "A", 2)}));
  EXPECT_TRUE(filters_.find("G", "T")->dead);
}

TEST_F(ClientRegistryTest, ABadExpressionLeavesTheOneBeforeAliveAndTheNextReplacesIt) {
  const auto member = client(connect(1), "c1");
  clients_.registerConsumer("G", member, to({bySql("T", "a > 5")}));
  clients_.registerConsumer("G", member, to({bySql("T", "a >", 2)}));
  EXPECT_FALSE(filters_.find("G", "T")->dead);
  EXPECT_EQ(filters_.find("G", "T")->expression, "a > 5");
  clients_.registerConsumer("G", member, to({bySql("T", "a < 5", 3)}));
  EXPECT_FALSE(filters_.find("G", "T")->dead);
  EXPECT_EQ(filters_.find("G", "T")->expression, "a < 5");
}

TEST_F(ClientRegistryTest, AProducerIsReachableByIdWhileItIsInAnyGroup) {
  const auto connection = connect(1);
  clients_.registerProducer("P", client(connection, "c1"));
  clients_.registerProducer("CLIENT_INNER_PRODUCER", client(connection, "c1"));
  clients_.registerProducer("P", client(connection, "c1"));
  EXPECT_EQ(clients_.producers().findConnection("c1"), connection);
  clients_.unregisterProducer("P", "c1", 1);
  EXPECT_EQ(clients_.producers().findConnection("c1"), connection);
  clients_.unregisterProducer("CLIENT_INNER_PRODUCER", "c1", 1);
  EXPECT_EQ(clients_.producers().findConnection("c1"), nullptr);
  EXPECT_TRUE(clients_.producers().all().empty());
}

TEST_F(ClientRegistryTest, AProducerThatReconnectedIsReachedOverItsNewConnection) {
  const auto fresh = connect(2);
  clients_.registerProducer("P", client(connect(1), "c1"));
  clients_.registerProducer("P", client(fresh, "c1"));
  EXPECT_EQ(clients_.producers().findConnection("c1"), fresh);
  clients_.removeConnection(1);
  EXPECT_EQ(clients_.producers().findConnection("c1"), fresh);
}

TEST_F(ClientRegistryTest, ProducersOfAGroupTakeTurns) {
  EXPECT_EQ(clients_.producers().pickConnection("P"), nullptr);
  const auto first = connect(1);
  const auto second = connect(2);
  clients_.registerProducer("P", client(first, "c1"));
  clients_.registerProducer("P", client(second, "c2"));
  const auto one = clients_.producers().pickConnection("P");
  const auto other = clients_.producers().pickConnection("P");
  EXPECT_NE(one, other);
  EXPECT_EQ(clients_.producers().pickConnection("P"), one);
}

}  // namespace
}  // namespace rocketmq::broker
