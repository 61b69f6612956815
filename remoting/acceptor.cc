#include "remoting/acceptor.h"

#include <sys/socket.h>

#include <cerrno>
#include <future>
#include <system_error>
#include <utility>

#include <asio/ip/address.hpp>
#include <asio/post.hpp>

#include "remoting/socket_address.h"

namespace rocketmq::remoting {
namespace {

/// The system cuts it down to its own limit (net.core.somaxconn).
constexpr int kBacklog = 4096;
/// Then other work of the thread comes first.
constexpr int kSocketsPerTurn = 16;
constexpr std::chrono::milliseconds kRetryDelay{100};

bool isOutOfResources(int error_number) {
  return error_number == EMFILE || error_number == ENFILE || error_number == ENOBUFS ||
         error_number == ENOMEM;
}

}  // namespace

Acceptor::Acceptor(asio::io_context& context, asio::ip::tcp::endpoint endpoint)
    : acceptor_(context.get_executor()),
      endpoint_(std::move(endpoint)),
      retry_timer_(context.get_executor()) {}

Result<std::shared_ptr<Acceptor>> Acceptor::open(asio::io_context& context,
                                                 const std::string& address, uint16_t port) {
  asio::error_code error;
  const asio::ip::address ip = asio::ip::make_address(address, error);
  if (error) {
    return Status::invalidArgument("cannot listen on '" + address + "': it is no IP address");
  }
  auto acceptor = std::make_shared<Acceptor>(context, asio::ip::tcp::endpoint(ip, port));
  ROCKETMQ_RETURN_IF_ERROR(acceptor->listen());
  return acceptor;
}

Status Acceptor::listen() {
  asio::error_code error;
  acceptor_.open(endpoint_.protocol(), error);
  if (!error) {
    acceptor_.set_option(asio::socket_base::reuse_address(true), error);
  }
  if (!error) {
    acceptor_.bind(endpoint_, error);
  }
  if (!error) {
    acceptor_.listen(kBacklog, error);
  }
  if (!error) {
    acceptor_.native_non_blocking(true, error);
  }
  if (error) {
    return Status::io("cannot listen on " + toHostAddress(endpoint_).toString() + ": " +
                      error.message());
  }
  endpoint_ = acceptor_.local_endpoint(error);
  return Status::ok();
}

void Acceptor::start(OnSocket on_socket) {
  on_socket_ = std::move(on_socket);
  asio::post(acceptor_.get_executor(), [self = shared_from_this()] { self->waitForSockets(); });
}

void Acceptor::stop() {
  std::promise<void> stopped;
  asio::post(acceptor_.get_executor(), [&] {
    asio::error_code ignored;
    acceptor_.close(ignored);
    retry_timer_.cancel();
    on_socket_ = nullptr;
    stopped.set_value();
  });
  stopped.get_future().wait();
}

void Acceptor::waitForSockets() {
  if (!acceptor_.is_open()) {
    return;
  }
  acceptor_.async_wait(asio::socket_base::wait_read,
                       [self = shared_from_this()](const asio::error_code& error) {
                         if (!error && self->acceptor_.is_open()) {
                           self->acceptAll();
                         }
                       });
}

void Acceptor::acceptAll() {
  for (int i = 0; i < kSocketsPerTurn; ++i) {
    Descriptor socket(
        ::accept4(acceptor_.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket.valid()) {
      on_socket_(std::move(socket), endpoint_.protocol());
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      break;
    } else if (isOutOfResources(errno)) {
      tryAgainLater(errno);
      return;
    }
    // Anything else concerns one connection that has gone before it was accepted.
  }
  waitForSockets();
}

void Acceptor::tryAgainLater(int error_number) {
  failure_log_.error("cannot accept connections on {}: {}", toHostAddress(endpoint_).toString(),
                     std::error_code(error_number, std::system_category()).message());
  retry_timer_.expires_after(kRetryDelay);
  retry_timer_.async_wait([self = shared_from_this()](const asio::error_code& error) {
    if (!error) {
      self->waitForSockets();
    }
  });
}

}  // namespace rocketmq::remoting
