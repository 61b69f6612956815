#include "common/status.h"

#include <system_error>

namespace rocketmq {

std::string_view toString(StatusCode code) {
  switch (code) {
    case StatusCode::kOk:
      return "OK";
    case StatusCode::kInvalidArgument:
      return "InvalidArgument";
    case StatusCode::kNotFound:
      return "NotFound";
    case StatusCode::kCorruption:
      return "Corruption";
    case StatusCode::kIo:
      return "Io";
    case StatusCode::kReadOnly:
      return "ReadOnly";
    case StatusCode::kTimeout:
      return "Timeout";
    case StatusCode::kBusy:
      return "Busy";
    case StatusCode::kClosed:
      return "Closed";
    case StatusCode::kUnsupported:
      return "Unsupported";
    case StatusCode::kInternal:
      return "Internal";
  }
  return "Unknown";
}

Status Status::io(std::string m, int error_number) {
  m += ": ";
  m += std::generic_category().message(error_number);
  return {StatusCode::kIo, std::move(m)};
}

Status Status::withContext(std::string_view context) const {
  if (isOk()) {
    return *this;
  }
  std::string message(context);
  message += ": ";
  message += message_;
  return {code_, std::move(message)};
}

std::string Status::toString() const {
  if (isOk()) {
    return "OK";
  }
  std::string text(rocketmq::toString(code_));
  text += ": ";
  text += message_;
  return text;
}

}  // namespace rocketmq
