#include "broker/ha/slave_connection.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include <asio/post.hpp>

#include "broker/ha/link.h"
#include "common/log.h"
#include "common/log_limiter.h"
#include "common/scheduling.h"
#include "remoting/socket_address.h"

namespace rocketmq::broker {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr size_t kFramesPerWrite = 8;
/// A piece of the log that is large enough for calls of its own, which save its copy.
constexpr int64_t kSendFileBytesMin = 16 << 10;
/// So much of the log a heartbeat has in a pause.
constexpr int64_t kHeartbeatBytes = 256;
/// Then other slaves and reports have their turn.
constexpr int64_t kBytesPerTurn = 1 << 20;
/// A slave that is so far behind takes much at a time, for long.
constexpr int64_t kBacklogBytes = 8 << 20;
constexpr std::chrono::seconds kRatePeriod{1};
/// Of a kind: who connects again and again must not fill the disk.
constexpr int64_t kLinesPerSecond = 5;
/// A slave of RocketMQ's reads into a buffer of 4 MiB and would wait for the rest of a larger piece
/// for ever.
constexpr int64_t kPieceBytesMax = (4 << 20) - static_cast<int64_t>(kTransferHeaderBytes);

}  // namespace

SlaveConnection::SlaveConnection(remoting::TcpSocket socket, store::MessageStore& store,
                                 const LiveSettings& settings, Listener& listener)
    : socket_(std::move(socket)),
      timer_(socket_.get_executor()),
      throttle_timer_(socket_.get_executor()),
      budget_(steady_clock::now()),
      store_(store),
      settings_(settings),
      listener_(listener),
      last_read_(steady_clock::now()),
      last_write_(last_read_),
      rate_since_(last_read_) {
  asio::error_code ignored;  // Reading notices a slave that has gone already.
  const HostAddress remote = remoting::toHostAddress(socket_.remote_endpoint(ignored));
  address_ = remote.toString();
  host_ = remote.ipString();
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket_.native_non_blocking(true, ignored);  // As MappedFile::sendTo() needs it.
}

void SlaveConnection::start() {
  static LogLimiter limiter(kLinesPerSecond);
  limiter.info("slave {} has connected", address_);
  armTick();
  waitReadable();
}

void SlaveConnection::close(const std::string& reason) {
  if (is_closed_) {
    return;
  }
  is_closed_ = true;
  static LogLimiter limiter(kLinesPerSecond);
  limiter.info("connection to slave {} closed: {}", address_, reason);
  timer_.cancel();
  throttle_timer_.cancel();
  asio::error_code ignored;
  socket_.close(ignored);
  frames_.clear();
  listener_.onClosed(*this);
}

SlaveConnection::State SlaveConnection::state() const {
  return {.address = address_,
          .ack_offset = ackOffset(),
          .is_following = isFollowing(),
          .is_current = isCurrent(),
          .transfer_from = next_offset_.load(std::memory_order_relaxed),
          .bytes_per_second = bytes_per_second_.load(std::memory_order_relaxed)};
}

// Reports.

void SlaveConnection::waitReadable() {
  socket_.async_wait(asio::socket_base::wait_read,
                     [self = shared_from_this()](const asio::error_code& error) {
                       if (!error && !self->is_closed_) {
                         self->readReports();
                       }
                     });
}

/// One read, so that a peer that sends without end gets no more of the thread than the others. What
/// it could not take is there when the thread comes by again.
void SlaveConnection::readReports() {
  std::array<char, 4096> buffer;
  const ssize_t got = ::recv(socket_.native_handle(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (got == 0) {
    close("the slave has closed it");
    return;
  }
  if (got < 0 && !wouldBlock(errno) && errno != EINTR) {
    close("cannot read: " + errorText(errno));
    return;
  }
  if (got > 0) {
    last_read_ = steady_clock::now();
    const auto report = reports_.feed({buffer.data(), static_cast<size_t>(got)});
    if (report && !takeReport(*report)) {
      return;
    }
  }
  waitReadable();
}

bool SlaveConnection::takeReport(int64_t end_offset) {
  const int64_t log_end = store_.commitLogMaxOffset();
  if (end_offset < 0 || end_offset > log_end) {
    static LogLimiter limiter(1);  // Whoever can reach the port may say so.
    limiter.error(
        "the log of slave {} ends at {}, behind the end of this master's, {}: it holds messages "
        "that this master has lost, or belongs to another master. It may have the only copy of "
        "messages that were acknowledged: if nothing new has been sent to this master, it can be "
        "promoted instead. Else it gets nothing until it is set up anew: stop it, move its store "
        "away, start it",
        address_, end_offset, log_end);
    close("the slave is ahead of this master");
    return false;
  }
  const int64_t before = ackOffset();
  const bool is_first = before < 0;
  const bool was_following = isFollowing();
  const bool was_current = is_current_.exchange(true, std::memory_order_relaxed);
  if (is_first) {
    listener_.onFirstReport(*this);
  }
  ack_offset_.store(end_offset, std::memory_order_relaxed);
  if (is_first) {
    first_report_ = end_offset;
  }
  if (!gap_reported_ &&
      (end_offset == 0 || end_offset > first_report_ || (is_first && end_offset == log_end))) {
    is_following_.store(true, std::memory_order_relaxed);
  }
  if (is_first) {
    const int64_t start = startFor(end_offset);
    next_offset_.store(start, std::memory_order_relaxed);
    static LogLimiter limiter(kLinesPerSecond);
    limiter.info("slave {} asks for the log from {} on; sending from {}", address_, end_offset,
                 start);
  }
  if (end_offset != before || isFollowing() != was_following || !was_current) {
    listener_.onReport();
  }
  if (is_first) {
    pump();
  }
  return !is_closed_;
}

/// RocketMQ parity: a slave that has nothing gets the newest file only.
int64_t SlaveConnection::startFor(int64_t requested) const {
  if (requested > 0) {
    return requested;
  }
  const auto settings = settings_.load();
  const int64_t log_end = store_.commitLogMaxOffset();
  return settings->ha_new_slave_gets_all ? store_.commitLogMinOffset()
                                         : log_end - log_end % settings->commit_log_file_bytes;
}

// The log.

void SlaveConnection::pump() {
  if (is_closed_ || ackOffset() < 0) {
    return;
  }
  const int64_t turn_end = next_offset_.load(std::memory_order_relaxed) + kBytesPerTurn;
  // What has been begun goes out as a whole, so that there is room for a heartbeat in a pause.
  while (!is_write_armed_ && !(frames_.empty() && isThrottled())) {
    if (frames_.empty() && !gather()) {
      listener_.onIdle();
      // What came before that will not be told of.
      if (!gather()) {
        return;
      }
    }
    if (!write()) {
      return;
    }
    if (next_offset_.load(std::memory_order_relaxed) >= turn_end) {
      if (!is_pump_posted_) {
        is_pump_posted_ = true;
        asio::post(socket_.get_executor(), [self = shared_from_this()] {
          self->is_pump_posted_ = false;
          self->pump();
        });
      }
      return;
    }
  }
}

bool SlaveConnection::isThrottled() {
  if (is_throttled_) {
    return true;
  }
  const milliseconds pause =
      budget_.pause(steady_clock::now(), bytesPerSecondMax(*settings_.load()));
  if (pause.count() > 0) {
    is_throttled_ = true;
    throttle_timer_.expires_after(pause);
    throttle_timer_.async_wait([self = shared_from_this()](const asio::error_code& error) {
      if (!error && !self->is_closed_) {
        self->is_throttled_ = false;
        self->pump();
      }
    });
  }
  return is_throttled_;
}

bool SlaveConnection::gather() {
  const int64_t batch_bytes =
      std::min<int64_t>(settings_.load()->ha_transfer_batch_bytes, kPieceBytesMax);
  int64_t next = next_offset_.load(std::memory_order_relaxed);
  const bool is_backlog = store_.commitLogMaxOffset() - next >= kBacklogBytes;
  takeTurns(is_backlog ? Turns::kShort : Turns::kUsual);
  giveWay();
  while (frames_.size() < kFramesPerWrite) {
    Result<store::LogPiece> piece = store_.logBytes(next, batch_bytes);
    if (!piece.ok() || piece->bytes.empty()) {
      break;  // What cannot be read now is tried again with the next heartbeat.
    }
    const auto bytes = static_cast<int32_t>(piece->bytes.size());
    frames_.push_back({.header = TransferHeader{.offset = next, .bytes = bytes}.encode(),
                       .piece = std::move(*piece)});
    next += bytes;
  }
  next_offset_.store(next, std::memory_order_relaxed);
  return !frames_.empty();
}

bool SlaveConnection::write() {
  while (!frames_.empty()) {
    const bool is_large = std::ssize(frames_.front().piece.bytes) >= kSendFileBytesMin;
    const ssize_t sent = is_large ? sendFirstFrame() : sendFrames();
    if (sent > 0) {
      consume(static_cast<size_t>(sent));
    } else if (sent == 0) {
      close("cannot write: a file of the log has become shorter");
      return false;
    } else if (wouldBlock(errno)) {
      waitWritable();
      return false;
    } else if (errno != EINTR) {
      close("cannot write: " + errorText(errno));
      return false;
    }
  }
  return true;
}

ssize_t SlaveConnection::sendFirstFrame() {
  const Frame& frame = frames_.front();
  if (written_ < frame.header.size()) {
    return ::send(socket_.native_handle(), frame.header.data() + written_,
                  frame.header.size() - written_, MSG_NOSIGNAL | MSG_DONTWAIT | MSG_MORE);
  }
  return frame.piece.file->sendTo(socket_.native_handle(),
                                  frame.piece.bytes.substr(written_ - frame.header.size()));
}

ssize_t SlaveConnection::sendFrames() {
  std::array<iovec, 2 * kFramesPerWrite> parts;
  size_t count = 0;
  size_t skip = written_;
  const auto add = [&](std::string_view bytes) {
    const size_t skipped = std::min(skip, bytes.size());
    skip -= skipped;
    bytes.remove_prefix(skipped);
    if (!bytes.empty()) {
      parts[count++] = {.iov_base = const_cast<char*>(bytes.data()), .iov_len = bytes.size()};
    }
  };
  for (const Frame& frame : frames_) {
    add({frame.header.data(), frame.header.size()});
    add(frame.piece.bytes);
  }
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = count;
  return ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void SlaveConnection::consume(size_t bytes) {
  last_write_ = steady_clock::now();
  rate_bytes_ += logBytesIn(written_ + bytes) - logBytesIn(written_);
  budget_.spend(static_cast<int64_t>(bytes));
  written_ += bytes;
  size_t whole = 0;
  while (whole < frames_.size() && written_ >= frames_[whole].size()) {
    written_ -= frames_[whole].size();
    ++whole;
  }
  frames_.erase(frames_.begin(), frames_.begin() + static_cast<std::ptrdiff_t>(whole));
}

int64_t SlaveConnection::logBytesIn(size_t bytes) const {
  size_t log_bytes = 0;
  for (const Frame& frame : frames_) {
    const size_t here = std::min(bytes, frame.size());
    log_bytes += here - std::min(here, frame.header.size());
    bytes -= here;
  }
  return static_cast<int64_t>(log_bytes);
}

void SlaveConnection::waitWritable() {
  is_write_armed_ = true;
  socket_.async_wait(asio::socket_base::wait_write,
                     [self = shared_from_this()](const asio::error_code& error) {
                       if (!error && !self->is_closed_) {
                         self->is_write_armed_ = false;
                         self->pump();
                       }
                     });
}

// Time.

void SlaveConnection::armTick() {
  timer_.expires_after(tickOf(*settings_.load()));
  timer_.async_wait([self = shared_from_this()](const asio::error_code& error) {
    if (!error && !self->is_closed_) {
      self->onTick();
    }
  });
}

void SlaveConnection::onTick() {
  const auto settings = settings_.load();
  const TimePoint now = steady_clock::now();
  if (now - last_read_ > milliseconds(settings->ha_housekeeping_interval_ms)) {
    close("the slave has been silent for haHousekeepingInterval");
    return;
  }
  sampleRate(now);
  const bool is_due = now - last_write_ >= milliseconds(settings->ha_heartbeat_interval_ms);
  if (ackOffset() >= 0 && is_due && frames_.empty()) {
    gatherHeartbeat();
    write();
  }
  if (!is_closed_) {
    armTick();
  }
}

/// A slave takes one without log for the word that there is none at that place: none is made while
/// that cannot be known.
void SlaveConnection::gatherHeartbeat() {
  const int64_t next = next_offset_.load(std::memory_order_relaxed);
  Result<store::LogPiece> piece = store_.logBytes(next, kHeartbeatBytes);
  if (!piece.ok()) {
    return;
  }
  const auto bytes = static_cast<int32_t>(piece->bytes.size());
  if (bytes == 0 && next < store_.commitLogMaxOffset()) {
    reportGap();
  }
  frames_.push_back({.header = TransferHeader{.offset = next, .bytes = bytes}.encode(),
                     .piece = std::move(*piece)});
  next_offset_.store(next + bytes, std::memory_order_relaxed);
}

void SlaveConnection::sampleRate(TimePoint now) {
  if (now - rate_since_ < kRatePeriod) {
    return;
  }
  const double elapsed = std::chrono::duration<double>(now - rate_since_).count();
  bytes_per_second_.store(static_cast<int64_t>(static_cast<double>(rate_bytes_) / elapsed),
                          std::memory_order_relaxed);
  rate_since_ = now;
  rate_bytes_ = 0;
}

/// RocketMQ parity: such a slave stays connected and gets heartbeats. It is none that anybody could
/// count on.
void SlaveConnection::reportGap() {
  if (!std::exchange(gap_reported_, true)) {
    is_following_.store(false, std::memory_order_relaxed);
    listener_.onReport();
    static LogLimiter limiter(kLinesPerSecond);
    limiter.error(
        "slave {} wants the log from {} on, which this master no longer has: it begins at {}. Set "
        "the slave up anew: stop it, move its store away, start it",
        address_, next_offset_.load(std::memory_order_relaxed), store_.commitLogMinOffset());
  }
}

}  // namespace rocketmq::broker
