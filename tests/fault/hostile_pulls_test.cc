// Pulls that wait, as many as can be had, each with a filter that nobody else has. Promise: see
// expectUnharmed(); what does not fit the bounds is answered at once. ROCKETMQ_HOSTILE_PULLS sets
// how many are tried.

#include <gtest/gtest.h>

#include <cstdint>
#include <iostream>
#include <string>
#include <vector>

#include "tests/fault/hostile_support.h"
#include "tests/support/daemon.h"
#include "tests/support/raw_client.h"
#include "tests/support/raw_socket.h"
#include "tests/support/temp_dir.h"

namespace rocketmq::test {
namespace {

constexpr int kPullMessage = 11;
constexpr int kUnknownCode = 29'999;
constexpr size_t kFilterBytesMax = 16 * 1024;
constexpr size_t kUncountedFilterBytes = 128;

/// A list of tags of up to `bytes_max`, another one for each `number`.
std::string tags(int64_t number, size_t bytes_max) {
  static const std::string many = [] {
    std::string text;
    for (int i = 0; text.size() < kFilterBytesMax; ++i) {
      text += "||" + std::to_string(i);
    }
    return text;
  }();
  const std::string first = "T" + std::to_string(number);
  return first + many.substr(0, bytes_max - first.size());
}

/// An expression of up to `bytes_max` that takes much more memory than text.
std::string expression(int64_t number, size_t bytes_max) {
  static const std::string many = [] {
    std::string text;
    while (text.size() < kFilterBytesMax) {
      text += ",'b'";
    }
    return text;
  }();
  const std::string begin = "p" + std::to_string(number) + " IN ('a'";
  return begin + many.substr(0, (bytes_max - begin.size() - 1) / 4 * 4) + ")";
}

class HostilePulls : public ::testing::Test {
 protected:
  void SetUp() override {
    cluster_.start();
    cluster_.createTopic("Pulled");
  }
  void TearDown() override { expectGoodEnd(cluster_); }

  /// A pull that waits for ten minutes for a message that never comes.
  static std::string waitingPull(const std::string& type, const std::string& filter) {
    return hostileFrame(kPullMessage,
                        R"({"consumerGroup":"TOOLS_CONSUMER","topic":"Pulled","queueId":"0",)"
                        R"("queueOffset":"0","maxMsgNums":"1","sysFlag":"6","commitOffset":"0",)"
                        R"("suspendTimeoutMillis":"600000","subVersion":"1","expressionType":")" +
                            type + R"(","subscription":")" + filter + "\"}");
  }

  /// Sends `request(number)` up to `count` times over two connections, and returns how many wait.
  template <class Request>
  int64_t hold(int64_t count, Request request, HarmLimits limits = {}) {
    int64_t held = 0;
    expectUnharmed(
        cluster_,
        [&](const Target& target) {
          std::vector<RawSocket> sockets;
          sockets.push_back(RawSocket::connectTo(target.broker_port));
          sockets.push_back(RawSocket::connectTo(target.broker_port));
          int64_t sent = 0;
          int64_t answered = 0;
          while (sent < count && !target.over()) {
            for (RawSocket& socket : sockets) {
              std::string frames;
              for (int i = 0; i < kAtOnce; ++i) {
                frames += request(sent++);
              }
              ASSERT_TRUE(socket.write(frames + hostileFrame(kUnknownCode, "", "", kProbeOpaque)));
            }
            for (RawSocket& socket : sockets) {
              answered += target.is_sink ? takeAnswers(socket, kAtOnce + 1) : takeToProbe(socket);
            }
          }
          eventually([&] {
            for (RawSocket& socket : sockets) {
              answered += socket.readable(0) ? takeAnswers(socket, 1) : 0;
            }
            return target.over();
          });
          if (!target.is_sink) {
            std::cout << sent << " pulls, " << answered << " answers" << std::endl;
            held = sent - answered;
          }
        },
        limits);
    return held;
  }

  static constexpr int kAtOnce = 32;
  static constexpr int kProbeOpaque = 77;

  static int64_t takeAnswers(RawSocket& socket, int64_t count) {
    for (int64_t i = 0; i < count; ++i) {
      EXPECT_TRUE(socket.readFrame().has_value());
    }
    return count;
  }

  /// Returns how many pulls were answered before the request behind them was.
  static int64_t takeToProbe(RawSocket& socket) {
    int64_t answers = 0;
    for (;;) {
      const auto frame = socket.readFrame();
      EXPECT_TRUE(frame.has_value());
      if (!frame || frame->find("\"opaque\":" + std::to_string(kProbeOpaque)) != frame->npos) {
        return answers;
      }
      ++answers;
    }
  }

  TempDir dir_;
  Cluster cluster_{dir_.path().string(), {{"enablePropertyFilter", "true"}}};
};

/// As long as they may be. Compiled they would take 100 KiB each; 64 MiB are theirs at most.
TEST_F(HostilePulls, LongFiltersWithoutEnd) {
  const int64_t held =
      hold(sizeFromEnvironment("ROCKETMQ_HOSTILE_PULLS", 3'000), [](int64_t number) {
        return number % 8 == 0 ? waitingPull("TAG", tags(number, kFilterBytesMax))
                               : waitingPull("SQL92", expression(number, kFilterBytesMax));
      });
  EXPECT_GT(held, 50);
}

/// So short that each may wait with one: up to 4 KiB for each of heldPullsMax.
TEST_F(HostilePulls, ShortFiltersWithoutEnd) {
  const int64_t held =
      hold(sizeFromEnvironment("ROCKETMQ_HOSTILE_PULLS", 120'000),
           [](int64_t number) {
             return waitingPull("SQL92", expression(number, kUncountedFilterBytes));
           },
           {.memory_growth_kib = 400 * 1024});
  EXPECT_GT(held, 1'000);
}

}  // namespace
}  // namespace rocketmq::test
