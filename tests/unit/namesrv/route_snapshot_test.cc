#include "namesrv/route_snapshot.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/cpu_time.h"

namespace rocketmq::namesrv {
namespace {

using json::Style;

TopicRoute::Part part(std::string name, std::map<int64_t, std::string> addresses,
                      std::string zone = "") {
  model::BrokerData brokers;
  brokers.cluster = "DefaultCluster";
  brokers.broker_name = std::move(name);
  brokers.broker_addrs = std::move(addresses);
  if (!zone.empty()) {
    brokers.zone_name = std::move(zone);
  }
  return {std::make_shared<const model::BrokerData>(std::move(brokers)),
          {.read_queue_nums = 8, .write_queue_nums = 8, .perm = 7, .topic_sys_flag = 0}};
}

TopicRoutePtr route(std::vector<TopicRoute::Part> parts) {
  return std::make_shared<const TopicRoute>(std::move(parts),
                                            std::make_shared<TextBudget>(size_t{1} << 20));
}

// The text is what a Java 4.9.8 name server answered to a client of the same version.
TEST(TopicRouteTest, StrictJsonIsTheJavaNameServersText) {
  EXPECT_EQ(route({part("broker-a", {{0, "127.0.0.1:40911"}})})->json(Style::kStrict).view,
            R"({"brokerDatas":[{"brokerAddrs":{"0":"127.0.0.1:40911"},"brokerName":"broker-a",)"
            R"("cluster":"DefaultCluster"}],"filterServerTable":{},"queueDatas":[)"
            R"({"brokerName":"broker-a","perm":7,"readQueueNums":8,"topicSysFlag":0,)"
            R"("writeQueueNums":8}]})");
}

TEST(TopicRouteTest, FastjsonLeavesBrokerIdsUnquoted) {
  EXPECT_EQ(route({part("broker-a", {{0, "127.0.0.1:40911"}, {1, "127.0.0.1:40921"}})})
                ->json(Style::kFastjson)
                .view,
            R"({"brokerDatas":[{"brokerAddrs":{0:"127.0.0.1:40911",1:"127.0.0.1:40921"},)"
            R"("brokerName":"broker-a","cluster":"DefaultCluster"}],"filterServerTable":{},)"
            R"("queueDatas":[{"brokerName":"broker-a","perm":7,"readQueueNums":8,)"
            R"("topicSysFlag":0,"writeQueueNums":8}]})");
}

TEST(TopicRouteTest, TheOrderOfQueuesIsAddedWhenAskedFor) {
  EXPECT_EQ(route({part("broker-a", {{0, "127.0.0.1:40911"}})})
                ->jsonWithOrder(Style::kStrict, "broker-a:4"),
            R"({"brokerDatas":[{"brokerAddrs":{"0":"127.0.0.1:40911"},"brokerName":"broker-a",)"
            R"("cluster":"DefaultCluster"}],"filterServerTable":{},"orderTopicConf":"broker-a:4",)"
            R"("queueDatas":[{"brokerName":"broker-a","perm":7,"readQueueNums":8,"topicSysFlag":0,)"
            R"("writeQueueNums":8}]})");
}

// A client in Go cuts addresses out of the text and would take a blank for a part of them.
TEST(TopicRouteTest, ThereAreNoBlanksInARoute) {
  const TopicRoutePtr two =
      route({part("a", {{0, "10.0.0.1:1"}, {1, "10.0.0.2:1"}}), part("b", {{0, "10.0.0.3:1"}})});
  EXPECT_EQ(two->json(Style::kStrict).view.find_first_of(" \t\r\n"), std::string_view::npos);
  EXPECT_EQ(two->json(Style::kFastjson).view.find_first_of(" \t\r\n"), std::string_view::npos);
}

TEST(TopicRouteTest, TheTextIsWrittenOnceHoweverManyAskAtATime) {
  const TopicRoutePtr shared = route({part("broker-a", {{0, "127.0.0.1:40911"}})});
  std::vector<const char*> seen(4);
  {
    std::vector<std::jthread> readers;
    for (const char*& text : seen) {
      readers.emplace_back([&] { text = shared->json(Style::kStrict).view.data(); });
    }
  }
  for (const char* text : seen) {
    EXPECT_EQ(text, shared->json(Style::kStrict).view.data());
  }
}

// Promise: what routes keep as text is bounded, and whoever asks for one gets it all the same.
TEST(TopicRouteTest, ATextThatThereIsNoRoomForIsMadeEachTime) {
  // Of one text, not of two.
  const auto budget = std::make_shared<TextBudget>(400);
  const auto routeOf = [&](const std::string& broker) {
    return std::make_shared<const TopicRoute>(
        std::vector<TopicRoute::Part>{part(broker, {{0, "127.0.0.1:40911"}})}, budget);
  };
  const auto isKept = [](const TopicRoutePtr& of) {
    const TopicRoute::Text text = of->json(Style::kStrict);
    return text.made == nullptr && text.view.data() == of->json(Style::kStrict).view.data();
  };
  TopicRoutePtr first = routeOf("broker-a");
  EXPECT_TRUE(isKept(first));
  const TopicRoutePtr second = routeOf("broker-b");
  EXPECT_FALSE(isKept(second));
  const TopicRoute::Text text = second->json(Style::kStrict);
  EXPECT_EQ(text.view,
            route({part("broker-b", {{0, "127.0.0.1:40911"}})})->json(Style::kStrict).view);
  EXPECT_TRUE(isKept(first)) << "it has its text already";

  first = nullptr;
  EXPECT_TRUE(isKept(second)) << "a route that goes makes room";
}

TEST(TopicRouteTest, AZoneKeepsItsBrokersAndThoseWithoutMaster) {
  const TopicRoutePtr filtered =
      route({part("near", {{0, "10.0.0.1:1"}}, "East"), part("far", {{0, "10.0.0.2:1"}}, "west"),
             part("nowhere", {{0, "10.0.0.3:1"}}), part("headless", {{1, "10.0.0.4:1"}}, "west")})
          ->inZone("east");
  std::vector<std::string> names;
  for (const TopicRoute::Part& kept : filtered->parts()) {
    names.push_back(kept.brokers->broker_name);
  }
  EXPECT_EQ(names, (std::vector<std::string>{"near", "headless"}));
}

TEST(RouteSnapshotTest, ChangesAreSeenInTheNewVersionOnly) {
  const TopicRoutePtr first = route({part("a", {{0, "10.0.0.1:1"}})});
  const TopicRoutePtr second = route({part("b", {{0, "10.0.0.2:1"}})});
  const auto empty = std::make_shared<const RouteSnapshot>();
  const auto one = empty->with({{"T", first}, {"U", first}});
  const auto two = one->with({{"T", second}, {"U", nullptr}, {"never there", nullptr}});
  EXPECT_EQ(empty->topicCount(), 0u);
  EXPECT_EQ(empty->find("T"), nullptr);
  EXPECT_EQ(one->topicCount(), 2u);
  EXPECT_EQ(one->find("T"), first);
  EXPECT_EQ(two->topicCount(), 1u);
  EXPECT_EQ(two->find("T"), second);
  EXPECT_EQ(two->find("U"), nullptr);
}

// Promise: a broker with a hundred topics is published for what it has, not for what all have.
TEST(RouteSnapshotTest, AChangeCostsLittleMoreWithManyTopicsOfOthers) {
  const TopicRoutePtr to_a = route({part("broker-a", {{0, "127.0.0.1:40911"}})});
  const auto topicsNamed = [&](const std::string& prefix, int count) {
    std::vector<RouteSnapshot::Change> changes;
    for (int i = 0; i < count; ++i) {
      changes.emplace_back(prefix + std::to_string(i), to_a);
    }
    return changes;
  };
  const auto costOfChanges = [&](const RouteSnapshot& snapshot) {
    std::vector<std::chrono::nanoseconds> costs;
    for (int i = 0; i < 5; ++i) {
      const auto began = rocketmq::test::ownCpuTime();
      EXPECT_EQ(snapshot.with(topicsNamed("changed", 100))->topicCount(),
                snapshot.topicCount() + 100);
      costs.push_back(rocketmq::test::ownCpuTime() - began);
    }
    return *std::min_element(costs.begin(), costs.end());
  };
  const auto few = RouteSnapshot().with(topicsNamed("T", 100));
  const auto many = few->with(topicsNamed("U", 200'000));
  EXPECT_LT(costOfChanges(*many), 30 * costOfChanges(*few)) << "copying all would take 100 times";
}

}  // namespace
}  // namespace rocketmq::namesrv
