#include "client/admin/admin_client.h"

#include <gtest/gtest.h>

#include "tests/unit/client/fake_cluster.h"

namespace rocketmq::client {
namespace {

class AdminClientTest : public testing::Test {
 protected:
  AdminClientTest() {
    cluster_.createTopic("T", 2);
    AdminClient::Options options;
    options.name_servers = cluster_.nameServer();
    admin_ = std::move(*AdminClient::create(options));
  }

  FakeCluster cluster_;
  std::unique_ptr<AdminClient> admin_;
};

TEST_F(AdminClientTest, RoutesAndOffsetsAreAskedFor) {
  const auto route = admin_->topicRoute("T");
  ASSERT_TRUE(route.ok()) << route.status().message();
  EXPECT_EQ(route->queue_datas.at(0).write_queue_nums, 2);
  const std::string address = admin_->brokersOfTopic("T")->at("b0");
  EXPECT_EQ(address, cluster_.broker().address());
  cluster_.broker().append("T", 1, "x");
  EXPECT_EQ(*admin_->maxOffset(address, "T", 1), 1);
  EXPECT_TRUE(admin_->updateConsumerOffset(address, "CG", "T", 1, 1).isOk());
  EXPECT_EQ(cluster_.broker().committed("CG", "T", 1), 1);
}

TEST_F(AdminClientTest, RefusalsCarryTheServersCodeAndWords) {
  const auto route = admin_->topicRoute("Unknown");
  ASSERT_FALSE(route.ok());
  EXPECT_EQ(route.status().code(), StatusCode::kNotFound);
  EXPECT_EQ(route.status().message(), "CODE: 17  DESC: No topic route info in name server");
}

TEST_F(AdminClientTest, WhetherThereIsATopicIsNoError) {
  const auto none = admin_->findBrokersOfTopic("Unknown");
  ASSERT_TRUE(none.ok()) << none.status().message();
  EXPECT_FALSE(none->has_value());
  const auto some = admin_->findBrokersOfTopic("T");
  ASSERT_TRUE(some.ok() && some->has_value());
  EXPECT_EQ((*some)->at("b0"), cluster_.broker().address());
}

TEST_F(AdminClientTest, AnUnreachableNameServerSaysNothingOfATopic) {
  AdminClient::Options options;
  options.name_servers = "127.0.0.1:1";
  const auto admin = AdminClient::create(options);
  ASSERT_TRUE(admin.ok());
  EXPECT_FALSE((*admin)->findBrokersOfTopic("T").ok());
}

TEST_F(AdminClientTest, ABrokerThatCannotBeReachedIsNamed) {
  const auto offset = admin_->maxOffset("127.0.0.1:1", "T", 0);
  ASSERT_FALSE(offset.ok());
  EXPECT_NE(offset.status().message().find("127.0.0.1:1"), std::string::npos);
}

TEST_F(AdminClientTest, SendsAndPullsMessages) {
  const auto sent = admin_->send(Message("T", "TagA", "hello"), {.broker_name = {}, .queue_id = 1});
  ASSERT_TRUE(sent.ok()) << sent.status().message();
  EXPECT_EQ(sent->message_queue.queue_id, 1);
  const auto pulled =
      admin_->pull(cluster_.broker().address(), {"T", "b0", 1}, 0, 32, "TagA || TagB");
  ASSERT_TRUE(pulled.ok());
  ASSERT_EQ(pulled->messages.size(), 1u);
  EXPECT_EQ(pulled->messages[0].body(), "hello");
  EXPECT_EQ(pulled->messages[0].msgId(), sent->msg_id);
  EXPECT_TRUE(
      admin_->pull(cluster_.broker().address(), {"T", "b0", 1}, 0, 32, "TagC")->messages.empty());
  EXPECT_FALSE(admin_->send(Message("Unknown", "x")).ok());
  EXPECT_FALSE(admin_->send(Message("T", "x"), {.broker_name = "b9", .queue_id = {}}).ok());
}

TEST_F(AdminClientTest, NamesOfMessagesThatAreNoIdsAreRefused) {
  EXPECT_EQ(admin_->messageById("nonsense").status().code(), StatusCode::kInvalidArgument);
}

TEST(AdminClientCreateTest, BadNameServersAreRefused) {
  AdminClient::Options options;
  options.name_servers = "nonsense";
  EXPECT_FALSE(AdminClient::create(options).ok());
}

}  // namespace
}  // namespace rocketmq::client
