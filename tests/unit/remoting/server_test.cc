#include "remoting/server.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/bytes.h"
#include "remoting/io_thread.h"
#include "tests/unit/remoting/runtime_fixture.h"

namespace rocketmq::remoting {
namespace {

class ServerTest : public RuntimeTest {
 protected:
  static std::string echoFrame(int32_t opaque, std::string_view body = {},
                               SerializeType type = SerializeType::kJson) {
    return requestFrame(Echo{.text = "t" + std::to_string(opaque), .number = {}}, opaque, body,
                        type);
  }

  static void expectEcho(test::RawSocket& socket, int32_t opaque, std::string_view body = {}) {
    const auto answer = receive(socket);
    ASSERT_NE(answer, nullptr) << "the connection was closed";
    EXPECT_EQ(answer->code(), ResponseCode::kSuccess) << answer->command.remark;
    EXPECT_EQ(answer->command.opaque, opaque);
    EXPECT_EQ(answer->text(), "t" + std::to_string(opaque));
    EXPECT_TRUE(answer->command.body == body);
  }
};

class ServerCodecTest : public ServerTest, public testing::WithParamInterface<SerializeType> {};

TEST_P(ServerCodecTest, AnswersInKind) {
  startServer();
  auto socket = connectRaw();
  ASSERT_TRUE(socket.write(echoFrame(1, "body", GetParam())));
  const auto answer = receive(socket);
  ASSERT_NE(answer, nullptr);
  EXPECT_EQ(answer->command.serialize_type, GetParam());
  EXPECT_EQ(answer->text(), "t1");
  EXPECT_EQ(answer->command.body, "body");
}

INSTANTIATE_TEST_SUITE_P(Codecs, ServerCodecTest,
                         testing::Values(SerializeType::kJson, SerializeType::kBinary));

TEST_F(ServerTest, AnswersAThousandFramesOfOneWrite) {
  startServer();
  auto socket = connectRaw();
  std::string frames;
  for (int32_t i = 0; i < 1000; ++i) {
    frames += echoFrame(i, std::string(static_cast<size_t>(i), 'b'));
  }
  auto written = std::async(std::launch::async, [&] { return socket.write(frames); });
  for (int32_t i = 0; i < 1000; ++i) {
    expectEcho(socket, i, std::string(static_cast<size_t>(i), 'b'));
  }
  EXPECT_TRUE(written.get());
}

// The pool has two threads, which take the connections in turns.
TEST_F(ServerTest, WhoHasSentThousandsOfRequestsHoldsUpNobodyElseOfItsThread) {
  Event has_begun;
  Event may_go_on;
  std::atomic<int> handled = 0;
  std::atomic<int> handled_before = -1;
  router_.handle<Other>({}, [&](const Other& request, const RequestContext&) {
    if (request.text == "other") {
      handled_before = handled.load();
    } else if (request.text == "busy" && ++handled == 1) {
      has_begun.set();
      may_go_on.wait();
    }
    return Answer<Other::Reply>(Other::Reply{request.text});
  });
  startServer();
  auto busy = connectRaw();
  const auto on_the_other_thread = connectRaw();
  auto other = connectRaw();
  // Its thread has it from here on: that takes turns, too.
  ASSERT_TRUE(other.write(requestFrame(Other{.text = "first", .number = {}}, 1)));
  ASSERT_NE(receive(other), nullptr);
  const std::string request = requestFrame(Other{.text = "busy", .number = {}}, 1);
  std::string frames;
  while (frames.size() < 32 * IoThread::kTurnBytesMin) {
    frames += request;
  }
  ASSERT_TRUE(busy.write(frames));
  has_begun.wait();
  ASSERT_TRUE(other.write(requestFrame(Other{.text = "other", .number = {}}, 1)));
  may_go_on.set();
  EXPECT_NE(receive(other), nullptr);
  EXPECT_GE(handled_before, 1);
  // Until the thread has heard of it and its turn comes the busy one has up to four, each twice as
  // long as the one before while they are quick.
  EXPECT_LE(static_cast<size_t>(handled_before) * request.size(), 16 * IoThread::kTurnBytesMin);
  for (size_t bytes = 0; bytes < frames.size(); bytes += request.size()) {
    EXPECT_NE(receive(busy), nullptr);
  }
}

// Promise: it does not matter where TCP cuts a frame. The first part arrives behind a whole frame,
// whose answer proves that it has been read.
TEST_F(ServerTest, AnswersAFrameThatIsCutAnywhere) {
  startServer();
  auto socket = connectRaw();
  const std::string whole = echoFrame(1, "1st");
  const std::string split = echoFrame(2, "2nd");
  for (size_t at = 1; at < split.size(); ++at) {
    SCOPED_TRACE(at);
    ASSERT_TRUE(socket.write(whole + split.substr(0, at)));
    expectEcho(socket, 1, "1st");
    ASSERT_TRUE(socket.write(split.substr(at) + whole));
    expectEcho(socket, 2, "2nd");
    expectEcho(socket, 1, "1st");
    ASSERT_FALSE(HasFailure());
  }
}

TEST_F(ServerTest, AnswersBigBodiesBetweenSmallOnes) {
  startServer();
  auto socket = connectRaw();
  std::vector<std::string> bodies;
  std::string frames;
  for (const size_t size : {2u << 20, 10u, 300u << 10, 0u, (256u << 10) + 1, 2u << 20, 1u}) {
    bodies.emplace_back(size, static_cast<char>('a' + bodies.size()));
    frames += echoFrame(static_cast<int32_t>(bodies.size() - 1), bodies.back());
  }
  auto written = std::async(std::launch::async, [&] { return socket.write(frames); });
  for (size_t i = 0; i < bodies.size(); ++i) {
    expectEcho(socket, static_cast<int32_t>(i), bodies[i]);
  }
  EXPECT_TRUE(written.get());
}

TEST_F(ServerTest, LargestFrameIsAnsweredAndALargerOneClosesTheConnection) {
  startServer({.limits = {.frame_bytes_max = 100'000}});
  const size_t head = echoFrame(1).size() - sizeof(int32_t);
  const std::string body(100'000 - head, 'x');
  auto socket = connectRaw();
  ASSERT_TRUE(socket.write(echoFrame(1, body)));
  expectEcho(socket, 1, body);
  // Refused on its length word alone.
  ASSERT_TRUE(socket.write(echoFrame(2, body + "y").substr(0, 4)));
  EXPECT_TRUE(socket.closedByPeer());
}

TEST_F(ServerTest, OnewayRequestsAreHandledAndNotAnswered) {
  startServer();
  auto socket = connectRaw();
  const auto oneway =
      requestFrame(Echo{.text = "x", .number = {}}, 1, {}, SerializeType::kJson, kFlagOneway);
  ASSERT_TRUE(socket.write(oneway + oneway + echoFrame(3)));
  expectEcho(socket, 3);
  EXPECT_EQ(echoes_, 3);
}

TEST_F(ServerTest, UnknownCodeAndMissingFieldAreAnsweredAndTheConnectionStays) {
  startServer();
  auto socket = connectRaw();
  std::string no_fields;
  HeaderWriter writer(no_fields, {.code = static_cast<int32_t>(Echo::kCode), .remark = {}});
  writer.finish(0);
  ASSERT_TRUE(
      socket.write(requestFrame(Other{.text = "?", .number = {}}, 1) + no_fields + echoFrame(3)));
  auto answer = receive(socket);
  ASSERT_NE(answer, nullptr);
  EXPECT_EQ(answer->code(), ResponseCode::kRequestCodeNotSupported);
  EXPECT_EQ(answer->command.remark, " request type 9004 not supported");
  answer = receive(socket);
  ASSERT_NE(answer, nullptr);
  EXPECT_EQ(answer->code(), ResponseCode::kSystemError);
  EXPECT_NE(answer->command.remark.find("text"), std::string_view::npos);
  expectEcho(socket, 3);
}

struct Garbage {
  const char* name;
  std::string bytes;
};

std::string words(int32_t total, uint32_t header_word, std::string_view rest = {}) {
  std::string bytes;
  ByteWriter writer(bytes);
  writer.write(total);
  writer.write(header_word);
  return bytes + std::string(rest);
}

class GarbageTest : public ServerTest, public testing::WithParamInterface<Garbage> {};

TEST_P(GarbageTest, ClosesOnlyTheConnectionItCameOn) {
  startServer();
  auto innocent = connectRaw();
  auto broken = connectRaw();
  ASSERT_TRUE(broken.write(echoFrame(1) + GetParam().bytes + echoFrame(2)));
  // What came before is answered, what comes after is not.
  expectEcho(broken, 1);
  const auto rest = broken.readToEnd();
  ASSERT_TRUE(rest.has_value()) << "not closed";
  EXPECT_EQ(*rest, "");
  ASSERT_TRUE(innocent.write(echoFrame(3)));
  expectEcho(innocent, 3);
  EXPECT_EQ(echoes_, 2);
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, GarbageTest,
    testing::Values(Garbage{"ZeroLength", words(0, 0)}, Garbage{"NegativeLength", words(-1, 0)},
                    Garbage{"LengthWithoutHeaderWord", words(3, 0)},
                    Garbage{"HeaderLongerThanFrame", words(6, 20, "{}")},
                    Garbage{"UnknownSerializeType", words(6, 0x07000002, "{}")},
                    Garbage{"JsonThatIsNone", words(9, 5, "{\"a\":")},
                    Garbage{"BinaryHeaderCutOff", words(9, 0x01000005, "abcde")},
                    Garbage{"Http", "GET / HTTP/1.1\r\nHost: x\r\n\r\n"}),
    [](const auto& test) { return test.param.name; });

TEST_F(ServerTest, FullLaneAnswersSystemBusyWhileOthersWait) {
  startServer();
  auto socket = connectRaw();
  const auto onLane = [](int32_t opaque) {
    return requestFrame(OnLane{.text = "lane", .number = {}}, opaque);
  };
  ASSERT_TRUE(socket.write(onLane(0)));
  ASSERT_TRUE(eventually([this] { return on_lane_ == 1; }));
  ASSERT_TRUE(socket.write(onLane(1) + onLane(2) + onLane(3)));
  const auto busy = receive(socket);
  ASSERT_NE(busy, nullptr);
  EXPECT_EQ(busy->code(), ResponseCode::kSystemBusy);
  EXPECT_EQ(busy->command.opaque, 3);
  lane_opened_.set();
  for (int32_t opaque = 0; opaque < 3; ++opaque) {
    const auto answer = receive(socket);
    ASSERT_NE(answer, nullptr);
    EXPECT_EQ(answer->command.opaque, opaque);
    EXPECT_EQ(answer->code(), ResponseCode::kSuccess);
  }
}

TEST_F(ServerTest, ConnectionsBeyondTheBoundAreClosedAtOnce) {
  Server& server = startServer({.connections_max = 2});
  auto first = connectRaw();
  std::optional<test::RawSocket> second(connectRaw());
  ASSERT_TRUE(first.write(echoFrame(1)) && second->write(echoFrame(2)));
  expectEcho(first, 1);
  expectEcho(*second, 2);
  EXPECT_EQ(server.connectionCount(), 2u);
  EXPECT_TRUE(connectRaw().closedByPeer());

  second.reset();
  ASSERT_TRUE(eventually([&] { return server.connectionCount() == 1; }));
  auto third = connectRaw();
  ASSERT_TRUE(third.write(echoFrame(3)));
  expectEcho(third, 3);
}

TEST_F(ServerTest, ClosesIdleConnections) {
  startServer({.limits = {.idle_timeout = milliseconds(50)}});
  const auto begin = std::chrono::steady_clock::now();
  auto socket = connectRaw();
  EXPECT_TRUE(socket.closedByPeer());
  EXPECT_GE(std::chrono::steady_clock::now() - begin, milliseconds(50));
  EXPECT_TRUE(eventually([this] { return closed_connections_ == 1; }));
}

TEST_F(ServerTest, KeepsConnectionsThatAreBusy) {
  startServer({.limits = {.idle_timeout = milliseconds(300)}});
  auto quiet = connectRaw();
  auto busy = connectRaw();
  auto longest_pause = milliseconds(0);
  auto last = std::chrono::steady_clock::now();
  while (!quiet.readable(10)) {
    ASSERT_TRUE(busy.write(echoFrame(1)));
    const auto answer = receive(busy);
    const auto now = std::chrono::steady_clock::now();
    longest_pause = std::max(longest_pause, std::chrono::ceil<milliseconds>(now - last));
    last = now;
    if (longest_pause > milliseconds(200)) {
      GTEST_SKIP() << "the machine is too slow to tell busy from idle";
    }
    ASSERT_NE(answer, nullptr) << "closed after at most " << longest_pause.count() << " ms";
  }
  EXPECT_TRUE(quiet.closedByPeer());
}

TEST_F(ServerTest, PortThatIsTakenIsAnErrorThatNamesIt) {
  Server& server = startServer();
  const auto second =
      Server::start(server_pool_, router_, {.bind_address = "127.0.0.1", .port = server.port()});
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().code(), StatusCode::kIo);
  EXPECT_EQ(second.status().message(),
            "cannot listen on " + serverAddress() + ": Address already in use");
  EXPECT_FALSE(Server::start(server_pool_, router_, {.bind_address = "no-address"}).ok());
}

TEST_F(ServerTest, RemoteAddressOfAnIpv4PeerIsIpv4OnADualStackPort) {
  std::promise<HostAddress> seen;
  router_.handle<Other>({}, [&](const Other&, const RequestContext& context) {
    seen.set_value(context.connection->remote());
    return Answer<Other::Reply>(Other::Reply{"ok"});
  });
  auto server = Server::start(server_pool_, router_, {.bind_address = "::"});
  if (!server.ok()) {
    GTEST_SKIP() << "no IPv6 here: " << server.status().message();
  }
  auto socket = test::RawSocket::connectTo((*server)->port());
  ASSERT_TRUE(socket.write(requestFrame(Other{.text = "who", .number = {}}, 1)));
  const HostAddress address = seen.get_future().get();
  EXPECT_FALSE(address.is_ipv6);
  EXPECT_EQ(address.ipString(), "127.0.0.1");
  EXPECT_NE(address.port, 0);
}

TEST_F(ServerTest, StopLetsWhatWasReceivedBeAnswered) {
  Server& server = startServer();
  auto deferred = connectRaw();
  auto on_lane = connectRaw();
  ASSERT_TRUE(deferred.write(requestFrame(Later{.text = "later", .number = {}}, 1)));
  ASSERT_TRUE(on_lane.write(requestFrame(OnLane{.text = "lane", .number = {}}, 2)));
  ASSERT_TRUE(eventually([this] { return heldCount() == 1 && on_lane_ == 1; }));

  auto stopped = std::async(std::launch::async, [&] { server.stop(seconds(10)); });
  takeHeld()(Later::Reply{"answered"});
  const auto answer = receive(deferred);
  ASSERT_NE(answer, nullptr);
  EXPECT_EQ(answer->text(), "answered");
  EXPECT_TRUE(deferred.closedByPeer());
  EXPECT_EQ(stopped.wait_for(milliseconds(0)), std::future_status::timeout)
      << "must wait for the lane";

  lane_opened_.set();
  const auto lane_answer = receive(on_lane);
  ASSERT_NE(lane_answer, nullptr);
  EXPECT_EQ(lane_answer->text(), "lane");
  EXPECT_TRUE(on_lane.closedByPeer());
  stopped.get();
  EXPECT_EQ(closed_connections_, 2);
  EXPECT_EQ(server.connectionCount(), 0u);
}

TEST_F(ServerTest, StopSendsBigAnswersToTheEnd) {
  Server& server = startServer();
  auto socket = connectRaw();
  ASSERT_TRUE(socket.write(requestFrame(Later{.text = "big", .number = {}}, 1)));
  auto responder = takeHeld();
  auto stopped = std::async(std::launch::async, [&] { server.stop(seconds(10)); });
  // More than the system buffers, so that the server must wait for the peer to read.
  const std::string body(12 << 20, 'x');
  responder(Answer<Later::Reply>(Later::Reply{"all of it"}, Payload(body)));
  const auto answer = receive(socket);
  ASSERT_NE(answer, nullptr);
  EXPECT_TRUE(answer->command.body == body);
  stopped.get();
}

TEST_F(ServerTest, StopGivesUpAtItsTimeoutAndLateAnswersDoNoHarm) {
  Server& server = startServer();
  auto socket = connectRaw();
  ASSERT_TRUE(socket.write(requestFrame(Later{.text = "never", .number = {}}, 1)));
  auto responder = takeHeld();
  server.stop(milliseconds(20));
  EXPECT_EQ(closed_connections_, 1);
  EXPECT_TRUE(socket.closedByPeer());
  responder(Later::Reply{"too late"});
}

TEST_F(ServerTest, ClosedConnectionOutlivesServerAndPool) {
  ConnectionPtr kept;
  {
    IoPool pool("short", 1);
    auto server = Server::start(
        pool, router_,
        {.bind_address = "127.0.0.1", .on_closed = [&](const ConnectionPtr& c) { kept = c; }});
    ASSERT_TRUE(server.ok());
    auto socket = test::RawSocket::connectTo((*server)->port());
    ASSERT_TRUE(socket.write(echoFrame(1)));
    expectEcho(socket, 1);
    (*server)->stop(seconds(10));
  }
  ASSERT_NE(kept, nullptr);
  EXPECT_FALSE(kept->isOpen());
  kept->send(kept->encodeRequest(Echo{.text = "x", .number = {}}, {}, 1, 0));
  kept->close("again");
  EXPECT_FALSE(kept->oneway(Echo{.text = "x", .number = {}}));
}

TEST_F(ServerTest, OnClosedComesOnceForEachConnection) {
  startServer();
  for (int i = 1; i <= 3; ++i) {
    auto socket = connectRaw();
    ASSERT_TRUE(socket.write(echoFrame(1)));
    expectEcho(socket, 1);
    socket.close();
    ASSERT_TRUE(eventually([&] { return closed_connections_ == i; }));
  }
  server_->stop(seconds(1));
  EXPECT_EQ(closed_connections_, 3);
}

}  // namespace
}  // namespace rocketmq::remoting
