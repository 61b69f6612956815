// Bytes that are no frames. Promise: see expectUnharmed(); and the log does not grow with the
// attack.

#include <gtest/gtest.h>

#include <filesystem>
#include <iostream>
#include <random>
#include <string>

#include "tests/fault/hostile_support.h"
#include "tests/support/daemon.h"
#include "tests/support/raw_socket.h"
#include "tests/support/temp_dir.h"

namespace rocketmq::test {
namespace {

constexpr size_t kRandomBytes = 4096;
/// Heartbeats, closings and the warnings that are let through.
constexpr uintmax_t kLogBytesMax = 256 * 1024;

class HostileFrames : public ::testing::Test {
 protected:
  void SetUp() override { cluster_.start(); }
  void TearDown() override {
    expectGoodEnd(cluster_);
    uintmax_t log_bytes = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(dir_ / "logs")) {
      log_bytes += entry.is_regular_file() ? entry.file_size() : 0;
    }
    EXPECT_LT(log_bytes, kLogBytesMax);
  }

  /// Sends `bytes()` over new connections to both daemons, one after the other; each is to be
  /// closed by the daemon once nothing more can come.
  template <class Bytes>
  void flood(Bytes bytes) {
    int64_t connections = 0;
    expectUnharmed(cluster_, [&](const Target& target) {
      while (!target.over()) {
        for (const uint16_t port : {target.broker_port, target.namesrv_port}) {
          RawSocket socket = RawSocket::connectTo(port);
          socket.write(bytes());
          socket.finishWriting();
          ASSERT_TRUE(socket.closedByPeer());
          connections += target.is_sink ? 0 : 1;
        }
      }
    });
    std::cout << connections << " connections" << std::endl;
    EXPECT_GT(connections, 100);
  }

  TempDir dir_;
  Cluster cluster_{dir_.path().string()};
};

TEST_F(HostileFrames, RandomBytes) {
  std::mt19937_64 random(1);
  flood([&random] {
    std::string bytes(kRandomBytes, '\0');
    for (char& byte : bytes) {
      byte = static_cast<char>(random());
    }
    return bytes;
  });
}

TEST_F(HostileFrames, ValidHeadersWithWrongLengths) {
  std::mt19937_64 random(2);
  flood([&random] {
    std::string frame = hostileFrame(105, R"({"topic":"T"})", "a body");
    // One of the eight bytes of the two length words.
    frame[random() % 8] = static_cast<char>(random());
    return frame + frame;
  });
}

TEST_F(HostileFrames, FourGibibyteLengthWords) {
  uint32_t turn = 0;
  flood([&turn] {
    constexpr uint32_t kLengths[] = {0xFFFFFFFF, 0x80000000, 0x7FFFFFFF, 16u << 20};
    return lengthWord(kLengths[++turn % 4]) + std::string(1000, 'x');
  });
}

TEST_F(HostileFrames, HeadersThatAreNoJson) {
  std::mt19937_64 random(3);
  flood([&random] {
    const std::string header = std::string(random() % 200, '[') + R"({"code":1e999,"extFields":{)";
    return lengthWord(static_cast<uint32_t>(4 + header.size())) +
           lengthWord(static_cast<uint32_t>(header.size())) + header;
  });
}

}  // namespace
}  // namespace rocketmq::test
