#include "client/instance/topic_route.h"

#include <gtest/gtest.h>

#include "client/instance/route_table.h"

namespace rocketmq::client {
namespace {

model::TopicRouteData twoBrokers() {
  model::TopicRouteData route;
  route.queue_datas = {
      {.broker_name = "b2", .read_queue_nums = 1, .write_queue_nums = 2, .perm = 6},
      {.broker_name = "b1", .read_queue_nums = 3, .write_queue_nums = 1, .perm = 6}};
  route.broker_datas.resize(2);
  route.broker_datas[0].broker_name = "b2";
  route.broker_datas[0].broker_addrs = {{0, "10.0.0.2:10911"}, {1, "10.0.0.3:10911"}};
  route.broker_datas[1].broker_name = "b1";
  route.broker_datas[1].broker_addrs = {{0, "10.0.0.1:10911"}};
  return route;
}

std::vector<std::string> namesOf(const std::vector<MessageQueue>& queues) {
  std::vector<std::string> names;
  for (const MessageQueue& queue : queues) {
    names.push_back(queue.broker_name + ":" + std::to_string(queue.queue_id));
  }
  return names;
}

using Names = std::vector<std::string>;

TEST(TopicRouteTest, PublishQueuesAreTheWriteQueuesSortedByBrokerName) {
  EXPECT_EQ(namesOf(publishQueues("T", twoBrokers())), (Names{"b1:0", "b2:0", "b2:1"}));
}

TEST(TopicRouteTest, PublishQueuesLeaveOutBrokersWithoutWritePermissionOrMaster) {
  model::TopicRouteData route = twoBrokers();
  route.queue_datas[1].perm = 4;
  EXPECT_EQ(namesOf(publishQueues("T", route)), (Names{"b2:0", "b2:1"}));
  route = twoBrokers();
  route.broker_datas[0].broker_addrs.erase(0);
  EXPECT_EQ(namesOf(publishQueues("T", route)), (Names{"b1:0"}));
}

TEST(TopicRouteTest, OrderConfigurationDecidesAloneAndInItsOwnOrder) {
  model::TopicRouteData route = twoBrokers();
  route.order_topic_conf = "b2:1;b9:2;;broken;b1:1";
  route.queue_datas[0].perm = 0;
  EXPECT_EQ(namesOf(publishQueues("T", route)), (Names{"b2:0", "b9:0", "b9:1", "b1:0"}));
}

TEST(TopicRouteTest, SubscribeQueuesAreTheReadQueuesAndNeedNoMaster) {
  model::TopicRouteData route = twoBrokers();
  route.broker_datas[0].broker_addrs.erase(0);
  EXPECT_EQ(namesOf(subscribeQueues("T", route)), (Names{"b1:0", "b1:1", "b1:2", "b2:0"}));
  route.queue_datas[1].perm = 2;
  EXPECT_EQ(namesOf(subscribeQueues("T", route)), (Names{"b2:0"}));
}

TEST(TopicRouteTest, TemplateRouteHasAtMostTheWantedNumberOfQueues) {
  model::TopicRouteData route = twoBrokers();
  route.queue_datas[0].read_queue_nums = 8;
  EXPECT_EQ(namesOf(publishQueues("New", routeFromTemplate(route, 2))),
            (Names{"b1:0", "b1:1", "b2:0", "b2:1"}));
}

TEST(TopicRouteTest, AnAbsurdNumberOfQueuesIsNotBelieved) {
  model::TopicRouteData route = twoBrokers();
  route.queue_datas[0].write_queue_nums = INT32_MAX;
  route.queue_datas[1].write_queue_nums = -5;
  EXPECT_LE(publishQueues("T", route).size(), 65'536u);
}

TopicRoutePtr routeOf(const std::string& topic, model::TopicRouteData data) {
  return std::make_shared<const TopicRoute>(topic, std::move(data), false, "ns:9876");
}

TEST(RouteTableTest, SameRouteInAnotherOrderIsNoChange) {
  RouteTable table;
  EXPECT_TRUE(table.update(routeOf("T", twoBrokers())));
  model::TopicRouteData shuffled = twoBrokers();
  std::swap(shuffled.queue_datas[0], shuffled.queue_datas[1]);
  std::swap(shuffled.broker_datas[0], shuffled.broker_datas[1]);
  EXPECT_FALSE(table.update(routeOf("T", shuffled)));
}

TEST(RouteTableTest, ReadsGoToTheWantedBrokerElseToAnyOfItsName) {
  RouteTable table;
  table.update(routeOf("T", twoBrokers()));
  EXPECT_EQ(table.reader("b2", 1)->address, "10.0.0.3:10911");
  EXPECT_EQ(table.reader("b2", 7)->address, "10.0.0.2:10911");
  EXPECT_EQ(table.reader("b1", 1)->address, "10.0.0.1:10911");
  EXPECT_FALSE(table.reader("b9", 0).has_value());
  EXPECT_EQ(table.master("b2"), "10.0.0.2:10911");
}

// Promise: a slave that hangs keeps its readers for one time-out, not for as long as its name stays
// in the routes; and they have somewhere to go when the master is gone as well.
TEST(RouteTableTest, ASlaveThatIsSilentIsNotReadFromWhileItsMasterAnswers) {
  RouteTable table;
  table.update(routeOf("T", twoBrokers()));
  table.noteSilent(*table.reader("b2", 1));
  EXPECT_EQ(table.reader("b2", 1)->broker_id, 0);
  table.noteSilent(*table.reader("b2", 0));
  EXPECT_EQ(table.reader("b2", 1)->broker_id, 1);

  table.noteSilent(*table.reader("b2", 1));
  model::TopicRouteData without_master = twoBrokers();
  for (model::BrokerData& broker : without_master.broker_datas) {
    broker.broker_addrs.erase(0);
  }
  table.update(routeOf("T", without_master));
  EXPECT_EQ(table.reader("b2", 1)->broker_id, 1);
}

TEST(RouteTableTest, TheRouteStoredLastIsBelievedAboutABrokersAddress) {
  RouteTable table;
  table.update(routeOf("A", twoBrokers()));
  table.update(routeOf("B", twoBrokers()));
  model::TopicRouteData moved = twoBrokers();
  moved.broker_datas[1].broker_addrs[0] = "10.0.0.9:10911";
  table.update(routeOf("B", moved));
  EXPECT_EQ(table.master("b1"), "10.0.0.9:10911");
  table.update(routeOf("A", twoBrokers()));
  EXPECT_EQ(table.master("b1"), "10.0.0.1:10911") << "an unchanged route is news too";
}

TEST(RouteTableTest, AddressesTellWhereTheyCameFrom) {
  RouteTable table;
  table.update(routeOf("T", twoBrokers()));
  EXPECT_EQ(table.originOf("10.0.0.3:10911"), "route of topic T from name server ns:9876");
  EXPECT_EQ(table.originOf("10.0.0.4:10911"), "");
  EXPECT_EQ(table.all(false).size(), 2u);
  EXPECT_EQ(table.all(true).size(), 3u);
}

}  // namespace
}  // namespace rocketmq::client
