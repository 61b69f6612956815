// Message traces: the text that dashboards read, and what happens when they cannot be sent.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <string>

#include "client/trace/trace_dispatcher.h"
#include "client/trace/trace_record.h"

namespace rocketmq::client {
namespace {

using namespace std::string_literals;

PubTrace observedPub() {
  return {.timestamp_ms = 1795233425114,
          .region_id = "DefaultRegion",
          .group = "PG_TR",
          .topic = "TopicA",
          .message_id = "C0000000",
          .tags = "trc",
          .keys = "k9",
          .store_host = "127.0.0.1:50911",
          .body_length = 6,
          .cost_ms = 19,
          .kind = PubTrace::Kind::kNormal,
          .offset_message_id = "7F004EDE",
          .success = true};
}

// The texts are those of a Java 4.9.8 client.
TEST(TraceRecordTest, TheTextIsThatOfJavaClients) {
  EXPECT_EQ(encodeTrace(observedPub()),
            "Pub\x01"
            "1795233425114\x01"
            "DefaultRegion\x01PG_TR\x01TopicA\x01"
            "C0000000\x01trc\x01k9\x01"
            "127.0.0.1:50911\x01"
            "6\x01"
            "19\x01"
            "0\x01"
            "7F004EDE\x01true\x02"s);
  EXPECT_EQ(encodeTrace(SubBeforeTrace{.timestamp_ms = 17952,
                                       .region_id = {},
                                       .group = "CG_TR",
                                       .request_id = "R1",
                                       .message_id = "M1",
                                       .retry_times = 0,
                                       .keys = "k9"}),
            "SubBefore\x01"
            "17952\x01null\x01"
            "CG_TR\x01R1\x01M1\x01"
            "0\x01k9\x02"s);
  EXPECT_EQ(encodeTrace(SubAfterTrace{.request_id = "R1",
                                      .message_id = "M1",
                                      .cost_ms = 1,
                                      .success = true,
                                      .keys = "k9",
                                      .result = ConsumeReturn::kSuccess,
                                      .timestamp_ms = 17953,
                                      .group = "CG_TR"}),
            "SubAfter\x01R1\x01M1\x01"
            "1\x01true\x01k9\x01"
            "0\x01"
            "17953\x01"
            "CG_TR\x02"s);
  EXPECT_EQ(encodeTrace(EndTransactionTrace{.timestamp_ms = 5,
                                            .region_id = "DefaultRegion",
                                            .group = "G",
                                            .topic = "T",
                                            .message_id = "M",
                                            .tags = {},
                                            .keys = {},
                                            .store_host = "h:1",
                                            .transaction_id = "X",
                                            .state = "COMMIT_MESSAGE",
                                            .from_check = true}),
            "EndTransaction\x01"
            "5\x01"
            "DefaultRegion\x01G\x01T\x01M\x01null\x01null\x01h:1\x01"
            "2\x01X\x01"
            "COMMIT_MESSAGE\x01true\x02"s);
}

TEST(TraceRecordTest, RecordsOfOldAndNewClientsAreRead) {
  const std::string pub = encodeTrace(observedPub());
  const auto read = [](const std::string& text) {
    const auto records = decodeTraces(text);
    return records.size() == 1 ? std::get<PubTrace>(records[0]) : PubTrace{};
  };
  EXPECT_EQ(encodeTrace(read(pub)), pub);
  const std::string with_host = pub.substr(0, pub.size() - 1) + "\x01" + "10.0.0.1\x02";
  EXPECT_EQ(encodeTrace(read(with_host)), pub);
  std::string without_offset_id = pub;
  without_offset_id.erase(without_offset_id.find("7F004EDE"), 9);
  EXPECT_TRUE(read(without_offset_id).success);

  const auto after = decodeTraces(
      "SubAfter\x01R\x01M\x01"
      "7\x01"
      "false\x01k\x02");
  ASSERT_EQ(after.size(), 1U);
  EXPECT_EQ(std::get<SubAfterTrace>(after[0]).cost_ms, 7);
}

// Cut anywhere, a body yields what is whole and harms nobody.
TEST(TraceRecordTest, NonsenseIsLeftOut) {
  const std::string body = encodeTrace(observedPub()) +
                           "Recall\x01"
                           "1\x02" +
                           "Pub\x01nonsense\x02" + encodeTrace(observedPub());
  EXPECT_EQ(decodeTraces(body).size(), 2U);
  for (size_t size = 0; size < body.size(); ++size) {
    EXPECT_LE(decodeTraces(std::string_view(body).substr(0, size)).size(), 2U);
  }
  EXPECT_TRUE(decodeTraces(std::string(300, '\x01')).empty());
}

/// A port that takes connections and never says a word.
class SilentPort {
 public:
  SilentPort() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(address);
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(socket_, any, length), 0);
    EXPECT_EQ(::listen(socket_, 16), 0);
    EXPECT_EQ(::getsockname(socket_, any, &length), 0);
    port_ = ntohs(address.sin_port);
  }
  ~SilentPort() { ::close(socket_); }
  SilentPort(const SilentPort&) = delete;
  SilentPort& operator=(const SilentPort&) = delete;

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  int socket_;
  uint16_t port_ = 0;
};

TEST(TraceDispatcherTest, WhatCannotBeSentIsDroppedAndCountedAndStopsNobody) {
  const SilentPort nobody;
  ClientConfig config;
  config.namesrv_addr = nobody.address();
  config.enable_msg_trace = true;
  const auto dispatcher =
      TraceDispatcher::create(config, "127.0.0.1@trace_test", "G", TraceDispatcher::Kind::kProduce);
  ASSERT_NE(dispatcher, nullptr);
  EXPECT_FALSE(dispatcher->covers("RMQ_SYS_TRACE_TOPIC"));
  EXPECT_TRUE(dispatcher->covers("TopicA"));

  constexpr int64_t kRecords = 5000;
  for (int64_t i = 0; i < kRecords; ++i) {
    dispatcher->append(observedPub(), "M" + std::to_string(i), "a b");
  }
  // 2,048 wait and 16 messages of 100 are under way at most.
  EXPECT_GE(dispatcher->dropped(), kRecords - 2048 - 1600);
  const auto start = std::chrono::steady_clock::now();
  dispatcher->shutdown();
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(3));
  EXPECT_EQ(dispatcher->dropped() + dispatcher->failed(), kRecords);
}

TEST(TraceDispatcherTest, NothingIsTracedUnlessAskedFor) {
  ClientConfig config;
  config.namesrv_addr = "127.0.0.1:1";
  EXPECT_EQ(TraceDispatcher::create(config, "127.0.0.1@t", "G", TraceDispatcher::Kind::kProduce),
            nullptr);
  config.enable_msg_trace = true;
  config.trace_topic = "no topic";
  EXPECT_EQ(TraceDispatcher::create(config, "127.0.0.1@t", "G", TraceDispatcher::Kind::kProduce),
            nullptr);
}

}  // namespace
}  // namespace rocketmq::client
