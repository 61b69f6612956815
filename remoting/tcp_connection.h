#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "common/descriptor.h"
#include "common/mutex.h"
#include "remoting/connection.h"
#include "remoting/connection_limits.h"
#include "remoting/connection_memory.h"
#include "remoting/io_thread.h"
#include "remoting/partial_frame.h"
#include "remoting/pending_calls.h"
#include "remoting/readiness.h"
#include "remoting/refusal_pause.h"
#include "remoting/router.h"
#include "remoting/tls/tls_server.h"
#include "remoting/tls/tls_session.h"
#include "remoting/write_queue.h"

namespace rocketmq::remoting {

/// A Connection over a TCP socket.
///
/// Life:    the owner (server or client) creates it on its I/O thread, calls start(), and keeps it
///          until settings.on_closed has been called.
/// Threads: the public methods of Connection from any; the rest on the I/O thread. Other threads
///          leave what they send in an inbox, and the first of them wakes the I/O thread.
/// TLS:     a server's connection looks at its first byte and, if that asks for TLS, shakes hands;
///          a client's comes with its hands shaken. Below frames nothing else is different.
/// Reading: complete frames are handled straight from the thread's read buffer; only the beginning
///          of a frame that has not arrived whole is kept here.
/// Writing: what is sent while a batch of frames is handled leaves with one gather write at its
///          end; what is sent outside of a batch leaves when the current event has been handled.
class TcpConnection final : public Connection, public Readiness::Source, private IdleTracker {
 public:
  /// What all connections of one owner have in common.
  struct Settings {
    const Router* router = nullptr;  ///< Answers the peer's requests; never null.
    ConnectionLimits limits;
    Language language = Language::kCpp;
    std::optional<SerializeType> serialize_type = SerializeType::kJson;  ///< See Client::Options.
    /// Of a server's connections together; null: each for itself.
    std::shared_ptr<ConnectionMemory> memory;
    /// Of a server that looks for TLS; null: all connections are what they came as.
    std::shared_ptr<TlsServer> tls_server;
    std::shared_ptr<const RequestSigner> signer;  ///< See Connection::signer().
    /// Called once, on the I/O thread, after everything else.
    std::function<void(const std::shared_ptr<TcpConnection>&)> on_closed;
  };

  /// `socket` is connected and does not block. `name` is how logs and errors call the peer; empty:
  /// its address. `tls`: after the handshake; null: plain, or still to be found out, see Settings.
  TcpConnection(IoThread& thread, Descriptor socket, std::string name,
                std::shared_ptr<const Settings> settings,
                std::unique_ptr<TlsSession> tls = nullptr);

  /// Begins to read.
  void start();

  /// Reads no more, waits until every request that was read has been answered and every answer has
  /// left, and closes.
  void drain();

  const std::string& name() const { return name_; }

  uint64_t id() const override { return id_; }
  const HostAddress& remote() const override { return remote_; }
  const HostAddress& local() const override { return local_; }
  bool isOpen() const override { return is_open_.load(std::memory_order_acquire); }
  void send(OutgoingFrame frame) override;
  bool isCongested() const override;
  bool hasRoomForAnswer() const override;
  std::chrono::milliseconds threadDelay() const override { return thread_.delay(); }
  void close(std::string_view reason) override;
  void callRaw(int32_t opaque, OutgoingFrame frame, Deadline deadline,
               RawCallback callback) override;
  void requestBegan() override { unanswered_.fetch_add(1, std::memory_order_relaxed); }
  void sendAnswer(OutgoingFrame frame) override;
  void requestRefused() override;
  void holdRequests() override { is_request_on_lane_ = true; }
  void resumeRequests() override;
  int32_t nextOpaque() override;
  Language language() const override { return settings_->language; }
  SerializeType requestSerializeType() const override {
    return request_type_.load(std::memory_order_relaxed);
  }
  const RequestSigner* signer() const override { return settings_->signer.get(); }

 private:
  /// What waits for the answer to a frame that is sent.
  struct Call {
    int32_t opaque = 0;
    Deadline deadline;
    RawCallback callback;
  };

  struct CloseReason {
    enum class Kind : uint8_t { kPeer, kOurs, kFault };
    Kind kind = Kind::kOurs;
    std::string text;
  };

  std::shared_ptr<TcpConnection> self();
  void post(void (TcpConnection::*method)());

  // Any thread.
  void deliver(OutgoingFrame frame, std::optional<Call> call, bool is_answer);
  void failLater(RawCallback callback, Status status);
  void wakeLocked() ROCKETMQ_REQUIRES(inbox_mutex_);

  // Becoming ready for frames, on the I/O thread; tcp_connection_tls.cc.
  bool becomeReady();
  bool lookAtFirstByte();
  bool beginHandshake();
  bool continueHandshake();

  // Sending, on the I/O thread.
  void expectAnswer(Call call, Deadline now);
  void emptyInbox();
  void flush();
  void waitWritable();
  bool writeWaitsForBytes() const;
  void onWritable();

  ssize_t writePieces(std::span<iovec> pieces);
  std::string ioError(int error_number) const;

  // Receiving.
  void onReady(Readiness::Events events) override;
  void waitReadable();
  void onReadable();
  void readAndHandle();
  size_t readOnce();
  void adaptTurn(Deadline began, bool has_more);
  void pauseAfterRefusals();
  void handleBytes(std::span<char> bytes);
  bool completePartialFrame(const ConnectionPtr& self, std::span<char>& bytes);
  void handleUnhandled();
  bool isTurnOver();
  void beginNextTurn();
  size_t handleFrames(const ConnectionPtr& self, char* data, size_t size);
  void handleFrame(const ConnectionPtr& self, char* frame, size_t size);
  void handleAnswer(const CommandView& answer);
  void keepRest(std::string_view rest);

  // Calls of ours.
  void armCallTimer();
  void endExpiredCalls();
  void endCalls(std::vector<RawCallback> callbacks, const Status& status);

  // State changes.
  bool mayHandle() const { return !leavesFrames() && !close_reason_; }
  /// Frames that have come and may not be handled stay, see has_unhandled_.
  bool leavesFrames() const { return is_paused_ || is_turn_over_ || is_request_on_lane_; }
  void settle();
  void settleSoon();
  void onSettlePosted();
  bool isDrained() const;
  size_t unsentBytesMax() const;
  void account();
  void requestClose(CloseReason::Kind kind, std::string reason);
  void finishClose();
  void discardUnread();
  void logClose() const;
  void onIdle() override;
  bool onScan(std::chrono::steady_clock::time_point now) override;
  bool isStalled();

  const uint64_t id_;
  IoThread& thread_;
  /// Kept apart from thread_, which a closed connection may outlive.
  const std::thread::id thread_id_;
  const std::shared_ptr<const Settings> settings_;
  std::atomic<SerializeType> request_type_;
  HostAddress remote_;
  HostAddress local_;
  std::string name_;

  std::atomic<bool> is_open_ = true;
  std::atomic<int32_t> next_opaque_ = 0;
  /// Bytes given to send() that have not been written, those in the inbox included.
  std::atomic<size_t> unsent_bytes_ = 0;
  std::atomic<size_t> outstanding_calls_ = 0;
  std::atomic<int64_t> unanswered_ = 0;

  mutable Mutex inbox_mutex_;
  // The threads that send put their frames together here, so that the I/O thread moves them on in
  // one go and memory of theirs stays with them.
  WriteQueue inbox_frames_ ROCKETMQ_GUARDED_BY(inbox_mutex_);
  std::vector<Call> inbox_calls_ ROCKETMQ_GUARDED_BY(inbox_mutex_);
  std::optional<std::string> inbox_close_ ROCKETMQ_GUARDED_BY(inbox_mutex_);
  bool inbox_resumes_ ROCKETMQ_GUARDED_BY(inbox_mutex_) = false;
  bool is_wake_posted_ ROCKETMQ_GUARDED_BY(inbox_mutex_) = false;
  bool is_inbox_closed_ ROCKETMQ_GUARDED_BY(inbox_mutex_) = false;

  // The I/O thread's own from here on.
  Descriptor socket_;  // Invalid once closed: nothing here needs the context then.
  // What Readiness has told and no EAGAIN has taken back.
  bool may_read_ = false;
  bool may_write_ = true;
  bool is_ended_ = false;
  /// How far the connection has come.
  enum class Stage : uint8_t { kNew, kHandshake, kReady };
  Stage stage_;
  struct Handshake {
    TlsServer::Turn turn;
    SteadyTimer timer;
  };
  std::unique_ptr<Handshake> handshake_;
  std::unique_ptr<TlsSession> tls_;  // Null: plain.
  PartialFrame partial_;
  /// What partial_ must grow to before it can be looked at again: a frame or its length word.
  size_t expected_bytes_ = 0;
  /// partial_ holds frames that were left because the connection paused, its turn was over or they
  /// had to wait for one on a lane.
  bool has_unhandled_ = false;
  WriteQueue write_queue_;
  std::vector<Call> new_calls_;  // Its capacity goes back and forth with inbox_calls_'s.
  PendingCalls pending_;
  std::optional<SteadyTimer> call_timer_;
  Deadline call_timer_at_ = Deadline::max();  // Max: not armed.
  Deadline last_read_at_ = Deadline::min();
  Deadline turn_began_ = Deadline::min();
  /// Since when partial_ has waited for its rest, while this connection was willing to read it.
  Deadline partial_since_;
  ConnectionMemory::Share memory_share_;
  size_t turn_bytes_ = IoThread::kTurnBytesMin;  ///< What is read at once, see adaptTurn().
  RefusalPause refusal_pause_;
  std::unique_ptr<SteadyTimer> pause_timer_;  // Since the first pause.
  int quiet_scans_ = 0;                       ///< Scans since the peer took bytes, see isStalled().
  std::optional<CloseReason> close_reason_;
  bool is_in_batch_ = false;
  bool is_settle_posted_ = false;
  bool is_read_armed_ = false;
  bool is_write_armed_ = false;
  bool is_ready_source_ = false;
  bool is_paused_ = false;           // The peer does not read.
  bool is_turn_over_ = false;        // beginNextTurn() is posted.
  bool is_request_on_lane_ = false;  // And those behind it wait, see holdRequests().
  bool is_held_back_ = false;        // Too much of what the peer asked was refused.
  bool is_draining_ = false;
};

}  // namespace rocketmq::remoting
