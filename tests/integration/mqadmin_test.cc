// mqadmin against real daemons: what people and scripts parse, and that errors say what to do.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <memory>
#include <regex>
#include <string>
#include <vector>

#include "rocketmq/default_mq_producer.h"
#include "rocketmq/default_mq_push_consumer.h"
#include "tests/support/daemon.h"
#include "tests/support/raw_client.h"
#include "tests/support/sanitizers.h"
#include "tests/support/temp_dir.h"

namespace rocketmq::test {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr int kGetKvConfig = 101;
constexpr int kQueryNotFound = 22;

class MqadminTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<TempDir>();
    cluster_ = std::make_unique<Cluster>(folder_->path().string());
    cluster_->start();
    ProducerConfig config;
    config.namesrv_addr = cluster_->namesrvAddr();
    config.producer_group = "admin_producer";
    producer_ = std::make_unique<DefaultMQProducer>(config);
    producer_->start();
  }
  static void TearDownTestSuite() {
    producer_.reset();
    cluster_.reset();
    folder_.reset();
  }

  void SetUp() override {
    topic_ = std::string("A_") + ::testing::UnitTest::GetInstance()->current_test_info()->name();
  }

  /// Runs a command that must succeed and returns its output.
  static std::string admin(const std::vector<std::string>& arguments) {
    const Cluster::Outcome outcome = cluster_->admin(arguments);
    EXPECT_EQ(outcome.status, 0) << outcome.output;
    return outcome.output;
  }

  /// Runs a command that must fail, with a message that has `word`.
  static void expectFailure(const std::vector<std::string>& arguments, const std::string& word) {
    const Cluster::Outcome outcome = cluster_->admin(arguments);
    EXPECT_NE(outcome.status, 0) << outcome.output;
    EXPECT_THAT(outcome.output, HasSubstr(word));
  }

  SendResult send(const std::string& body, const std::string& key = "") const {
    Message message(topic_, "TagA", body);
    if (!key.empty()) {
      message.setKeys(key);
    }
    return producer_->send(message);
  }

  static std::unique_ptr<TempDir> folder_;
  static std::unique_ptr<Cluster> cluster_;
  static std::unique_ptr<DefaultMQProducer> producer_;
  std::string topic_;
};

std::unique_ptr<TempDir> MqadminTest::folder_;
std::unique_ptr<Cluster> MqadminTest::cluster_;
std::unique_ptr<DefaultMQProducer> MqadminTest::producer_;

TEST_F(MqadminTest, HelpNamesEveryCommandAndItsOptions) {
  const Cluster::Outcome overview = runProgram(programPath("rocketmq-admin"), {"help"});
  EXPECT_EQ(overview.status, 0);
  for (const char* command :
       {"updateTopic",         "deleteTopic",       "topicList",        "topicRoute",
        "topicStatus",         "topicClusterList",  "clusterList",      "brokerStatus",
        "updateSubGroup",      "deleteSubGroup",    "consumerProgress", "consumerConnection",
        "producerConnection",  "resetOffsetByTime", "queryMsgById",     "queryMsgByKey",
        "queryMsgByUniqueKey", "queryMsgByOffset",  "printMsg",         "sendMessage",
        "consumeMessage",      "queryCq",           "checkMsgSendRT",   "getBrokerConfig",
        "updateBrokerConfig",  "updateKvConfig",    "statsAll",         "brokerConsumeStats",
        "deleteKvConfig",      "getNamesrvConfig",  "wipeWritePerm",    "addWritePerm"}) {
    EXPECT_THAT(overview.output, HasSubstr(command));
    const Cluster::Outcome help = runProgram(programPath("rocketmq-admin"), {"help", command});
    EXPECT_EQ(help.status, 0) << command;
    EXPECT_THAT(help.output, AllOf(StartsWith(std::string("usage: mqadmin ") + command),
                                   HasSubstr("-n,--namesrvAddr <arg>")));
    const Cluster::Outcome flag = runProgram(programPath("rocketmq-admin"), {command, "-h"});
    EXPECT_EQ(flag.output, help.output);
  }
}

TEST_F(MqadminTest, MistakesAreExplainedAndFail) {
  expectFailure({"noSuchCommand"}, "noSuchCommand");
  expectFailure({"updateTopic", "-t", topic_}, "-b HOST:PORT");
  expectFailure({"updateTopic", "-b", cluster_->brokerAddr()}, "--topic");
  expectFailure({"updateTopic", "-b", cluster_->brokerAddr(), "-t", "no spaces"}, "no spaces");
  expectFailure({"topicRoute", "-t", "NobodyKnows"}, "NobodyKnows");
  expectFailure({"queryMsgById", "-i", "nonsense"}, "nonsense");
  for (const char* time : {"yesterday", "2026-02-30#00:00:00:000", "2026-11-28#00:00:00:000Z"}) {
    expectFailure({"resetOffsetByTime", "-g", "admin_group", "-t", topic_, "-s", time}, time);
  }
  expectFailure({"brokerStatus", "-b", "127.0.0.1:1"}, "127.0.0.1:1");
  const Cluster::Outcome lost =
      runProgram(programPath("rocketmq-admin"), {"clusterList", "-n", "127.0.0.1:1"});
  EXPECT_NE(lost.status, 0);
  EXPECT_THAT(lost.output, HasSubstr("127.0.0.1:1"));
}

TEST_F(MqadminTest, TopicsAreCreatedShownAndDeleted) {
  EXPECT_THAT(
      admin({"updateTopic", "-b", cluster_->brokerAddr(), "-t", topic_, "-r", "4", "-w", "4"}),
      HasSubstr("create topic to " + cluster_->brokerAddr() +
                " success.\nTopicConfig [topicName=" + topic_ +
                ", readQueueNums=4, writeQueueNums=4, perm=RW-, topicFilterType=SINGLE_TAG, "
                "topicSysFlag=0, order=false]"));
  EXPECT_THAT(admin({"topicList"}), HasSubstr(topic_ + "\n"));
  EXPECT_EQ(admin({"topicClusterList", "-t", topic_}), "DefaultCluster\n");
  EXPECT_THAT(admin({"topicRoute", "-t", topic_}),
              AllOf(HasSubstr("\"brokerName\":\"broker-a\""), HasSubstr(cluster_->brokerAddr()),
                    HasSubstr("\"writeQueueNums\":4")));
  EXPECT_THAT(admin({"topicRoute", "-t", topic_, "-l"}), HasSubstr("#ReadQueue"));
  send("one");
  EXPECT_THAT(admin({"topicStatus", "-t", topic_}),
              AllOf(StartsWith("#Broker Name                      #QID  #Min Offset"),
                    ContainsRegex("broker-a +[0-3]     0 +1 +20[0-9][0-9]-")));
  EXPECT_THAT(admin({"topicList", "-c"}), HasSubstr("#Consumer Group"));
  EXPECT_THAT(admin({"deleteTopic", "-t", topic_, "-c", "DefaultCluster"}),
              HasSubstr("delete topic [" + topic_ + "] from NameServer success."));
  EXPECT_THAT(admin({"topicList"}), Not(HasSubstr(topic_ + "\n")));
}

TEST_F(MqadminTest, AnOrderedTopicHasItsQueuesInTheKeyValueTableUntilItIsDeleted) {
  RawClient namesrv(cluster_->namesrvPort());
  const auto order = [&] {
    return namesrv.call(kGetKvConfig,
                        "{\"namespace\":\"ORDER_TOPIC_CONFIG\",\"key\":\"" + topic_ + "\"}");
  };
  EXPECT_THAT(admin({"updateTopic", "-c", "DefaultCluster", "-t", topic_, "-w", "3", "-o", "true"}),
              HasSubstr("set cluster orderConf. isOrder=true, orderConf=[broker-a:3]"));
  EXPECT_EQ(order().ext["value"], "broker-a:3");
  send("goes to one of the three");
  admin({"deleteTopic", "-t", topic_, "-c", "DefaultCluster"});
  EXPECT_EQ(order().code, kQueryNotFound);
  EXPECT_THAT(admin({"updateTopic", "-c", "DefaultCluster", "-t", topic_}),
              HasSubstr("order=false"));
}

TEST_F(MqadminTest, ClusterListHasItsColumnsAndIsQuick) {
  const std::string output = admin({"clusterList"});
  EXPECT_THAT(output,
              StartsWith("#Cluster Name     #Broker Name            #BID  #Addr                  "
                         "#Version                #InTPS(LOAD)       #OutTPS(LOAD) #PCWait(ms) "
                         "#Hour #SPACE\n"));
  EXPECT_THAT(output, ContainsRegex("DefaultCluster    broker-a                0     " +
                                    cluster_->brokerAddr() + " +V4_9_8 .*\\(0,0ms\\)"));
  EXPECT_THAT(admin({"clusterList", "-m"}), HasSubstr("#InTotalToday"));

  // The machine may be busy with other tests: one quick run of many will do.
  const std::chrono::milliseconds max{50 * timeFactor()};
  auto best = std::chrono::milliseconds(10'000);
  for (int i = 0; i < 50 && best >= max; ++i) {
    const auto start = std::chrono::steady_clock::now();
    admin({"clusterList"});
    best = std::min(best, std::chrono::duration_cast<std::chrono::milliseconds>(
                              std::chrono::steady_clock::now() - start));
  }
  EXPECT_LT(best, max);
}

TEST_F(MqadminTest, BrokerStatusAndSettingsAreShownAndChanged) {
  const std::string status = admin({"brokerStatus", "-b", cluster_->brokerAddr()});
  for (const char* key : {"putTps", "brokerVersionDesc", "commitLogMaxOffset", "bootTimestamp",
                          "msgPutTotalTodayNow", "earliestMessageTimeStamp"}) {
    EXPECT_THAT(status, HasSubstr(std::string(key) + " "));
  }
  EXPECT_THAT(admin({"getBrokerConfig", "-b", cluster_->brokerAddr()}),
              AllOf(StartsWith("============" + cluster_->brokerAddr() + "============\n"),
                    ContainsRegex("fileReservedTime +=  72")));
  EXPECT_THAT(admin({"updateBrokerConfig", "-b", cluster_->brokerAddr(), "-k", "fileReservedTime",
                     "-v", "48"}),
              HasSubstr("update broker config success, " + cluster_->brokerAddr()));
  EXPECT_THAT(admin({"getBrokerConfig", "-c", "DefaultCluster"}),
              ContainsRegex("fileReservedTime +=  48"));
  // A broker whose id is 0 could not start as a slave.
  expectFailure(
      {"updateBrokerConfig", "-b", cluster_->brokerAddr(), "-k", "brokerRole", "-v", "SLAVE"},
      "Slave's brokerId must be > 0");
  expectFailure({"updateBrokerConfig", "-b", cluster_->brokerAddr(), "-k", "brokerConfigPath", "-v",
                 "/tmp/x"},
                "black list");
  expectFailure(
      {"updateBrokerConfig", "-b", cluster_->brokerAddr(), "-k", "fileReservedTime", "-v", "soon"},
      "fileReservedTime");
}

TEST_F(MqadminTest, GroupsAndTheirProgressAreShown) {
  EXPECT_THAT(admin({"updateSubGroup", "-b", cluster_->brokerAddr(), "-g", "admin_group"}),
              HasSubstr("SubscriptionGroupConfig [groupName=admin_group, consumeEnable=true, "
                        "consumeFromMinEnable=false, consumeBroadcastEnable=false, "
                        "retryQueueNums=1, retryMaxTimes=16, brokerId=0, "
                        "whichBrokerWhenConsumeSlowly=1, notifyConsumerIdsChangedEnable=true]"));
  cluster_->createTopic(topic_);
  for (int i = 0; i < 10; ++i) {
    send("m" + std::to_string(i));
  }
  PushConsumerConfig config;
  config.namesrv_addr = cluster_->namesrvAddr();
  config.consumer_group = "admin_group";
  config.consume_from_where = ConsumeFromWhere::kFirstOffset;
  config.persist_consumer_offset_interval = std::chrono::milliseconds(100);
  DefaultMQPushConsumer consumer(config);
  std::atomic<int> received{0};
  consumer.subscribe(topic_, "TagA");
  consumer.registerMessageListener(
      [&](const std::vector<MessageExt>& messages, ConsumeConcurrentlyContext&) {
        received += static_cast<int>(messages.size());
        return ConsumeConcurrentlyStatus::kConsumeSuccess;
      });
  consumer.start();
  ASSERT_TRUE(eventually([&] { return received == 10; }));

  EXPECT_THAT(admin({"consumerConnection", "-g", "admin_group"}),
              AllOf(HasSubstr(consumer.clientId()), HasSubstr("CPP"), HasSubstr("V4_9_8"),
                    ContainsRegex(topic_ + " +TagA"), HasSubstr("ConsumeType: CONSUME_PASSIVELY"),
                    HasSubstr("MessageModel: CLUSTERING"),
                    HasSubstr("ConsumeFromWhere: CONSUME_FROM_FIRST_OFFSET")));
  EXPECT_THAT(admin({"producerConnection", "-g", "admin_producer", "-t", topic_}),
              AllOf(StartsWith("0001  "), HasSubstr(producer_->clientId())));
  EXPECT_TRUE(eventually([&] {
    const std::string progress = admin({"consumerProgress", "-g", "admin_group"});
    return progress.find(topic_) != std::string::npos &&
           progress.find("Diff Total: 0\n") != std::string::npos;
  }));
  EXPECT_THAT(admin({"consumerProgress", "-g", "admin_group"}),
              AllOf(StartsWith("#Topic"), HasSubstr("#Consumer Offset"), HasSubstr(topic_)));
  EXPECT_THAT(admin({"consumerProgress", "-g", "admin_group", "-s", "true"}),
              HasSubstr("#Client IP"));
  EXPECT_THAT(admin({"consumerProgress"}),
              AllOf(HasSubstr("#Diff Total"), ContainsRegex("admin_group +1 +V4_9_8 +PUSH")));

  // Back to the beginning while the group is online: everything comes again.
  EXPECT_THAT(admin({"resetOffsetByTime", "-g", "admin_group", "-t", topic_, "-s", "0"}),
              AllOf(HasSubstr("rollback consumer offset by specified group[admin_group]"),
                    ContainsRegex("broker-a +3 +0")));
  EXPECT_TRUE(eventually([&] { return received == 20; }, std::chrono::seconds(40))) << received;
  consumer.shutdown();
  EXPECT_THAT(admin({"deleteSubGroup", "-b", cluster_->brokerAddr(), "-g", "admin_group"}),
              HasSubstr("delete subscription group [admin_group] from broker"));
}

TEST_F(MqadminTest, MessagesAreFoundByEveryKindOfId) {
  cluster_->createTopic(topic_, 1);
  const SendResult first = send("the first body", "order-1 all");
  send("the second body", "order-2 all");
  const std::string by_id = admin({"queryMsgById", "-i", first.offset_msg_id});
  EXPECT_THAT(by_id, AllOf(StartsWith("OffsetID:            " + first.offset_msg_id),
                           HasSubstr("Topic:               " + topic_),
                           HasSubstr("Tags:                [TagA]"),
                           HasSubstr("Keys:                [order-1 all]"),
                           HasSubstr("Queue Offset:        0"), HasSubstr("WARN: No Consumer")));
  EXPECT_TRUE(eventually([&] {
    return admin({"queryMsgByKey", "-t", topic_, "-k", "order-1"}).find(first.msg_id) !=
           std::string::npos;
  })) << "the index follows the log within moments";
  EXPECT_THAT(admin({"queryMsgByKey", "-t", topic_, "-k", "order-2"}),
              Not(HasSubstr(first.msg_id)));
  EXPECT_THAT(admin({"queryMsgByUniqueKey", "-t", topic_, "-i", first.msg_id}),
              HasSubstr("Keys:                [order-1 all]"));
  EXPECT_THAT(admin({"queryMsgByOffset", "-t", topic_, "-b", "broker-a", "-i", "0", "-o", "1"}),
              HasSubstr("[order-2 all]"));
  expectFailure({"queryMsgByOffset", "-t", topic_, "-b", "broker-a", "-i", "0", "-o", "7"}, "7");
  EXPECT_THAT(admin({"printMsg", "-t", topic_}),
              AllOf(HasSubstr("minOffset=0, maxOffset=2, "), HasSubstr("MSGID: " + first.msg_id),
                    HasSubstr("BODY: the first body"), HasSubstr("BODY: the second body")));
  EXPECT_THAT(admin({"printMsg", "-t", topic_, "-d", "false"}),
              AllOf(HasSubstr("NOT PRINT BODY"), Not(HasSubstr("the first body"))));
  EXPECT_THAT(admin({"consumeMessage", "-t", topic_, "-c", "1"}),
              AllOf(HasSubstr("Consume ok"), HasSubstr("BODY: the first body"),
                    Not(HasSubstr("the second body"))));
  EXPECT_THAT(admin({"sendMessage", "-t", topic_, "-p", "from the tool", "-k", "k", "-c", "T"}),
              ContainsRegex("broker-a +0 +SEND_OK +[0-9A-F]+"));
}

TEST_F(MqadminTest, MessageCommandsTakeTheOptionsOfFourAndFive) {
  cluster_->createTopic(topic_, 1);
  const SendResult sent = send("the body", "order-1");
  const auto find = [&](std::vector<std::string> arguments) {
    EXPECT_TRUE(eventually([&] {  // The index follows the log within moments.
      return cluster_->admin(arguments).output.find(sent.msg_id) != std::string::npos;
    }));
  };
  find({"queryMsgByKey", "-t", topic_, "-k", "order-1", "-c", "DefaultCluster"});
  expectFailure({"queryMsgByKey", "-t", topic_, "-k", "order-1", "-c", "NoCluster"}, "NoCluster");
  find({"queryMsgByUniqueKey", "-t", topic_, "-i", sent.msg_id, "-c", "DefaultCluster"});
  find({"queryMsgById", "-t", topic_, "-i", sent.msg_id});
  EXPECT_THAT(admin({"queryMsgById", "-t", topic_, "-i", sent.msg_id, "-f", "UTF-8"}),
              HasSubstr("Message Body:        the body"));
  EXPECT_THAT(admin({"queryMsgByOffset", "-t", topic_, "-b", "broker-a", "-i", "0", "-o", "0",
                     "--bodyFormat", "UTF-8"}),
              HasSubstr("Message Body:        the body"));
  expectFailure({"queryMsgById", "-t", topic_, "-i", "nonsense"}, "nonsense");
  expectFailure({"queryMsgById", "-i", sent.offset_msg_id, "-g", "G"}, "-d");
  EXPECT_THAT(admin({"queryMsgById", "-i", sent.offset_msg_id, "-s", "true"}),
              AllOf(HasSubstr("prepare resend msg. originalMsgId=" + sent.msg_id),
                    HasSubstr("SEND_OK broker-a queue 0 offset 1")));
  EXPECT_THAT(admin({"queryMsgByOffset", "-t", topic_, "-b", "broker-a", "-i", "0", "-o", "1"}),
              AllOf(HasSubstr("[order-1]"), HasSubstr("UNIQ_KEY=" + sent.msg_id)));

  EXPECT_THAT(admin({"checkMsgSendRT", "-t", topic_, "-a", "3", "-s", "10"}),
              AllOf(ContainsRegex("broker-a +0 +true +[0-9]+"),
                    ContainsRegex("Avg RT: [0-9]+\\.[0-9][0-9]\n")));
  expectFailure({"checkMsgSendRT", "-t", topic_, "-a", "0"}, "amount");
  expectFailure({"checkMsgSendRT", "-t", "NobodyKnows"}, "NobodyKnows");

  EXPECT_THAT(admin({"consumeMessage", "-t", topic_, "-s", "0", "-e", "now"}),
              HasSubstr("BODY: the body"));
  expectFailure({"consumeMessage", "-t", topic_, "-s", "4102444800000"}, "before now");
  expectFailure({"consumeMessage", "-t", topic_, "-e", "4102444800000"}, "before now");
  expectFailure({"consumeMessage", "-t", topic_, "-s", "2000", "-e", "1000"}, "less than");
}

TEST_F(MqadminTest, QueueEntriesAreShownAsTheyAreOnTheDisk) {
  cluster_->createTopic(topic_, 1);
  for (int i = 0; i < 3; ++i) {
    send("body", "k");
  }
  EXPECT_THAT(admin({"queryCq", "-t", topic_, "-q", "0", "-i", "1", "-g", "nobody"}),
              AllOf(HasSubstr("Filter data: \nnobody@" + topic_ + " is not online!\n"),
                    HasSubstr("Queue data: \nmax: 3, min: 0\n"), Not(HasSubstr("idx: 0")),
                    HasSubstr("idx: 1\nConsumeQueueData{physicOffset="),
                    HasSubstr("extendDataJson='null', bitMap='null', eval=false, msg='null'}"),
                    HasSubstr("idx: 2\n"), Not(HasSubstr("idx: 3"))));
  EXPECT_THAT(admin({"queryCq", "-t", topic_, "-q", "0", "-i", "9", "-b", cluster_->brokerAddr()}),
              AllOf(HasSubstr("max: 3"), Not(HasSubstr("idx:"))));
  expectFailure({"queryCq", "-t", topic_, "-q", "1", "-i", "0"}, "has 1 queues");
  expectFailure({"queryCq", "-t", topic_, "-q", "-1", "-i", "0"}, "-1@" + topic_);
  expectFailure({"queryCq", "-t", "NobodyKnows", "-q", "0", "-i", "0"}, "NobodyKnows");
  expectFailure({"queryCq", "-t", topic_, "-q", "0", "-i", "0", "-c", "1001"}, "count");
}

// As with RocketMQ's mqadmin: what is at an address needs no name server to be found.
TEST_F(MqadminTest, ABrokerThatIsGivenByItsAddressIsAskedWithoutNameServer) {
  const auto alone = [](const std::vector<std::string>& arguments) {
    std::vector<std::string> all{"NAMESRV_ADDR=", programPath("rocketmq-admin")};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return runProgram("/usr/bin/env", all);
  };
  const std::string address = cluster_->brokerAddr();
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"haStatus", "-b", address},
           {"brokerStatus", "-b", address},
           {"getBrokerConfig", "-b", address},
           {"updateTopic", "-b", address, "-t", topic_},
           {"updateSubGroup", "-b", address, "-g", "A_alone"},
           {"updateBrokerConfig", "-b", address, "-k", "longPollingEnable", "-v", "true"}}) {
    const Cluster::Outcome outcome = alone(arguments);
    EXPECT_EQ(outcome.status, 0) << arguments[0] << ": " << outcome.output;
  }
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"clusterList"},
                                             {"haStatus", "-c", "DefaultCluster"},
                                             {"getNamesrvConfig"},
                                             {"wipeWritePerm", "-b", "broker-a"},
                                             {"updateKvConfig", "-s", "S", "-k", "k", "-v", "v"}}) {
    const Cluster::Outcome outcome = alone(arguments);
    EXPECT_NE(outcome.status, 0) << arguments[0] << ": " << outcome.output;
    EXPECT_THAT(outcome.output, HasSubstr("no name server address is set")) << arguments[0];
  }
}

TEST_F(MqadminTest, WhatIsRepeatedComesRoundByRoundIntoAFileToo) {
  Daemon status(programPath("rocketmq-admin"),
                {"haStatus", "-b", cluster_->brokerAddr(), "-i", "3600"},
                cluster_->folder() + "/ha-status");
  EXPECT_TRUE(status.awaitOutput("#SlaveAddr", std::chrono::seconds(10)));
  status.stop(SIGKILL, std::chrono::seconds(10));
}

TEST_F(MqadminTest, NameServerSettingsAndPermissions) {
  EXPECT_EQ(admin({"updateKvConfig", "-s", "NS", "-k", "key", "-v", "value"}),
            "create or update kv config to namespace success.\n");
  EXPECT_EQ(admin({"deleteKvConfig", "-s", "NS", "-k", "key"}),
            "delete kv config from namespace success.\n");
  EXPECT_THAT(admin({"getNamesrvConfig"}),
              AllOf(StartsWith("============" + cluster_->namesrvAddr() + "============\n"),
                    ContainsRegex("listenPort +=  " + std::to_string(cluster_->namesrvPort()))));
  cluster_->createTopic(topic_);
  EXPECT_THAT(admin({"wipeWritePerm", "-b", "broker-a"}),
              ContainsRegex("wipe write perm of broker\\[broker-a\\] in name server\\[" +
                            cluster_->namesrvAddr() + "\\] OK, [1-9]"));
  EXPECT_THAT(admin({"topicRoute", "-t", topic_}), HasSubstr("\"perm\":4"));
  EXPECT_THAT(admin({"addWritePerm", "-b", "broker-a"}), HasSubstr("OK, "));
  EXPECT_THAT(admin({"topicRoute", "-t", topic_}), HasSubstr("\"perm\":6"));
}

// Promise: a server that cannot be reached is named, and keeps a change from no other one.
TEST_F(MqadminTest, AChangeThatFailsAtOneServerIsMadeAtTheOthers) {
  constexpr int kRegisterBroker = 103;
  RawClient dead(cluster_->namesrvPort());
  ASSERT_EQ(dead.call(kRegisterBroker,
                      R"({"brokerName":"a-dead","brokerAddr":"127.0.0.1:1","brokerId":0,)"
                      R"("clusterName":"DefaultCluster","haServerAddr":"127.0.0.1:2"})")
                .code,
            0);
  const std::string broker = cluster_->brokerAddr();
  const auto expectHalf = [&](const std::vector<std::string>& arguments, const std::string& done) {
    const Cluster::Outcome outcome = cluster_->admin(arguments);
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.output, AllOf(ContainsRegex("127.0.0.1:1\\)? failed: "), HasSubstr(done),
                                      ContainsRegex("failed at 1 of 2 (brok|serv)ers")));
  };
  expectHalf({"updateTopic", "-c", "DefaultCluster", "-t", topic_},
             "create topic to " + broker + " success.");
  expectHalf({"updateSubGroup", "-c", "DefaultCluster", "-g", "GroupOfTwo"},
             "create subscription group to " + broker + " success.");
  expectHalf({"updateBrokerConfig", "-c", "DefaultCluster", "-k", "fileReservedTime", "-v", "71"},
             "update broker config success, " + broker);
  expectHalf({"deleteSubGroup", "-c", "DefaultCluster", "-g", "GroupOfTwo"},
             "from broker [" + broker + "]");
  EXPECT_THAT(admin({"topicRoute", "-t", topic_}), HasSubstr("broker-a"));
  expectHalf({"deleteTopic", "-c", "DefaultCluster", "-t", topic_}, "");
  expectFailure({"topicRoute", "-t", topic_}, "No topic route info");

  const auto adminOfTwo = [](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"-n", "127.0.0.1:1;" + cluster_->namesrvAddr()});
    return runProgram(programPath("rocketmq-admin"), arguments);
  };
  const Cluster::Outcome added = adminOfTwo({"addWritePerm", "-b", "broker-a"});
  EXPECT_EQ(added.status, 1);
  EXPECT_THAT(added.output, AllOf(HasSubstr("127.0.0.1:1 failed: "),
                                  HasSubstr("add write perm of broker[broker-a] in name server[" +
                                            cluster_->namesrvAddr() + "] OK")));
  const Cluster::Outcome put = adminOfTwo({"updateKvConfig", "-s", "N", "-k", "k", "-v", "v"});
  EXPECT_EQ(put.status, 1);
  EXPECT_THAT(put.output, HasSubstr("name server: 127.0.0.1:1"));
  RawClient client(cluster_->namesrvPort());
  EXPECT_EQ(client.call(kGetKvConfig, R"({"namespace":"N","key":"k"})").ext.at("value"), "v");
  admin({"deleteKvConfig", "-s", "N", "-k", "k"});
}

}  // namespace
}  // namespace rocketmq::test
