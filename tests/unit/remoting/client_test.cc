#include "remoting/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/remoting/runtime_fixture.h"

namespace rocketmq::remoting {
namespace {

class ClientTest : public RuntimeTest {
 protected:
  CallResult<Echo> call(const std::string& address, milliseconds timeout = seconds(10)) {
    return client_->callSync(address, Echo{.text = "hi", .number = {}}, {}, deadlineAfter(timeout));
  }

  /// Plays a server: answers the next request on `socket`.
  static void answerNext(test::RawSocket& socket, std::string_view text) {
    const auto request = receive(socket);
    ASSERT_NE(request, nullptr);
    ASSERT_TRUE(socket.write(answerFrame(request->command.opaque, ResponseCode::kSuccess, text)));
  }

  std::string refusedAddress() { return "127.0.0.1:" + std::to_string(test::unusedPort()); }
};

TEST_F(ClientTest, CallsAreAnswered) {
  startServer();
  startClient();
  const auto result = echo("hello \"wörld\"\n", "body");
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_TRUE(result->success());
  EXPECT_EQ(result->header.text, "hello \"wörld\"\n");
  EXPECT_EQ(result->body, "body");
  EXPECT_EQ(result->version, kAnnouncedVersion);
}

TEST_F(ClientTest, SpeaksTheBinaryCodecWhenToldTo) {
  startServer();
  startClient({.serialize_type = SerializeType::kBinary});
  const auto result = echo("hello", "body");
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_EQ(result->header.text, "hello");
}

TEST_F(ClientTest, SpeaksTheBinaryCodecOnceAnAnswerTellsThatTheServerReadsIt) {
  test::RawListener listener;
  startClient({.serialize_type = std::nullopt});
  const auto begin = [&] {
    return std::async(std::launch::async, [&] { return call(listener.address()); });
  };
  // Answers as a server of a release; `type`: what the request must be written in.
  const auto answer = [](test::RawSocket& socket, SerializeType type, int32_t version) {
    const auto request = receive(socket);
    ASSERT_NE(request, nullptr);
    EXPECT_EQ(request->command.serialize_type, type);
    ASSERT_TRUE(socket.write(
        answerFrame(request->command.opaque, ResponseCode::kSuccess, "ok", {}, version)));
  };
  auto result = begin();
  test::RawSocket socket = listener.accept();
  answer(socket, SerializeType::kJson, kVersion4_0_0 - 1);
  EXPECT_TRUE(result.get().ok());
  result = begin();
  answer(socket, SerializeType::kJson, kVersion4_0_0);
  EXPECT_TRUE(result.get().ok());
  result = begin();
  answer(socket, SerializeType::kBinary, kVersion4_0_0);
  EXPECT_TRUE(result.get().ok());
  socket.close();
  ASSERT_TRUE(eventually([&] { return client_->openConnection(listener.address()) == nullptr; }));
  result = begin();
  test::RawSocket next = listener.accept();
  answer(next, SerializeType::kJson, kVersion4_0_0);
  EXPECT_TRUE(result.get().ok());
}

TEST_F(ClientTest, RefusalsAreAnswersToo) {
  startServer();
  startClient();
  const auto result = client_->callSync(serverAddress(), Other{.text = "?", .number = {}}, {},
                                        deadlineAfter(seconds(10)));
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->code, ResponseCode::kRequestCodeNotSupported);
}

TEST_F(ClientTest, BigBodiesGoBothWays) {
  startServer();
  startClient();
  const std::string body(2 << 20, 'x');
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&] {
      for (int k = 0; k < 5; ++k) {
        const auto result = echo("big", body);
        ASSERT_TRUE(result.ok()) << result.status().message();
        EXPECT_TRUE(result->body == body);
      }
    });
  }
  for (std::thread& caller : callers) {
    caller.join();
  }
}

TEST_F(ClientTest, TenThousandCallsOfFourThreadsGetTheirOwnAnswers) {
  startServer();
  startClient();
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&, i] {
      for (int k = 0; k < 2500; ++k) {
        const std::string text = std::to_string(i) + "/" + std::to_string(k);
        const auto result = echo(text);
        ASSERT_TRUE(result.ok()) << result.status().message();
        ASSERT_EQ(result->header.text, text);
      }
    });
  }
  for (std::thread& caller : callers) {
    caller.join();
  }
  EXPECT_EQ(echoes_, 10'000);
}

TEST_F(ClientTest, CallersShareOneConnection) {
  test::RawListener listener;
  startClient();
  std::vector<std::thread> callers;
  std::atomic<int> answered = 0;
  for (int i = 0; i < 8; ++i) {
    callers.emplace_back([&] { answered += call(listener.address()).ok() ? 1 : 0; });
  }
  test::RawSocket socket = listener.accept();
  for (int i = 0; i < 8; ++i) {
    answerNext(socket, "ok");
  }
  for (std::thread& caller : callers) {
    caller.join();
  }
  EXPECT_EQ(answered, 8);
  EXPECT_FALSE(listener.hasConnection(0)) << "there must be no second connection";
}

TEST_F(ClientTest, RefusedConnectionIsExplainedAndTheAddressLeftAloneForAWhile) {
  startClient();
  const std::string address = refusedAddress();
  const auto first = call(address);
  ASSERT_FALSE(first.ok());
  EXPECT_EQ(first.status().code(), StatusCode::kIo);
  EXPECT_EQ(first.status().message(), "cannot connect to " + address + ": Connection refused");

  // The back-off grows with each failure, so that one of these surely comes within it.
  std::string message;
  ASSERT_TRUE(eventually([&] {
    message = call(address).status().message();
    return message.find("next try") != std::string::npos;
  }));
  EXPECT_THAT(message, testing::MatchesRegex("cannot connect to " + address +
                                             ": failed [0-9]+ ms ago \\(Connection refused\\); "
                                             "next try in [0-9]+ ms"));
}

TEST_F(ClientTest, BackOffEndsAndTheServerIsFound) {
  startClient();
  const uint16_t port = test::unusedPort();
  const std::string address = "127.0.0.1:" + std::to_string(port);
  ASSERT_FALSE(call(address).ok());
  startServer({.port = port});
  EXPECT_TRUE(eventually([&] { return call(address).ok(); }));
}

TEST_F(ClientTest, ServerThatDoesNotAnswerTheConnectIsGivenUp) {
  test::RawListener full(0);
  // The system completes one connection and leaves the next ones waiting.
  auto first = test::RawSocket::connectTo(full.port());
  startClient({.connect_timeout = milliseconds(60)});
  // The system may complete one or two more, which then wait for an answer in vain.
  CallResult<Echo> hasty = Status::internal("not called");
  for (int i = 0; i < 5 && hasty.status().code() != StatusCode::kIo; ++i) {
    hasty = call(full.address(), milliseconds(50));
    client_->closeAddress(full.address(), "was completed by the system");
  }
  EXPECT_THAT(hasty.status().message(),
              testing::MatchesRegex("cannot connect to " + full.address() +
                                    ": no answer within (50|[1-4]?[0-9]) ms"))
      << "the caller's own deadline comes first";
  const auto patient = call(full.address(), seconds(10));
  EXPECT_THAT(patient.status().message(), testing::HasSubstr("no answer within 60 ms"));
}

TEST_F(ClientTest, HostNamesAreResolved) {
  startServer();
  startClient();
  const std::string address = "localhost:" + std::to_string(server_->port());
  const auto result = call(address);
  EXPECT_TRUE(result.ok()) << result.status().message();
}

TEST_F(ClientTest, UnknownHostIsNamed) {
  startClient();
  const auto result = call("no-such-host.invalid:9876", milliseconds(500));
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.status().code(), StatusCode::kIo);
  EXPECT_TRUE(
      result.status().message().starts_with("cannot connect to no-such-host.invalid:9876: "))
      << result.status().message();
}

TEST_F(ClientTest, TextThatIsNoAddressIsRefused) {
  startClient();
  for (const char* address : {"", "host", ":9876", "host:", "host:0", "host:65536", "host:98x"}) {
    const auto result = call(address);
    ASSERT_FALSE(result.ok()) << address;
    EXPECT_EQ(result.status().code(), StatusCode::kInvalidArgument);
  }
}

TEST_F(ClientTest, ConnectionThatThePeerClosedIsReplaced) {
  test::RawListener listener;
  std::atomic<int> closed = 0;
  startClient({.on_closed = [&](const ConnectionPtr& connection, const std::string& address) {
    EXPECT_FALSE(connection->isOpen());
    EXPECT_EQ(address, listener.address());
    ++closed;
  }});
  for (int i = 1; i <= 3; ++i) {
    auto result = std::async(std::launch::async, [&] { return call(listener.address()); });
    test::RawSocket socket = listener.accept();
    answerNext(socket, "ok");
    EXPECT_TRUE(result.get().ok());
    socket.close();
    ASSERT_TRUE(eventually([&] { return closed == i; }));
  }
}

TEST_F(ClientTest, AConnectionOnWhichNothingComesAnyMoreIsReplaced) {
  test::RawListener listener;
  startClient({.limits = {.silence_max = milliseconds(50)}});
  auto answered = std::async(std::launch::async, [&] { return call(listener.address()); });
  test::RawSocket dead = listener.accept();
  answerNext(dead, "ok");
  EXPECT_TRUE(answered.get().ok());

  EXPECT_EQ(call(listener.address(), milliseconds(20)).status().code(), StatusCode::kTimeout);
  EXPECT_FALSE(listener.hasConnection(0)) << "so short a silence means nothing";
  EXPECT_EQ(call(listener.address(), milliseconds(100)).status().code(), StatusCode::kTimeout);
  answered = std::async(std::launch::async, [&] { return call(listener.address()); });
  test::RawSocket fresh = listener.accept();
  answerNext(fresh, "ok");
  EXPECT_TRUE(answered.get().ok());
}

TEST_F(ClientTest, ASlowAnswerIsNoSilenceWhileOthersCome) {
  test::RawListener listener;
  startClient({.limits = {.silence_max = milliseconds(50)}});
  auto slow =
      std::async(std::launch::async, [&] { return call(listener.address(), milliseconds(100)); });
  test::RawSocket socket = listener.accept();
  ASSERT_NE(receive(socket), nullptr);  // Never answered.
  auto quick = std::async(std::launch::async, [&] { return call(listener.address()); });
  answerNext(socket, "ok");
  EXPECT_TRUE(quick.get().ok());
  EXPECT_EQ(slow.get().status().code(), StatusCode::kTimeout);
  quick = std::async(std::launch::async, [&] { return call(listener.address()); });
  answerNext(socket, "still the same connection");
  EXPECT_TRUE(quick.get().ok());
}

TEST_F(ClientTest, TimeoutKeepsTheConnectionAndLateAnswersAreDropped) {
  test::RawListener listener;
  startClient();
  auto slow =
      std::async(std::launch::async, [&] { return call(listener.address(), milliseconds(30)); });
  test::RawSocket socket = listener.accept();
  const auto request = receive(socket);
  ASSERT_NE(request, nullptr);
  const auto timed_out = slow.get();
  ASSERT_FALSE(timed_out.ok());
  EXPECT_EQ(timed_out.status().code(), StatusCode::kTimeout);

  auto next = std::async(std::launch::async, [&] { return call(listener.address()); });
  ASSERT_TRUE(
      socket.write(answerFrame(request->command.opaque, ResponseCode::kSuccess, "too late")));
  answerNext(socket, "in time");
  const auto answered = next.get();
  ASSERT_TRUE(answered.ok()) << answered.status().message();
  EXPECT_EQ(answered->header.text, "in time");
}

TEST_F(ClientTest, ServerMayAskTheClient) {
  client_router_.handle<Other>({}, [](const Other& request, const RequestContext& context) {
    return Answer<Other::Reply>(Other::Reply{"client says " + request.text},
                                std::string(context.body()));
  });
  router_.handle<Other>({}, [](const Other&, const RequestContext& context) {
    // The same opaque as the client's own request: the two directions must not be mixed up.
    context.connection->call(
        Other{.text = "hello", .number = {}}, Payload("body"), deadlineAfter(seconds(10)),
        [connection = context.connection](const CallResult<Other>& answer) {
          ASSERT_TRUE(answer.ok());
          connection->oneway(Echo{.text = answer->header.text + answer->body, .number = {}});
        });
    return Answer<Other::Reply>(Other::Reply{"server answers"});
  });
  std::promise<std::string> relayed;
  client_router_.handle<Echo>({}, [&](const Echo& request, const RequestContext&) {
    relayed.set_value(request.text);
    return Answer<Echo::Reply>(Echo::Reply{});
  });
  startServer();
  startClient();
  const auto result = client_->callSync(serverAddress(), Other{.text = "start", .number = {}}, {},
                                        deadlineAfter(seconds(10)));
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_EQ(result->header.text, "server answers");
  EXPECT_EQ(relayed.get_future().get(), "client says hellobody");
}

TEST_F(ClientTest, ClientWithoutRouterRefusesRequests) {
  test::RawListener listener;
  client_ = std::make_unique<Client>(client_pool_, nullptr, Client::Options{});
  client_->oneway(listener.address(), Echo{.text = "here I am", .number = {}}, {},
                  deadlineAfter(seconds(10)));
  test::RawSocket socket = listener.accept();
  ASSERT_NE(receive(socket), nullptr);
  ASSERT_TRUE(socket.write(requestFrame(Echo{.text = "?", .number = {}}, 8)));
  const auto answer = receive(socket);
  ASSERT_NE(answer, nullptr);
  EXPECT_EQ(answer->code(), ResponseCode::kRequestCodeNotSupported);
  EXPECT_EQ(answer->command.opaque, 8);
}

TEST_F(ClientTest, CloseAddressEndsCallsAndTheNextCallConnectsAnew) {
  startServer();
  startClient();
  auto waiting = std::async(std::launch::async, [&] {
    return client_->callSync(serverAddress(), Later{.text = "wait", .number = {}}, {},
                             deadlineAfter(seconds(10)));
  });
  ASSERT_TRUE(eventually([this] { return heldCount() == 1; }));
  client_->closeAddress(serverAddress(), "the test says so");
  const auto ended = waiting.get();
  EXPECT_EQ(ended.status().code(), StatusCode::kClosed);
  EXPECT_NE(ended.status().message().find("the test says so"), std::string::npos);
  EXPECT_TRUE(echo("again").ok());
}

TEST_F(ClientTest, StopEndsPendingCallsAndNothingCallsBackAfterwards) {
  startServer();
  test::RawListener silent(0);
  auto filler = test::RawSocket::connectTo(silent.port());
  startClient({.connect_timeout = seconds(10)});
  std::atomic<int> ended = 0;
  const auto count = [&](const auto& result) {
    EXPECT_EQ(result.status().code(), StatusCode::kClosed) << result.status().message();
    ++ended;
  };
  const auto deadline = deadlineAfter(seconds(60));
  for (int i = 0; i < 10; ++i) {
    client_->call(serverAddress(), Later{.text = "wait", .number = {}}, {}, deadline, count);
    client_->call(silent.address(), Later{.text = "wait", .number = {}}, {}, deadline, count);
  }
  ASSERT_TRUE(eventually([this] { return heldCount() == 10; }));
  client_->stop();
  EXPECT_EQ(ended, 20);
  client_->call(serverAddress(), Later{.text = "late", .number = {}}, {}, deadline, count);
  EXPECT_EQ(ended, 21) << "a call after stop() ends before it returns";
}

TEST_F(ClientTest, ConnectTellsWhichConnectionItIs) {
  startServer();
  startClient();
  std::promise<ConnectionPtr> opened;
  client_->connect(serverAddress(), deadlineAfter(seconds(10)), [&](Result<ConnectionPtr> result) {
    ASSERT_TRUE(result.ok());
    opened.set_value(*result);
  });
  const ConnectionPtr connection = opened.get_future().get();
  EXPECT_EQ(connection->remote().toString(), serverAddress());
  EXPECT_EQ(connection->local().ipString(), "127.0.0.1");
  EXPECT_EQ(client_->openConnection(serverAddress()), connection);
  EXPECT_EQ(client_->openConnection("127.0.0.1:1"), nullptr);
}

}  // namespace
}  // namespace rocketmq::remoting
