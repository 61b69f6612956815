#include "remoting/router.h"

#include <gtest/gtest.h>

#include <atomic>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "remoting/memory_connection.h"
#include "tests/unit/remoting/busy_lane.h"
#include "tests/unit/remoting/runtime_fixture.h"

namespace rocketmq::remoting {
namespace {

class RouterTest : public testing::Test {
 protected:
  ~RouterTest() override { gate_.set(); }

  /// Lets the bytes of a request come in from the peer, and forgets them once it is dispatched, as
  /// the connection's read buffer does.
  void dispatch(std::string frame) {
    CommandView view;
    ASSERT_TRUE(decodeFrame(frame.data(), frame.size(), view).isOk());
    router_.dispatch(connection_, view, frame);
    frame.assign(frame.size(), '#');
  }

  /// The one frame that was sent; null when there is none.
  std::unique_ptr<ReceivedFrame> sent() {
    std::vector<std::string> frames = connection_->takeSent();
    EXPECT_LE(frames.size(), 1u);
    return frames.empty() ? nullptr : std::make_unique<ReceivedFrame>(std::move(frames[0]));
  }

  std::unique_ptr<ReceivedFrame> sentEventually() {
    std::unique_ptr<ReceivedFrame> frame;
    EXPECT_TRUE(eventually([&] { return (frame = sent()) != nullptr; }));
    return frame;
  }

  void handleEcho(Lane lane = Lane::kInline) {
    router_.handle<Echo>({.lane = lane}, [](const Echo& request, const RequestContext& context) {
      return Answer<Echo::Reply>(Echo::Reply{request.text}, std::string(context.body()));
    });
  }

  Event gate_;
  Lanes lanes_{{.query = {.threads = 1, .queue_max = 1}, .admin = {}}};
  Router router_{&lanes_};
  std::shared_ptr<MemoryConnection> connection_ = MemoryConnection::create();
};

class RouterCodecTest : public RouterTest, public testing::WithParamInterface<SerializeType> {};

TEST_P(RouterCodecTest, AnswersInTheCodecOfTheRequest) {
  handleEcho();
  dispatch(requestFrame(Echo{.text = "hello", .number = {}}, 77, "body", GetParam()));
  const auto answer = sent();
  ASSERT_NE(answer, nullptr);
  EXPECT_EQ(answer->command.serialize_type, GetParam());
  EXPECT_EQ(answer->code(), ResponseCode::kSuccess);
  EXPECT_EQ(answer->command.opaque, 77);
  EXPECT_EQ(answer->command.flag, kFlagResponse);
  EXPECT_EQ(answer->command.language, Language::kCpp);
  EXPECT_EQ(answer->command.version, kAnnouncedVersion);
  EXPECT_EQ(answer->text(), "hello");
  EXPECT_EQ(answer->command.body, "body");
}

INSTANTIATE_TEST_SUITE_P(Codecs, RouterCodecTest,
                         testing::Values(SerializeType::kJson, SerializeType::kBinary));

TEST_F(RouterTest, UnknownCodeIsNotSupported) {
  dispatch(requestFrame(Other{.text = "x", .number = {}}, 5));
  const auto answer = sent();
  ASSERT_NE(answer, nullptr);
  EXPECT_EQ(answer->code(), ResponseCode::kRequestCodeNotSupported);
  EXPECT_EQ(answer->command.remark, " request type 9004 not supported");
  EXPECT_EQ(answer->command.opaque, 5);
}

TEST_F(RouterTest, AnswerToAMissingFieldNamesIt) {
  handleEcho();
  std::string frame;
  HeaderWriter writer(frame, {.code = static_cast<int32_t>(Echo::kCode), .remark = {}});
  writer.add("number", "1");
  writer.finish(0);
  dispatch(std::move(frame));
  const auto answer = sent();
  ASSERT_NE(answer, nullptr);
  EXPECT_EQ(answer->code(), ResponseCode::kSystemError);
  EXPECT_NE(answer->command.remark.find("text"), std::string_view::npos);
}

// Promise: no peer gets a frame that it would close the connection for.
TEST_F(RouterTest, AnAnswerThatIsTooLongIsRefused) {
  const auto answerOf = [](auto reply) {
    return [reply](const auto&, const RequestContext&) {
      return Answer<decltype(reply)>(reply, Payload(std::string(kAnswerBodyBytesMax + 1, 'x')));
    };
  };
  router_.handle<Echo>({}, answerOf(Echo::Reply{}));
  router_.handle<Later>({.answer_body_max = kFrameBytesMax}, answerOf(Later::Reply{}));
  dispatch(requestFrame(Echo{.text = "x", .number = {}}, 5));
  const auto refusal = sent();
  ASSERT_NE(refusal, nullptr);
  EXPECT_EQ(refusal->code(), ResponseCode::kSystemError);
  EXPECT_NE(refusal->command.remark.find("at most " + std::to_string(kAnswerBodyBytesMax)),
            std::string_view::npos)
      << refusal->command.remark;
  EXPECT_EQ(refusal->command.body, "");

  dispatch(requestFrame(Later{.text = "x", .number = {}}, 6));
  const auto answer = sent();
  ASSERT_NE(answer, nullptr);
  EXPECT_EQ(answer->code(), ResponseCode::kSuccess);
  EXPECT_EQ(answer->command.body.size(), kAnswerBodyBytesMax + 1);
}

TEST_F(RouterTest, OnewayRequestsAreNeverAnswered) {
  handleEcho();
  router_.handle<Later>({}, [](const Later&, const RequestContext&) -> Answer<Later::Reply> {
    throw std::runtime_error("bug");
  });
  const auto oneway = [&](auto request) {
    dispatch(requestFrame(request, 1, {}, SerializeType::kJson, kFlagOneway));
  };
  oneway(Echo{.text = "handled", .number = {}});
  oneway(Later{.text = "throws", .number = {}});
  oneway(Other{.text = "unknown", .number = {}});
  EXPECT_EQ(sent(), nullptr);
}

TEST_F(RouterTest, EveryRequestIsMeasuredOnceUnderWhatItWasAndCameTo) {
  using Key = RpcLatency::Key;
  using Kind = RpcLatency::Kind;
  RpcLatency latency;
  router_.measure(&latency);
  handleEcho();
  router_.handleLater<Later>({},
                             [](const Later&, const RequestContext&, Responder<Later> responder) {
                               responder.markHeld();
                               responder(Later::Reply{"first"});
                               responder(Later::Reply{"second"});
                             });
  dispatch(requestFrame(Echo{.text = "a", .number = {}}, 1));
  dispatch(requestFrame(Echo{.text = "a", .number = {}}, 2, {}, SerializeType::kJson, kFlagOneway));
  dispatch(requestFrame(Later{.text = "a", .number = {}}, 3));
  dispatch(requestFrame(Other{.text = "a", .number = {}}, 4));
  connection_->takeSent();

  std::vector<Key> keys;
  for (const RpcLatency::Series& series : latency.series()) {
    keys.push_back(series.key);
    EXPECT_EQ(std::accumulate(series.counts.begin(), series.counts.end(), int64_t{0}), 1);
  }
  const std::vector<Key> expected{{.request_code = RpcLatency::kOtherCode,
                                   .response_code = ResponseCode::kRequestCodeNotSupported},
                                  {.request_code = 9001, .kind = Kind::kAnswered},
                                  {.request_code = 9001, .kind = Kind::kOneway},
                                  {.request_code = 9002, .kind = Kind::kLongPolling}};
  EXPECT_EQ(keys, expected);
}

TEST_F(RouterTest, ExceptionBecomesSystemErrorWithItsText) {
  router_.handle<Echo>({}, [](const Echo&, const RequestContext&) -> Answer<Echo::Reply> {
    throw std::runtime_error("the store is on fire");
  });
  router_.handleLater<Later>({}, [](const Later&, const RequestContext&, Responder<Later>) {
    throw std::runtime_error("no time for this");
  });
  dispatch(requestFrame(Echo{.text = "a", .number = {}}, 1));
  auto answer = sent();
  ASSERT_NE(answer, nullptr);
  EXPECT_EQ(answer->code(), ResponseCode::kSystemError);
  EXPECT_NE(answer->command.remark.find("the store is on fire"), std::string_view::npos);

  dispatch(requestFrame(Later{.text = "a", .number = {}}, 2));
  answer = sent();
  ASSERT_NE(answer, nullptr);
  EXPECT_EQ(answer->command.opaque, 2);
  EXPECT_NE(answer->command.remark.find("no time for this"), std::string_view::npos);
}

TEST_F(RouterTest, ExceptionAfterTheAnswerIsNotASecondAnswer) {
  router_.handleLater<Later>({},
                             [](const Later&, const RequestContext&, Responder<Later> responder) {
                               responder(Later::Reply{"first"});
                               throw std::runtime_error("too late");
                             });
  dispatch(requestFrame(Later{.text = "a", .number = {}}, 1));
  const auto answer = sent();
  ASSERT_NE(answer, nullptr);
  EXPECT_EQ(answer->text(), "first");
}

TEST_F(RouterTest, DroppedRequestIsAnsweredWithSystemError) {
  router_.handleLater<Later>({}, [](const Later&, const RequestContext&, Responder<Later>) {});
  dispatch(requestFrame(Later{.text = "a", .number = {}}, 1));
  const auto answer = sent();
  ASSERT_NE(answer, nullptr);
  EXPECT_EQ(answer->code(), ResponseCode::kSystemError);
}

TEST_F(RouterTest, ResponderAnswersOnceAndFromAnyThread) {
  std::optional<Responder<Later>> held;
  router_.handleLater<Later>({},
                             [&](const Later&, const RequestContext&, Responder<Later> responder) {
                               held.emplace(std::move(responder));
                             });
  dispatch(requestFrame(Later{.text = "a", .number = {}}, 9));
  EXPECT_EQ(sent(), nullptr);
  std::thread([&] {
    (*held)(Later::Reply{"late"});
    EXPECT_EQ(held->connection(), nullptr);
    (*held)(Later::Reply{"twice"});
  }).join();
  held.reset();
  const auto answer = sent();
  ASSERT_NE(answer, nullptr);
  EXPECT_EQ(answer->text(), "late");
}

TEST_F(RouterTest, FailedStatusBecomesTheAnswer) {
  router_.handle<Echo>({}, [](const Echo&, const RequestContext&) -> Answer<Echo::Reply> {
    return Status::busy("come back later");
  });
  const auto reply = connection_->request(router_, Echo{.text = "a", .number = {}});
  ASSERT_TRUE(reply.ok()) << reply.status().message();
  EXPECT_EQ(reply->code, ResponseCode::kSystemBusy);
  EXPECT_EQ(reply->remark, "come back later");
}

// Promise: a handler on a lane sees the request as it was, although the bytes it came in are gone
// and decoding had changed them (escapes of the JSON header).
TEST_F(RouterTest, LaneHandlerHasItsOwnCopyOfTheRequest) {
  const std::string text = "quote \" backslash \\ newline \n tab \t \x01 end";
  lanes_.run(Lane::kQuery, [this] { gate_.wait(); });
  ASSERT_TRUE(eventually([this] { return lanes_.queueSize(Lane::kQuery) == 0; }));
  handleEcho(Lane::kQuery);
  dispatch(requestFrame(Echo{.text = text, .number = 3}, 4, "the body"));
  EXPECT_EQ(sent(), nullptr);
  gate_.set();
  const auto answer = sentEventually();
  ASSERT_NE(answer, nullptr);
  EXPECT_EQ(answer->code(), ResponseCode::kSuccess);
  EXPECT_EQ(answer->text(), text);
  EXPECT_EQ(answer->command.body, "the body");
}

// Promise: what takes long to decode keeps no connection's thread, neither in the handler nor in
// the guard.
TEST_F(RouterTest, LongBodiesAreHandledAndGuardedOnALaneAndTooLongOnesNotAtAll) {
  std::atomic<std::thread::id> guarded;
  std::atomic<std::thread::id> handled;
  router_.setGuard([&](const RequestContext& context) -> std::optional<Answer<NoFields>> {
    guarded = std::this_thread::get_id();
    if (context.body().starts_with("stranger")) {
      return Answer<NoFields>(ResponseCode::kNoPermission, "who are you?");
    }
    return std::nullopt;
  });
  router_.handle<Echo>({.inline_body_max = 10, .body_max = 20},
                       [&](const Echo& request, const RequestContext&) {
                         handled = std::this_thread::get_id();
                         return Answer<Echo::Reply>(Echo::Reply{request.text});
                       });
  const auto codeOf = [&](const std::string& body) {
    dispatch(requestFrame(Echo{.text = "a", .number = {}}, 1, body));
    const auto answer = sentEventually();
    return answer == nullptr ? ResponseCode::kTopicNotExist : answer->code();
  };
  const std::thread::id here = std::this_thread::get_id();
  EXPECT_EQ(codeOf(std::string(10, 'x')), ResponseCode::kSuccess);
  EXPECT_EQ(guarded.load(), here);
  EXPECT_EQ(handled.load(), here);
  EXPECT_EQ(codeOf(std::string(11, 'x')), ResponseCode::kSuccess);
  EXPECT_NE(guarded.load(), here);
  EXPECT_NE(handled.load(), here);
  EXPECT_EQ(codeOf("stranger with luggage"), ResponseCode::kSystemError);
  EXPECT_EQ(codeOf("stranger, alone"), ResponseCode::kNoPermission);
}

// Promise: who asks for something that has no body, or a small one, cannot have the server look at
// 15 MiB for it: not in the handler and not in the guard, which has to hash them.
TEST_F(RouterTest, BodiesAreShortUnlessTheHandlerSaysOtherwise) {
  int guarded = 0;
  router_.setGuard([&](const RequestContext&) -> std::optional<Answer<NoFields>> {
    ++guarded;
    return std::nullopt;
  });
  handleEcho();
  dispatch(requestFrame(Echo{.text = "a", .number = {}}, 1, std::string(64u << 10, 'x')));
  EXPECT_EQ(sentEventually()->code(), ResponseCode::kSuccess);
  dispatch(requestFrame(Echo{.text = "a", .number = {}}, 2, std::string((64u << 10) + 1, 'x')));
  const auto answer = sentEventually();
  ASSERT_NE(answer, nullptr);
  EXPECT_EQ(answer->code(), ResponseCode::kSystemError);
  EXPECT_NE(answer->command.remark.find("at most 65536"), std::string_view::npos);
  EXPECT_EQ(guarded, 1);
}

TEST_F(RouterTest, TheGuardLooksAtLongBodiesOnTheLaneOfTheirHandler) {
  std::atomic<std::thread::id> guarded;
  std::atomic<std::thread::id> handled;
  std::atomic<int> guards = 0;
  router_.setGuard([&](const RequestContext&) -> std::optional<Answer<NoFields>> {
    guarded = std::this_thread::get_id();
    ++guards;
    return std::nullopt;
  });
  router_.handle<Echo>({.lane = Lane::kQuery,
                        .inline_body_max = 10,
                        .is_dear = [](std::string_view body) { return body == "dear"; },
                        .body_max = 20},
                       [&](const Echo& request, const RequestContext&) {
                         handled = std::this_thread::get_id();
                         return Answer<Echo::Reply>(Echo::Reply{request.text});
                       });
  for (const std::string& body : {std::string(11, 'x'), std::string("dear")}) {
    dispatch(requestFrame(Echo{.text = "a", .number = {}}, 1, body));
    EXPECT_EQ(sentEventually()->code(), ResponseCode::kSuccess);
    EXPECT_EQ(guarded.load(), handled.load());
  }
  dispatch(requestFrame(Echo{.text = "a", .number = {}}, 1, std::string(10, 'x')));
  EXPECT_EQ(sentEventually()->code(), ResponseCode::kSuccess);
  EXPECT_EQ(guarded.load(), std::this_thread::get_id());
  EXPECT_EQ(guards, 3) << "one request was looked at twice";
}

// Promise: nobody waits for answers that cannot be sent any more, and nothing that was sent to
// change something is lost, as many hang up at once when they have sent it.
TEST_F(RouterTest, OfAConnectionThatHasClosedOnlyWhatItWantedToReadIsLeftUndone) {
  std::atomic<int> read = 0;
  std::atomic<int> changed = 0;
  router_.handle<Echo>({.lane = Lane::kAdmin, .only_reads = true},
                       [&](const Echo&, const RequestContext&) {
                         ++read;
                         return Answer<Echo::Reply>();
                       });
  router_.handle<Other>({.lane = Lane::kAdmin}, [&](const Other&, const RequestContext&) {
    ++changed;
    return Answer<Other::Reply>();
  });
  const auto ask = [&] {
    dispatch(requestFrame(Echo{.text = "x", .number = {}}, 1));
    dispatch(requestFrame(Other{.text = "x", .number = {}}, 2));
    dispatch(
        requestFrame(Other{.text = "x", .number = {}}, 3, {}, SerializeType::kJson, kFlagOneway));
  };
  ask();
  ASSERT_TRUE(eventually([&] { return changed == 2; }));
  EXPECT_EQ(read, 1);
  {
    BusyLane busy(lanes_, Lane::kAdmin);
    ask();
    connection_->close("gone");
  }
  EXPECT_TRUE(eventually([&] { return changed == 4; }));
  EXPECT_EQ(read, 1);
}

TEST_F(RouterTest, FullLaneAnswersSystemBusy) {
  lanes_.run(Lane::kQuery, [this] { gate_.wait(); });
  ASSERT_TRUE(eventually([this] { return lanes_.queueSize(Lane::kQuery) == 0; }));
  handleEcho(Lane::kQuery);
  dispatch(requestFrame(Echo{.text = "waits", .number = {}}, 1));
  EXPECT_EQ(sent(), nullptr);
  dispatch(requestFrame(Echo{.text = "refused", .number = {}}, 2));
  const auto answer = sent();
  ASSERT_NE(answer, nullptr);
  EXPECT_EQ(answer->code(), ResponseCode::kSystemBusy);
  EXPECT_EQ(answer->command.opaque, 2);
  EXPECT_TRUE(answer->command.remark.starts_with("[OVERLOAD]system busy"));
  gate_.set();
  EXPECT_EQ(sentEventually()->text(), "waits");
}

TEST_F(RouterTest, RequestsOfOursAreAnsweredByThePeer) {
  std::optional<CallResult<Echo>> result;
  connection_->call(Echo{.text = "ask", .number = {}}, {}, deadlineAfter(seconds(1)),
                    [&](CallResult<Echo> r) { result.emplace(std::move(r)); });
  const auto request = sent();
  ASSERT_NE(request, nullptr);
  EXPECT_FALSE(connection_->answerCall(answerFrame(12345, ResponseCode::kSuccess, "stray")));
  EXPECT_TRUE(connection_->answerCall(
      answerFrame(request->command.opaque, ResponseCode::kSuccess, "told")));
  ASSERT_TRUE(result && result->ok());
  EXPECT_EQ((*result)->header.text, "told");
}

}  // namespace
}  // namespace rocketmq::remoting
