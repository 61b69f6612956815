#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace rocketmq {

/// What the client library throws from its synchronous calls. what() says what happened and what to
/// do about it.
class MQException : public std::runtime_error {
 public:
  MQException(int32_t code, const std::string& message)
      : std::runtime_error(message), code_(code) {}

  /// A response code of the broker, one of ClientErrorCode, or -1.
  int32_t code() const { return code_; }

 private:
  int32_t code_;
};

/// Wrong use, an unknown topic, no route, no name server: nothing was sent.
class MQClientException : public MQException {
 public:
  using MQException::MQException;
};

/// The broker answered with a refusal; code() is its response code.
class MQBrokerException : public MQException {
 public:
  MQBrokerException(int32_t code, const std::string& message, std::string broker_addr)
      : MQException(code, message), broker_addr_(std::move(broker_addr)) {}

  const std::string& brokerAddr() const { return broker_addr_; }

 private:
  std::string broker_addr_;
};

/// No connection, a connection that broke, no answer in time, or a shutdown before the answer: what
/// was sent may have been stored.
class RemotingException : public MQException {
 public:
  using MQException::MQException;
};

/// The remoting exception for "no answer in time".
class RemotingTimeoutException : public RemotingException {
 public:
  using RemotingException::RemotingException;
};

/// request() got no reply in time.
class RequestTimeoutException : public MQException {
 public:
  using MQException::MQException;
};

/// Codes that never travel on the wire (RocketMQ: ClientErrorCode).
struct ClientErrorCode {
  static constexpr int32_t kConnectBroker = 10001;
  static constexpr int32_t kAccessBrokerTimeout = 10002;
  static constexpr int32_t kBrokerNotExist = 10003;
  static constexpr int32_t kNoNameServer = 10004;
  static constexpr int32_t kNotFoundTopic = 10005;
  static constexpr int32_t kRequestTimeout = 10006;
  static constexpr int32_t kCreateReplyMessage = 10007;
};

}  // namespace rocketmq
