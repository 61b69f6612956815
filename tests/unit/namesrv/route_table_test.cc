#include "namesrv/route_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/cpu_time.h"

namespace rocketmq::namesrv {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr QueueLayout kReadWrite{.read_queue_nums = 4, .write_queue_nums = 4, .perm = 6};

model::DataVersion version(int64_t counter, int64_t state_version = 0) {
  model::DataVersion version;
  version.counter = counter;
  version.timestamp = 1'700'000'000'000;
  version.state_version = state_version;
  return version;
}

/// A route table and brokers that talk to it.
class RouteTableTest : public testing::Test {
 protected:
  explicit RouteTableTest(RouteTable::Options options = {}) : table_(options) {}

  static Registration master(std::string name = "broker-a",
                             std::string address = "10.0.0.1:10911") {
    Registration registration;
    registration.broker = {
        .cluster = "C", .name = std::move(name), .address = std::move(address), .id = 0};
    registration.ha_server_address = "10.0.0.1:10912";
    registration.connection_id = 1;
    registration.data_version = version(1);
    return registration;
  }

  static Registration slave() {
    Registration registration = master("broker-a", "10.0.0.2:10911");
    registration.broker.id = 1;
    registration.ha_server_address = "10.0.0.2:10912";
    registration.connection_id = 2;
    return registration;
  }

  static std::vector<TopicQueues> topics(std::initializer_list<std::string_view> names,
                                         QueueLayout queues = kReadWrite) {
    std::vector<TopicQueues> all;
    for (const std::string_view name : names) {
      all.push_back({name, queues});
    }
    return all;
  }

  RegisterResult enroll(const Registration& registration, const std::vector<TopicQueues>& topics) {
    return table_.registerBroker(registration, &topics, now_);
  }

  /// Registers as the handler does: topics are decoded only when they are asked for. Gives whether
  /// they were.
  bool enrollLazily(const Registration& registration, const std::vector<TopicQueues>& topics) {
    const RegisterResult result = table_.registerBroker(registration, nullptr, now_);
    if (result.outcome == RegisterResult::Outcome::kNeedsTopics) {
      enroll(registration, topics);
      return true;
    }
    return false;
  }

  /// The addresses under which a topic is found, in order of broker name and id.
  std::vector<std::string> addressesOf(std::string_view topic) {
    std::vector<std::string> addresses;
    if (const TopicRoutePtr route = table_.publish()->find(topic)) {
      for (const TopicRoute::Part& part : route->parts()) {
        for (const auto& [id, address] : part.brokers->broker_addrs) {
          addresses.push_back(address);
        }
      }
    }
    return addresses;
  }

  std::optional<int32_t> permOf(std::string_view topic) {
    const TopicRoutePtr route = table_.publish()->find(topic);
    if (route == nullptr) {
      return std::nullopt;
    }
    return route->parts().front().queues.perm;
  }

  void advance(milliseconds by) { now_ += by; }

  RouteTable table_;
  RouteTime now_{std::chrono::hours(1)};
};

TEST_F(RouteTableTest, ARegisteredMasterIsFoundUnderEachOfItsTopics) {
  enroll(master(), topics({"T", "U"}));
  EXPECT_THAT(addressesOf("T"), ElementsAre("10.0.0.1:10911"));
  EXPECT_THAT(addressesOf("U"), ElementsAre("10.0.0.1:10911"));
  EXPECT_EQ(table_.publish()->find("other"), nullptr);
  EXPECT_THAT(table_.publish()->topics(), UnorderedElementsAre("T", "U"));
}

TEST_F(RouteTableTest, ATopicOnTwoBrokersLeadsToBoth) {
  enroll(master(), topics({"T"}));
  enroll(master("broker-b", "10.0.0.9:10911"), topics({"T"}));
  EXPECT_THAT(addressesOf("T"), ElementsAre("10.0.0.1:10911", "10.0.0.9:10911"));
}

TEST_F(RouteTableTest, AnUnchangedRegistrationNeedsNoTopicsAndPublishesNothingNew) {
  enroll(master(), topics({"T"}));
  const auto before = table_.publish();
  EXPECT_FALSE(enrollLazily(master(), topics({"T"})));
  EXPECT_EQ(table_.publish(), before);
}

TEST_F(RouteTableTest, AChangedVersionBringsChangedQueuesAndLeavesTheOtherRoutesAsTheyWere) {
  enroll(master(), topics({"T", "U"}));
  const TopicRoutePtr route_of_u = table_.publish()->find("U");
  Registration changed = master();
  changed.data_version = version(2);
  std::vector<TopicQueues> next = topics({"T", "U", "V"});
  next[0].queues.write_queue_nums = 8;
  EXPECT_TRUE(enrollLazily(changed, next));
  const auto snapshot = table_.publish();
  EXPECT_EQ(snapshot->find("T")->parts().front().queues.write_queue_nums, 8);
  EXPECT_EQ(snapshot->find("U"), route_of_u);
  EXPECT_NE(snapshot->find("V"), nullptr);
  EXPECT_EQ(snapshot->topicCount(), 3u);
}

// Promise: a broker that comes, changes or goes costs what it has itself. The work is counted in
// the thread's processor time, and compared with the same work where nobody else has topics.
TEST_F(RouteTableTest, ABrokersComingAndGoingCostsNoMoreWithManyTopicsOfOthers) {
  constexpr int kBrokers = 300;
  const auto comeAndGo = [&] {
    const auto began = rocketmq::test::ownCpuTime();
    for (int i = 0; i < kBrokers; ++i) {
      const std::string number = std::to_string(i);
      enroll(master("passer-by-" + number, "10.1.0.1:" + number), topics({"T" + number}));
      table_.wipeWritePerm("passer-by-" + number);
    }
    EXPECT_EQ(table_.connectionsClosed({1}).gone.size(), size_t{kBrokers});
    return rocketmq::test::ownCpuTime() - began;
  };
  const auto alone = comeAndGo();

  std::vector<std::string> names;
  for (int i = 0; i < 50'000; ++i) {
    names.push_back("topic-" + std::to_string(i));
  }
  std::vector<TopicQueues> many;
  for (const std::string& name : names) {
    many.push_back({name, kReadWrite});
  }
  Registration big = master("big", "10.0.0.9:10911");
  big.connection_id = 9;
  enroll(big, many);
  EXPECT_LT(comeAndGo(), 20 * alone) << "300 brokers that look through all would take 100 times";
}

TEST_F(RouteTableTest, AnOlderVersionIsAChangeToo) {
  enroll(master(), topics({"T"}));
  Registration older = master();
  older.data_version = version(0);
  EXPECT_TRUE(enrollLazily(older, topics({"U"})));
  EXPECT_THAT(addressesOf("U"), ElementsAre("10.0.0.1:10911"));
}

TEST_F(RouteTableTest, ASnapshotThatSomebodyHoldsStaysAsItWas) {
  enroll(master(), topics({"T"}));
  const auto before = table_.publish();
  table_.deleteTopic("T");
  EXPECT_EQ(table_.publish()->find("T"), nullptr);
  ASSERT_NE(before->find("T"), nullptr);
  EXPECT_EQ(before->find("T")->parts().front().brokers->broker_name, "broker-a");
}

TEST_F(RouteTableTest, TopicsMissingInARegistrationAreKept) {
  enroll(master(), topics({"T", "U"}));
  Registration changed = master();
  changed.data_version = version(2);
  enroll(changed, topics({"U"}));
  EXPECT_THAT(addressesOf("T"), ElementsAre("10.0.0.1:10911"));
}

TEST_F(RouteTableTest, TopicsMissingInARegistrationGoWhenTheSettingSaysSo) {
  RouteTable table({.delete_missing_topics = true});
  const auto register_with = [&](int64_t counter, const std::vector<TopicQueues>& all) {
    Registration registration = master();
    registration.data_version = version(counter);
    table.registerBroker(registration, &all, now_);
  };
  register_with(1, topics({"T", "U"}));
  register_with(2, topics({"U"}));
  EXPECT_EQ(table.publish()->find("T"), nullptr);
  EXPECT_NE(table.publish()->find("U"), nullptr);
}

TEST_F(RouteTableTest, ASlaveJoinsItsMastersRoutesAndLearnsWhereTheMasterIs) {
  enroll(master(), topics({"T"}));
  const RegisterResult result = enroll(slave(), topics({"T"}));
  EXPECT_EQ(result.master_address, "10.0.0.1:10911");
  EXPECT_EQ(result.master_ha_address, "10.0.0.1:10912");
  EXPECT_THAT(addressesOf("T"), ElementsAre("10.0.0.1:10911", "10.0.0.2:10911"));
}

TEST_F(RouteTableTest, ASlaveWithoutMasterLearnsNothing) {
  const RegisterResult result = enroll(slave(), topics({"T"}));
  EXPECT_EQ(result.outcome, RegisterResult::Outcome::kAccepted);
  EXPECT_EQ(result.master_address, "");
  EXPECT_EQ(result.master_ha_address, "");
}

TEST_F(RouteTableTest, AMasterLearnsNoMaster) {
  EXPECT_EQ(enroll(master(), topics({"T"})).master_address, "");
}

TEST_F(RouteTableTest, TopicsOfASlaveCountOnlyIfItIs5xAndTheSmallestId) {
  EXPECT_FALSE(enrollLazily(slave(), topics({"T", "U"})));
  EXPECT_THAT(addressesOf("T"), IsEmpty());

  Registration modern = slave();
  modern.enable_acting_master = true;
  modern.data_version = version(2);
  EXPECT_TRUE(enrollLazily(modern, topics({"T", "U"})));
  EXPECT_EQ(permOf("T"), 4) << "a stand-in for the master cannot be written to";

  Registration second = modern;
  second.broker.id = 2;
  second.broker.address = "10.0.0.3:10911";
  enroll(second, topics({"V", "W"}));
  EXPECT_EQ(table_.publish()->find("V"), nullptr);
}

TEST_F(RouteTableTest, RoutesSurviveTheMasterWhileASlaveIsThere) {
  enroll(master(), topics({"T"}));
  enroll(slave(), topics({"T"}));
  EXPECT_TRUE(table_.unregisterBroker(master().broker));
  EXPECT_THAT(addressesOf("T"), ElementsAre("10.0.0.2:10911"));
  EXPECT_TRUE(table_.unregisterBroker(slave().broker));
  EXPECT_THAT(addressesOf("T"), IsEmpty());
  EXPECT_THAT(table_.publish()->topics(), IsEmpty());
  EXPECT_THAT(table_.clusters(), IsEmpty());
}

TEST_F(RouteTableTest, AnUnknownBrokerCannotUnregister) {
  EXPECT_FALSE(table_.unregisterBroker(master().broker));
  enroll(master(), topics({"T"}));
  EXPECT_FALSE(table_.unregisterBroker(master("broker-b").broker));
  EXPECT_THAT(addressesOf("T"), ElementsAre("10.0.0.1:10911"));
}

TEST_F(RouteTableTest, ASlaveThatBecomesMasterGivesUpItsOldId) {
  enroll(slave(), topics({"T"}));
  Registration promoted = slave();
  promoted.broker.id = 0;
  EXPECT_TRUE(enrollLazily(promoted, topics({"T"})));
  ASSERT_EQ(table_.brokers().size(), 1u);
  EXPECT_THAT(table_.brokers().at("broker-a").broker_addrs,
              ElementsAre(testing::Pair(0, "10.0.0.2:10911")));
  EXPECT_THAT(addressesOf("T"), ElementsAre("10.0.0.2:10911"));
}

TEST_F(RouteTableTest, AnotherAddressTakesAnIdOverAndTheFormerOnesEndDoesNotHurtIt) {
  enroll(master(), topics({"T"}));
  Registration successor = master("broker-a", "10.0.0.7:10911");
  successor.connection_id = 7;
  enroll(successor, topics({"T"}));
  EXPECT_THAT(addressesOf("T"), ElementsAre("10.0.0.7:10911"));
  EXPECT_THAT(table_.connectionsClosed({1}).gone, IsEmpty());
  EXPECT_THAT(addressesOf("T"), ElementsAre("10.0.0.7:10911"));
}

TEST_F(RouteTableTest, AnotherAddressWithOlderStateIsIgnored) {
  Registration first = master();
  first.data_version = version(1, 5);
  enroll(first, topics({"T"}));
  Registration stale = master("broker-a", "10.0.0.7:10911");
  stale.data_version = version(9, 4);
  EXPECT_EQ(enroll(stale, topics({"T"})).outcome, RegisterResult::Outcome::kOutdated);
  EXPECT_THAT(addressesOf("T"), ElementsAre("10.0.0.1:10911"));
}

TEST_F(RouteTableTest, ASlaveWithOlderStateThatClaimsToBeMasterLeavesTheRoutes) {
  Registration first = master();
  first.data_version = version(1, 5);
  enroll(first, topics({"T"}));
  enroll(slave(), topics({"T"}));
  Registration claim = slave();
  claim.broker.id = 0;
  EXPECT_EQ(enroll(claim, topics({"T"})).outcome, RegisterResult::Outcome::kOutdated);
  EXPECT_THAT(addressesOf("T"), ElementsAre("10.0.0.1:10911"));
}

TEST_F(RouteTableTest, ABrokerThatComesBackUnderAnotherNameLeavesTheOldOne) {
  enroll(master(), topics({"T"}));
  enroll(master("renamed"), topics({"U"}));
  EXPECT_THAT(addressesOf("T"), IsEmpty());
  EXPECT_THAT(addressesOf("U"), ElementsAre("10.0.0.1:10911"));
}

TEST_F(RouteTableTest, ABrokerThatMovesToAnotherClusterLeavesTheOldOne) {
  enroll(master(), topics({"T"}));
  Registration moved = master();
  moved.broker.cluster = "D";
  enroll(moved, topics({"T"}));
  ASSERT_EQ(table_.clusters().size(), 1u);
  EXPECT_THAT(table_.clusters().at("D"), ElementsAre("broker-a"));
  EXPECT_EQ(table_.publish()->find("T")->parts().front().brokers->cluster, "D");
}

TEST_F(RouteTableTest, OneTopicOfAnUnknownBrokerIsRefusedOnlyFrom5x) {
  EXPECT_EQ(enroll(master(), topics({"T"})).outcome, RegisterResult::Outcome::kAccepted);
  Registration modern = master("broker-b", "10.0.0.9:10911");
  modern.enable_acting_master = false;
  EXPECT_TRUE(enrollLazily(modern, topics({"T"})));
  EXPECT_EQ(enroll(modern, topics({"T"})).outcome, RegisterResult::Outcome::kUnknownBroker);
  EXPECT_EQ(table_.brokers().size(), 1u);
  EXPECT_EQ(enroll(modern, topics({"T", "U"})).outcome, RegisterResult::Outcome::kAccepted);
  modern.data_version = version(2);
  EXPECT_EQ(enroll(modern, topics({"V"})).outcome, RegisterResult::Outcome::kAccepted);
  EXPECT_THAT(addressesOf("V"), ElementsAre("10.0.0.9:10911"));
}

TEST_F(RouteTableTest, ASingleTopicIsTakenAndTheVersionOfTheOthersStays) {
  const std::vector<model::QueueData> queues{
      {.broker_name = "broker-a", .read_queue_nums = 2, .write_queue_nums = 2, .perm = 4}};
  EXPECT_EQ(table_.registerTopic("new", queues), RegisterTopicResult::kUnknownBroker);
  EXPECT_TRUE(table_.publish()->topics().empty());
  enroll(master(), topics({"T"}));
  EXPECT_EQ(table_.registerTopic("new", queues), RegisterTopicResult::kAccepted);
  EXPECT_THAT(addressesOf("new"), ElementsAre("10.0.0.1:10911"));
  EXPECT_EQ(table_.registerTopic("T", queues), RegisterTopicResult::kAccepted);
  EXPECT_EQ(permOf("T"), 4);
  // So that the broker's next registration, whose version is another, is taken as a whole.
  EXPECT_EQ(table_.queryDataVersion(master().broker, version(1), now_).known, version(1));
}

TEST_F(RouteTableTest, ASingleTopicIsNoSignOfLife) {
  enroll(master(), topics({"T"}));
  advance(milliseconds(120'000));
  EXPECT_EQ(table_.registerTopic("T", {{.broker_name = "broker-a"}}),
            RegisterTopicResult::kAccepted);
  advance(milliseconds(1));
  EXPECT_THAT(table_.expire(now_).gone, ElementsAre("10.0.0.1:10911"));
}

TEST_F(RouteTableTest, ASilentBrokerExpiresAfterItsTimeoutAndNotBefore) {
  enroll(master(), topics({"T"}));
  Registration hasty = master("broker-b", "10.0.0.9:10911");
  hasty.live_timeout = milliseconds(10'000);
  enroll(hasty, topics({"T"}));

  advance(milliseconds(10'000));
  EXPECT_THAT(table_.expire(now_).gone, IsEmpty());
  advance(milliseconds(1));
  EXPECT_THAT(table_.expire(now_).gone, ElementsAre("10.0.0.9:10911"));
  EXPECT_THAT(addressesOf("T"), ElementsAre("10.0.0.1:10911"));

  advance(milliseconds(110'000));
  EXPECT_THAT(table_.expire(now_).gone, ElementsAre("10.0.0.1:10911"));
  EXPECT_THAT(addressesOf("T"), IsEmpty());
}

TEST_F(RouteTableTest, RegisteringAndAskingForTheVersionKeepABrokerAlive) {
  enroll(master(), topics({"T"}));
  advance(milliseconds(100'000));
  enrollLazily(master(), topics({"T"}));
  advance(milliseconds(100'000));
  table_.queryDataVersion(master().broker, version(1), now_);
  advance(milliseconds(100'000));
  EXPECT_THAT(table_.expire(now_).gone, IsEmpty());
}

TEST_F(RouteTableTest, DataVersionsAreComparedAsAWhole) {
  const DataVersionState unknown = table_.queryDataVersion(master().broker, version(1), now_);
  EXPECT_TRUE(unknown.changed);
  EXPECT_FALSE(unknown.known.has_value());

  enroll(master(), topics({"T"}));
  const DataVersionState same = table_.queryDataVersion(master().broker, version(1), now_);
  EXPECT_FALSE(same.changed);
  EXPECT_EQ(same.known, version(1));
  EXPECT_TRUE(table_.queryDataVersion(master().broker, version(2), now_).changed);
  model::DataVersion later = version(1);
  ++later.timestamp;
  EXPECT_TRUE(table_.queryDataVersion(master().broker, later, now_).changed);
}

TEST_F(RouteTableTest, AClosedConnectionRemovesExactlyTheBrokersThatRegisteredOverIt) {
  enroll(master(), topics({"T"}));
  enroll(slave(), topics({"T"}));
  EXPECT_THAT(table_.connectionsClosed({3}).gone, IsEmpty());
  EXPECT_THAT(table_.connectionsClosed({1}).gone, ElementsAre("10.0.0.1:10911"));
  EXPECT_THAT(addressesOf("T"), ElementsAre("10.0.0.2:10911"));
}

TEST_F(RouteTableTest, ABrokerThatReconnectedSurvivesTheEndOfItsOldConnection) {
  enroll(master(), topics({"T"}));
  Registration again = master();
  again.connection_id = 9;
  enrollLazily(again, topics({"T"}));
  EXPECT_THAT(table_.connectionsClosed({1}).gone, IsEmpty());
  EXPECT_THAT(addressesOf("T"), ElementsAre("10.0.0.1:10911"));
}

/// A broker with more topics than are removed at a time, and whose connection is 1.
class LargeBrokerTest : public RouteTableTest {
 protected:
  static constexpr size_t kTopics = RouteTable::kTopicsPerRemoval * 5 / 2;

  LargeBrokerTest() {
    for (size_t i = 0; i < kTopics; ++i) {
      names_.push_back("topic-" + std::to_string(i));
    }
    for (const std::string& name : names_) {
      topics_.push_back({name, kReadWrite});
    }
    enroll(master(), topics_);
  }

  size_t routed() { return table_.publish()->topicCount(); }

  std::vector<std::string> names_;
  std::vector<TopicQueues> topics_;
};

// Promise: others wait for some thousand topics at most, not for all that go.
TEST_F(LargeBrokerTest, ABrokerGoesInPieces) {
  RouteTable::Removal part = table_.connectionsClosed({1});
  ASSERT_FALSE(part.is_done);
  for (size_t before = kTopics; !part.is_done; part = table_.connectionsClosed({1})) {
    EXPECT_THAT(part.gone, IsEmpty());
    const size_t removed = before - routed();
    EXPECT_GT(removed, RouteTable::kTopicsPerRemoval / 2);
    EXPECT_LT(removed, RouteTable::kTopicsPerRemoval * 3 / 2);
    before -= removed;
  }
  EXPECT_THAT(part.gone, ElementsAre("10.0.0.1:10911"));
  EXPECT_EQ(routed(), 0u);
  EXPECT_TRUE(table_.brokers().empty());
}

TEST_F(LargeBrokerTest, ASilentBrokerGoesInPiecesAndThoseBehindItToo) {
  enroll(master("small", "10.0.0.2:10911"), topics({"T"}));
  advance(milliseconds(120'001));
  std::vector<std::string> gone;
  RouteTable::Removal part = table_.expire(now_);
  ASSERT_FALSE(part.is_done);
  for (; !part.is_done; part = table_.expire(now_)) {
    gone.insert(gone.end(), part.gone.begin(), part.gone.end());
  }
  gone.insert(gone.end(), part.gone.begin(), part.gone.end());
  EXPECT_THAT(gone, ElementsAre("10.0.0.1:10911", "10.0.0.2:10911"));
  EXPECT_EQ(routed(), 0u);
}

// Promise: a broker that is back before all of it has gone keeps the rest, and gets back what it
// has lost, though its data have not changed.
TEST_F(LargeBrokerTest, ABrokerThatReconnectsWhileItGoesHasAllItsTopics) {
  EXPECT_FALSE(table_.connectionsClosed({1}).is_done);
  Registration again = master();
  again.connection_id = 9;
  EXPECT_TRUE(enrollLazily(again, topics_));
  EXPECT_EQ(routed(), kTopics);
  EXPECT_TRUE(table_.connectionsClosed({1}).is_done);
  EXPECT_EQ(routed(), kTopics);
  EXPECT_FALSE(enrollLazily(again, topics_)) << "nothing is missing";
}

// As Java brokers do without forceRegister: they ask, and register only when something changed.
TEST_F(LargeBrokerTest, ABrokerThatAsksWhileItGoesIsToldToRegister) {
  advance(milliseconds(120'001));
  EXPECT_FALSE(table_.expire(now_).is_done);
  EXPECT_TRUE(table_.queryDataVersion(master().broker, version(1), now_).changed);
  EXPECT_TRUE(table_.expire(now_).is_done) << "to ask is a sign of life";
  EXPECT_TRUE(enrollLazily(master(), topics_));
  EXPECT_EQ(routed(), kTopics);
  EXPECT_FALSE(table_.queryDataVersion(master().broker, version(1), now_).changed);
}

/// A table that is full soon.
class FullRouteTableTest : public RouteTableTest {
 protected:
  using Outcome = RegisterResult::Outcome;

  FullRouteTableTest()
      : RouteTableTest({.brokers_max = 2, .topics_per_broker_max = 3, .topics_max = 5}) {}

  static Registration other(int number) {
    return master("broker-" + std::to_string(number),
                  "10.0.1." + std::to_string(number) + ":10911");
  }
  static Registration changed(Registration registration, int64_t counter) {
    registration.data_version = version(counter);
    return registration;
  }
};

TEST_F(FullRouteTableTest, ABrokerTooManyIsRefusedAndThoseThatAreThereGoOn) {
  enroll(master(), topics({"T"}));
  enroll(slave(), topics({"T"}));
  EXPECT_EQ(enroll(other(1), topics({"U"})).outcome, Outcome::kTooManyBrokers);
  EXPECT_EQ(table_.registerBroker(other(1), nullptr, now_).outcome, Outcome::kTooManyBrokers)
      << "its topics are not even decoded";
  EXPECT_THAT(addressesOf("U"), IsEmpty());
  EXPECT_EQ(table_.clusters().at("C").size(), 1u);

  EXPECT_EQ(enroll(changed(master(), 2), topics({"T", "V"})).outcome, Outcome::kAccepted);
  EXPECT_EQ(enroll(slave(), topics({"T"})).outcome, Outcome::kAccepted);
  EXPECT_THAT(addressesOf("V"), ElementsAre("10.0.0.1:10911", "10.0.0.2:10911"));

  table_.unregisterBroker(slave().broker);
  EXPECT_EQ(enroll(other(1), topics({"U"})).outcome, Outcome::kAccepted);
}

// A broker that comes back at another address, or under another name, is no broker more.
TEST_F(FullRouteTableTest, ABrokerThatMovesTakesItsOwnPlace) {
  enroll(master(), topics({"T"}));
  enroll(other(1), topics({"U"}));
  for (int i = 0; i < 5; ++i) {
    const std::string address = "10.0.2." + std::to_string(i) + ":10911";
    EXPECT_EQ(enroll(master("broker-a", address), topics({"T"})).outcome, Outcome::kAccepted);
    EXPECT_THAT(addressesOf("T"), ElementsAre(address));
  }
  EXPECT_EQ(enroll(master("broker-b", "10.0.2.4:10911"), topics({"T"})).outcome,
            Outcome::kAccepted);
  EXPECT_EQ(enroll(other(2), topics({"U"})).outcome, Outcome::kTooManyBrokers);
  advance(milliseconds(120'001));
  EXPECT_THAT(table_.expire(now_).gone, ElementsAre("10.0.1.1:10911", "10.0.2.4:10911"));
}

TEST_F(FullRouteTableTest, TopicsBeyondTheBoundOfABrokerAreLeftOutUntilThereIsRoom) {
  const RegisterResult first = enroll(master(), topics({"A", "B", "C", "D", "E"}));
  EXPECT_EQ(first.outcome, Outcome::kAccepted);
  EXPECT_EQ(first.topics_left_out, 2u);
  EXPECT_THAT(table_.publish()->topics(), UnorderedElementsAre("A", "B", "C"));

  // It stays registered, its queues change, and it is told again.
  advance(milliseconds(100'000));
  std::vector<TopicQueues> again = topics({"A", "B", "C", "D", "E"});
  again[0].queues.perm = 4;
  EXPECT_EQ(enroll(changed(master(), 2), again).topics_left_out, 2u);
  EXPECT_EQ(permOf("A"), 4);
  advance(milliseconds(100'000));
  EXPECT_THAT(table_.expire(now_).gone, IsEmpty());

  table_.deleteTopic("A");
  table_.deleteTopic("B", "C");
  EXPECT_TRUE(enrollLazily(changed(master(), 2), topics({"C", "D", "E"})))
      << "the same version brings what was left out";
  EXPECT_THAT(table_.publish()->topics(), UnorderedElementsAre("C", "D", "E"));
  EXPECT_FALSE(enrollLazily(changed(master(), 2), topics({"C", "D", "E"})));
}

TEST_F(FullRouteTableTest, ABrokerWhoseTopicsWereLeftOutIsToldToRegister) {
  enroll(master(), topics({"A", "B", "C", "D"}));
  EXPECT_TRUE(table_.queryDataVersion(master().broker, version(1), now_).changed);
  table_.deleteTopic("A");
  EXPECT_EQ(enroll(master(), topics({"B", "C", "D"})).topics_left_out, 0u);
  EXPECT_FALSE(table_.queryDataVersion(master().broker, version(1), now_).changed);
}

TEST_F(FullRouteTableTest, ASingleTopicTooManyIsRefused) {
  enroll(master(), topics({"T", "U", "V"}));
  const std::vector<model::QueueData> queues{{.broker_name = "broker-a", .perm = 4}};
  EXPECT_EQ(table_.registerTopic("W", queues), RegisterTopicResult::kTooManyTopics);
  EXPECT_EQ(table_.registerTopic("V", queues), RegisterTopicResult::kAccepted);
  EXPECT_THAT(table_.publish()->topics(), UnorderedElementsAre("T", "U", "V"));
}

TEST_F(FullRouteTableTest, TheTopicsOfAllBrokersTogetherAreBoundedAndGivenBack) {
  EXPECT_EQ(enroll(master(), topics({"A", "B", "C"})).topics_left_out, 0u);
  EXPECT_EQ(enroll(other(1), topics({"A", "B", "C"})).topics_left_out, 1u);
  EXPECT_THAT(addressesOf("B"), ElementsAre("10.0.1.1:10911", "10.0.0.1:10911"));
  EXPECT_THAT(addressesOf("C"), ElementsAre("10.0.0.1:10911"));
  for (int round = 0; round < 3; ++round) {
    table_.unregisterBroker(master().broker);
    EXPECT_EQ(enroll(other(1), topics({"A", "B", "C"})).topics_left_out, 0u);
    EXPECT_EQ(enroll(master(), topics({"A", "B", "C"})).topics_left_out, 1u);
    table_.unregisterBroker(other(1).broker);
    EXPECT_EQ(enroll(master(), topics({"A", "B", "C"})).topics_left_out, 0u);
    EXPECT_EQ(enroll(other(1), topics({"A", "B", "C"})).topics_left_out, 1u);
  }
}

TEST_F(RouteTableTest, WipedWritePermissionLastsUntilChangedDataIsRegistered) {
  enroll(master(), topics({"T", "U"}, {.perm = 7}));
  EXPECT_EQ(table_.wipeWritePerm("broker-a"), 2);
  EXPECT_EQ(permOf("T"), 5);
  enroll(master(), topics({"T", "U"}, {.perm = 7}));
  EXPECT_EQ(permOf("T"), 5);
  Registration changed = master();
  changed.data_version = version(2);
  enroll(changed, topics({"T", "U"}, {.perm = 7}));
  EXPECT_EQ(permOf("T"), 7);
}

TEST_F(RouteTableTest, AddedWritePermissionIsReadAndWriteOnly) {
  enroll(master(), topics({"T"}, {.perm = 1}));
  EXPECT_EQ(table_.addWritePerm("broker-a"), 1);
  EXPECT_EQ(permOf("T"), 6);
}

TEST_F(RouteTableTest, PermissionsThatWereSoAlreadyPublishNothingNew) {
  enroll(master(), topics({"T", "U"}));
  const auto before = table_.publish();
  EXPECT_EQ(table_.addWritePerm("broker-a"), 2);
  EXPECT_EQ(table_.publish(), before);
  EXPECT_EQ(table_.wipeWritePerm("broker-a"), 2);
  const auto wiped = table_.publish();
  EXPECT_NE(wiped, before);
  EXPECT_EQ(table_.wipeWritePerm("broker-a"), 2);
  EXPECT_EQ(table_.publish(), wiped);
}

TEST_F(RouteTableTest, PermissionsOfAnUnknownBrokerChangeNothing) {
  enroll(master(), topics({"T"}));
  EXPECT_EQ(table_.wipeWritePerm("nobody"), 0);
  EXPECT_EQ(table_.addWritePerm("nobody"), 0);
  EXPECT_EQ(permOf("T"), 6);
}

TEST_F(RouteTableTest, ADeletedTopicComesBackOnlyIfItsBrokerStillRegistersIt) {
  enroll(master(), topics({"T", "U"}));
  table_.wipeWritePerm("broker-a");
  table_.deleteTopic("T");
  table_.deleteTopic("never there");
  EXPECT_THAT(addressesOf("T"), IsEmpty());
  // The broker did not delete it: the same data version brings it back, and nothing else.
  EXPECT_TRUE(enrollLazily(master(), topics({"T", "U"})));
  EXPECT_EQ(permOf("T"), 6);
  EXPECT_EQ(permOf("U"), 4) << "still wiped";
  EXPECT_FALSE(enrollLazily(master(), topics({"T", "U"})));
}

TEST_F(RouteTableTest, ATopicCanBeDeletedFromOneClusterOnly) {
  enroll(master(), topics({"T"}));
  Registration other = master("broker-b", "10.0.0.9:10911");
  other.broker.cluster = "D";
  enroll(other, topics({"T"}));
  table_.deleteTopic("T", "unknown");
  EXPECT_THAT(addressesOf("T"), ElementsAre("10.0.0.1:10911", "10.0.0.9:10911"));
  table_.deleteTopic("T", "C");
  EXPECT_THAT(addressesOf("T"), ElementsAre("10.0.0.9:10911"));
  table_.deleteTopic("T", "D");
  EXPECT_THAT(addressesOf("T"), IsEmpty());
}

TEST_F(RouteTableTest, TopicsAreListedByCluster) {
  enroll(master(), topics({"T", "U"}));
  Registration other = master("broker-b", "10.0.0.9:10911");
  other.broker.cluster = "D";
  enroll(other, topics({"U", "V"}));
  EXPECT_THAT(table_.publish()->topicsOfCluster("C"), UnorderedElementsAre("T", "U"));
  EXPECT_THAT(table_.publish()->topicsOfCluster("D"), UnorderedElementsAre("U", "V"));
  EXPECT_THAT(table_.publish()->topicsOfCluster("E"), IsEmpty());
}

TEST_F(RouteTableTest, TopicsAreListedByUnitFlags) {
  std::vector<TopicQueues> all = topics({"plain", "unit", "sub", "both"});
  all[1].queues.topic_sys_flag = 1;
  all[2].queues.topic_sys_flag = 2;
  all[3].queues.topic_sys_flag = 3;
  enroll(master(), all);
  EXPECT_THAT(table_.publish()->topicsWithFlags(1, 1), UnorderedElementsAre("unit", "both"));
  EXPECT_THAT(table_.publish()->topicsWithFlags(2, 2), UnorderedElementsAre("sub", "both"));
  EXPECT_THAT(table_.publish()->topicsWithFlags(3, 2), UnorderedElementsAre("sub"));
}

}  // namespace
}  // namespace rocketmq::namesrv
