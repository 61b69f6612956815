#pragma once

#include <optional>
#include <string>
#include <utility>

#include "common/status.h"
#include "remoting/payload.h"
#include "remoting/protocol/codes.h"
#include "remoting/protocol/field_codec.h"

namespace rocketmq::remoting {

/// The response code a client sees for a failed Status. One place, tested for every code.
ResponseCode responseCodeOf(StatusCode code);

/// What a handler says: a response code, a remark for people, the reply's header fields where they
/// are wanted, a body.
///
///     return Answer<GetMaxOffsetReply>(reply);                          // success
///     return {ResponseCode::kTopicNotExist, "topic[T] not exist"};      // refusal
///     return status;                                                    // failed Status
template <Described Reply>
struct Answer {
  ResponseCode code = ResponseCode::kSuccess;
  std::string remark;
  /// Absent: no extFields are written.
  std::optional<Reply> header;
  Payload body;

  Answer() = default;
  Answer(Reply reply) : header(std::move(reply)) {}
  Answer(Reply reply, Payload payload) : header(std::move(reply)), body(std::move(payload)) {}
  Answer(ResponseCode response_code, std::string text)
      : code(response_code), remark(std::move(text)) {}
  /// Precondition: !status.isOk().
  Answer(const Status& status) : code(responseCodeOf(status.code())), remark(status.message()) {}

  /// Success with a body and no fields.
  static Answer ofBody(Payload payload) {
    Answer answer;
    answer.body = std::move(payload);
    return answer;
  }
};

}  // namespace rocketmq::remoting
