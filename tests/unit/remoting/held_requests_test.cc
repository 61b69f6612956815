// Requests whose long bodies take them to a lane, and what their connection asks behind them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <mutex>
#include <string>
#include <vector>

#include "tests/unit/remoting/runtime_fixture.h"

namespace rocketmq::remoting {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr size_t kInlineBytes = 10;

/// Other is handled in the order of its connection, and the one that says "waits" once
/// lane_opened_ is set.
class HeldRequestsTest : public RuntimeTest {
 protected:
  HeldRequestsTest() {
    router_.handle<Other>({.inline_body_max = kInlineBytes,
                           .body_max = kAnyBodyBytes,
                           .long_body_lane = Lane::kSend,
                           .keeps_order = true},
                          [this](const Other& request, const RequestContext& context) {
                            if (request.text == "waits") {
                              begun_.set();
                              lane_opened_.wait();
                            }
                            const std::lock_guard lock(mutex_);
                            handled_.push_back(request.text);
                            return Answer<Other::Reply>(Other::Reply{request.text},
                                                        std::string(context.body()));
                          });
  }
  ~HeldRequestsTest() override {
    lane_opened_.set();
    server_.reset();
    lanes_.stop();
  }

  static std::string shortFrame(const std::string& text, int32_t flag = 0) {
    return requestFrame(Other{.text = text, .number = {}}, 1, {}, SerializeType::kJson, flag);
  }
  static std::string longFrame(const std::string& text, int32_t flag = 0,
                               const std::string& body = std::string(kInlineBytes + 1, 'x')) {
    return requestFrame(Other{.text = text, .number = {}}, 1, body, SerializeType::kJson, flag);
  }

  std::vector<std::string> handled() {
    const std::lock_guard lock(mutex_);
    return handled_;
  }

  /// The text of the next answer, or its code if that is not success.
  static std::string answerOf(test::RawSocket& socket) {
    const auto answer = receive(socket);
    if (answer == nullptr) {
      return "closed";
    }
    return answer->code() == ResponseCode::kSuccess ? answer->text()
                                                    : std::to_string(answer->command.code);
  }

  Event begun_;

 private:
  std::mutex mutex_;
  std::vector<std::string> handled_;
};

// The pool has two threads, which take the connections in turns.
TEST_F(HeldRequestsTest, TakeEffectInTheirOrderAndHoldUpNobodyElse) {
  startServer();
  auto socket = connectRaw();
  auto on_the_other_thread = connectRaw();
  auto on_its_thread = connectRaw();
  ASSERT_TRUE(socket.write(longFrame("waits") + shortFrame("2") + shortFrame("3", kFlagOneway) +
                           longFrame("4", kFlagOneway) + longFrame("5") + shortFrame("6")));
  begun_.wait();
  for (test::RawSocket* other : {&on_its_thread, &on_the_other_thread}) {
    ASSERT_TRUE(other->write(requestFrame(Echo{.text = "other", .number = {}}, 1)));
    EXPECT_EQ(answerOf(*other), "other");
  }
  EXPECT_THAT(handled(), IsEmpty());
  lane_opened_.set();
  for (const char* text : {"waits", "2", "5", "6"}) {
    EXPECT_EQ(answerOf(socket), text);
  }
  EXPECT_THAT(handled(), ElementsAre("waits", "2", "3", "4", "5", "6"));
}

TEST_F(HeldRequestsTest, OnesForWhichTheLaneHasNoRoomAreRefusedAndHoldNothing) {
  startServer();
  auto at_work = connectRaw();
  ASSERT_TRUE(at_work.write(longFrame("waits")));
  begun_.wait();
  auto waiting = connectRaw();
  ASSERT_TRUE(waiting.write(longFrame("next")));
  ASSERT_TRUE(eventually([this] { return lanes_.queueSize(Lane::kSend) == 1; }));
  auto refused = connectRaw();
  ASSERT_TRUE(refused.write(longFrame("refused") + shortFrame("behind it")));
  EXPECT_EQ(answerOf(refused), "2");
  EXPECT_EQ(answerOf(refused), "behind it");
  lane_opened_.set();
  EXPECT_EQ(answerOf(waiting), "next");
}

TEST_F(HeldRequestsTest, ArriveWholeHoweverLongTheyAre) {
  startServer();
  auto socket = connectRaw();
  std::vector<std::string> bodies;
  std::string frames;
  for (const size_t size : {11u, 2u << 20, 300u << 10, 11u, 3u << 20}) {
    bodies.emplace_back(size, static_cast<char>('a' + bodies.size()));
    frames += longFrame("quote \" and \n", 0, bodies.back()) + shortFrame("short");
  }
  auto written = std::async(std::launch::async, [&] { return socket.write(frames); });
  for (const std::string& body : bodies) {
    const auto answer = receive(socket);
    ASSERT_NE(answer, nullptr);
    EXPECT_EQ(answer->text(), "quote \" and \n");
    EXPECT_TRUE(answer->command.body == body) << body.size();
    EXPECT_EQ(answerOf(socket), "short");
  }
  EXPECT_TRUE(written.get());
}

TEST_F(HeldRequestsTest, TakeEffectThoughTheirPeerIsGone) {
  startServer();
  auto socket = connectRaw();
  ASSERT_TRUE(socket.write(longFrame("waits", kFlagOneway) + shortFrame("2", kFlagOneway)));
  begun_.wait();
  socket.close();
  lane_opened_.set();
  EXPECT_TRUE(eventually([this] { return closed_connections_ == 1; }));
  EXPECT_THAT(handled(), ElementsAre("waits", "2"));
}

TEST_F(HeldRequestsTest, MayEndWhenTheirConnectionIsClosed) {
  startServer();
  auto socket = connectRaw();
  ASSERT_TRUE(socket.write(longFrame("waits") + shortFrame("2")));
  begun_.wait();
  server_->stop(milliseconds(0));
  EXPECT_EQ(closed_connections_, 1);
  EXPECT_TRUE(socket.closedByPeer());
  server_.reset();
  lane_opened_.set();
  EXPECT_TRUE(eventually([this] { return !handled().empty(); }));
  lanes_.stop();
  EXPECT_THAT(handled(), ElementsAre("waits"));
}

TEST_F(HeldRequestsTest, AreWaitedForByAServerThatStops) {
  Server& server = startServer();
  auto socket = connectRaw();
  auto idle = connectRaw();
  ASSERT_TRUE(socket.write(longFrame("waits", kFlagOneway)));
  begun_.wait();
  auto stopped = std::async(std::launch::async, [&] { server.stop(seconds(10)); });
  EXPECT_TRUE(idle.closedByPeer());
  EXPECT_FALSE(socket.readable(20)) << "it is closed";
  lane_opened_.set();
  stopped.get();
  EXPECT_THAT(handled(), ElementsAre("waits"));
}

}  // namespace
}  // namespace rocketmq::remoting
