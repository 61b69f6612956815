#include "remoting/connection.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/remoting/runtime_fixture.h"

namespace rocketmq::remoting {
namespace {

/// Connections of a client to a peer that the test plays.
class ConnectionTest : public RuntimeTest {
 protected:
  /// Connects; the test has the peer's end afterwards.
  ConnectionPtr connect(Client::Options options = {}) {
    startClient(std::move(options));
    std::promise<ConnectionPtr> opened;
    client_->connect(listener_.address(), deadlineAfter(seconds(10)),
                     [&](Result<ConnectionPtr> result) { opened.set_value(*result); });
    peer_.emplace(listener_.accept());
    return opened.get_future().get();
  }

  /// What happened to a call.
  struct Outcome {
    std::atomic<int> calls = 0;
    std::promise<CallResult<Echo>> promise;
    std::future<CallResult<Echo>> future = promise.get_future();
    std::thread::id called_on;
  };

  std::shared_ptr<Outcome> call(const ConnectionPtr& connection, Deadline deadline,
                                Payload body = {}) {
    auto outcome = std::make_shared<Outcome>();
    connection->call(Echo{.text = "ask", .number = {}}, std::move(body), deadline,
                     [outcome](CallResult<Echo> result) {
                       outcome->called_on = std::this_thread::get_id();
                       if (++outcome->calls == 1) {
                         outcome->promise.set_value(std::move(result));
                       }
                     });
    return outcome;
  }

  test::RawListener listener_;
  std::optional<test::RawSocket> peer_;
};

TEST_F(ConnectionTest, CallTimesOutAtItsDeadlineAndNotBefore) {
  const ConnectionPtr connection = connect();
  for (const int timeout_ms : {0, 1, 7, 30}) {
    const Deadline deadline = deadlineAfter(milliseconds(timeout_ms));
    const auto result = call(connection, deadline)->future.get();
    EXPECT_GE(std::chrono::steady_clock::now(), deadline);
    EXPECT_EQ(result.status().code(), StatusCode::kTimeout) << result.status().message();
  }
  EXPECT_TRUE(connection->isOpen());
}

TEST_F(ConnectionTest, AnEarlierDeadlineIsNotHeldUpByALaterOne) {
  const ConnectionPtr connection = connect();
  const auto patient = call(connection, deadlineAfter(std::chrono::hours(1)));
  const auto hasty = call(connection, deadlineAfter(milliseconds(5)));
  EXPECT_EQ(hasty->future.get().status().code(), StatusCode::kTimeout);
  EXPECT_EQ(patient->calls, 0);
}

TEST_F(ConnectionTest, CallWithoutDeadlineIsAnswered) {
  const ConnectionPtr connection = connect();
  const auto outcome = call(connection, Deadline::max());
  const auto request = receive(*peer_);
  ASSERT_NE(request, nullptr);
  peer_->write(answerFrame(request->command.opaque, ResponseCode::kSuccess, "done"));
  EXPECT_TRUE(outcome->future.get().ok());
}

TEST_F(ConnectionTest, AnswersComeInAnyOrder) {
  const ConnectionPtr connection = connect();
  const auto first = call(connection, deadlineAfter(seconds(10)));
  const auto second = call(connection, deadlineAfter(seconds(10)));
  const int32_t first_opaque = receive(*peer_)->command.opaque;
  const int32_t second_opaque = receive(*peer_)->command.opaque;
  peer_->write(answerFrame(second_opaque, ResponseCode::kSuccess, "2nd") +
               answerFrame(999'999, ResponseCode::kSuccess, "nobody asked") +
               answerFrame(first_opaque, ResponseCode::kSuccess, "1st") +
               answerFrame(first_opaque, ResponseCode::kSuccess, "1st again"));
  EXPECT_EQ(first->future.get()->header.text, "1st");
  EXPECT_EQ(second->future.get()->header.text, "2nd");
  EXPECT_EQ(first->calls, 1);
}

// Else the answer to one call could be taken for the other's.
TEST_F(ConnectionTest, ASecondCallWithAnOpaqueInUseEndsTheConnection) {
  const ConnectionPtr connection = connect();
  const int32_t opaque = connection->nextOpaque();
  std::array<std::promise<StatusCode>, 2> ends;
  for (std::promise<StatusCode>& end : ends) {
    connection->callRaw(
        opaque, connection->encodeRequest(Echo{.text = "ask", .number = {}}, {}, opaque, 0),
        deadlineAfter(seconds(60)), [&end](const Result<const CommandView*>& answer) {
          end.set_value(answer.status().code());
        });
  }
  EXPECT_EQ(ends[0].get_future().get(), StatusCode::kClosed);
  EXPECT_EQ(ends[1].get_future().get(), StatusCode::kBusy);
  EXPECT_TRUE(eventually([&] { return !connection->isOpen(); }));
}

TEST_F(ConnectionTest, CutEndsEveryCallWithClosedExactlyOnce) {
  const ConnectionPtr connection = connect();
  std::vector<std::shared_ptr<Outcome>> outcomes;
  for (int i = 0; i < 100; ++i) {
    outcomes.push_back(call(connection, deadlineAfter(milliseconds(i < 50 ? 60'000 : 3'600'000))));
  }
  ASSERT_NE(receive(*peer_), nullptr);
  peer_->close();
  for (const auto& outcome : outcomes) {
    EXPECT_EQ(outcome->future.get().status().code(), StatusCode::kClosed);
  }
  ASSERT_TRUE(eventually([&] { return !connection->isOpen(); }));
  client_->stop();
  for (const auto& outcome : outcomes) {
    EXPECT_EQ(outcome->calls, 1);
  }
}

TEST_F(ConnectionTest, CallsOfManyThreadsDuringTheCutAllEnd) {
  const ConnectionPtr connection = connect();
  std::atomic<int> made = 0;
  std::atomic<int> ended = 0;
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&] {
      for (int k = 0; k < 500; ++k) {
        ++made;
        connection->call(Echo{.text = "ask", .number = {}}, {}, deadlineAfter(seconds(60)),
                         [&](const CallResult<Echo>& result) {
                           EXPECT_FALSE(result.ok());
                           ++ended;
                         });
      }
    });
  }
  ASSERT_NE(receive(*peer_), nullptr);
  peer_->close();
  for (std::thread& caller : callers) {
    caller.join();
  }
  EXPECT_TRUE(eventually([&] { return ended == made; }));
}

TEST_F(ConnectionTest, CloseEndsCallsAndSaysWhy) {
  const ConnectionPtr connection = connect();
  const auto outcome = call(connection, deadlineAfter(seconds(60)));
  connection->close("the test is over");
  const auto result = outcome->future.get();
  EXPECT_EQ(result.status().code(), StatusCode::kClosed);
  EXPECT_EQ(result.status().message(),
            "connection to " + listener_.address() + " closed: the test is over");
  EXPECT_TRUE(peer_->closedByPeer());
}

TEST_F(ConnectionTest, CallOnAClosedConnectionEndsWithClosedAndNotFromWithinTheCall) {
  const ConnectionPtr connection = connect();
  peer_->close();
  ASSERT_TRUE(eventually([&] { return !connection->isOpen(); }));
  const auto outcome = call(connection, deadlineAfter(seconds(60)));
  EXPECT_EQ(outcome->future.get().status().code(), StatusCode::kClosed);
  EXPECT_NE(outcome->called_on, std::this_thread::get_id());
}

TEST_F(ConnectionTest, WhatWasSentBeforeCloseStillLeaves) {
  const ConnectionPtr connection = connect();
  EXPECT_TRUE(connection->oneway(Echo{.text = "farewell", .number = {}}));
  connection->close("bye");
  const auto last = receive(*peer_);
  ASSERT_NE(last, nullptr);
  EXPECT_EQ(last->text(), "farewell");
  EXPECT_TRUE(peer_->closedByPeer());
}

TEST_F(ConnectionTest, TooManyPendingCallsEndWithBusy) {
  const ConnectionPtr connection = connect({.limits = {.pending_calls_max = 3}});
  std::vector<std::shared_ptr<Outcome>> waiting;
  for (int i = 0; i < 3; ++i) {
    waiting.push_back(call(connection, deadlineAfter(seconds(60))));
  }
  EXPECT_EQ(call(connection, deadlineAfter(seconds(60)))->future.get().status().code(),
            StatusCode::kBusy);
  // An answer makes room for another call.
  peer_->write(answerFrame(receive(*peer_)->command.opaque, ResponseCode::kSuccess, "room again"));
  EXPECT_TRUE(waiting[0]->future.get().ok());
  const auto next = call(connection, deadlineAfter(milliseconds(1)));
  EXPECT_EQ(next->future.get().status().code(), StatusCode::kTimeout);
}

TEST_F(ConnectionTest, PeerThatDoesNotReadMakesCallsEndWithBusy) {
  const ConnectionPtr connection = connect({.limits = {.unsent_bytes_max = 1 << 20}});
  const auto body = std::make_shared<const std::string>(256 << 10, 'x');
  int accepted = 0;
  // The system takes some megabytes off our hands before it is full. A refusal comes from the I/O
  // thread, so that what was sent before it has been written as far as that goes.
  ASSERT_TRUE(eventually([&] {
    for (; !connection->isCongested(); ++accepted) {
      Payload payload;
      payload.add(*body, body);
      call(connection, deadlineAfter(seconds(60)), std::move(payload));
    }
    const auto probe = call(connection, deadlineAfter(milliseconds(1)))->future.get();
    accepted += probe.status().code() == StatusCode::kTimeout ? 1 : 0;
    return probe.status().code() == StatusCode::kBusy && connection->isCongested();
  }));
  EXPECT_FALSE(connection->oneway(Echo{.text = "dropped", .number = {}}));

  for (int i = 0; i < accepted; ++i) {
    ASSERT_NE(receive(*peer_), nullptr);
  }
  // The peer may have the last bytes before the I/O thread has counted them as sent.
  ASSERT_TRUE(eventually([&] { return !connection->isCongested(); }));
  ASSERT_TRUE(connection->oneway(Echo{.text = "through", .number = {}}));
  EXPECT_EQ(receive(*peer_)->text(), "through");
}

TEST_F(ConnectionTest, SlicesAreReleasedWhenTheyHaveLeft) {
  const ConnectionPtr connection = connect();
  auto owner = std::make_shared<const std::string>(1 << 20, 'x');
  const std::weak_ptr<const std::string> watched = owner;
  Payload payload;
  payload.add(std::string_view(*owner).substr(0, 10), owner);
  payload.add(std::string_view(*owner).substr(10), owner);
  payload.add("static bytes have no owner", nullptr);
  owner.reset();
  ASSERT_TRUE(connection->oneway(Echo{.text = "slices", .number = {}}, std::move(payload)));
  const auto request = receive(*peer_);
  ASSERT_NE(request, nullptr);
  EXPECT_EQ(request->command.body.size(), (1u << 20) + 26);
  EXPECT_TRUE(request->command.body.ends_with("xstatic bytes have no owner"));
  EXPECT_TRUE(eventually([&] { return watched.expired(); }));
}

TEST_F(ConnectionTest, FramesOfManyThreadsDoNotMix) {
  const ConnectionPtr connection = connect();
  constexpr int kFrames = 500;
  std::vector<std::thread> senders;
  for (int i = 0; i < 4; ++i) {
    senders.emplace_back([&, i] {
      for (int k = 0; k < kFrames; ++k) {
        connection->oneway(Echo{.text = std::to_string(i), .number = k},
                           Payload(std::string(static_cast<size_t>(k) * 7, 'b')));
      }
    });
  }
  std::vector<int> next(4, 0);
  for (int i = 0; i < 4 * kFrames; ++i) {
    const auto frame = receive(*peer_);
    ASSERT_NE(frame, nullptr);
    const auto sender = static_cast<size_t>(std::stoi(frame->text()));
    const int number = std::stoi(std::string(*frame->command.ext_fields.find("number")));
    EXPECT_EQ(number, next[sender]++) << "a thread's frames keep their order";
    EXPECT_EQ(frame->command.body.size(), static_cast<size_t>(number) * 7);
  }
  for (std::thread& sender : senders) {
    sender.join();
  }
}

/// One I/O thread, so that other work of it is surely done in between.
class BackPressureTest : public RuntimeTest {
 protected:
  IoPool one_thread_{"one", 1};
};

// Promise: a peer that asks and does not read cannot make the server hold more than its bound. The
// 2000 requests fit into one read, their answers of 64 KiB each would need 125 MiB.
TEST_F(BackPressureTest, ServerStopsHandlingRequestsOfAPeerThatDoesNotRead) {
  constexpr int kRequests = 2000;
  constexpr size_t kBodyBytes = 64 << 10;
  std::atomic<int> handled = 0;
  const auto body = std::make_shared<const std::string>(kBodyBytes, 'x');
  router_.handle<Other>({}, [&](const Other&, const RequestContext&) {
    ++handled;
    Payload payload;
    payload.add(*body, body);
    return Answer<Other::Reply>(Other::Reply{"take this"}, std::move(payload));
  });
  auto server =
      Server::start(one_thread_, router_,
                    {.bind_address = "127.0.0.1", .limits = {.unsent_bytes_max = 4 * kBodyBytes}});
  ASSERT_TRUE(server.ok());
  auto greedy = test::RawSocket::connectTo((*server)->port(), 64 << 10);
  auto other = test::RawSocket::connectTo((*server)->port());
  std::string requests;
  for (int i = 0; i < kRequests; ++i) {
    requests += requestFrame(Other{.text = "more", .number = {}}, i);
  }
  ASSERT_TRUE(greedy.write(requests));
  ASSERT_TRUE(eventually([&] { return handled > 0; }));
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(other.write(requestFrame(Echo{.text = "not held up", .number = {}}, i)));
    ASSERT_NE(receive(other), nullptr);
  }
  // The bound, and what the system's own buffers take.
  EXPECT_LT(handled, kRequests / 4);

  for (int i = 0; i < kRequests; ++i) {
    const auto answer = receive(greedy);
    ASSERT_NE(answer, nullptr);
    ASSERT_EQ(answer->command.opaque, i);
    ASSERT_EQ(answer->command.body.size(), kBodyBytes);
  }
  EXPECT_EQ(handled, kRequests);
}

}  // namespace
}  // namespace rocketmq::remoting
