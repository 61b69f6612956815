// What whoever can reach the HA port may do without having to be a slave: nobody else must notice.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "broker/ha/transfer.h"
#include "common/atomic_file.h"
#include "common/log.h"
#include "tests/support/raw_socket.h"
#include "tests/unit/broker/ha/ha_fixture.h"

namespace rocketmq::broker {
namespace {

using test::RawSocket;

/// Reports "my log is empty" as fast as the system takes it, from several connections.
class Flood {
 public:
  Flood(uint16_t port, int connections) {
    for (int i = 0; i < connections; ++i) {
      threads_.emplace_back([this, port] {
        RawSocket socket = RawSocket::connectTo(port);
        const std::string reports(64 << 10, '\0');
        while (!is_over_ && socket.write(reports)) {
          bytes_ += reports.size();
        }
      });
    }
  }
  ~Flood() {
    is_over_ = true;
    for (std::thread& thread : threads_) {
      thread.join();
    }
  }

  size_t bytes() const { return bytes_; }

 private:
  std::atomic<bool> is_over_{false};
  std::atomic<size_t> bytes_{0};
  std::vector<std::thread> threads_;
};

TEST_F(HaTest, ReportsWithoutEndHoldUpNeitherSlavesNorTimeouts) {
  master_.configure([](BrokerSettings& settings) { settings.slave_timeout_ms = 2000; });
  startMaster();
  startSlave(server_->port());
  ASSERT_TRUE(eventually([&] { return waitFor(master_.send(1)) == ReplicaOutcome::kReplicated; }));
  const Flood flood(server_->port(), 4);
  ASSERT_TRUE(eventually([&] { return flood.bytes() > 16u << 20; }));
  auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(waitFor(master_.send(1)), ReplicaOutcome::kReplicated);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(4));
  master_.configure([](BrokerSettings& settings) {
    settings.slave_timeout_ms = 50;
    settings.in_sync_replicas = 3;
  });
  begin = std::chrono::steady_clock::now();
  ASSERT_EQ(waitFor(master_.send(1)), ReplicaOutcome::kTimeout);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(1));
}

// Promise: whoever connects again and again does not fill the disk, or roll the log files away.
TEST_F(HaTest, ConnectingAgainAndAgainLeavesFewLines) {
  master_.send(1);
  ASSERT_TRUE(log::init({.directory = dir_ / "logs", .file_name = "broker.log"}).isOk());
  startMaster();
  const auto comeAndGo = [this] {
    RawSocket slave = RawSocket::connectTo(server_->port());
    ASSERT_TRUE(slave.write(std::string(kReportBytes, '\0')));
    ASSERT_TRUE(slave.readBytes(kTransferHeaderBytes));
  };
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 300; ++i) {
    comeAndGo();
  }
  const auto next = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  ASSERT_TRUE(eventually([&] { return std::chrono::steady_clock::now() > next; }));
  comeAndGo();
  ASSERT_TRUE(eventually([&] { return server_->slaves().empty(); }));
  const auto seconds =
      std::chrono::ceil<std::chrono::seconds>(std::chrono::steady_clock::now() - begin).count();
  log::shutdown();
  const auto written = readWholeFile(dir_ / "logs/broker.log");
  ASSERT_TRUE(written.ok());
  EXPECT_NE(written->find("lines like this were left out"), std::string::npos);
  // Three kinds of lines, and a second more than the clock has seen begin.
  EXPECT_LE(std::count(written->begin(), written->end(), '\n'), 3 * 5 * (seconds + 1));
}

}  // namespace
}  // namespace rocketmq::broker
