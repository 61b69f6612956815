#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>

#include "remoting/answer.h"
#include "remoting/connection.h"
#include "remoting/lanes.h"
#include "remoting/partial_frame.h"
#include "remoting/protocol/command.h"
#include "remoting/protocol/field_codec.h"
#include "remoting/protocol/frame.h"
#include "remoting/rpc_latency.h"
#include "remoting/spare_text.h"

namespace rocketmq::remoting {

/// What a handler may know about the request besides its fields. Views are valid only while the
/// handler runs; a handler that answers later copies what it needs.
struct RequestContext {
  const ConnectionPtr& connection;
  const CommandView& command;
  bool is_on_lane = false;  ///< The handler runs on a lane, not on the connection's thread.

  std::string_view body() const { return command.body; }
};

/// Answers one request, once, now or later, from any thread. Destroyed unanswered, it answers
/// SYSTEM_ERROR, so that no client waits for its timeout. One-way requests are never answered.
/// Answers are in the request's own codec (RocketMQ 4.9; 5.x has one codec for all).
class RawResponder {
 public:
  /// With a `latency` the answer is noted there, under `request_code`; borrowed. An answer whose
  /// body is longer than `answer_body_max` is replaced by a refusal that says so.
  RawResponder(ConnectionPtr connection, const CommandView& request, RpcLatency* latency = nullptr,
               int32_t request_code = RpcLatency::kOtherCode,
               size_t answer_body_max = kAnswerBodyBytesMax);
  RawResponder(RawResponder&&) noexcept = default;
  RawResponder& operator=(RawResponder&&) = delete;
  ~RawResponder() {
    if (connection_ != nullptr) {
      answerDropped();
    }
  }

  template <Described Reply>
  void answer(Answer<Reply> answer) {
    const ConnectionPtr connection = std::move(connection_);
    connection_ = nullptr;
    if (connection == nullptr) {
      return;
    }
    if (answer.body.size() > answer_body_max_) {
      answer = {ResponseCode::kSystemError, tooLongRemark(answer.body.size())};
    }
    if (answer.code == ResponseCode::kSystemBusy) {
      connection->requestRefused();
    }
    if (!is_oneway_) {
      OutgoingFrame frame{.head = takeSpareText(), .body = {}};
      HeaderWriter writer(frame.head, head(answer.code, answer.remark));
      if (answer.header) {
        encodeFields(*answer.header, NameStyle::kLong, writer);
      }
      if (writer.finish(answer.body.size())) {
        frame.body = std::move(answer.body);
      }
      connection->sendAnswer(std::move(frame));
    }
    if (latency_ != nullptr) {
      noteLatency(answer.code);
    }
  }

  bool isOneway() const { return is_oneway_; }
  /// Null once answered.
  const ConnectionPtr& connection() const { return connection_; }
  /// The request waits for something to happen: how long it took says nothing about the server.
  void markHeld() { was_held_ = true; }

 private:
  void noteLatency(ResponseCode code) const;
  CommandHead head(ResponseCode code, std::string_view remark) const;
  std::string tooLongRemark(size_t body_bytes) const;
  void answerDropped() noexcept;

  ConnectionPtr connection_;
  RpcLatency* latency_;
  size_t answer_body_max_;
  std::chrono::steady_clock::time_point began_;  ///< Only with latency_.
  int32_t request_code_;
  int32_t opaque_;
  SerializeType serialize_type_;
  bool is_oneway_;
  bool was_held_ = false;
};

/// The typed face of RawResponder for command C.
template <Command C>
class Responder {
 public:
  explicit Responder(RawResponder raw) : raw_(std::move(raw)) {}

  void operator()(Answer<typename C::Reply> answer) { raw_.answer(std::move(answer)); }
  bool isOneway() const { return raw_.isOneway(); }
  const ConnectionPtr& connection() const { return raw_.connection(); }
  void markHeld() { raw_.markHeld(); }

 private:
  RawResponder raw_;
};

/// For handlers whose bodies have no bound but that of the frame.
inline constexpr size_t kAnyBodyBytes = std::numeric_limits<size_t>::max();

/// The defaults are for requests that have no body, or a small one.
struct HandlerOptions {
  /// Where the handler runs: on the connection's thread (it must not block), or on a bounded pool.
  Lane lane = Lane::kInline;
  /// A longer body takes a while to sign or to decode: the guard looks at it on a lane, and a
  /// handler that is inline runs there, too.
  size_t inline_body_max = 64u << 10;
  /// Whether a shorter one takes as long all the same; null: none does. Itself it has to be quick.
  bool (*is_dear)(std::string_view body) = nullptr;
  /// A longer body is refused with SYSTEM_ERROR, unread.
  size_t body_max = 64u << 10;
  /// A longer body of the answer is replaced by SYSTEM_ERROR: whoever takes frames of the usual
  /// length would close the connection.
  size_t answer_body_max = kAnswerBodyBytesMax;
  /// Where requests with long bodies go when `lane` is kInline.
  Lane long_body_lane = Lane::kAdmin;
  /// The requests behind one that is on its way through a lane wait for it, see
  /// Connection::holdRequests().
  bool keeps_order = false;
  /// All it does is answer: one on a lane whose connection has closed meanwhile is let go of. What
  /// changes something is done, as its sender may well have gone after it was sent.
  bool only_reads = false;

  bool isLong(std::string_view body) const {
    return body.size() > inline_body_max || (is_dear != nullptr && is_dear(body));
  }
};

/// Request code -> typed handler. Filled at start, then read by every connection.
/// Threads: handle...() before the first connection; dispatch() any.
class Router {
 public:
  /// `lanes` runs the handlers that are not inline; borrowed, must outlive the router. May be null
  /// when every handler is inline.
  explicit Router(Lanes* lanes) : lanes_(lanes) {}

  /// `handler(const C&, const RequestContext&)` returns the Answer<C::Reply>.
  template <Command C, class Handler>
  void handle(HandlerOptions options, Handler handler) {
    handleLater<C>(options, [handler = std::move(handler)](
                                const C& request, const RequestContext& context,
                                Responder<C> responder) { responder(handler(request, context)); });
  }

  /// `handler(const C&, const RequestContext&, Responder<C>)` answers when it can.
  template <Command C, class Handler>
  void handleLater(HandlerOptions options, Handler handler) {
    add(static_cast<int32_t>(C::kCode), options,
        [handler = std::move(handler)](const RequestContext& context, RawResponder responder) {
          C request{};
          const Status status = decodeFields(context.command.ext_fields, nameStyleOf<C>(), request);
          if (!status.isOk()) {
            responder.answer(Answer<NoFields>(status));
            return;
          }
          handler(request, context, Responder<C>(std::move(responder)));
        });
  }

  /// Looks at each request before its handler does, on the connection's thread unless the body is
  /// too long for it, see HandlerOptions: nullopt lets it pass, an answer refuses it. What is
  /// refused for the length of its body it does not see.
  using Guard = std::function<std::optional<Answer<NoFields>>(const RequestContext&)>;
  /// As handle...(): before the first connection.
  void setGuard(Guard guard) { guard_ = std::move(guard); }

  /// Has it noted how long each request takes. `latency` is borrowed and outlives every answer; as
  /// handle...(): before the first connection. Costs two looks at the clock per request.
  void measure(RpcLatency* latency) { latency_ = latency; }

  /// Runs the handler of a request frame. `frame` is the whole frame that `view` points into, for
  /// handlers on a lane, which get a copy; or else `owner`, if it has that frame and nothing more,
  /// from which they may take it. Unknown codes are answered REQUEST_CODE_NOT_SUPPORTED, a full
  /// lane SYSTEM_BUSY, an exception SYSTEM_ERROR with its text.
  void dispatch(const ConnectionPtr& connection, const CommandView& view, std::string_view frame,
                PartialFrame* owner = nullptr) const;

 private:
  using RawHandler = std::function<void(const RequestContext&, RawResponder)>;
  struct Entry {
    HandlerOptions options;
    RawHandler handler;
  };

  struct LaneTask;

  void add(int32_t code, HandlerOptions options, RawHandler handler);
  /// True when the guard has refused the request, and answered it.
  bool isRefused(const RequestContext& context, RawResponder& responder) const;
  /// `is_guarded`: the guard has let it pass already.
  void runOnLane(const Entry& entry, const RequestContext& context, RawResponder responder,
                 std::string_view frame, PartialFrame* owner, bool is_guarded) const;
  static void run(const RawHandler& handler, const RequestContext& context, RawResponder responder);

  Lanes* lanes_;
  Guard guard_;  ///< Empty: everything passes.
  RpcLatency* latency_ = nullptr;
  std::unordered_map<int32_t, Entry> entries_;
};

}  // namespace rocketmq::remoting
