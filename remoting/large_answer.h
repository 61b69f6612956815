#pragma once

#include <string>
#include <utility>

#include "remoting/router.h"

namespace rocketmq::remoting {

/// RocketMQ's words, which clients look for before they retry elsewhere.
inline constexpr std::string_view kUnreadRemark =
    "[OVERLOAD]system busy, start flow control for a while: answers wait to be read";

/// A handler whose answer can be large and that runs on the connection's thread: it is not called
/// while too many answers wait to be read, as the router does not call those on lanes either.
template <class Handler>
auto largeAnswer(Handler handler) {
  return [handler = std::move(handler)](
             const auto& request,
             const RequestContext& context) -> decltype(handler(request, context)) {
    if (!context.connection->hasRoomForAnswer()) {
      return {ResponseCode::kSystemBusy, std::string(kUnreadRemark)};
    }
    return handler(request, context);
  };
}

}  // namespace rocketmq::remoting
