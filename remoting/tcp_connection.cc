#include "remoting/tcp_connection.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include <asio/post.hpp>

#include "common/log.h"
#include "common/log_limiter.h"
#include "remoting/socket_address.h"

// State changes, sending and calls; tcp_connection_read.cc has the way from the socket to the
// handlers.

namespace rocketmq::remoting {
namespace {

constexpr size_t kPiecesPerWrite = 128;
/// An inbox that held more calls once gives its memory back.
constexpr size_t kKeptInboxMax = 256;
/// What a closing connection reads and throws away, see discardUnread().
constexpr size_t kDiscardedBytesMax = 1u << 20;
constexpr int64_t kCloseLinesPerSecond = 20;
/// Scans come at most every 5 s, see IoThread::watch().
constexpr int kQuietScansMax = 3;

uint64_t nextConnectionId() {
  static std::atomic<uint64_t> next = 1;
  return next.fetch_add(1, std::memory_order_relaxed);
}

/// A client has few connections, a server any number.
bool keepsMemory(const TcpConnection::Settings& settings) { return settings.memory == nullptr; }

}  // namespace

TcpConnection::TcpConnection(IoThread& thread, Descriptor socket, std::string name,
                             std::shared_ptr<const Settings> settings,
                             std::unique_ptr<TlsSession> tls)
    : IdleTracker(settings->limits.idle_timeout, settings->limits.frame_timeout),
      id_(nextConnectionId()),
      thread_(thread),
      thread_id_(std::this_thread::get_id()),
      settings_(std::move(settings)),
      request_type_(settings_->serialize_type.value_or(SerializeType::kJson)),
      name_(std::move(name)),
      inbox_frames_(keepsMemory(*settings_)),
      socket_(std::move(socket)),
      stage_(settings_->tls_server == nullptr ? Stage::kReady : Stage::kNew),
      tls_(std::move(tls)),
      write_queue_(keepsMemory(*settings_)) {
  remote_ = remoteAddress(socket_.get());
  local_ = localAddress(socket_.get());
  if (name_.empty()) {
    name_ = remote_.toString();
  }
}

void TcpConnection::start() {
  thread_.watch(*this);
  if (const Status added = thread_.readiness().add(socket_.get(), self()); !added.isOk()) {
    requestClose(CloseReason::Kind::kFault, added.message());
    settleSoon();
    return;
  }
  is_ready_source_ = true;
  waitReadable();
}

void TcpConnection::drain() {
  is_draining_ = true;
  settleSoon();
}

std::shared_ptr<TcpConnection> TcpConnection::self() {
  return std::static_pointer_cast<TcpConnection>(shared_from_this());
}

void TcpConnection::post(void (TcpConnection::*method)()) {
  asio::post(thread_.executor(), [self = self(), method] { ((*self).*method)(); });
}

// Any thread.

void TcpConnection::send(OutgoingFrame frame) { deliver(std::move(frame), std::nullopt, false); }

void TcpConnection::sendAnswer(OutgoingFrame frame) {
  deliver(std::move(frame), std::nullopt, true);
}

bool TcpConnection::isCongested() const {
  return unsent_bytes_.load(std::memory_order_relaxed) > unsentBytesMax();
}

bool TcpConnection::hasRoomForAnswer() const {
  return !isCongested() &&
         (settings_->memory == nullptr || !settings_->memory->hasNoRoomForAnswers());
}

/// What this connection may leave unsent at the moment.
size_t TcpConnection::unsentBytesMax() const {
  const size_t alone = settings_->limits.unsent_bytes_max;
  return settings_->memory != nullptr && settings_->memory->hasTooMuchUnsent()
             ? std::min(alone, ConnectionMemory::kUncountedBytes)
             : alone;
}

void TcpConnection::callRaw(int32_t opaque, OutgoingFrame frame, Deadline deadline,
                            RawCallback callback) {
  const size_t outstanding = outstanding_calls_.fetch_add(1, std::memory_order_relaxed);
  if (outstanding >= settings_->limits.pending_calls_max) {
    failLater(std::move(callback),
              Status::busy(std::to_string(outstanding) + " calls wait for an answer of " + name_));
  } else if (isCongested()) {
    failLater(std::move(callback),
              Status::busy(std::to_string(unsent_bytes_.load(std::memory_order_relaxed)) +
                           " bytes wait to be sent to " + name_));
  } else {
    deliver(std::move(frame),
            Call{.opaque = opaque, .deadline = deadline, .callback = std::move(callback)}, false);
  }
}

int32_t TcpConnection::nextOpaque() {
  const auto next = static_cast<uint32_t>(next_opaque_.fetch_add(1, std::memory_order_relaxed));
  return static_cast<int32_t>(next & 0x7FFFFFFF);
}

void TcpConnection::close(std::string_view reason) {
  MutexLock lock(inbox_mutex_);
  if (!is_inbox_closed_) {
    inbox_close_ = reason;
    wakeLocked();
  }
}

void TcpConnection::deliver(OutgoingFrame frame, std::optional<Call> call, bool is_answer) {
  const size_t bytes = frame.size();
  const int64_t answers = is_answer ? 1 : 0;
  if (isOpen() && std::this_thread::get_id() == thread_id_) {
    unanswered_.fetch_sub(answers, std::memory_order_relaxed);
    unsent_bytes_.fetch_add(bytes, std::memory_order_relaxed);
    if (call) {
      expectAnswer(std::move(*call), std::chrono::steady_clock::now());
    }
    write_queue_.add(std::move(frame));
    settleSoon();
    return;
  }
  {
    MutexLock lock(inbox_mutex_);
    if (!is_inbox_closed_) {
      // Before the wake-up, which may be the last: a draining connection must see it.
      unanswered_.fetch_sub(answers, std::memory_order_relaxed);
      unsent_bytes_.fetch_add(bytes, std::memory_order_relaxed);
      inbox_frames_.add(std::move(frame));
      if (call) {
        inbox_calls_.push_back(std::move(*call));
      }
      wakeLocked();
      return;
    }
  }
  if (call) {
    failLater(std::move(call->callback), Status::closed("connection to " + name_ + " is closed"));
  }
}

/// Calls back from the I/O thread, because the caller may hold what the callback needs.
void TcpConnection::failLater(RawCallback callback, Status status) {
  outstanding_calls_.fetch_sub(1, std::memory_order_relaxed);
  asio::post(thread_.executor(), [callback = std::move(callback),
                                  status = std::move(status)]() mutable { callback(status); });
}

void TcpConnection::resumeRequests() {
  MutexLock lock(inbox_mutex_);
  if (!is_inbox_closed_) {
    inbox_resumes_ = true;
    wakeLocked();
  }
}

/// Under the lock, so that the context is still there: it outlives the closing of its connections.
void TcpConnection::wakeLocked() {
  if (!is_wake_posted_) {
    is_wake_posted_ = true;
    post(&TcpConnection::emptyInbox);
  }
}

// The I/O thread.

/// Nobody who takes opaques from nextOpaque() meets one in use: it would have to wait while two
/// thousand million others come and go.
void TcpConnection::expectAnswer(Call call, Deadline now) {
  if (!pending_.add(call.opaque, now, call.deadline, call.callback)) {
    failLater(std::move(call.callback), Status::busy("opaque is in use"));
    requestClose(CloseReason::Kind::kFault, "opaque " + std::to_string(call.opaque) +
                                                " is in use, so that its answer could be "
                                                "taken for another's");
    return;
  }
  armCallTimer();
}

void TcpConnection::emptyInbox() {
  if (!socket_.valid()) {
    return;  // finishClose() has emptied it for good.
  }
  std::optional<std::string> close;
  {
    MutexLock lock(inbox_mutex_);
    is_wake_posted_ = false;
    write_queue_.take(inbox_frames_);
    new_calls_.swap(inbox_calls_);
    close = std::exchange(inbox_close_, std::nullopt);
    if (std::exchange(inbox_resumes_, false)) {
      is_request_on_lane_ = false;
    }
  }
  const Deadline now = new_calls_.empty() ? Deadline() : std::chrono::steady_clock::now();
  for (Call& call : new_calls_) {
    expectAnswer(std::move(call), now);
  }
  new_calls_.clear();
  if (new_calls_.capacity() > kKeptInboxMax) {
    new_calls_.shrink_to_fit();
  }
  if (close) {
    requestClose(CloseReason::Kind::kOurs, std::move(*close));
  }
  settle();
}

void TcpConnection::flush() {
  while (!is_write_armed_ && !write_queue_.empty() && stage_ != Stage::kHandshake) {
    std::array<iovec, kPiecesPerWrite> pieces;
    const ssize_t written = writePieces({pieces.data(), write_queue_.gather(pieces)});
    if (written >= 0) {
      touch();
      quiet_scans_ = 0;
      write_queue_.consume(static_cast<size_t>(written));
      unsent_bytes_.fetch_sub(static_cast<size_t>(written), std::memory_order_relaxed);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      waitWritable();
    } else if (errno != EINTR) {
      requestClose(CloseReason::Kind::kPeer, "cannot write: " + ioError(errno));
      write_queue_.clear();
    }
  }
}

ssize_t TcpConnection::writePieces(std::span<iovec> pieces) {
  if (tls_ != nullptr) {
    return tls_->write(pieces);
  }
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = pieces.size();
  return ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

std::string TcpConnection::ioError(int error_number) const {
  return error_number == EPROTO && tls_ != nullptr
             ? "TLS: " + tls_->error()
             : std::error_code(error_number, std::system_category()).message();
}

/// TLS may have to read before it can write on.
bool TcpConnection::writeWaitsForBytes() const {
  return tls_ != nullptr && tls_->writeWaitsForBytes() && !tls_->readWaitsForRoom();
}

/// After an EAGAIN: waits until it makes sense to write on.
void TcpConnection::waitWritable() {
  if (!is_write_armed_) {
    is_write_armed_ = true;
    (writeWaitsForBytes() ? may_read_ : may_write_) = false;
  }
}

void TcpConnection::onWritable() {
  is_write_armed_ = false;
  if (stage_ == Stage::kHandshake || (tls_ != nullptr && tls_->readWaitsForRoom())) {
    readAndHandle();
  } else {
    settle();
  }
}

void TcpConnection::armCallTimer() {
  const std::optional<Deadline> next = pending_.nextExpiry();
  if (!next || *next >= call_timer_at_) {
    return;  // The timer comes early enough, and then looks again.
  }
  if (!call_timer_) {
    call_timer_.emplace(thread_.executor());
  }
  call_timer_at_ = *next;
  call_timer_->expires_at(*next);
  call_timer_->async_wait([self = self()](const asio::error_code& error) {
    if (!error && self->socket_.valid()) {
      self->call_timer_at_ = Deadline::max();
      self->endExpiredCalls();
    }
  });
}

void TcpConnection::endExpiredCalls() {
  const Deadline now = std::chrono::steady_clock::now();
  PendingCalls::Expired expired = pending_.takeExpired(now);
  const std::chrono::milliseconds silence_max = settings_->limits.silence_max;
  if (silence_max.count() > 0 && !expired.callbacks.empty() &&
      last_read_at_ < expired.first_added && now - expired.first_added >= silence_max) {
    // Before the calls end, so that who makes the next one gets a new connection.
    requestClose(CloseReason::Kind::kFault, "the peer does not answer any more");
    finishClose();
  }
  endCalls(std::move(expired.callbacks), Status::timeout("no answer from " + name_ + " in time"));
  armCallTimer();
}

void TcpConnection::endCalls(std::vector<RawCallback> callbacks, const Status& status) {
  outstanding_calls_.fetch_sub(callbacks.size(), std::memory_order_relaxed);
  for (RawCallback& callback : callbacks) {
    callback(status);
  }
}

/// Brings the connection to rest after an event: writes what was sent, closes if that was asked
/// for, goes on with frames that were left, waits for the next event.
void TcpConnection::settle() {
  if (!socket_.valid()) {
    return;
  }
  is_in_batch_ = true;
  for (;;) {
    flush();
    account();
    if (close_reason_) {
      finishClose();
      return;
    }
    const size_t unsent = unsent_bytes_.load(std::memory_order_relaxed);
    if (is_paused_ && unsent <= unsentBytesMax() / 2) {
      is_paused_ = false;
      partial_since_ = std::chrono::steady_clock::now();
    }
    if (leavesFrames() || !has_unhandled_) {
      break;
    }
    handleUnhandled();
  }
  is_in_batch_ = false;
  if (isDrained()) {
    requestClose(CloseReason::Kind::kOurs, "the server stops");
    finishClose();
    return;
  }
  waitReadable();
}

/// Tells what this connection makes the server keep, and gives up when that is too much.
void TcpConnection::account() {
  if (settings_->memory == nullptr) {
    return;
  }
  if (!settings_->memory->update(memory_share_, unsent_bytes_.load(std::memory_order_relaxed),
                                 partial_.size())) {
    requestClose(CloseReason::Kind::kFault,
                 "incomplete frames of all connections together have more bytes than "
                 "incompleteFrameBytesMax=" +
                     std::to_string(settings_->limits.partial_bytes_total_max));
  }
}

/// settle() at the end of the event that is being handled, so that frames that are sent one by one
/// leave together.
void TcpConnection::settleSoon() {
  if (!is_in_batch_ && !is_settle_posted_) {
    is_settle_posted_ = true;
    post(&TcpConnection::onSettlePosted);
  }
}

void TcpConnection::onSettlePosted() {
  is_settle_posted_ = false;
  settle();
}

bool TcpConnection::isDrained() const {
  return is_draining_ && !has_unhandled_ && !is_request_on_lane_ &&
         unanswered_.load(std::memory_order_relaxed) <= 0 &&
         unsent_bytes_.load(std::memory_order_relaxed) == 0;
}

void TcpConnection::requestClose(CloseReason::Kind kind, std::string reason) {
  if (!close_reason_) {
    close_reason_ = CloseReason{.kind = kind, .text = std::move(reason)};
  }
}

void TcpConnection::finishClose() {
  logClose();
  const auto keep_alive = self();
  is_open_.store(false, std::memory_order_release);
  thread_.unwatch(*this);
  handshake_.reset();
  if (tls_ != nullptr) {
    tls_->shutdown();
  }
  discardUnread();
  tls_.reset();
  if (is_ready_source_) {
    thread_.readiness().remove(*this);
  }
  socket_.reset();
  call_timer_.reset();
  pause_timer_.reset();
  write_queue_.clear();
  partial_.clear();
  if (settings_->memory != nullptr) {
    settings_->memory->update(memory_share_, 0, 0);
  }

  std::vector<RawCallback> callbacks = pending_.takeAll();
  std::vector<Call> unsent;
  {
    MutexLock lock(inbox_mutex_);
    is_inbox_closed_ = true;
    inbox_frames_.clear();
    unsent.swap(inbox_calls_);
  }
  for (Call& call : unsent) {
    callbacks.push_back(std::move(call.callback));
  }
  endCalls(std::move(callbacks),
           Status::closed("connection to " + name_ + " closed: " + close_reason_->text));
  if (settings_->on_closed) {
    settings_->on_closed(keep_alive);
  }
}

/// Closing a socket that has unread bytes resets the connection, and the peer may then lose the
/// last answers, which it has not read yet.
void TcpConnection::discardUnread() {
  const std::span<char> buffer = thread_.readBuffer();
  size_t discarded = 0;
  while (discarded < kDiscardedBytesMax) {
    const ssize_t got = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got <= 0) {
      return;
    }
    discarded += static_cast<size_t>(got);
  }
}

/// Who connects again and again to be thrown out must not fill the disk.
void TcpConnection::logClose() const {
  if (close_reason_->kind == CloseReason::Kind::kPeer) {
    log::debug("connection {} to {} closed: {}", id_, name_, close_reason_->text);
    return;
  }
  const bool is_fault = close_reason_->kind == CloseReason::Kind::kFault;
  static LogLimiter faults(kCloseLinesPerSecond);
  static LogLimiter others(kCloseLinesPerSecond);
  if (const auto left_out = (is_fault ? faults : others).admit()) {
    const std::string line = "connection " + std::to_string(id_) + " to " + name_ +
                             " closed: " + close_reason_->text + LogLimiter::note(*left_out);
    is_fault ? log::warn("{}", line) : log::info("{}", line);
  }
}

void TcpConnection::onIdle() {
  requestClose(CloseReason::Kind::kOurs,
               "idle for " + std::to_string(settings_->limits.idle_timeout.count()) + " ms");
  settleSoon();
}

bool TcpConnection::onScan(std::chrono::steady_clock::time_point now) {
  const std::chrono::milliseconds timeout = settings_->limits.frame_timeout;
  const bool waits_for_peer = !partial_.empty() && !has_unhandled_ && !is_paused_ && !is_draining_;
  if (timeout.count() > 0 && waits_for_peer && now - partial_since_ >= timeout) {
    requestClose(CloseReason::Kind::kFault,
                 std::to_string(partial_.size()) + " of " + std::to_string(expected_bytes_) +
                     " bytes of a frame came within " + std::to_string(timeout.count()) + " ms");
  } else if (isStalled()) {
    requestClose(CloseReason::Kind::kFault,
                 "it reads none of its " +
                     std::to_string(unsent_bytes_.load(std::memory_order_relaxed)) +
                     " bytes, and all connections together have more than unsentBytesMax=" +
                     std::to_string(settings_->limits.unsent_bytes_total_max));
  } else {
    return false;
  }
  settleSoon();
  return true;
}

/// While all connections together keep too much, those go that take nothing of what they asked for.
bool TcpConnection::isStalled() {
  const size_t unsent = unsent_bytes_.load(std::memory_order_relaxed);
  const bool may_be = settings_->memory != nullptr && unsent > ConnectionMemory::kUncountedBytes &&
                      settings_->memory->hasTooMuchUnsent();
  quiet_scans_ = may_be ? quiet_scans_ + 1 : 0;
  return quiet_scans_ >= kQuietScansMax;
}

}  // namespace rocketmq::remoting
