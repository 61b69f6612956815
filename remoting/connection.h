#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "common/message/host_address.h"
#include "common/status.h"
#include "remoting/acl/request_signer.h"
#include "remoting/answer.h"
#include "remoting/payload.h"
#include "remoting/protocol/command.h"
#include "remoting/protocol/field_codec.h"
#include "remoting/spare_text.h"
#include "remoting/unique_function.h"

namespace rocketmq::remoting {

using Deadline = std::chrono::steady_clock::time_point;

inline Deadline deadlineAfter(std::chrono::milliseconds timeout) {
  return std::chrono::steady_clock::now() + timeout;
}

/// A peer's answer to one call: any response code, also a refusal.
template <Command C>
struct CallReply {
  ResponseCode code = ResponseCode::kSuccess;
  std::string remark;
  int32_t version = 0;  ///< Announced by the peer.
  /// Decoded as far as the fields are there; meaningful for the codes that carry them.
  typename C::Reply header;
  std::string body;

  bool success() const { return code == ResponseCode::kSuccess; }
};

/// OK with the peer's answer, or why there is none: Timeout (the peer may have done the work), Io
/// (no connection; nothing was sent), Closed (the connection went away), Busy (too many calls or
/// bytes outstanding).
template <Command C>
using CallResult = Result<CallReply<C>>;

/// One TCP connection, in either direction: both ends may send requests and answer them.
///
/// Threads:    any for public methods; callbacks run on the connection's own I/O thread and must
///             not block.
/// Bounds:     bytes waiting to be written are bounded; past the bound the connection stops reading
///             until half of them have left, and call() answers Busy.
/// Lifetime:   shared; a closed connection may be kept, it does nothing any more. Only call() still
///             needs the connection's IoPool, to call back with Closed.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  virtual ~Connection() = default;

  /// Never reused within a process.
  virtual uint64_t id() const = 0;
  virtual const HostAddress& remote() const = 0;
  virtual const HostAddress& local() const = 0;
  virtual bool isOpen() const = 0;

  /// Writes a frame after those before it; frames sent while a batch of requests is being handled
  /// leave together. Silently dropped when the connection is closed.
  virtual void send(OutgoingFrame frame) = 0;

  /// Closes soon; pending calls end with Closed. `reason` is logged.
  virtual void close(std::string_view reason) = 0;

  /// True while more bytes wait to be written than the connection's bound.
  virtual bool isCongested() const = 0;

  /// False while no answer that may be large is to be made for the peer: it reads none, or too many
  /// others do not.
  virtual bool hasRoomForAnswer() const { return !isCongested(); }

  /// How long what has arrived waits for this connection's I/O thread at the moment; 0 when the
  /// thread keeps up. From that thread only.
  virtual std::chrono::milliseconds threadDelay() const { return {}; }

  /// Receives the raw answer; the view is valid only during the call.
  using RawCallback = UniqueFunction<void(Result<const CommandView*>)>;

  /// Sends a request frame that carries `opaque`, which comes from nextOpaque(), and calls back
  /// exactly once, at the latest some 10 ms after the deadline and never from within callRaw().
  virtual void callRaw(int32_t opaque, OutgoingFrame frame, Deadline deadline,
                       RawCallback callback) = 0;

  /// Sends a request and calls `callback(CallResult<C>)` exactly once, by the deadline.
  template <Command C, class Callback>
  void call(const C& request, Payload body, Deadline deadline, Callback callback) {
    const int32_t opaque = nextOpaque();
    callRaw(opaque, encodeRequest(request, std::move(body), opaque, 0), deadline,
            [callback = std::move(callback)](Result<const CommandView*> raw) mutable {
              callback(decodeReply<C>(raw));
            });
  }

  /// Sends a request that nobody answers. False when it was dropped: the connection is closed or
  /// congested.
  template <Command C>
  bool oneway(const C& request, Payload body = {}) {
    if (!isOpen() || isCongested()) {
      return false;
    }
    send(encodeRequest(request, std::move(body), nextOpaque(), kFlagOneway));
    return true;
  }

  // How responders tell a connection which of its requests are still to be answered, so that a
  // server that stops knows what to wait for: one requestBegan(), then one sendAnswer().
  virtual void requestBegan() {}
  virtual void sendAnswer(OutgoingFrame frame) { send(std::move(frame)); }
  /// A request is being answered SYSTEM_BUSY: who has many of those is read less eagerly.
  virtual void requestRefused() {}

  // How a request that is handled on a lane keeps the requests behind it waiting, so that those of
  // one connection take effect in their order: one holdRequests() while it is dispatched, then one
  // resumeRequests() from any thread. What has been read stays as it is, nothing more is read.
  virtual void holdRequests() {}
  virtual void resumeRequests() {}

  /// Next correlation id for a request of ours on this connection.
  virtual int32_t nextOpaque() = 0;
  /// What our requests on this connection announce.
  virtual Language language() const = 0;
  virtual SerializeType requestSerializeType() const = 0;
  /// Signs our requests on this connection; null: they go out as they are.
  virtual const RequestSigner* signer() const { return nullptr; }

  template <Command C>
  OutgoingFrame encodeRequest(const C& request, Payload body, int32_t opaque, int32_t flag) const {
    OutgoingFrame frame{.head = takeSpareText(), .body = {}};
    HeaderWriter writer(frame.head, {.code = static_cast<int32_t>(C::kCode),
                                     .language = language(),
                                     .opaque = opaque,
                                     .flag = flag,
                                     .serialize_type = requestSerializeType(),
                                     .remark = {}});
    HeaderWriter::KeptFields fields;
    const RequestSigner* const request_signer = signer();
    if (request_signer != nullptr) {
      writer.keepFields(fields);
    }
    encodeFields(request, nameStyleOf<C>(), writer);
    if (request_signer != nullptr) {
      request_signer->sign(writer, fields, body);
    }
    if (writer.finish(body.size())) {
      frame.body = std::move(body);
    }
    return frame;
  }

  template <Command C>
  static CallResult<C> decodeReply(const Result<const CommandView*>& raw) {
    if (!raw.ok()) {
      return raw.status();
    }
    const CommandView& view = **raw;
    CallResult<C> result(CallReply<C>{});
    CallReply<C>& reply = *result;
    reply.code = static_cast<ResponseCode>(view.code);
    reply.remark = view.remark;
    reply.version = view.version;
    reply.body = view.body;
    const Status status = decodeFields(view.ext_fields, NameStyle::kLong, reply.header);
    if (!status.isOk() && reply.success()) {
      return Status::corruption("answer to " + toString(C::kCode) + ": " + status.message());
    }
    return result;
  }
};

using ConnectionPtr = std::shared_ptr<Connection>;

}  // namespace rocketmq::remoting
