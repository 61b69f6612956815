#include "remoting/router.h"

#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <utility>

#include "common/check.h"
#include "common/log.h"
#include "remoting/large_answer.h"

namespace rocketmq::remoting {
namespace {

/// As kUnreadRemark.
constexpr std::string_view kLaneFullRemark =
    "[OVERLOAD]system busy, start flow control for a while";

/// Where a responder that dies while its handler is left by an exception goes, so that it can still
/// answer with the exception's text. One place per nested run() of a thread.
thread_local std::optional<RawResponder>* unwound_responder = nullptr;

/// `view` moved from bytes at `from` to their copy at `to`. Decoding the copy anew would not do:
/// undoing a JSON header's escapes has changed its bytes.
CommandView rebased(const CommandView& view, std::string_view from, const char* to) {
  const auto moved = [&](std::string_view text) {
    const auto begin = reinterpret_cast<uintptr_t>(from.data());
    const auto at = reinterpret_cast<uintptr_t>(text.data());
    if (at < begin || at + text.size() > begin + from.size()) {
      return text;  // Static text.
    }
    return std::string_view(to + (at - begin), text.size());
  };
  CommandView copy = view;
  copy.remark = moved(view.remark);
  copy.body = moved(view.body);
  copy.ext_fields.clear();
  for (const auto& [name, value] : view.ext_fields) {
    copy.ext_fields.add(moved(name), moved(value));
  }
  return copy;
}

/// The frame in memory of its own: its owner's, or a copy.
PartialFrame owned(std::string_view frame, PartialFrame* owner) {
  if (owner != nullptr) {
    return owner->take();
  }
  PartialFrame copy;
  copy.assign(frame, frame.size());
  return copy;
}

std::string tooLongRemark(const CommandView& view, const HandlerOptions& options) {
  return "the body of " + toString(static_cast<RequestCode>(view.code)) + " has " +
         std::to_string(view.body.size()) + " bytes, at most " + std::to_string(options.body_max) +
         " are taken";
}

}  // namespace

RawResponder::RawResponder(ConnectionPtr connection, const CommandView& request,
                           RpcLatency* latency, int32_t request_code, size_t answer_body_max)
    : connection_(std::move(connection)),
      latency_(latency),
      answer_body_max_(answer_body_max),
      request_code_(request_code),
      opaque_(request.opaque),
      serialize_type_(request.serialize_type),
      is_oneway_(request.isOneway()) {
  if (!is_oneway_) {
    connection_->requestBegan();
  }
  if (latency_ != nullptr) {
    began_ = std::chrono::steady_clock::now();
  }
}

std::string RawResponder::tooLongRemark(size_t body_bytes) const {
  return "the answer's body would have " + std::to_string(body_bytes) + " bytes, at most " +
         std::to_string(answer_body_max_) + " are sent; ask for less at a time";
}

void RawResponder::noteLatency(ResponseCode code) const {
  using Kind = RpcLatency::Kind;
  const Kind kind = is_oneway_ ? Kind::kOneway : was_held_ ? Kind::kLongPolling : Kind::kAnswered;
  latency_->note({.request_code = request_code_, .response_code = code, .kind = kind},
                 std::chrono::steady_clock::now() - began_);
}

void RawResponder::answerDropped() noexcept {
  if (unwound_responder != nullptr && !unwound_responder->has_value() &&
      std::uncaught_exceptions() > 0) {
    unwound_responder->emplace(std::move(*this));
    return;
  }
  answer(Answer<NoFields>(ResponseCode::kSystemError, "the request was dropped without an answer"));
}

CommandHead RawResponder::head(ResponseCode code, std::string_view remark) const {
  return {.code = static_cast<int32_t>(code),
          .opaque = opaque_,
          .flag = kFlagResponse,
          .serialize_type = serialize_type_,
          .remark = remark};
}

/// A request that waits for its lane, with a frame of its own. While it lives, the requests behind
/// it wait, too, if their order counts.
struct Router::LaneTask {
  const ConnectionPtr connection;
  PartialFrame frame;
  CommandView command;
  RawResponder responder;
  const HandlerOptions options;

  LaneTask(const RequestContext& context, RawResponder raw, const HandlerOptions& how,
           std::string_view bytes, PartialFrame* owner)
      : connection(context.connection),
        frame(owned(bytes, owner)),
        command(rebased(context.command, bytes, frame.data())),
        responder(std::move(raw)),
        options(how) {
    if (options.keeps_order) {
      connection->holdRequests();
    }
  }
  LaneTask(const LaneTask&) = delete;
  LaneTask& operator=(const LaneTask&) = delete;
  ~LaneTask() {
    if (options.keeps_order) {
      connection->resumeRequests();
    }
  }

  /// Who asks a lot and reads nothing gets no more large answers made, and who has gone none that
  /// he could only read. Where the order counts nothing large is answered, and a one-way request
  /// would be lost.
  bool mayRun() const {
    return options.keeps_order ||
           (connection->hasRoomForAnswer() && (connection->isOpen() || !options.only_reads));
  }
};

void Router::add(int32_t code, HandlerOptions options, RawHandler handler) {
  const bool is_inline = options.lane == Lane::kInline &&
                         options.inline_body_max >= options.body_max && options.is_dear == nullptr;
  ROCKETMQ_CHECK(is_inline || lanes_ != nullptr);
  const bool is_new = entries_.try_emplace(code, Entry{options, std::move(handler)}).second;
  ROCKETMQ_CHECK(is_new);
}

void Router::dispatch(const ConnectionPtr& connection, const CommandView& view,
                      std::string_view frame, PartialFrame* owner) const {
  const auto found = entries_.find(view.code);
  const bool is_known = found != entries_.end();
  RawResponder responder(connection, view, latency_, is_known ? view.code : RpcLatency::kOtherCode,
                         is_known ? found->second.options.answer_body_max : kAnswerBodyBytesMax);
  if (!is_known) {
    responder.answer(
        Answer<NoFields>(ResponseCode::kRequestCodeNotSupported,
                         " request type " + std::to_string(view.code) + " not supported"));
    return;
  }
  const Entry& entry = found->second;
  const RequestContext context{.connection = connection, .command = view};
  if (view.body.size() > entry.options.body_max) {
    responder.answer(
        Answer<NoFields>(ResponseCode::kSystemError, tooLongRemark(view, entry.options)));
    return;
  }
  const bool is_long = entry.options.isLong(view.body);
  if (!is_long && isRefused(context, responder)) {
    return;
  }
  if (entry.options.lane == Lane::kInline && !is_long) {
    run(entry.handler, context, std::move(responder));
  } else {
    runOnLane(entry, context, std::move(responder), frame, owner, !is_long);
  }
}

bool Router::isRefused(const RequestContext& context, RawResponder& responder) const {
  if (!guard_) {
    return false;
  }
  std::optional<Answer<NoFields>> refusal = guard_(context);
  if (!refusal) {
    return false;
  }
  responder.answer(std::move(*refusal));
  return true;
}

void Router::runOnLane(const Entry& entry, const RequestContext& context, RawResponder responder,
                       std::string_view frame, PartialFrame* owner, bool is_guarded) const {
  const HandlerOptions& options = entry.options;
  const Lane lane = options.lane == Lane::kInline ? options.long_body_lane : options.lane;
  // Shared, because a lane that refuses the task destroys it, and the responder must outlive that.
  const auto task =
      std::make_shared<LaneTask>(context, std::move(responder), options, frame, owner);
  auto work = [this, task, handler = &entry.handler, is_guarded] {
    if (!task->mayRun()) {
      task->responder.answer(
          Answer<NoFields>(ResponseCode::kSystemBusy, std::string(kUnreadRemark)));
      return;
    }
    const RequestContext copied{
        .connection = task->connection, .command = task->command, .is_on_lane = true};
    if (is_guarded || !isRefused(copied, task->responder)) {
      run(*handler, copied, std::move(task->responder));
    }
  };
  const bool is_taken = lanes_->run(lane, std::move(work),
                                    {.bytes = frame.size(), .source = context.connection.get()});
  if (!is_taken) {
    task->responder.answer(
        Answer<NoFields>(ResponseCode::kSystemBusy, std::string(kLaneFullRemark)));
  }
}

void Router::run(const RawHandler& handler, const RequestContext& context, RawResponder responder) {
  std::optional<RawResponder> unwound;
  std::optional<RawResponder>* const outer = std::exchange(unwound_responder, &unwound);
  std::string error;
  try {
    handler(context, std::move(responder));
  } catch (const std::exception& exception) {
    error = std::string("exception: ") + exception.what();
  } catch (...) {
    error = "unknown exception";
  }
  unwound_responder = outer;
  if (!error.empty()) {
    log::error("handler of {} failed: {}", toString(static_cast<RequestCode>(context.command.code)),
               error);
  }
  if (unwound) {
    unwound->answer(Answer<NoFields>(ResponseCode::kSystemError, std::move(error)));
  }
}

}  // namespace rocketmq::remoting
