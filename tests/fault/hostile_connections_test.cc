// Connections that do nothing useful. Promise: see expectUnharmed(); and what is idle or never gets
// a frame together is closed in time. ROCKETMQ_HOSTILE_CONNECTIONS sets the number of silent ones.

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/fault/hostile_support.h"
#include "tests/support/daemon.h"
#include "tests/support/fault_proxy.h"
#include "tests/support/raw_client.h"
#include "tests/support/raw_socket.h"
#include "tests/support/temp_dir.h"

namespace rocketmq::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr int kGetRouteByTopic = 105;

void allowManyFiles() {
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = limit.rlim_max;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/// One byte per second, to both daemons, of a frame of 1000.
TEST(HostileConnections, SlowLorisIsClosedInTime) {
  TempDir dir;
  Cluster cluster(dir.path().string(), {{"frameReceiveTimeoutSeconds", "3"}},
                  {{"frameReceiveTimeoutSeconds", "3"}});
  cluster.start();
  constexpr int kConnections = 200;
  expectUnharmed(cluster, [&](const Target& target) {
    std::vector<RawSocket> sockets;
    for (int i = 0; i < kConnections; ++i) {
      sockets.push_back(
          RawSocket::connectTo(i % 2 == 0 ? target.broker_port : target.namesrv_port));
    }
    const std::string bytes = lengthWord(1000) + std::string(1000, '\0');
    const auto begin = steady_clock::now();
    size_t sent = 0;
    bool is_closed = false;
    while (!is_closed && steady_clock::now() - begin < seconds(20)) {
      if (target.is_sink && target.over()) {
        return;  // Nobody closes these.
      }
      for (RawSocket& socket : sockets) {
        socket.write(bytes.substr(sent % bytes.size(), 1));
      }
      ++sent;
      // A second between two bytes; a connection that is closed becomes readable.
      is_closed = sockets.front().readable(1000);
    }
    EXPECT_TRUE(is_closed) << "a frame may take for ever";
    EXPECT_GE(steady_clock::now() - begin, seconds(3));
    for (RawSocket& socket : sockets) {
      EXPECT_TRUE(socket.closedByPeer());
    }
  });
  expectGoodEnd(cluster);
}

TEST(HostileConnections, ManyThatSayNothing) {
  allowManyFiles();
  const auto count = sizeFromEnvironment("ROCKETMQ_HOSTILE_CONNECTIONS", 5000);
  TempDir dir;
  Cluster cluster(dir.path().string(), {{"serverChannelMaxIdleTimeSeconds", "4"}});
  cluster.start();
  expectUnharmed(cluster,
                 [&](const Target& target) {
                   std::vector<RawSocket> sockets;
                   for (int64_t i = 0; i < count; ++i) {
                     sockets.push_back(RawSocket::connectTo(i % 5 == 0 ? target.namesrv_port
                                                                       : target.broker_port));
                   }
                   eventually(target.over, seconds(600));
                   EXPECT_TRUE(target.is_sink || sockets.back().closedByPeer())
                       << "the broker keeps what is idle";
                 },
                 // To connect takes a tenth of a second in which attacker and both threads of the
                 // broker want the two processors: 3 to 20 ms were seen. 2 KB for each connection.
                 {.p99_floor_ms = 40, .memory_growth_kib = 16 * 1024 + 4 * count});
  expectGoodEnd(cluster);
}

/// The clients are gone, and nobody has told the daemons: half frames, half answers.
TEST(HostileConnections, HalfOpen) {
  TempDir dir;
  Cluster cluster(dir.path().string(), {{"serverChannelMaxIdleTimeSeconds", "3"}});
  cluster.start();
  expectUnharmed(cluster, [&](const Target& target) {
    FaultProxy proxy(target.broker_port);
    const auto port = static_cast<uint16_t>(std::stoi(proxy.address().substr(10)));
    std::vector<RawSocket> sockets;
    for (int i = 0; i < 200; ++i) {
      sockets.push_back(RawSocket::connectTo(port));
      sockets.back().write(
          hostileFrame(kGetRouteByTopic, "").substr(0, static_cast<size_t>(20 + i % 50)));
    }
    proxy.blackHole();
    eventually(target.over, seconds(600));
  });
  EXPECT_TRUE(eventually([&] {
    const auto outcome = cluster.admin({"brokerStatus", "-b", cluster.brokerAddr()});
    return outcome.status == 0;
  }));
  expectGoodEnd(cluster);
}

/// Frames that are announced large, of which nothing comes any more just before they count as
/// large. Without a bound they would keep 94 MiB; so may 16 MiB of them, and 16 KiB of each. What
/// they had is given back when they are closed: the second time takes no more than the first.
TEST(HostileConnections, PartsOfFramesWithoutEnd) {
  allowManyFiles();
  constexpr size_t kConnections = 1'500;
  constexpr size_t kPartBytes = (64u << 10) - 16;
  TempDir dir;
  Cluster cluster(dir.path().string(), {{"incompleteFrameBytesMax", "16777216"}});
  cluster.start();
  const std::string frame =
      hostileFrame(kGetRouteByTopic, R"({"topic":"T"})", std::string(kPartBytes, 'x'));
  const std::string part = lengthWord(8u << 20) + frame.substr(4, kPartBytes - 4);
  const auto attackOnce = [&](const Target& target) {
    std::vector<RawSocket> sockets;
    while (sockets.size() < kConnections) {
      sockets.push_back(RawSocket::connectTo(target.broker_port));
      sockets.back().write(part);
    }
    EXPECT_TRUE(target.is_sink || eventually([&] {
                  return std::count_if(sockets.begin(), sockets.end(), [](const RawSocket& socket) {
                           return socket.readable(0);
                         }) > 1'000;
                }))
        << "the broker keeps them all";
  };
  expectUnharmed(cluster,
                 [&](const Target& target) {
                   for (int wave = 0; wave < 4 && !(wave > 0 && target.over()); ++wave) {
                     attackOnce(target);
                   }
                   eventually(target.over, seconds(600));
                 },
                 {.memory_growth_kib = 60 * 1024});

  EXPECT_TRUE(eventually([&] {
    RawSocket socket = RawSocket::connectTo(cluster.brokerPort());
    socket.write(std::string_view(frame).substr(0, 40'000));
    return !socket.readable(50) && socket.write(std::string_view(frame).substr(40'000)) &&
           socket.readFrame().has_value();
  })) << "room is not given back";
  expectGoodEnd(cluster);
}

TEST(HostileConnections, MoreThanAllowedAreRefusedAndTheLogSaysSoOnceASecond) {
  TempDir dir;
  Cluster cluster(dir.path().string(), {{"connectionsMax", "50"}});
  cluster.start();
  std::vector<RawSocket> kept;
  for (int i = 0; i < 60; ++i) {
    kept.push_back(RawSocket::connectTo(cluster.brokerPort()));
  }
  int refused = 0;
  for (int i = 0; i < 500; ++i) {
    RawSocket socket = RawSocket::connectTo(cluster.brokerPort());
    if (socket.closedByPeer()) {
      ++refused;
    } else {
      kept.push_back(std::move(socket));
    }
  }
  // The broker's look at its own address, just after its start, may have taken a place for a while.
  EXPECT_GE(refused, 498);
  kept.clear();
  EXPECT_TRUE(eventually([&] {
    RawSocket socket = RawSocket::connectTo(cluster.brokerPort());
    socket.write(hostileFrame(28, "{}"));
    return socket.readFrame().has_value();
  })) << "room is not given back";
  expectGoodEnd(cluster);
}

}  // namespace
}  // namespace rocketmq::test
