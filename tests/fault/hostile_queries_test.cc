// One who asks for slow work without end, over one connection. Promise: others wait for their own
// turn and not for what he has asked for, and the broker can be stopped.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include "tests/fault/hostile_support.h"
#include "tests/support/eventually.h"
#include "tests/support/raw_client.h"
#include "tests/support/raw_socket.h"
#include "tests/support/temp_dir.h"

namespace rocketmq::test {
namespace {

constexpr int kQueryMessage = 12;
constexpr int kSearchOffset = 29;
constexpr int kHeartbeat = 34;
constexpr int kQueryConsumeTimeSpan = 303;
constexpr int kSendMessageV2 = 310;
constexpr int kSuccess = 0;

/// Far more than a turn takes, far less than all that was asked for.
constexpr std::chrono::seconds kPatience{3};

class HostileQueries : public ::testing::Test {
 protected:
  void SetUp() override {
    cluster_.start();
    cluster_.createTopic("Slow", 1);
  }
  void TearDown() override { expectGoodEnd(cluster_); }

  RawClient client() const { return RawClient(cluster_.brokerPort()); }

  static std::string send(const std::string& keys) {
    return R"({"a":"g","b":"Slow","c":"TBW102","d":"4","e":"0","f":"0","g":"1700000000000","h":"0",)"
           R"("i":"KEYS\u0001)" +
           keys + R"(","j":"0","k":"false","l":"0","m":"false"})";
  }
  static std::string query(const std::string& key, int64_t end_ms) {
    return R"({"topic":"Slow","key":")" + key + R"(","maxNum":"1","beginTimestamp":"0",)" +
           R"("endTimestamp":")" + std::to_string(end_ms) + "\"}";
  }

  /// What a request takes from the moment when it is written, which must be answered well.
  static void expectSoon(RawClient& other, int code, const std::string& fields,
                         std::string_view body = {}) {
    const auto began = std::chrono::steady_clock::now();
    const auto answer = other.answer(other.request(code, fields, body));
    ASSERT_TRUE(answer) << "request " << code << " is not answered";
    EXPECT_EQ(answer->code, kSuccess) << answer->remark;
    EXPECT_LT(std::chrono::steady_clock::now() - began, kPatience) << "request " << code;
  }

  void expectStopsSoon() {
    const auto began = std::chrono::steady_clock::now();
    EXPECT_EQ(cluster_.broker().stop(SIGTERM, std::chrono::seconds(30)), 0);
    EXPECT_LT(std::chrono::steady_clock::now() - began, 2 * kPatience);
  }

  TempDir dir_;
  Cluster cluster_{dir_.path().string()};
};

// One key in all entries makes them one chain, and what is looked for is at its far end.
TEST_F(HostileQueries, KeysWhoseChainIsTheWholeIndex) {
  RawClient attacker = client();
  ASSERT_EQ(attacker.call(kSendMessageV2, send("first")).code, kSuccess);
  const auto now = [] {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  };
  const int64_t first_second = now();
  std::string keys;
  for (int i = 0; i < 16'000; ++i) {
    keys += "k ";
  }
  // Entries tell seconds, of which what is looked for is in the first.
  ASSERT_TRUE(eventually([&] { return now() > first_second + 1'100; }));
  for (int sent = 0; sent < 300; ++sent) {
    ASSERT_EQ(attacker.call(kSendMessageV2, send(keys)).code, kSuccess);
  }
  ASSERT_EQ(attacker.call(kSendMessageV2, send("last")).code, kSuccess);
  RawClient other = client();
  ASSERT_TRUE(
      eventually([&] { return other.call(kQueryMessage, query("last", now())).code == kSuccess; }));

  RawSocket flood = RawSocket::connectTo(cluster_.brokerPort());
  std::string queries;
  for (int i = 0; i < 400; ++i) {
    queries += hostileFrame(kQueryMessage, query("k", first_second), {}, i);
  }
  ASSERT_TRUE(flood.write(queries));
  ASSERT_TRUE(flood.readFrame());  // They are being worked on.
  expectSoon(other, kSearchOffset, R"({"topic":"Slow","queueId":"0","timestamp":"0"})");
  expectSoon(other, kQueryMessage, query("last", now()));
  expectStopsSoon();
}

// Connections have turns, so who has many of them has many turns. What a client cannot go on
// without does not wait for them.
TEST_F(HostileQueries, ScansOfAWideTopicOverManyConnections) {
  constexpr int kQueuesMax = 65'535;
  cluster_.createTopic("Wide", kQueuesMax);
  RawClient other = client();
  std::vector<RawSocket> flood;
  for (int i = 0; i < 300; ++i) {
    flood.push_back(RawSocket::connectTo(cluster_.brokerPort()));
    ASSERT_TRUE(flood.back().write(
        hostileFrame(kQueryConsumeTimeSpan, R"({"topic":"Wide","group":"none"})", {}, i)));
  }
  ASSERT_TRUE(eventually([&] {
    return std::any_of(flood.begin(), flood.end(), [](RawSocket& one) { return one.readable(0); });
  }));
  expectSoon(other, kHeartbeat, "",
             R"({"clientID":"new","consumerDataSet":[{"groupName":"new","consumeType":)"
             R"("CONSUME_PASSIVELY","messageModel":"CLUSTERING","consumeFromWhere":)"
             R"("CONSUME_FROM_LAST_OFFSET","unitMode":false,"subscriptionDataSet":[)"
             R"({"topic":"Slow","subString":"*","subVersion":1}]}],"producerDataSet":[]})");
  std::string to_new_topic = send("first");
  to_new_topic.replace(to_new_topic.find("Slow"), 4, "Made");
  expectSoon(other, kSendMessageV2, to_new_topic);
  const auto waiting =
      std::count_if(flood.begin(), flood.end(), [](RawSocket& one) { return !one.readable(0); });
  EXPECT_GT(waiting, 0) << "nothing was there to wait for";
}

// Each with other subscriptions than the one before, so that none is known.
TEST_F(HostileQueries, HeartbeatsWithoutEnd) {
  const auto heartbeat = [](int version) {
    std::string subscriptions;
    for (int i = 0; i < 6'500; ++i) {
      subscriptions += std::string(i == 0 ? "" : ",") + R"({"topic":"t)" + std::to_string(i) +
                       R"(","subString":"*","subVersion":)" + std::to_string(version) + "}";
    }
    const std::string body =
        R"({"clientID":"c","consumerDataSet":[{"groupName":"many","consumeType":)"
        R"("CONSUME_PASSIVELY","messageModel":"CLUSTERING","consumeFromWhere":)"
        R"("CONSUME_FROM_LAST_OFFSET","unitMode":false,"subscriptionDataSet":[)" +
        subscriptions + R"(]}],"producerDataSet":[]})";
    return hostileFrame(kHeartbeat, "", body, version);
  };
  const std::array<std::string, 2> heartbeats = {heartbeat(1), heartbeat(2)};
  constexpr int kHeartbeats = 600;
  RawSocket flood = RawSocket::connectTo(cluster_.brokerPort());
  std::atomic<int> written = 0;
  std::thread writing([&] {
    while (written < kHeartbeats && flood.write(heartbeats[static_cast<size_t>(written % 2)])) {
      ++written;
    }
  });
  EXPECT_TRUE(eventually([&] { return written > kHeartbeats * 9 / 10; }));
  RawClient other = client();
  const int asked_before = written;
  expectSoon(other, kHeartbeat, "",
             R"({"clientID":"new","consumerDataSet":[],"producerDataSet":[{"groupName":"new"}]})");
  int answered_before = 0;
  while (flood.readable(0) && flood.readFrame()) {
    ++answered_before;
  }
  EXPECT_LT(answered_before, asked_before / 2) << "it has waited for all of them";
  const auto began = std::chrono::steady_clock::now();
  cluster_.createTopic("Made");
  EXPECT_LT(std::chrono::steady_clock::now() - began, kPatience);
  expectStopsSoon();
  writing.join();
}

}  // namespace
}  // namespace rocketmq::test
