#include "client/instance/client_error.h"

namespace rocketmq::client {

ClientError ClientError::remoting(const Status& status, const std::string& address) {
  if (status.code() == StatusCode::kTimeout) {
    // The connection has named the address.
    return {Kind::kTimeout, ClientErrorCode::kAccessBrokerTimeout, status.message(), {}};
  }
  return {Kind::kRemoting,
          ClientErrorCode::kConnectBroker,
          "call to " + address + " failed: " + status.message(),
          {}};
}

ClientError ClientError::broker(remoting::ResponseCode code, const std::string& remark,
                                const std::string& address) {
  const auto number = static_cast<int32_t>(code);
  return {Kind::kBroker, number,
          "CODE: " + std::to_string(number) + "  DESC: " + remark + "  BROKER: " + address + " (" +
              remoting::toString(code) + ")",
          address};
}

ClientError ClientError::system(const std::system_error& failure) {
  // What pthread_create() says at every limit on threads.
  const bool no_thread = failure.code() == std::errc::resource_unavailable_try_again;
  return client("the client cannot be started: " +
                std::string(no_thread ? "the system gives this process no more threads (see "
                                        "ulimit -u, and pids.max of its control group): "
                                      : "") +
                failure.what());
}

ClientError ClientError::withContext(const std::string& context) && {
  message.insert(0, context + ": ");
  return std::move(*this);
}

void throwError(const ClientError& error) {
  switch (error.kind) {
    case ClientError::Kind::kClient:
      break;
    case ClientError::Kind::kBroker:
      throw MQBrokerException(error.code, error.message, error.address);
    case ClientError::Kind::kRemoting:
      throw RemotingException(error.code, error.message);
    case ClientError::Kind::kTimeout:
      throw RemotingTimeoutException(error.code, error.message);
    case ClientError::Kind::kReplyTimeout:
      throw RequestTimeoutException(error.code, error.message);
  }
  throw MQClientException(error.code, error.message);
}

void withException(const ClientError& error, const std::function<void(const MQException&)>& use) {
  switch (error.kind) {
    case ClientError::Kind::kClient:
      use(MQClientException(error.code, error.message));
      return;
    case ClientError::Kind::kBroker:
      use(MQBrokerException(error.code, error.message, error.address));
      return;
    case ClientError::Kind::kRemoting:
      use(RemotingException(error.code, error.message));
      return;
    case ClientError::Kind::kTimeout:
      use(RemotingTimeoutException(error.code, error.message));
      return;
    case ClientError::Kind::kReplyTimeout:
      use(RequestTimeoutException(error.code, error.message));
      return;
  }
}

}  // namespace rocketmq::client
