#include "remoting/answer.h"

namespace rocketmq::remoting {

ResponseCode responseCodeOf(StatusCode code) {
  switch (code) {
    case StatusCode::kOk:
      return ResponseCode::kSuccess;
    case StatusCode::kNotFound:
      return ResponseCode::kQueryNotFound;
    case StatusCode::kReadOnly:
      return ResponseCode::kServiceNotAvailable;
    case StatusCode::kBusy:
      return ResponseCode::kSystemBusy;
    case StatusCode::kUnsupported:
      return ResponseCode::kRequestCodeNotSupported;
    // RocketMQ parity: 4.x brokers answer SYSTEM_ERROR to bad fields; their clients do not know the
    // INVALID_PARAMETER of 5.x.
    case StatusCode::kInvalidArgument:
    case StatusCode::kCorruption:
    case StatusCode::kIo:
    case StatusCode::kTimeout:
    case StatusCode::kClosed:
    case StatusCode::kInternal:
      return ResponseCode::kSystemError;
  }
  return ResponseCode::kSystemError;
}

}  // namespace rocketmq::remoting
