#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "common/check.h"

namespace rocketmq {

/// What kind of thing went wrong.
enum class StatusCode : uint8_t {
  kOk,
  kInvalidArgument,  ///< The caller asked for something that cannot be done; do not retry.
  kNotFound,         ///< The thing asked for does not exist.
  kCorruption,       ///< Bytes from a disk or a peer are not what they must be.
  kIo,               ///< The operating system refused a read, write, open, ...
  kReadOnly,         ///< The store no longer accepts writes (earlier failure, full disk, slave).
  kTimeout,          ///< A deadline passed; whether the work was done is unknown.
  kBusy,             ///< A bound was reached; try again later.
  kClosed,           ///< The object or connection was closed.
  kUnsupported,      ///< A request or format this build does not know.
  kInternal,         ///< A bug of ours.
};

/// The code's name as it appears in logs, for instance "InvalidArgument".
std::string_view toString(StatusCode code);

/// Success, or a code with a message that tells a person what happened and what to do.
/// Add context on the way up with `withContext()`; log once, at the border.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(StatusCode code, std::string message) : code_(code), message_(std::move(message)) {}

  static Status ok() { return {}; }
  static Status invalidArgument(std::string m) {
    return {StatusCode::kInvalidArgument, std::move(m)};
  }
  static Status notFound(std::string m) { return {StatusCode::kNotFound, std::move(m)}; }
  static Status corruption(std::string m) { return {StatusCode::kCorruption, std::move(m)}; }
  static Status io(std::string m) { return {StatusCode::kIo, std::move(m)}; }
  /// kIo with the text of `error_number` (an errno value) appended.
  static Status io(std::string m, int error_number);
  static Status readOnly(std::string m) { return {StatusCode::kReadOnly, std::move(m)}; }
  static Status timeout(std::string m) { return {StatusCode::kTimeout, std::move(m)}; }
  static Status busy(std::string m) { return {StatusCode::kBusy, std::move(m)}; }
  static Status closed(std::string m) { return {StatusCode::kClosed, std::move(m)}; }
  static Status unsupported(std::string m) { return {StatusCode::kUnsupported, std::move(m)}; }
  static Status internal(std::string m) { return {StatusCode::kInternal, std::move(m)}; }

  bool isOk() const { return code_ == StatusCode::kOk; }
  StatusCode code() const { return code_; }
  const std::string& message() const { return message_; }

  /// The same failure with "`context`: " before its message. OK stays OK.
  Status withContext(std::string_view context) const;

  /// "InvalidArgument: message", or "OK".
  std::string toString() const;

 private:
  StatusCode code_ = StatusCode::kOk;
  std::string message_;
};

/// A T, or the Status that says why there is none. Reading the value of a failed result is a
/// programming error and stops the process.
template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value) : state_(std::in_place_index<1>, std::move(value)) {}
  Result(Status status) : state_(std::in_place_index<0>, std::move(status)) {
    ROCKETMQ_CHECK(!std::get<0>(state_).isOk());
  }

  bool ok() const { return state_.index() == 1; }
  explicit operator bool() const { return ok(); }

  /// OK when there is a value.
  Status status() const { return ok() ? Status::ok() : std::get<0>(state_); }

  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(value()); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  T& value() {
    ROCKETMQ_CHECK(ok());
    return std::get<1>(state_);
  }
  const T& value() const {
    ROCKETMQ_CHECK(ok());
    return std::get<1>(state_);
  }

 private:
  std::variant<Status, T> state_;
};

}  // namespace rocketmq

/// Leaves the function with the status of `expr` unless it is OK.
#define ROCKETMQ_RETURN_IF_ERROR(expr)                                          \
  do {                                                                          \
    if (::rocketmq::Status rocketmq_status = (expr); !rocketmq_status.isOk()) { \
      return rocketmq_status;                                                   \
    }                                                                           \
  } while (false)

#define ROCKETMQ_CONCAT_INNER(a, b) a##b
#define ROCKETMQ_CONCAT(a, b) ROCKETMQ_CONCAT_INNER(a, b)

/// `lhs` = value of the Result `expr`, or leaves the function with its status.
#define ROCKETMQ_ASSIGN_OR_RETURN(lhs, expr) \
  ROCKETMQ_ASSIGN_OR_RETURN_IMPL(ROCKETMQ_CONCAT(result_, __LINE__), lhs, expr)
#define ROCKETMQ_ASSIGN_OR_RETURN_IMPL(result, lhs, expr) \
  auto result = (expr);                                   \
  if (!result.ok()) {                                     \
    return result.status();                               \
  }                                                       \
  lhs = std::move(*result)
