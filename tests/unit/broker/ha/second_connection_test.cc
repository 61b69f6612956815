// Promise: a slave counts once, also while its master holds two connections of it: one that has
// died without a word, and the one over which it has come back.

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <memory>
#include <string>

#include "broker/ha/transfer.h"
#include "tests/support/raw_socket.h"
#include "tests/unit/broker/ha/ha_fixture.h"

namespace rocketmq::broker {
namespace {

using test::RawSocket;

sockaddr_in addressOf(const char* host, uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  inet_pton(AF_INET, host, &address.sin_addr);
  return address;
}

class SecondConnectionTest : public HaTest {
 protected:
  SecondConnectionTest() {
    master_.configure([](BrokerSettings& settings) {
      settings.in_sync_replicas = 3;
      settings.slave_timeout_ms = 60'000;
    });
    master_.send(1);
    startMaster();
  }

  /// A slave on that host, which has what there is.
  RawSocket connectFrom(const char* host) {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in from = addressOf(host, 0);
    const sockaddr_in to = addressOf("127.0.0.1", server_->port());
    EXPECT_EQ(bind(socket, reinterpret_cast<const sockaddr*>(&from), sizeof(from)), 0);
    EXPECT_EQ(connect(socket, reinterpret_cast<const sockaddr*>(&to), sizeof(to)), 0);
    RawSocket slave(socket);
    report(slave, master_.store_->commitLogMaxOffset());
    return slave;
  }
  /// Reports, and returns when the master knows.
  void report(RawSocket& slave, int64_t end) {
    const int64_t before = reporting(end);
    const auto bytes = encodeReport(end);
    ASSERT_TRUE(slave.write({bytes.data(), bytes.size()}));
    ASSERT_TRUE(eventually([&] { return reporting(end) == before + 1; }));
  }
  /// How many connections have last reported just that.
  int64_t reporting(int64_t end) const {
    const auto slaves = server_->slaves();
    return std::count_if(slaves.begin(), slaves.end(),
                         [end](const auto& slave) { return slave.ack_offset == end; });
  }

  std::future<ReplicaOutcome> waitForTwo(int64_t end) {
    const auto outcome = std::make_shared<std::promise<ReplicaOutcome>>();
    server_->whenReplicated(end, [outcome](ReplicaOutcome ended) { outcome->set_value(ended); });
    return outcome->get_future();
  }
  static bool isOpen(const std::future<ReplicaOutcome>& outcome) {
    return outcome.wait_for(std::chrono::seconds(0)) != std::future_status::ready;
  }
};

TEST_F(SecondConnectionTest, WhatASlaveAcknowledgedOverBothCountsOnce) {
  RawSocket other = connectFrom("127.0.0.3");
  RawSocket dead = connectFrom("127.0.0.2");
  const int64_t end = master_.send(1);
  auto safe = waitForTwo(end);
  report(dead, end);
  RawSocket back = connectFrom("127.0.0.2");
  report(back, master_.send(1));  // When that is known what came before has had its effect.
  EXPECT_TRUE(isOpen(safe));
  report(other, end);
  EXPECT_EQ(safe.get(), ReplicaOutcome::kReplicated);
}

TEST_F(SecondConnectionTest, SlavesThatShareAMachineAreWaitedForAndCountWithTheirNextReports) {
  RawSocket first = connectFrom("127.0.0.2");
  RawSocket second = connectFrom("127.0.0.2");
  EXPECT_EQ(server_->inSyncSlaves(), 2);
  int64_t end = master_.send(1);
  auto safe = waitForTwo(end);
  report(first, end);
  report(second, end);
  EXPECT_EQ(safe.get(), ReplicaOutcome::kReplicated);

  second.close();
  ASSERT_TRUE(eventually([&] { return server_->slaves().size() == 1; }));
  end = master_.send(1);
  report(first, end);
  RawSocket again = connectFrom("127.0.0.2");
  EXPECT_EQ(server_->inSyncSlaves(), 2);
  safe = waitForTwo(end);
  EXPECT_TRUE(isOpen(safe));
  // A heartbeat says no more than the report before it, but that the slave is there.
  const auto heartbeat = encodeReport(end);
  ASSERT_TRUE(first.write({heartbeat.data(), heartbeat.size()}));
  EXPECT_EQ(safe.get(), ReplicaOutcome::kReplicated);
}

TEST_F(SecondConnectionTest, ASlaveFromAnotherHostCastsNoDoubt) {
  RawSocket first = connectFrom("127.0.0.2");
  RawSocket second = connectFrom("127.0.0.3");
  const int64_t end = master_.send(1);
  auto safe = waitForTwo(end);
  report(first, end);
  RawSocket third = connectFrom("127.0.0.4");
  EXPECT_EQ(safe.get(), ReplicaOutcome::kReplicated);
}

}  // namespace
}  // namespace rocketmq::broker
