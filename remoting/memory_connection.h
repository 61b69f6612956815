#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/mutex.h"
#include "remoting/connection.h"
#include "remoting/router.h"

namespace rocketmq::remoting {

/// A Connection without a socket, so that handlers and services can be tested in one thread: it
/// keeps what is sent, and plays the peer.
///
///     const auto connection = MemoryConnection::create();
///     const auto reply = connection->request(router, GetMaxOffset{.topic = "T", .queue_id = 0});
///
/// Threads: any. Deadlines are not watched: a call ends with answerCall() or close(), at once when
/// it is closed already.
class MemoryConnection final : public Connection {
 public:
  struct Options {
    HostAddress remote;
    HostAddress local;
    SerializeType serialize_type = SerializeType::kJson;
  };

  static std::shared_ptr<MemoryConnection> create(Options options);
  static std::shared_ptr<MemoryConnection> create() { return create(Options{}); }

  /// Plays the peer: sends a request into `router` and returns its opaque. The answer may come
  /// later, see takeAnswer().
  template <Command C>
  int32_t beginRequest(const Router& router, const C& request, Payload body = {},
                       int32_t flag = 0) {
    const int32_t opaque = nextOpaque();
    receive(router, flatten(encodeRequest(request, std::move(body), opaque, flag)));
    return opaque;
  }

  /// The answer to a request of the peer, once; nullopt while there is none.
  template <Command C>
  std::optional<CallResult<C>> takeAnswer(int32_t opaque) {
    std::optional<std::string> frame = takeAnswerFrame(opaque);
    if (!frame) {
      return std::nullopt;
    }
    CommandView view;
    const Status status = decodeFrame(frame->data(), frame->size(), view);
    return status.isOk() ? decodeReply<C>(&view) : CallResult<C>(status);
  }

  /// beginRequest() and takeAnswer(); Timeout when the handler has not answered at once.
  template <Command C>
  CallResult<C> request(const Router& router, const C& request, Payload body = {}) {
    auto answer = takeAnswer<C>(beginRequest(router, request, std::move(body)));
    return answer ? std::move(*answer) : CallResult<C>(Status::timeout("not answered yet"));
  }

  /// A responder as a handler of command C gets it, for the peer's request `opaque`.
  template <Command C>
  Responder<C> responder(int32_t opaque) {
    CommandView view;
    view.code = static_cast<int32_t>(C::kCode);
    view.opaque = opaque;
    view.serialize_type = options_.serialize_type;
    return Responder<C>(RawResponder(shared_from_this(), view));
  }

  /// Frames that were sent and not taken yet, in order: answers, and requests of ours.
  std::vector<std::string> takeSent();

  /// Plays the peer's answer to a call of ours. False when no call waits for that opaque.
  bool answerCall(std::string frame);

  uint64_t id() const override { return id_; }
  const HostAddress& remote() const override { return options_.remote; }
  const HostAddress& local() const override { return options_.local; }
  bool isOpen() const override;
  void send(OutgoingFrame frame) override;
  bool isCongested() const override { return false; }
  void close(std::string_view reason) override;
  void callRaw(int32_t opaque, OutgoingFrame frame, Deadline deadline,
               RawCallback callback) override;
  int32_t nextOpaque() override { return next_opaque_.fetch_add(1, std::memory_order_relaxed); }
  Language language() const override { return Language::kCpp; }
  SerializeType requestSerializeType() const override { return options_.serialize_type; }

 private:
  explicit MemoryConnection(Options options);

  static std::string flatten(OutgoingFrame frame);
  void receive(const Router& router, std::string frame);
  std::optional<std::string> takeAnswerFrame(int32_t opaque);

  const uint64_t id_;
  const Options options_;
  std::atomic<int32_t> next_opaque_ = 0;

  mutable Mutex mutex_;
  bool is_open_ ROCKETMQ_GUARDED_BY(mutex_) = true;
  std::vector<std::string> sent_ ROCKETMQ_GUARDED_BY(mutex_);
  std::map<int32_t, RawCallback> calls_ ROCKETMQ_GUARDED_BY(mutex_);
};

}  // namespace rocketmq::remoting
