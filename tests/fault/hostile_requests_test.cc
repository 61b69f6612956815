// Well-formed frames with malicious content. Promise: see expectUnharmed(); and each request is
// answered, or refused with a reason. ROCKETMQ_HOSTILE_TOPICS sets how many topics are made up.

#include <gtest/gtest.h>
#include <poll.h>

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/compress.h"
#include "common/message/record.h"
#include "tests/fault/hostile_support.h"
#include "tests/support/daemon.h"
#include "tests/support/raw_client.h"
#include "tests/support/raw_socket.h"
#include "tests/support/temp_dir.h"

namespace rocketmq::test {
namespace {

constexpr int kPullMessage = 11;
constexpr int kUpdateConsumerOffset = 15;
constexpr int kHeartbeat = 34;
constexpr int kLockBatch = 41;
constexpr int kGetRoute = 105;
constexpr int kSendMessageV2 = 310;
constexpr int kPutKvConfig = 100;
constexpr int kRegisterBroker = 103;
constexpr int kUnknownCode = 29'999;

constexpr int kSuccess = 0;
constexpr int kSystemError = 1;
constexpr int kSystemBusy = 2;
constexpr int kMessageIllegal = 13;
constexpr int kTopicNotExist = 17;
constexpr int kSubscriptionParseFailed = 23;

/// Fields of a send to `topic`, with properties.
std::string sendFields(const std::string& topic, const std::string& properties = "",
                       bool is_batch = false, int sys_flag = 0) {
  return R"({"a":"hostile","b":")" + jsonEscape(topic) + R"(","c":"TBW102","d":"4","e":"0","f":")" +
         std::to_string(sys_flag) + R"(","g":"1700000000000","h":"0","i":")" +
         jsonEscape(properties) + R"(","j":"0","k":"false","l":"0","m":")" +
         (is_batch ? "true" : "false") + "\"}";
}

/// "[ITEM,ITEM,...]" of `count` items.
template <class Item>
std::string jsonList(int count, Item item) {
  std::string list = "[";
  for (int i = 0; i < count; ++i) {
    list += (i == 0 ? "" : ",") + item(i);
  }
  return list + "]";
}

/// A heartbeat of one consumer that subscribes to `topics` topics.
std::string heartbeatBody(const std::string& group, int topics, int version) {
  return R"({"clientID":"c","consumerDataSet":[{"groupName":")" + group +
         R"(","consumeType":"CONSUME_PASSIVELY","messageModel":"CLUSTERING",)"
         R"("consumeFromWhere":"CONSUME_FROM_LAST_OFFSET","unitMode":false,"subscriptionDataSet":)" +
         jsonList(topics,
                  [&](int i) {
                    return R"({"topic":"subscribed-)" + std::to_string(i) +
                           R"(","subString":"A||B","expressionType":"TAG","tagsSet":["A","B"],)"
                           R"("codeSet":[65,66],"classFilterMode":false,"subVersion":)" +
                           std::to_string(version) + "}";
                  }) +
         R"(}],"producerDataSet":[]})";
}

std::string lockBody(int queues) {
  return R"({"clientId":"c","consumerGroup":"g","mqSet":)" +
         jsonList(queues,
                  [](int i) {
                    return R"({"brokerName":"b","queueId":)" + std::to_string(i) +
                           R"(,"topic":"T"})";
                  }) +
         "}";
}

std::string pullFields(const std::string& group, const std::string& tags) {
  return R"({"consumerGroup":")" + group +
         R"(","topic":"Pulled","queueId":"0","queueOffset":"0","maxMsgNums":"1","sysFlag":"4",)"
         R"("commitOffset":"0","suspendTimeoutMillis":"0","subVersion":"1",)"
         R"("expressionType":"TAG","subscription":")" +
         tags + "\"}";
}

std::string manyTags(int count) {
  std::string tags;
  for (int i = 0; i < count; ++i) {
    tags += std::to_string(i) + "||";
  }
  return tags;
}

class HostileRequests : public ::testing::Test {
 protected:
  void start(const Cluster::Settings& settings = {}, const Cluster::Settings& namesrv = {}) {
    cluster_.emplace(dir_.path().string(), settings, namesrv);
    cluster_->start();
  }
  void TearDown() override {
    if (cluster_) {
      expectGoodEnd(*cluster_);
    }
  }

  static constexpr uint16_t Target::*kBroker = &Target::broker_port;
  static constexpr uint16_t Target::*kNamesrv = &Target::namesrv_port;

  /// Keeps a window of requests on their way over one connection to each of `ports`, whatever is
  /// answered.
  template <class Request>
  void flood(std::initializer_list<uint16_t Target::*> ports, Request request,
             HarmLimits limits = {}) {
    int64_t answers = 0;
    expectUnharmed(
        *cluster_,
        [&](const Target& target) {
          std::vector<RawSocket> sockets;
          for (const auto port : ports) {
            sockets.push_back(RawSocket::connectTo(target.*port));
          }
          constexpr int kWindow = 64;
          while (!target.over()) {
            for (RawSocket& socket : sockets) {
              std::string frames;
              for (int i = 0; i < kWindow; ++i) {
                frames += request();
              }
              ASSERT_TRUE(socket.write(frames));
            }
            for (RawSocket& socket : sockets) {
              for (int i = 0; i < kWindow; ++i) {
                ASSERT_TRUE(socket.readFrame().has_value()) << answers << " answers came";
                answers += target.is_sink ? 0 : 1;
              }
            }
          }
        },
        limits);
    std::cout << answers << " answers" << std::endl;
    EXPECT_GT(answers, 0);
  }

  /// Sends the frames in turn, each after the answer to the one before it, and connects again when
  /// the broker has had enough.
  void repeat(const std::vector<std::string>& frames, HarmLimits limits = {}) {
    expectUnharmed(
        *cluster_,
        [&](const Target& target) {
          std::optional<RawSocket> socket;
          for (size_t turn = 0; !target.over(); ++turn) {
            if (!socket) {
              socket.emplace(RawSocket::connectTo(target.broker_port));
            }
            if (!socket->write(frames[turn % frames.size()]) || !socket->readFrame()) {
              socket.reset();
            }
          }
        },
        limits);
  }

  TempDir dir_;
  std::optional<Cluster> cluster_;
};

TEST_F(HostileRequests, UnknownCodes) {
  start();
  flood({kBroker, kNamesrv}, [] { return hostileFrame(kUnknownCode, "{}"); });
}

TEST_F(HostileRequests, PullsWithAbsurdOffsetsAndCounts) {
  start();
  cluster_->createTopic("Pulled");
  int turn = 0;
  flood({kBroker}, [&turn] {
    static constexpr const char* kNumbers[] = {
        "-1", "9223372036854775807", "-9223372036854775808", "2147483647", "-2147483648", "0"};
    const auto number = [&turn] { return std::string(kNumbers[++turn % 6]); };
    const std::string small = turn % 2 == 0 ? "2147483647" : "-2147483648";
    return hostileFrame(kPullMessage,
                        R"({"consumerGroup":"TOOLS_CONSUMER","topic":"Pulled","queueId":"0",)"
                        R"("queueOffset":")" +
                            number() + R"(","maxMsgNums":")" + small +
                            R"(","sysFlag":"4","commitOffset":")" + number() +
                            R"(","suspendTimeoutMillis":"0","subscription":"*","subVersion":"0",)"
                            R"("expressionType":"TAG"})");
  });
}

TEST_F(HostileRequests, BatchesThatClaimMoreThanTheyHold) {
  start();
  cluster_->createTopic("Batched");
  std::string batch;
  appendBatchItem({.flag = 0, .body = "one", .properties = "TAGS\1a\2"}, batch);
  std::string claims = batch;
  // The length of the body; nobody looks at that of the element.
  claims.replace(16, 4, lengthWord(0x7FFFFFFF));
  RawClient client(cluster_->brokerPort());
  EXPECT_EQ(client.call(kSendMessageV2, sendFields("Batched", "", true), batch).code, kSuccess);
  EXPECT_EQ(client.call(kSendMessageV2, sendFields("Batched", "", true), batch + claims).code,
            kMessageIllegal);
  flood({kBroker}, [&] {
    return hostileFrame(kSendMessageV2, sendFields("Batched", "", true), batch + claims);
  });
}

/// Properties of a batch are stored with each of its messages: a megabyte could ask for gigabytes.
/// Each such batch keeps its thread for some 10 ms until it is refused, which the other connections
/// of the thread notice: the floor is higher.
TEST_F(HostileRequests, PropertyBombs) {
  start();
  cluster_->createTopic("Bombed");
  std::string batch;
  for (int i = 0; i < 20'000; ++i) {
    appendBatchItem({.flag = 0, .body = "", .properties = ""}, batch);
  }
  std::string properties;
  while (properties.size() < 30'000) {
    properties += "p" + std::to_string(properties.size()) + "\1v\2";
  }
  const std::string bomb =
      hostileFrame(kSendMessageV2, sendFields("Bombed", properties, true), batch);
  const std::string many =
      hostileFrame(kSendMessageV2, sendFields("Bombed", std::string(60'000, '\2')), "body");
  int turn = 0;
  flood({kBroker}, [&] { return ++turn % 8 == 0 ? bomb : many; },
        {.memory_growth_kib = 256 * 1024});
}

/// The name server unpacks registrations; a broker passes compressed bodies on as they are.
TEST_F(HostileRequests, CompressedBodiesThatExpandWithoutEnd) {
  start();
  const std::string bomb = *compress(CompressionType::kZlib, std::string(64u << 20, '\0'), 9);
  ASSERT_LT(bomb.size(), 1u << 17);
  cluster_->createTopic("Expanding");
  const std::string registration =
      hostileFrame(kRegisterBroker,
                   R"({"brokerName":"bomb","brokerAddr":"127.0.0.1:1","clusterName":"c",)"
                   R"("haServerAddr":"","brokerId":"0","compressed":"true"})",
                   bomb);
  expectUnharmed(*cluster_,
                 [&](const Target& target) {
                   RawSocket namesrv = RawSocket::connectTo(target.namesrv_port);
                   RawSocket broker = RawSocket::connectTo(target.broker_port);
                   while (!target.over()) {
                     ASSERT_TRUE(namesrv.write(registration));
                     ASSERT_TRUE(namesrv.readFrame().has_value());
                     ASSERT_TRUE(broker.write(hostileFrame(
                         kSendMessageV2, sendFields("Expanding", "", false, 1), bomb)));
                     ASSERT_TRUE(broker.readFrame().has_value());
                   }
                 },
                 {.memory_growth_kib = 128 * 1024});
}

TEST_F(HostileRequests, TopicsThatArePaths) {
  start();
  RawClient client(cluster_->brokerPort());
  for (const std::string name : {"../../x", "..", ".", "/etc/passwd", "a/b", "a\\b",
                                 "%RETRY%../../x", "%DLQ%/x", "", "\xC0\xAE\xC0\xAE/x"}) {
    const RawClient::Frame answer = client.call(kSendMessageV2, sendFields(name), "body");
    EXPECT_NE(answer.code, kSuccess) << name;
    EXPECT_FALSE(answer.remark.empty()) << name;
    const RawClient::Frame commit =
        client.call(kUpdateConsumerOffset, R"({"consumerGroup":"g","topic":")" + jsonEscape(name) +
                                               R"(","queueId":"0","commitOffset":"1"})");
    EXPECT_NE(commit.code, kSuccess) << name;
  }
  EXPECT_FALSE(std::filesystem::exists(dir_ / "x"));
  EXPECT_FALSE(std::filesystem::exists(dir_ / "store/x"));
  flood({kBroker}, [] { return hostileFrame(kSendMessageV2, sendFields("../../x"), "body"); });
}

/// Up to the bound they are made, then refused; what was there before goes on.
TEST_F(HostileRequests, TopicsMadeUpWithoutEnd) {
  constexpr int kTopicsMax = 100;
  start({{"maxAutoCreatedTopics", std::to_string(kTopicsMax)}, {"maxAutoCreatedGroups", "50"}});
  const auto count = sizeFromEnvironment("ROCKETMQ_HOSTILE_TOPICS", 3000);
  int64_t number = 0;
  flood({kBroker}, [&number, count] {
    return hostileFrame(kSendMessageV2, sendFields("made-up-" + std::to_string(number++ % count)),
                        "body");
  });
  EXPECT_GE(number, kTopicsMax);
  RawClient client(cluster_->brokerPort());
  const RawClient::Frame refused = client.call(kSendMessageV2, sendFields("one-more"), "body");
  EXPECT_EQ(refused.code, kTopicNotExist);
  EXPECT_NE(refused.remark.find("maxAutoCreatedTopics"), std::string::npos) << refused.remark;
  cluster_->createTopic("by-an-administrator");
  EXPECT_EQ(client.call(kSendMessageV2, sendFields("by-an-administrator"), "body").code, kSuccess);
}

/// Groups that are made up in heartbeats, and positions of groups and queues that do not exist.
TEST_F(HostileRequests, GroupsAndPositionsMadeUpWithoutEnd) {
  start({{"maxAutoCreatedGroups", "100"}});
  int64_t number = 0;
  flood({kBroker}, [&number] {
    const std::string group = "made-up-" + std::to_string(++number);
    if (number % 2 == 0) {
      return hostileFrame(kUpdateConsumerOffset, R"({"consumerGroup":")" + group +
                                                     R"(","topic":"WellBehaved","queueId":")" +
                                                     std::to_string(number) +
                                                     R"(","commitOffset":"1"})");
    }
    return hostileFrame(
        kHeartbeat, "{}",
        R"({"clientID":"c","consumerDataSet":[{"groupName":")" + group +
            R"(","consumeType":"CONSUME_PASSIVELY","messageModel":"CLUSTERING",)"
            R"("consumeFromWhere":"CONSUME_FROM_LAST_OFFSET","subscriptionDataSet":[],)"
            R"("unitMode":false}],"producerDataSet":[]})");
  });
}

/// Heartbeats that are as long as a frame may be, and as long as is taken, over one connection.
TEST_F(HostileRequests, SubscriptionsWithoutEnd) {
  start();
  std::vector<std::string> frames;
  for (int i = 0; i < 60; ++i) {
    const bool is_taken = i % 6 != 0;
    frames.push_back(hostileFrame(
        kHeartbeat, "{}",
        heartbeatBody("G" + std::to_string(i), is_taken ? 6'500 : 80'000, /*version=*/i)));
  }
  RawClient client(cluster_->brokerPort());
  const RawClient::Frame refused = client.call(kHeartbeat, "{}", heartbeatBody("G", 80'000, 1));
  EXPECT_EQ(refused.code, kSystemError);
  EXPECT_NE(refused.remark.find("at most 1048576"), std::string::npos) << refused.remark;
  int group = 0;
  RawClient::Frame last;
  do {
    last = client.call(kHeartbeat, "{}", heartbeatBody("H" + std::to_string(group), 6'500, 1));
  } while (last.code == kSuccess && ++group < 20);
  EXPECT_EQ(last.code, kSystemBusy) << group << " groups";
  repeat(frames);
}

TEST_F(HostileRequests, LocksWithoutEnd) {
  start();
  RawClient client(cluster_->brokerPort());
  const RawClient::Frame refused = client.call(kLockBatch, "{}", lockBody(250'000));
  EXPECT_EQ(refused.code, kSystemError);
  EXPECT_NE(refused.remark.find("at most 1048576"), std::string::npos) << refused.remark;
  repeat({hostileFrame(kLockBatch, "{}", lockBody(250'000)),
          hostileFrame(kLockBatch, "{}", lockBody(20'000))});
}

TEST_F(HostileRequests, TagsWithoutEnd) {
  start();
  cluster_->createTopic("Pulled");
  RawClient client(cluster_->brokerPort());
  const RawClient::Frame refused =
      client.call(kPullMessage, pullFields("TOOLS_CONSUMER", manyTags(10'000)));
  EXPECT_EQ(refused.code, kSubscriptionParseFailed);
  EXPECT_NE(refused.remark.find("at most 16384"), std::string::npos) << refused.remark;
  repeat({hostileFrame(kPullMessage, pullFields("TOOLS_CONSUMER", manyTags(1'000'000))),
          hostileFrame(kPullMessage, pullFields("TOOLS_CONSUMER", manyTags(60'000))),
          hostileFrame(kPullMessage, pullFields("TOOLS_CONSUMER", manyTags(2'500)))});
}

TEST_F(HostileRequests, NamesWithoutEnd) {
  start();
  const std::string longest(14 << 20, 'n');
  const std::string taken(500 << 10, 'n');
  repeat({hostileFrame(kPullMessage, pullFields(longest, "*")),
          hostileFrame(kSendMessageV2, sendFields(longest), "body"),
          hostileFrame(kPullMessage, pullFields(taken, "*")),
          hostileFrame(kSendMessageV2, sendFields(taken), "body")});
}

/// Brokers that are not there, each with topics of its own, and texts for the key-value table. What
/// is there stays routed, and its broker can register again and with topics more.
TEST_F(HostileRequests, BrokersAndTextsOfANameServerMadeUpWithoutEnd) {
  start({}, {{"registeredBrokersMax", "50"}, {"kvConfigBytesMax", "65536"}});
  int64_t number = 0;
  const auto nextBroker = [&number] {
    const std::string name = "made-up-" + std::to_string(++number);
    return R"({"brokerName":")" + name + R"(","brokerAddr":")" + name + R"(:1","clusterName":")" +
           name + R"(","haServerAddr":"","brokerId":"0"})";
  };
  const auto topics = [&number] {
    std::string table;
    for (int i = 0; i < 20; ++i) {
      const std::string topic = std::to_string(number) + "-" + std::to_string(i);
      table += (i == 0 ? "\"" : ",\"") + topic + R"(":{"topicName":")" + topic +
               R"(","readQueueNums":4,"writeQueueNums":4,"perm":6})";
    }
    return R"({"topicConfigSerializeWrapper":{"topicConfigTable":{)" + table +
           R"(},"dataVersion":{"timestamp":1,"counter":1}}})";
  };
  const auto nextText = [&number] {
    return R"({"namespace":")" + std::to_string(++number) + R"(","key":"k","value":")" +
           std::string(1000, 'v') + "\"}";
  };
  flood({kNamesrv}, [&] {
    const std::string broker = nextBroker();
    return number % 4 == 1 ? hostileFrame(kPutKvConfig, nextText())
                           : hostileFrame(kRegisterBroker, broker, topics());
  });

  // With its connection gone the attack's brokers are, too; these are there to the end.
  RawClient stranger(cluster_->namesrvPort());
  RawClient::Frame refused;
  EXPECT_TRUE(eventually([&] {
    const std::string broker = nextBroker();
    refused = stranger.call(kRegisterBroker, broker, topics());
    return refused.code == kSystemError;
  }));
  EXPECT_NE(refused.remark.find("registeredBrokersMax"), std::string::npos) << refused.remark;
  refused = stranger.call(kPutKvConfig, nextText());
  EXPECT_EQ(refused.code, kSystemError);
  EXPECT_NE(refused.remark.find("kvConfigBytesMax"), std::string::npos) << refused.remark;

  cluster_->createTopic("by-an-administrator");
  const std::string asked = R"({"topic":"by-an-administrator"})";
  EXPECT_TRUE(eventually([&] { return stranger.call(kGetRoute, asked).code == kSuccess; }));
}

}  // namespace
}  // namespace rocketmq::test
