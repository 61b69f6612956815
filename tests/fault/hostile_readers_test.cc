// Clients that ask and never read the answers. Promise: see expectUnharmed(); what waits for them
// is bounded, for each and for all together.

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "tests/fault/hostile_support.h"
#include "tests/support/daemon.h"
#include "tests/support/temp_dir.h"

namespace rocketmq::test {
namespace {

constexpr int kGetAllTopicConfig = 21;
constexpr int kReceiveBufferBytes = 4096;

class HostileReaders : public ::testing::Test {
 protected:
  void TearDown() override { expectGoodEnd(cluster_); }

  /// `count` clients that ask 2,000 times each for the table of all topics, which is written anew
  /// for each answer, and read nothing.
  void attack(size_t count, HarmLimits limits) {
    cluster_.start();
    for (int i = 0; i < 20; ++i) {
      cluster_.createTopic("a-topic-to-make-the-table-larger-" + std::to_string(i));
    }
    const std::string frame = hostileFrame(kGetAllTopicConfig, "{}");
    std::string frames;
    for (int i = 0; i < 200; ++i) {
      frames += frame;
    }
    expectUnharmed(
        cluster_,
        [&](const Target& target) {
          std::vector<int> sockets;
          for (size_t i = 0; i < count; ++i) {
            sockets.push_back(connectDeaf(target.broker_port));
          }
          for (int turn = 0; turn < 10; ++turn) {
            for (const int socket : sockets) {
              // Refused by the system once the broker reads no more.
              static_cast<void>(
                  ::send(socket, frames.data(), frames.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
            }
          }
          eventually(target.over, std::chrono::seconds(600));
          for (const int socket : sockets) {
            ::close(socket);
          }
        },
        limits);
  }

  int connectDeaf(uint16_t port) {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &kReceiveBufferBytes,
                         sizeof(kReceiveBufferBytes)),
              0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    return socket;
  }

  TempDir dir_;
  Cluster cluster_{dir_.path().string(), {{"unsentBytesMax", "67108864"}}};
};

/// 32 MiB for one connection, and what its requests take until they are looked at.
TEST_F(HostileReaders, OneThatNeverReads) { attack(1, {.memory_growth_kib = 96 * 1024}); }

/// unsentBytesMax for all, and a little for each. Their 60,000 requests come at once, and two
/// threads of the broker, its lane and the attacker want the two processors meanwhile: 8 to 19 ms
/// were seen.
TEST_F(HostileReaders, ManyThatNeverRead) {
  attack(30, {.p99_floor_ms = 40, .memory_growth_kib = 192 * 1024});
}

}  // namespace
}  // namespace rocketmq::test
