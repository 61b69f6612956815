// mqadmin's commands about one consumer group and its place in a topic, against real daemons and a
// member that runs.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <regex>
#include <string>
#include <vector>

#include "tests/integration/client_modes_fixture.h"
#include "tests/support/raw_client.h"
#include "tests/support/slave.h"

namespace rocketmq::test {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class MqadminGroupTest : public ClientModesFixture {
 protected:
  /// Runs a command that must succeed and returns its output.
  static std::string admin(const std::vector<std::string>& arguments) {
    const Cluster::Outcome outcome = cluster_->admin(arguments);
    EXPECT_EQ(outcome.status, 0) << outcome.output;
    return outcome.output;
  }

  std::unique_ptr<DefaultMQPushConsumer> member(const std::string& name, Inbox& inbox,
                                                const std::string& tags = "*") const {
    PushConsumerConfig config = pushConfig();
    config.instance_name = name;
    config.persist_consumer_offset_interval = std::chrono::milliseconds(100);
    return consume(config, into(inbox), topic_, tags);
  }

  /// What the group has committed, as a sum over the topic's queues.
  bool hasCommitted(const std::string& group, const std::string& total_diff) const {
    return eventually([&] {
      return cluster_->admin({"consumerProgress", "-g", group})
                 .output.find("Diff Total: " + total_diff + "\n") != std::string::npos;
    });
  }
};

TEST_F(MqadminGroupTest, AGroupBeginsWhereTheOneItIsClonedFromIs) {
  sendSome("m", 12);
  {
    Inbox inbox;
    const auto consumer = consume(inbox);
    ASSERT_TRUE(eventually([&] { return inbox.received() == 12; }));
    consumer->shutdown();
  }
  sendSome("later", 4);
  EXPECT_EQ(admin({"cloneGroupOffset", "-s", group_, "-d", group_ + "_clone", "-t", topic_}),
            "clone group offset success. srcGroup[" + group_ + "], destGroup=[" + group_ +
                "_clone], topic[" + topic_ + "]\n");
  EXPECT_TRUE(hasCommitted(group_ + "_clone", "4"));
}

TEST_F(MqadminGroupTest, AGroupThatDoesNotExistIsNotCloned) {
  const Cluster::Outcome outcome =
      cluster_->admin({"cloneGroupOffset", "-s", group_ + "_mistyped", "-d", group_, "-t", topic_});
  EXPECT_EQ(outcome.status, 1) << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr("subscription group [" + group_ + "_mistyped] not exist"));
}

// Promise: a broker that refuses a reset is named, and keeps it from no other one. The first of the
// two does not know the group.
TEST_F(MqadminGroupTest, AResetThatFailsAtOneBrokerIsDoneAtTheOthers) {
  const TempDir folder;
  Slave first(*cluster_, folder.path().string(),
              {{"brokerName", "a-first"}, {"brokerId", "0"}, {"brokerRole", "ASYNC_MASTER"}});
  first.start();
  admin({"updateTopic", "-b", first.address(), "-t", topic_, "-r", "1", "-w", "1"});
  admin({"updateSubGroup", "-b", cluster_->brokerAddr(), "-g", group_});
  ASSERT_TRUE(eventually([&] {
    return admin({"topicRoute", "-t", topic_}).find("a-first") != std::string::npos;
  }));
  const Cluster::Outcome outcome =
      cluster_->admin({"resetOffsetByTime", "-g", group_, "-t", topic_, "-s", "now"});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.output,
              AllOf(HasSubstr("\na-first (" + first.address() + ") failed: "),
                    HasSubstr("subscription group [" + group_ + "] not exist"),
                    ContainsRegex("\nbroker-a +3 +0"), HasSubstr("failed at 1 of 2 brokers")));
}

TEST_F(MqadminGroupTest, WhatHasAccumulatedIsSkipped) {
  admin({"updateSubGroup", "-b", cluster_->brokerAddr(), "-g", group_});
  sendSome("old", 12);
  const std::string output = admin({"skipAccumulatedMessage", "-g", group_, "-t", topic_});
  EXPECT_THAT(output, AllOf(StartsWith("#brokerName"), ContainsRegex("broker-a +3 +3")));
  sendSome("new", 4);
  Inbox inbox;
  const auto consumer = consume(inbox);
  ASSERT_TRUE(eventually([&] { return inbox.received() == 4; }));
  for (const MessageExt& message : inbox.messages()) {
    EXPECT_THAT(message.body(), StartsWith("new"));
  }
}

TEST_F(MqadminGroupTest, TheSettingsOfAGroupAreShownForEachBroker) {
  admin({"updateSubGroup", "-b", cluster_->brokerAddr(), "-g", group_, "-r", "3"});
  EXPECT_THAT(admin({"getConsumerConfig", "-g", group_}),
              AllOf(StartsWith("=============================DefaultCluster:broker-a"
                               "=============================\ngroupName "),
                    ContainsRegex("\nretryMaxTimes +=  3\n")));
  const Cluster::Outcome unknown = cluster_->admin({"getConsumerConfig", "-g", "NobodyKnows"});
  EXPECT_NE(unknown.status, 0);
  EXPECT_THAT(unknown.output, HasSubstr("NobodyKnows"));
}

TEST_F(MqadminGroupTest, QueuesAreSharedOutAsMembersWouldDoIt) {
  EXPECT_EQ(admin({"allocateMQ", "-t", topic_, "-i", "10.0.0.2,10.0.0.1,10.0.0.3"}),
            R"({"result":{"10.0.0.1":[{"brokerName":"broker-a","queueId":0,"topic":")" + topic_ +
                R"("},{"brokerName":"broker-a","queueId":1,"topic":")" + topic_ +
                R"("}],"10.0.0.2":[{"brokerName":"broker-a","queueId":2,"topic":")" + topic_ +
                R"("}],"10.0.0.3":[{"brokerName":"broker-a","queueId":3,"topic":")" + topic_ +
                "\"}]}}\n");
}

TEST_F(MqadminGroupTest, BrokersAreToldToCleanUp) {
  for (const char* command : {"cleanExpiredCQ", "cleanUnusedTopic", "deleteExpiredCommitLog"}) {
    EXPECT_EQ(admin({command}), "success\n") << command;
    EXPECT_EQ(admin({command, "-c", "DefaultCluster"}), "success\n") << command;
    EXPECT_EQ(admin({command, "-b", cluster_->brokerAddr()}), "success\n") << command;
    EXPECT_NE(cluster_->admin({command, "-c", "NoCluster"}).status, 0) << command;
  }
}

/// mqadmin writes into the folder that it is started in.
class WorkingFolder {
 public:
  explicit WorkingFolder(const std::filesystem::path& folder)
      : before_(std::filesystem::current_path()) {
    std::filesystem::current_path(folder);
  }
  ~WorkingFolder() { std::filesystem::current_path(before_); }
  WorkingFolder(const WorkingFolder&) = delete;
  WorkingFolder& operator=(const WorkingFolder&) = delete;

 private:
  const std::filesystem::path before_;
};

TEST_F(MqadminGroupTest, WhatMembersSayOfThemselvesIsShownAndCompared) {
  TempDir folder;
  const WorkingFolder working_folder(folder.path());
  sendSome("m", 8);
  Inbox inbox;
  const auto one = member("one", inbox);
  const auto two = member("two", inbox);
  ASSERT_TRUE(eventually([&] { return inbox.different() == 8; }));
  std::string output;
  ASSERT_TRUE(eventually([&] {  // While queues move nobody or both may have them.
    output = admin({"consumerStatus", "-g", group_});
    return output.find("Rebalance OK") != std::string::npos;
  })) << output;
  EXPECT_THAT(output, AllOf(StartsWith("#Index     #ClientId"), HasSubstr(one->clientId()),
                            HasSubstr(two->clientId()),
                            HasSubstr("\nSame subscription in the same group of consumer\n")));

  std::smatch file;
  const std::regex file_pattern("([0-9]+/[^ /\n]+)\n");
  ASSERT_TRUE(std::regex_search(output, file, file_pattern)) << output;
  std::ifstream in(file[1]);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  EXPECT_THAT(text,
              AllOf(StartsWith("#Consumer Properties#\n"),
                    ContainsRegex("PROP_CONSUME_TYPE +: CONSUME_PASSIVELY"),
                    ContainsRegex("Topic: " + topic_ + " +ClassFilter: false +SubExpression: \\*"),
                    HasSubstr("#Consumer Offset#"), HasSubstr("#Consumer MQ Detail#"),
                    HasSubstr("#Consumer RT&TPS#")));
  EXPECT_THAT(
      admin({"consumerStatus", "-g", group_, "-i", one->clientId(), "-b", cluster_->brokerAddr()}),
      StartsWith("#Consumer Properties#\n"));

  Inbox other_inbox;
  const auto other = member("other", other_inbox, "TagX");
  EXPECT_TRUE(eventually([&] {
    return cluster_->admin({"consumerStatus", "-g", group_}).output.find("WARN: Different") !=
           std::string::npos;
  }));
}

// Promise: a member that does not answer is named, and nothing is said of what it may do.
TEST_F(MqadminGroupTest, AMemberThatDoesNotAnswerIsNamed) {
  TempDir folder;
  const WorkingFolder working_folder(folder.path());
  sendSome("m", 1);
  Inbox inbox;
  const auto one = member("one", inbox);
  ASSERT_TRUE(eventually([&] { return inbox.different() == 1; }));
  RawClient silent(cluster_->brokerPort());
  ASSERT_EQ(
      silent
          .call(34, "{}",
                R"({"clientID":"192.0.2.9@silent","consumerDataSet":[{"groupName":")" + group_ +
                    R"(","consumeType":"CONSUME_PASSIVELY","messageModel":"CLUSTERING",)"
                    R"("consumeFromWhere":"CONSUME_FROM_FIRST_OFFSET",)"
                    R"("subscriptionDataSet":[]}]})")
          .code,
      0);
  const std::string output = admin({"consumerStatus", "-g", group_});
  EXPECT_THAT(output, AllOf(HasSubstr(one->clientId()),
                            HasSubstr("member 192.0.2.9@silent has not answered"),
                            HasSubstr("not known: no answer from 192.0.2.9@silent")));
  EXPECT_EQ(output.find("Rebalance OK"), std::string::npos) << output;
}

}  // namespace
}  // namespace rocketmq::test
