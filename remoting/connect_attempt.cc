#include "remoting/connect_attempt.h"

#include <algorithm>
#include <utility>

#include <asio/connect.hpp>
#include <asio/ip/address.hpp>
#include <asio/post.hpp>

namespace rocketmq::remoting {
namespace {

Status noAnswerWithin(std::chrono::milliseconds time) {
  return Status::io("no answer within " + std::to_string(time.count()) + " ms");
}

}  // namespace

ConnectAttempt::ConnectAttempt(asio::io_context& context, HostLookup& lookup, std::string address,
                               HostAndPort target, std::shared_ptr<const TlsContext> tls,
                               Limits limits, OnEnd on_end)
    : executor_(context.get_executor()),
      lookup_(lookup),
      address_(std::move(address)),
      target_(std::move(target)),
      tls_context_(std::move(tls)),
      limits_(limits),
      on_end_(std::move(on_end)),
      socket_(executor_),
      timer_(executor_),
      deadline_(deadlineAfter(limits.timeout)) {}

void ConnectAttempt::start() {
  asio::post(executor_, [self = shared_from_this()] { self->begin(); });
}

bool ConnectAttempt::join(Deadline deadline, Client::ConnectCallback& callback) {
  if (joined_.fetch_add(1, std::memory_order_relaxed) >= limits_.waiters_max) {
    return false;
  }
  Waiter waiter{.callback = std::move(callback),
                .deadline = deadline,
                .patience = std::chrono::ceil<std::chrono::milliseconds>(
                    deadline - std::chrono::steady_clock::now()),
                .timer = {}};
  asio::post(executor_, [self = shared_from_this(), waiter = std::move(waiter)]() mutable {
    self->addWaiter(std::move(waiter));
  });
  return true;
}

void ConnectAttempt::cancel() {
  asio::post(executor_,
             [self = shared_from_this()] { self->end(Status::closed("the client is stopped")); });
}

void ConnectAttempt::begin() {
  if (outcome_) {
    return;
  }
  timer_.expires_at(deadline_);
  timer_.async_wait([self = shared_from_this()](const asio::error_code& error) {
    if (!error) {
      const Status late = noAnswerWithin(self->limits_.timeout);
      self->end(self->tls_ == nullptr ? late : late.withContext("TLS handshake"));
    }
  });
  asio::error_code not_an_ip;
  const asio::ip::address ip = asio::ip::make_address(target_.host, not_an_ip);
  if (!not_an_ip) {
    connectTo({{ip, target_.port}});
    return;
  }
  lookUp();
}

void ConnectAttempt::lookUp() {
  const auto onFound = [weak = weak_from_this()](const Result<HostLookup::Addresses>& found) {
    const auto self = weak.lock();
    if (self == nullptr || self->outcome_) {
      return;
    }
    if (!found.ok()) {
      self->end(found.status());
      return;
    }
    std::vector<asio::ip::tcp::endpoint> endpoints;
    for (const asio::ip::address& address : *found) {
      endpoints.emplace_back(address, self->target_.port);
    }
    self->connectTo(std::move(endpoints));
  };
  // The executor is there as long as the ticket is.
  ticket_ = lookup_.find(
      target_.host, [executor = executor_, onFound](const Result<HostLookup::Addresses>& found) {
        asio::post(executor, [onFound, found] { onFound(found); });
      });
}

void ConnectAttempt::connectTo(std::vector<asio::ip::tcp::endpoint> endpoints) {
  asio::async_connect(
      socket_, std::move(endpoints),
      [self = shared_from_this()](const asio::error_code& error, const asio::ip::tcp::endpoint&) {
        self->onConnected(error);
      });
}

void ConnectAttempt::onConnected(const asio::error_code& error) {
  if (outcome_) {
    return;
  }
  asio::error_code failure = error;
  asio::error_code ignored;
  if (!failure && socket_.local_endpoint(ignored) == socket_.remote_endpoint(ignored)) {
    // The system gave the socket the very port it was to connect to: nobody else is there.
    failure = asio::error::connection_refused;
  }
  if (failure) {
    end(Status::io(failure.message()));
    return;
  }
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  if (tls_context_ == nullptr) {
    end(ConnectedSocket{.socket = std::move(socket_), .tls = nullptr});
  } else {
    beginTls();
  }
}

void ConnectAttempt::beginTls() {
  asio::error_code error;
  socket_.native_non_blocking(true, error);
  auto session =
      TlsSession::open(*tls_context_, socket_.native_handle(), TlsSession::Side::kClient);
  if (!session.ok()) {
    end(session.status());
    return;
  }
  tls_ = std::move(*session);
  continueTls();
}

void ConnectAttempt::continueTls() {
  const TlsSession::Handshake progress = tls_->handshake();
  if (progress == TlsSession::Handshake::kDone) {
    end(ConnectedSocket{.socket = std::move(socket_), .tls = std::move(tls_)});
    return;
  }
  if (progress == TlsSession::Handshake::kFailed) {
    end(Status::io("TLS handshake failed: " + tls_->error()));
    return;
  }
  socket_.async_wait(progress == TlsSession::Handshake::kWantsRead ? asio::socket_base::wait_read
                                                                   : asio::socket_base::wait_write,
                     [self = shared_from_this()](const asio::error_code& error) {
                       if (!error && !self->outcome_) {
                         self->continueTls();
                       }
                     });
}

void ConnectAttempt::addWaiter(Waiter added) {
  if (outcome_) {
    added.callback(*outcome_);
    return;
  }
  const auto waiter = waiters_.insert(waiters_.end(), std::move(added));
  if (waiter->deadline >= deadline_) {
    return;
  }
  waiter->timer.emplace(executor_, waiter->deadline);
  waiter->timer->async_wait([self = shared_from_this(), waiter](const asio::error_code& error) {
    if (!error && !self->outcome_) {
      self->giveUpWaiting(waiter);
    }
  });
}

void ConnectAttempt::giveUpWaiting(Waiters::iterator waiter) {
  Client::ConnectCallback callback = std::move(waiter->callback);
  const auto patience = std::max(waiter->patience, std::chrono::milliseconds(0));
  waiters_.erase(waiter);
  callback(noAnswerWithin(patience).withContext("cannot connect to " + address_));
}

void ConnectAttempt::end(Result<ConnectedSocket> outcome) {
  if (outcome_) {
    return;
  }
  timer_.cancel();
  ticket_.cancel();
  asio::error_code ignored;
  socket_.close(ignored);
  outcome_ = std::exchange(on_end_, nullptr)(std::move(outcome));
  for (Waiter& waiter : std::exchange(waiters_, {})) {
    waiter.callback(*outcome_);
  }
}

}  // namespace rocketmq::remoting
