#include "metrics/server.h"

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>
#include <vector>

#include <asio/buffer.hpp>
#include <asio/post.hpp>
#include <asio/read_until.hpp>
#include <asio/write.hpp>

#include "common/log.h"
#include "common/log_limiter.h"
#include "remoting/acceptor.h"
#include "remoting/io_thread.h"

namespace rocketmq::metrics {
namespace {

using std::chrono::steady_clock;

constexpr size_t kConnectionsMax = 32;
constexpr size_t kRequestBytesMax = 8192;
constexpr std::chrono::seconds kConnectionTimeout{10};
constexpr std::chrono::seconds kPageLife{1};

std::string answerOf(std::string_view status, std::string_view type, std::string_view body) {
  std::string text = "HTTP/1.1 ";
  text.append(status).append("\r\nContent-Type: ").append(type);
  text.append("\r\nContent-Length: ").append(std::to_string(body.size()));
  text.append("\r\nConnection: close\r\n\r\n").append(body);
  return text;
}

std::string errorOf(std::string_view status, std::string_view text) {
  return answerOf(status, "text/plain; charset=utf-8", text);
}

enum class Question : uint8_t { kPage, kOtherPath, kOtherMethod };

/// What the first line of a request asks for.
Question questionOf(std::string_view request) {
  const std::string_view line = request.substr(0, request.find("\r\n"));
  if (!line.starts_with("GET ")) {
    return Question::kOtherMethod;
  }
  const std::string_view path = line.substr(4, line.find_first_of(" ?", 4) - 4);
  return path == "/metrics" ? Question::kPage : Question::kOtherPath;
}

}  // namespace

/// Everything but the making of the page happens on one I/O thread.
class Server::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::io_context& context, remoting::Lanes& lanes, remoting::Lane lane, Render render)
      : context_(context), lanes_(lanes), lane_(lane), render_(std::move(render)) {}

  Status listen(const Options& options) {
    ROCKETMQ_ASSIGN_OR_RETURN(
        acceptor_, remoting::Acceptor::open(context_, options.bind_address, options.port));
    acceptor_->start([self = shared_from_this()](Descriptor socket, asio::ip::tcp protocol) {
      self->take(std::move(socket), protocol);
    });
    return Status::ok();
  }

  uint16_t port() const { return acceptor_->port(); }

  void stop() {
    acceptor_->stop();
    asio::post(context_, [self = shared_from_this()] {
      for (const SessionPtr& session : std::exchange(self->sessions_, {})) {
        session->close();
      }
    });
  }

 private:
  struct Session {
    explicit Session(asio::io_context& context) : socket(context), timer(context) {}
    void close() {
      asio::error_code ignored;
      socket.close(ignored);
      timer.cancel();
    }
    remoting::TcpSocket socket;
    remoting::SteadyTimer timer;
    bool is_silent = true;  ///< No whole request has come.
    std::string request;
    std::string answer;
  };
  using SessionPtr = std::shared_ptr<Session>;

  void take(Descriptor socket, asio::ip::tcp protocol) {
    const auto session = std::make_shared<Session>(context_);
    asio::error_code error;
    session->socket.assign(protocol, socket.get(), error);
    if (error) {
      return;
    }
    socket.release();
    makeRoom();
    sessions_.push_back(session);
    session->timer.expires_after(kConnectionTimeout);
    session->timer.async_wait([self = shared_from_this(), session](const asio::error_code& failed) {
      if (!failed) {
        self->end(session);
      }
    });
    asio::async_read_until(
        session->socket, asio::dynamic_buffer(session->request, kRequestBytesMax), "\r\n\r\n",
        [self = shared_from_this(), session](const asio::error_code& failed, size_t) {
          if (!failed) {
            self->answer(session);
          } else if (session->request.size() >= kRequestBytesMax) {
            self->write(session, errorOf("431 Request Header Fields Too Large",
                                         "the request is too long\n"));
          } else {
            self->end(session);
          }
        });
  }

  /// Who says nothing must not keep out who asks. No more than all can be waiting for one page,
  /// which does not take long.
  void makeRoom() {
    if (sessions_.size() < kConnectionsMax) {
      return;
    }
    full_log_.warn("the metrics port has {} connections: the one that has waited longest is closed",
                   sessions_.size());
    const auto silent = std::find_if(sessions_.begin(), sessions_.end(),
                                     [](const SessionPtr& session) { return session->is_silent; });
    end(silent == sessions_.end() ? sessions_.front() : *silent);
  }

  void answer(const SessionPtr& session) {
    session->is_silent = false;
    switch (questionOf(session->request)) {
      case Question::kPage:
        askForPage(session);
        return;
      case Question::kOtherPath:
        write(session, errorOf("404 Not Found", "there is only /metrics here\n"));
        return;
      case Question::kOtherMethod:
        write(session, errorOf("405 Method Not Allowed", "only GET works here\n"));
        return;
    }
  }

  void askForPage(const SessionPtr& session) {
    if (!page_.empty() && steady_clock::now() - made_at_ < kPageLife) {
      write(session, page_);
      return;
    }
    waiting_.push_back(session);
    if (waiting_.size() > 1) {
      return;
    }
    const bool is_taken = lanes_.run(lane_, [self = shared_from_this()] {
      asio::post(self->context_,
                 [self, page = self->makePage()]() mutable { self->publish(std::move(page)); });
    });
    if (!is_taken) {
      publish({});
    }
  }

  std::string makePage() const {
    try {
      return answerOf("200 OK", "text/plain; version=0.0.4; charset=utf-8", render_());
    } catch (const std::exception& exception) {
      log::error("the page of metrics cannot be made: {}", exception.what());
      return {};
    }
  }

  void publish(std::string page) {
    page_ = std::move(page);
    made_at_ = steady_clock::now();
    const std::string unavailable = errorOf("503 Service Unavailable", "busy, try again\n");
    for (const SessionPtr& session : std::exchange(waiting_, {})) {
      write(session, page_.empty() ? unavailable : page_);
    }
  }

  void write(const SessionPtr& session, std::string answer) {
    session->answer = std::move(answer);
    asio::async_write(session->socket, asio::buffer(session->answer),
                      [self = shared_from_this(), session](const asio::error_code&, size_t) {
                        asio::error_code ignored;
                        session->socket.shutdown(asio::socket_base::shutdown_both, ignored);
                        self->end(session);
                      });
  }

  void end(SessionPtr session) {
    session->close();
    std::erase(sessions_, session);
  }

  asio::io_context& context_;
  remoting::Lanes& lanes_;
  const remoting::Lane lane_;
  const Render render_;
  std::shared_ptr<remoting::Acceptor> acceptor_;

  std::vector<SessionPtr> sessions_;  ///< The oldest first.
  std::vector<SessionPtr> waiting_;   ///< For the page that is being made.
  std::string page_;                  ///< The last, as an answer.
  steady_clock::time_point made_at_;
  LogLimiter full_log_{1};
};

Result<std::unique_ptr<Server>> Server::start(remoting::IoPool& pool, remoting::Lanes& lanes,
                                              const Options& options, Render render) {
  auto impl = std::make_shared<Impl>(pool.context(0), lanes, options.lane, std::move(render));
  ROCKETMQ_RETURN_IF_ERROR(impl->listen(options));
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Server::Server(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() { impl_->stop(); }

uint16_t Server::port() const { return impl_->port(); }

}  // namespace rocketmq::metrics
