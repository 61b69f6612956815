#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <asio/post.hpp>

#include "common/log.h"
#include "remoting/protocol/codes.h"
#include "remoting/tcp_connection.h"

// The receiving half of TcpConnection.

namespace rocketmq::remoting {
namespace {

constexpr size_t kLengthWordBytes = 4;
// Other connections' turn comes after a read, and what a read brings is to take no longer than
// this: thousands of small requests in one go would hold up everybody else, and dozens of
// connections may have that many at once.
constexpr std::chrono::microseconds kTurnTime{500};
/// When requests took so long, those that have come with them wait until the others had their turn:
/// how many bytes there are does not say what they cost.
constexpr std::chrono::milliseconds kTurnTimeMax{2};
/// The clock is not looked at for each small frame.
constexpr size_t kFramesPerLook = 4;

}  // namespace

void TcpConnection::waitReadable() {
  if (is_read_armed_ || is_held_back_ || is_draining_ || leavesFrames()) {
    return;
  }
  if (stage_ == Stage::kHandshake && is_write_armed_) {
    return;  // The handshake reads nothing before the socket has taken what it has to say.
  }
  is_read_armed_ = true;
  if (may_read_ || (tls_ != nullptr && tls_->mayHaveMore())) {
    post(&TcpConnection::onReadable);
  }
}

void TcpConnection::onReady(Readiness::Events events) {
  may_read_ = may_read_ || events.is_readable;
  may_write_ = may_write_ || events.is_writable;
  is_ended_ = is_ended_ || events.is_ended;
  if (is_write_armed_ && (writeWaitsForBytes() ? may_read_ : may_write_)) {
    onWritable();
  }
  if (is_read_armed_ && may_read_) {
    onReadable();
  }
}

void TcpConnection::onReadable() {
  if (socket_.valid() && is_read_armed_) {
    is_read_armed_ = false;
    readAndHandle();
  }
}

void TcpConnection::readAndHandle() {
  is_in_batch_ = true;
  is_paused_ = is_paused_ || isCongested();
  thread_.measureDelay();
  size_t budget = stage_ == Stage::kReady || becomeReady() ? turn_bytes_ : 0;
  while (!is_draining_ && mayHandle() && budget > 0) {
    const size_t got = readOnce();
    budget -= std::min(got, budget);
    if (got == 0) {
      break;
    }
  }
  is_in_batch_ = false;
  pauseAfterRefusals();
  settle();
}

/// Not counted are refusals by other threads, which are few.
void TcpConnection::requestRefused() {
  if (isOpen() && std::this_thread::get_id() == thread_id_) {
    refusal_pause_.countRefusal();
  }
}

/// Reads nothing for a while, and then little, when most of what was read was refused.
void TcpConnection::pauseAfterRefusals() {
  const std::chrono::milliseconds pause = refusal_pause_.endTurn();
  if (pause.count() == 0) {
    return;
  }
  turn_bytes_ = IoThread::kTurnBytesMin;
  is_held_back_ = true;
  if (pause_timer_ == nullptr) {
    pause_timer_ = std::make_unique<SteadyTimer>(thread_.executor());
  }
  pause_timer_->expires_after(pause);
  pause_timer_->async_wait([self = self()](const asio::error_code& error) {
    if (!error && self->socket_.valid()) {
      self->is_held_back_ = false;
      self->settle();
    }
  });
}

/// Reads less at once when its handling took too long, and more when it is quick and there was
/// more.
void TcpConnection::adaptTurn(Deadline began, bool has_more) {
  const auto took = std::chrono::steady_clock::now() - began;
  if (took > kTurnTime) {
    turn_bytes_ = std::max(turn_bytes_ / 2, IoThread::kTurnBytesMin);
  } else if (has_more && took < kTurnTime / 4) {
    turn_bytes_ = std::min(2 * turn_bytes_, IoThread::kReadBufferBytes);
  }
}

/// Reads once and handles what has come. Returns the number of bytes, 0 when the socket has no more
/// for now, or others' turn comes first.
size_t TcpConnection::readOnce() {
  const std::span<char> room =
      partial_.empty() ? std::span<char>() : partial_.room(expected_bytes_);
  std::array<iovec, 2> parts;
  size_t count = 0;
  size_t capacity = room.size();
  if (!room.empty()) {
    parts[count++] = {room.data(), room.size()};
  }
  // Bytes behind the partial frame's end go to the thread's buffer; none can be behind it as long
  // as it has room for a part of the frame only.
  const bool ends_here = partial_.empty() || partial_.size() + room.size() == expected_bytes_;
  const std::span<char> shared = thread_.readBuffer().first(turn_bytes_);
  if (ends_here) {
    parts[count++] = {shared.data(), shared.size()};
    capacity += shared.size();
  }
  const Deadline began = std::chrono::steady_clock::now();  // Decrypting is a part of the turn.
  const ssize_t got = tls_ != nullptr
                          ? tls_->read({parts.data(), count})
                          : ::readv(socket_.get(), parts.data(), static_cast<int>(count));
  if (got <= 0) {
    if (got == 0) {
      requestClose(CloseReason::Kind::kPeer, "the peer closed it");
    } else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
      requestClose(CloseReason::Kind::kPeer, "cannot read: " + ioError(errno));
    } else if (tls_ != nullptr && tls_->readWaitsForRoom()) {
      waitWritable();
    } else {
      may_read_ = errno == EINTR;
    }
    return 0;
  }
  touch();
  last_read_at_ = began;
  turn_began_ = began;
  const auto bytes = static_cast<size_t>(got);
  const size_t in_room = std::min(bytes, room.size());
  partial_.grow(in_room);
  handleBytes(shared.first(bytes - in_room));
  if (bytes >= IoThread::kTurnBytesMin / 2) {
    adaptTurn(began, bytes == capacity);
  }
  if (tls_ != nullptr) {
    may_read_ = tls_->mayHaveMore();
    return 0;  // It has read as much as a turn may have.
  }
  // Less than there was room for: the socket is empty, and what comes from now on is told. An end
  // that was told with these bytes is not told again.
  may_read_ = bytes == capacity || is_ended_;
  return bytes == capacity ? bytes : 0;
}

void TcpConnection::handleBytes(std::span<char> bytes) {
  const ConnectionPtr self = shared_from_this();
  while (!partial_.empty()) {
    if (!completePartialFrame(self, bytes)) {
      return;
    }
  }
  const size_t handled = handleFrames(self, bytes.data(), bytes.size());
  keepRest({bytes.data() + handled, bytes.size() - handled});
}

/// Takes what the partial frame lacks off the front of `bytes` and handles it when it is complete.
/// False when more must come first, or nothing more may be handled.
bool TcpConnection::completePartialFrame(const ConnectionPtr& self, std::span<char>& bytes) {
  while (partial_.size() < expected_bytes_) {
    if (bytes.empty()) {
      return false;
    }
    const std::span<char> room = partial_.room(expected_bytes_);
    const size_t taken = std::min(room.size(), bytes.size());
    std::memcpy(room.data(), bytes.data(), taken);
    partial_.grow(taken);
    bytes = bytes.subspan(taken);
  }
  if (handleFrames(self, partial_.data(), partial_.size()) > 0) {
    partial_.clear();
  }
  return !close_reason_;
}

/// Goes on with the frames that were left in partial_.
void TcpConnection::handleUnhandled() {
  has_unhandled_ = false;
  partial_.consume(handleFrames(shared_from_this(), partial_.data(), partial_.size()));
  partial_since_ = std::chrono::steady_clock::now();
  has_unhandled_ = leavesFrames() && !partial_.empty();
}

bool TcpConnection::isTurnOver() {
  if (std::chrono::steady_clock::now() - turn_began_ < kTurnTimeMax) {
    return false;
  }
  is_turn_over_ = true;
  post(&TcpConnection::beginNextTurn);
  return true;
}

void TcpConnection::beginNextTurn() {
  is_turn_over_ = false;
  turn_began_ = std::chrono::steady_clock::now();
  settle();
}

/// Handles the complete frames at the front and returns how many bytes they have; fewer when the
/// connection pauses, its turn is over, a request on a lane comes first or it must be closed.
/// Otherwise expected_bytes_ says what the rest is to become.
size_t TcpConnection::handleFrames(const ConnectionPtr& self, char* data, size_t size) {
  size_t handled = 0;
  for (size_t frames = 0; mayHandle(); ++frames) {
    const std::string_view rest(data + handled, size - handled);
    const Result<std::optional<size_t>> frame_bytes =
        peekFrameSize(rest, settings_->limits.frame_bytes_max);
    if (!frame_bytes.ok()) {
      requestClose(CloseReason::Kind::kFault, frame_bytes.status().message());
      break;
    }
    expected_bytes_ = frame_bytes->value_or(kLengthWordBytes);
    if (rest.size() < expected_bytes_ ||
        (frames > 0 && frames % kFramesPerLook == 0 && isTurnOver())) {
      break;
    }
    handleFrame(self, data + handled, expected_bytes_);
    handled += expected_bytes_;
    is_paused_ = isCongested();
  }
  return handled;
}

void TcpConnection::handleFrame(const ConnectionPtr& self, char* frame, size_t size) {
  CommandView& command = thread_.scratchCommand();
  const Status status = decodeFrame(frame, size, command, settings_->limits.header_bytes_max);
  if (!status.isOk()) {
    requestClose(CloseReason::Kind::kFault, status.message());
  } else if (command.isResponse()) {
    handleAnswer(command);
  } else {
    refusal_pause_.countRequest();
    const bool is_alone = frame == partial_.data() && size == partial_.size();
    settings_->router->dispatch(self, command, {frame, size}, is_alone ? &partial_ : nullptr);
  }
}

void TcpConnection::handleAnswer(const CommandView& answer) {
  if (!settings_->serialize_type && answer.version >= kVersion4_0_0) {
    request_type_.store(SerializeType::kBinary, std::memory_order_relaxed);
  }
  RawCallback callback = pending_.take(answer.opaque);
  if (!callback) {
    log::debug("answer {} from {} comes too late or was never asked for", answer.opaque, name_);
    return;
  }
  outstanding_calls_.fetch_sub(1, std::memory_order_relaxed);
  callback(&answer);
}

void TcpConnection::keepRest(std::string_view rest) {
  if (close_reason_ || rest.empty()) {
    return;
  }
  has_unhandled_ = leavesFrames();
  partial_since_ = last_read_at_;
  partial_.assign(rest, has_unhandled_ ? rest.size() : expected_bytes_);
}

}  // namespace rocketmq::remoting
