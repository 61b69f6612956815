// What a server does with clients that ask for more than it can do, or than they read.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>

#include "remoting/large_answer.h"
#include "remoting/server.h"
#include "tests/unit/remoting/runtime_fixture.h"

namespace rocketmq::remoting {
namespace {

using Dear = TestCommand<9005>;   ///< Takes long on the connection's thread.
using Large = TestCommand<9006>;  ///< Answered at once, with what may be much.

class ServerOverloadTest : public RuntimeTest {
 protected:
  ServerOverloadTest() {
    router_.handle<Other>({}, [](const Other&, const RequestContext&) {
      return Answer<Other::Reply>(ResponseCode::kSystemBusy, "too much");
    });
    router_.handle<Large>({}, largeAnswer([](const Large&, const RequestContext&) {
                            return Answer<Large::Reply>(Large::Reply{"much"});
                          }));
  }

  template <Command C>
  static ResponseCode ask(test::RawSocket& socket, std::string_view body = {}) {
    EXPECT_TRUE(socket.write(requestFrame(C{.text = "?", .number = {}}, 1, body)));
    const auto answer = receive(socket);
    EXPECT_NE(answer, nullptr) << "the connection was closed";
    return answer == nullptr ? ResponseCode::kSystemError : answer->code();
  }

  /// A client that asks for more than the system takes for it, and reads nothing.
  test::RawSocket connectDeaf() {
    lane_opened_.set();
    test::RawSocket deaf = connectRaw(4096);
    EXPECT_TRUE(deaf.write(
        requestFrame(OnLane{.text = "deaf", .number = {}}, 1, std::string(12u << 20, 'x'))));
    return deaf;
  }
};

/// The n-th request waits for the pause that the one before it has earned: 1, 2, 4, ... 64 ms.
TEST_F(ServerOverloadTest, WhoTriesAgainAtOnceIsReadLessAndLessEagerly) {
  startServer();
  auto socket = connectRaw();
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < 8; ++i) {
    EXPECT_EQ(ask<Other>(socket), ResponseCode::kSystemBusy);
  }
  EXPECT_GE(std::chrono::steady_clock::now() - began, milliseconds(127));
  EXPECT_EQ(ask<Echo>(socket), ResponseCode::kSuccess);
}

TEST_F(ServerOverloadTest, OnewayRequestsThatAreRefusedPauseTheirConnectionToo) {
  startServer();
  auto socket = connectRaw();
  const std::string oneway =
      requestFrame(Other{.text = "x", .number = {}}, 1, {}, SerializeType::kJson, kFlagOneway);
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < 7; ++i) {
    ASSERT_TRUE(socket.write(oneway + oneway + oneway));
    EXPECT_EQ(ask<Other>(socket), ResponseCode::kSystemBusy);
  }
  EXPECT_GE(std::chrono::steady_clock::now() - began, milliseconds(63));
}

TEST_F(ServerOverloadTest, APausingConnectionStopsWithItsServer) {
  Server& server = startServer();
  auto socket = connectRaw();
  for (int i = 0; i < 8; ++i) {
    ask<Other>(socket);
  }
  server.stop(seconds(10));
  EXPECT_TRUE(socket.closedByPeer());
}

// Promise: requests that take long hold up others by a few of theirs, however many have come at
// once.
TEST_F(ServerOverloadTest, DearRequestsLetOthersInBetween) {
  constexpr int kRequests = 30;
  std::atomic<int> begun = 0;
  std::atomic<int> echoes_at_end = 0;
  Event others_have_asked;
  router_.handle<Dear>({}, [&](const Dear&, const RequestContext&) {
    const int number = ++begun;
    if (number == 1) {
      others_have_asked.wait();
    }
    std::this_thread::sleep_for(milliseconds(1));
    if (number == kRequests) {
      echoes_at_end = echoes_.load();
    }
    return Answer<Dear::Reply>();
  });
  startServer();
  auto dear = connectRaw();
  auto on_other_thread = connectRaw();
  auto on_same_thread = connectRaw();
  std::string frames;
  for (int i = 0; i < kRequests; ++i) {
    frames += requestFrame(Dear{.text = {}, .number = {}}, i);
  }
  ASSERT_LT(frames.size(), 4096u);
  ASSERT_TRUE(dear.write(frames));
  ASSERT_TRUE(eventually([&] { return begun == 1; }));
  for (test::RawSocket* socket : {&on_other_thread, &on_same_thread}) {
    ASSERT_TRUE(socket->write(requestFrame(Echo{.text = "?", .number = {}}, 1)));
  }
  EXPECT_TRUE(eventually([this] { return echoes_ >= 1; }));
  others_have_asked.set();
  for (int i = 0; i < kRequests; ++i) {
    ASSERT_NE(receive(dear), nullptr);
  }
  EXPECT_EQ(echoes_at_end, 2);
}

TEST_F(ServerOverloadTest, NobodyGetsALargeAnswerWhileTooManyAreNotRead) {
  startServer({.limits = {.unsent_bytes_total_max = 1u << 20}});
  const test::RawSocket deaf = connectDeaf();
  auto other = connectRaw();
  EXPECT_TRUE(eventually([&] { return ask<OnLane>(other) == ResponseCode::kSystemBusy; }));
  EXPECT_EQ(ask<Large>(other), ResponseCode::kSystemBusy);
  EXPECT_EQ(ask<Echo>(other), ResponseCode::kSuccess);
}

TEST_F(ServerOverloadTest, WhoReadsNothingIsClosedWhileAllTogetherKeepTooMuch) {
  startServer(
      {.limits = {.unsent_bytes_total_max = 1u << 20, .frame_timeout = milliseconds(1000)}});
  const test::RawSocket deaf = connectDeaf();
  EXPECT_TRUE(eventually([this] { return closed_connections_ == 1; }));
  auto other = connectRaw();
  EXPECT_TRUE(eventually([&] { return ask<OnLane>(other) == ResponseCode::kSuccess; }));
}

}  // namespace
}  // namespace rocketmq::remoting
