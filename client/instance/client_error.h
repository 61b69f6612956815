#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <system_error>
#include <utility>

#include "common/status.h"
#include "remoting/protocol/codes.h"
#include "rocketmq/exceptions.h"

namespace rocketmq::client {

/// Why a call of the library failed, in the words of its public exceptions. Inside the library
/// errors are values; only the public synchronous calls turn them into exceptions.
struct ClientError {
  enum class Kind : uint8_t {
    kClient,        ///< MQClientException: nothing was sent.
    kBroker,        ///< MQBrokerException: the server answered with a refusal.
    kRemoting,      ///< RemotingException: no connection, it broke, or the client was shut down.
    kTimeout,       ///< RemotingTimeoutException: no answer in time.
    kReplyTimeout,  ///< RequestTimeoutException: stored, but nobody replied in time.
  };

  Kind kind = Kind::kClient;
  int32_t code = -1;
  std::string message;
  std::string address;  ///< Of the server that refused; kBroker only.

  static ClientError client(std::string message, int32_t code = -1) {
    return {Kind::kClient, code, std::move(message), {}};
  }
  /// From a failed call to `address`.
  static ClientError remoting(const Status& status, const std::string& address);
  /// From an answer that is a refusal.
  static ClientError broker(remoting::ResponseCode code, const std::string& remark,
                            const std::string& address);

  /// From what the system has refused to a client that starts: a thread, as a rule.
  static ClientError system(const std::system_error& failure);

  /// The same error with "`context`: " before its message.
  ClientError withContext(const std::string& context) &&;
};

/// Throws the public exception for `error`.
[[noreturn]] void throwError(const ClientError& error);

/// Calls `use` with the public exception for `error`, without throwing.
void withException(const ClientError& error, const std::function<void(const MQException&)>& use);

/// A T, or the error that says why there is none.
template <class T>
class [[nodiscard]] Outcome {
 public:
  Outcome(const T& value) : state_(std::in_place_index<1>, value) {}
  Outcome(T&& value) : state_(std::in_place_index<1>, std::move(value)) {}
  Outcome(ClientError error) : state_(std::in_place_index<0>, std::move(error)) {}

  bool ok() const { return state_.index() == 1; }
  const ClientError& error() const {
    ROCKETMQ_CHECK(!ok());
    return std::get<0>(state_);
  }
  T& value() {
    ROCKETMQ_CHECK(ok());
    return std::get<1>(state_);
  }
  const T& value() const {
    ROCKETMQ_CHECK(ok());
    return std::get<1>(state_);
  }

  /// The value, or the public exception.
  T valueOrThrow() && {
    if (!ok()) {
      throwError(error());
    }
    return std::move(std::get<1>(state_));
  }

 private:
  std::variant<ClientError, T> state_;
};

}  // namespace rocketmq::client
