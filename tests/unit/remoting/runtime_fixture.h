#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <utility>

#include "remoting/client.h"
#include "remoting/io_pool.h"
#include "remoting/lanes.h"
#include "remoting/protocol/frame.h"
#include "remoting/router.h"
#include "remoting/server.h"
#include "tests/support/eventually.h"
#include "tests/support/raw_socket.h"

namespace rocketmq::remoting {

using test::eventually;

using std::chrono::milliseconds;
using std::chrono::seconds;

/// A command of these tests: answered with its own text and body where Echo is registered.
template <int32_t kNumber>
struct TestCommand {
  static constexpr auto kCode = static_cast<RequestCode>(kNumber);

  struct Reply {
    std::string text;
    static constexpr auto fields() { return std::tuple{required("text", &Reply::text)}; }
  };

  std::string text;
  std::optional<int32_t> number;

  static constexpr auto fields() {
    using C = TestCommand;
    return std::tuple{required("text", &C::text), optional("number", &C::number)};
  }
};

using Echo = TestCommand<9001>;    ///< Answered at once.
using Later = TestCommand<9002>;   ///< Answered when the test says so.
using OnLane = TestCommand<9003>;  ///< Answered on the query lane.
using Other = TestCommand<9004>;   ///< For what only one test needs.

/// For handlers that are to stay on the thread of the connection, whatever comes.
inline constexpr HandlerOptions kInlineWithBody{.inline_body_max = kAnyBodyBytes,
                                                .body_max = kAnyBodyBytes};

/// The frame of a request, as a client writes it.
template <Command C>
std::string requestFrame(const C& request, int32_t opaque, std::string_view body = {},
                         SerializeType type = SerializeType::kJson, int32_t flag = 0) {
  std::string frame;
  HeaderWriter writer(frame, {.code = static_cast<int32_t>(C::kCode),
                              .language = Language::kJava,
                              .opaque = opaque,
                              .flag = flag,
                              .serialize_type = type,
                              .remark = {}});
  encodeFields(request, nameStyleOf<C>(), writer);
  writer.finish(body.size());
  frame += body;
  return frame;
}

/// The frame that answers a request with a code and a text.
inline std::string answerFrame(int32_t opaque, ResponseCode code, std::string_view text,
                               std::string_view body = {}, int32_t version = kAnnouncedVersion) {
  std::string frame;
  HeaderWriter writer(frame, {.code = static_cast<int32_t>(code),
                              .version = version,
                              .opaque = opaque,
                              .flag = kFlagResponse,
                              .remark = {}});
  writer.add("text", text);
  writer.finish(body.size());
  frame += body;
  return frame;
}

/// Something that happens once and that others wait for.
class Event {
 public:
  void set() {
    const std::lock_guard lock(mutex_);
    is_set_ = true;
    changed_.notify_all();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return is_set_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_set_ = false;
};

/// A decoded frame together with the bytes it points into.
struct ReceivedFrame {
  std::string bytes;
  CommandView command;

  explicit ReceivedFrame(std::string frame) : bytes(std::move(frame)) {
    const Status status = decodeFrame(bytes.data(), bytes.size(), command);
    EXPECT_TRUE(status.isOk()) << status.message();
  }
  ReceivedFrame(const ReceivedFrame&) = delete;
  ReceivedFrame& operator=(const ReceivedFrame&) = delete;

  ResponseCode code() const { return static_cast<ResponseCode>(command.code); }
  std::string text() const {
    const std::string_view* found = command.ext_fields.find("text");
    return found == nullptr ? "" : std::string(*found);
  }
};

/// The next frame from a raw socket, or null when the peer has closed.
inline std::unique_ptr<ReceivedFrame> receive(test::RawSocket& socket) {
  auto frame = socket.readFrame();
  return frame ? std::make_unique<ReceivedFrame>(std::move(*frame)) : nullptr;
}

/// A server and a client in this process, on two I/O threads of their own each.
class RuntimeTest : public testing::Test {
 protected:
  RuntimeTest() {
    router_.handle<Echo>(
        kInlineWithBody, [this](const Echo& request, const RequestContext& context) {
          ++echoes_;
          return Answer<Echo::Reply>(Echo::Reply{request.text}, std::string(context.body()));
        });
    router_.handleLater<Later>(
        {}, [this](const Later&, const RequestContext&, Responder<Later> responder) {
          const std::lock_guard lock(held_mutex_);
          held_.push_back(std::move(responder));
        });
    router_.handle<OnLane>({.lane = Lane::kQuery, .body_max = kAnyBodyBytes},
                           [this](const OnLane& request, const RequestContext& context) {
                             ++on_lane_;
                             lane_opened_.wait();
                             return Answer<OnLane::Reply>(OnLane::Reply{request.text},
                                                          std::string(context.body()));
                           });
  }

  ~RuntimeTest() override {
    lane_opened_.set();
    client_.reset();
    server_.reset();
    lanes_.stop();
  }

  Server& startServer(Server::Options options = {}) {
    options.bind_address = "127.0.0.1";
    options.on_closed = [this, inner = options.on_closed](const ConnectionPtr& connection) {
      ++closed_connections_;
      if (inner) {
        inner(connection);
      }
    };
    auto server = Server::start(server_pool_, router_, std::move(options));
    EXPECT_TRUE(server.ok()) << server.status().message();
    server_ = std::move(*server);
    return *server_;
  }

  Client& startClient(Client::Options options = {}) {
    client_ = std::make_unique<Client>(client_pool_, &client_router_, std::move(options));
    return *client_;
  }

  std::string serverAddress() const { return "127.0.0.1:" + std::to_string(server_->port()); }

  test::RawSocket connectRaw(int receive_buffer_bytes = 0) const {
    return test::RawSocket::connectTo(server_->port(), receive_buffer_bytes);
  }

  CallResult<Echo> echo(const std::string& text, std::string body = {},
                        milliseconds timeout = seconds(10)) {
    return client_->callSync(serverAddress(), Echo{.text = text, .number = {}},
                             Payload(std::move(body)), deadlineAfter(timeout));
  }

  size_t heldCount() {
    const std::lock_guard lock(held_mutex_);
    return held_.size();
  }
  /// Takes the oldest request that waits for its answer.
  Responder<Later> takeHeld() {
    EXPECT_TRUE(eventually([this] { return heldCount() > 0; }));
    const std::lock_guard lock(held_mutex_);
    Responder<Later> responder = std::move(held_.front());
    held_.pop_front();
    return responder;
  }

  IoPool server_pool_{"server", 2};
  IoPool client_pool_{"client", 2};
  Lanes lanes_{{.query = {.threads = 1, .queue_max = 3},  // Two for a connection.
                .send = {.threads = 1, .queue_max = 1},
                .admin = {}}};
  Router router_{&lanes_};
  Router client_router_{nullptr};
  std::unique_ptr<Server> server_;
  std::unique_ptr<Client> client_;

  std::atomic<int> echoes_ = 0;
  std::atomic<int> on_lane_ = 0;
  std::atomic<int> closed_connections_ = 0;
  Event lane_opened_;

 private:
  std::mutex held_mutex_;
  std::deque<Responder<Later>> held_;
};

}  // namespace rocketmq::remoting
