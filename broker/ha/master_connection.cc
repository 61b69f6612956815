#include "broker/ha/master_connection.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <string_view>
#include <utility>

#include "broker/ha/link.h"
#include "broker/ha/log_distance.h"
#include "common/log.h"
#include "common/scheduling.h"

namespace rocketmq::broker {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// Reads between two looks at the other events of the thread.
constexpr int kReadsPerTurn = 16;
/// A backlog is appended in pieces of so many bytes: the system's cache makes large pages of them.
constexpr size_t kAppendBytes = 1 << 20;
/// A heartbeat in the middle of the comparison says that the master has nothing there, unless log
/// came such a short time ago: a master that sends so much in a second may be in a pause.
constexpr std::chrono::seconds kNothingThereAfter{2};
/// So much of the log's end is compared with the master's, or more if a record is larger.
constexpr int64_t kComparedBytes = 4096;
constexpr std::string_view kForeign =
    "it holds messages that the master does not have, or belongs to another master";
constexpr std::string_view kSetUpAnew =
    "It gets nothing until it is set up anew: stop it, move its store away, start it";

/// From where on to ask the master for the log, so that what comes first can be compared: at least
/// the whole last record, since two records may differ in their heads alone. It is in the file in
/// which the log ends: a master that does not have that one has nothing for this slave. Not 0 if
/// there is a log, for that would ask for the newest file.
int64_t askFrom(const store::MessageStore& store, int64_t file_bytes) {
  const int64_t log_end = store.commitLogMaxOffset();
  const int64_t file_begin = log_end - log_end % file_bytes;
  int64_t from = log_end;
  for (int64_t bytes = kComparedBytes;
       from > file_begin && firstRecordFrom(store, from, log_end) == log_end; bytes *= 2) {
    from = std::max(log_end - bytes, file_begin);
  }
  return log_end > 0 ? std::max<int64_t>(from, 1) : 0;
}

}  // namespace

MasterConnection::MasterConnection(remoting::TcpSocket socket, const Parts& parts)
    : socket_(std::move(socket)),
      timer_(socket_.get_executor()),
      throttle_timer_(socket_.get_executor()),
      budget_(steady_clock::now()),
      parts_(parts),
      asked_from_(askFrom(parts.store, parts.settings.load()->commit_log_file_bytes)),
      began_at_(parts.store.commitLogMaxOffset()),
      received_from_(asked_from_),
      last_read_(steady_clock::now()),
      last_log_(last_read_),
      last_write_(last_read_) {}

void MasterConnection::start() {
  report();
  if (!is_closed_) {
    armTick();
    waitReadable();
  }
}

void MasterConnection::close(const std::string& reason) {
  if (is_closed_) {
    return;
  }
  is_closed_ = true;
  timer_.cancel();
  throttle_timer_.cancel();
  asio::error_code ignored;
  socket_.close(ignored);
  parts_.listener.onClosed(reason, was_useful_);
}

int64_t MasterConnection::receivedTo() const {
  return received_from_ + std::ssize(received_.logBytes());
}

void MasterConnection::waitReadable() {
  socket_.async_wait(asio::socket_base::wait_read,
                     [self = shared_from_this()](const asio::error_code& error) {
                       if (!error && !self->is_closed_) {
                         self->read();
                       }
                     });
}

void MasterConnection::waitForMore() {
  const milliseconds wait = pause();
  is_throttled_ = wait.count() > 0;
  if (!is_throttled_) {
    waitReadable();
    return;
  }
  throttle_timer_.expires_after(wait);
  throttle_timer_.async_wait([self = shared_from_this()](const asio::error_code& error) {
    if (!error && !self->is_closed_) {
      self->last_read_ = steady_clock::now();  // The master was not silent: nobody listened.
      self->waitForMore();
    }
  });
}

milliseconds MasterConnection::pause() {
  return budget_.pause(steady_clock::now(), bytesPerSecondMax(*parts_.settings.load()));
}

void MasterConnection::read() {
  for (int i = 0; i < kReadsPerTurn; ++i) {
    const std::span<iovec> room = received_.room();
    msghdr message{};
    message.msg_iov = room.data();
    message.msg_iovlen = room.size();
    const ssize_t got = ::recvmsg(socket_.native_handle(), &message, MSG_DONTWAIT);
    if (got > 0) {
      last_read_ = steady_clock::now();
      parts_.traffic.last_read_ms.store(parts_.clock.nowMs(), std::memory_order_relaxed);
      parts_.traffic.bytes.fetch_add(got, std::memory_order_relaxed);
      budget_.spend(got);
      if (!received_.received(static_cast<size_t>(got), [this](const TransferHeader& header) {
            return checkHeader(header);
          })) {
        return;
      }
      // Behind a full buffer there is more: a backlog, which is appended in large pieces, and for
      // which one report at the end will do.
      const bool is_backlog = received_.logBytes().size() >= TransferBuffer::kReadBytes;
      takeTurns(is_backlog ? Turns::kShort : Turns::kUsual);
      giveWay();
      if (is_backlog) {
        if (received_.logBytes().size() >= kAppendBytes && !takeReceived()) {
          return;
        }
      } else if (!takeReceived() || !reportProgress()) {
        return;
      }
      if (pause().count() > 0) {
        break;
      }
    } else if (got == 0) {
      close(was_useful_ ? "the master has closed it"
                        : "the master has closed it at once; if it goes on like this, the master's "
                          "log file says why: this slave's log may go further than the master's");
      return;
    } else if (wouldBlock(errno)) {
      break;
    } else if (errno != EINTR) {
      close("cannot read: " + errorText(errno));
      return;
    }
  }
  if (takeReceived() && reportProgress()) {
    waitForMore();
  }
}

/// RocketMQ parity: an empty log takes what comes, else master and slave must agree with every
/// header, heartbeats included.
bool MasterConnection::checkHeader(const TransferHeader& header) {
  if (header.bytes < 0 || header.offset < 0) {
    close("what the master sends is not the HA protocol; is its haListenPort right?");
    return false;
  }
  const bool is_first_piece = receivedTo() == 0;
  if (is_first_piece && header.bytes > 0) {
    received_from_ = header.offset;
  } else if (!is_first_piece && header.offset != receivedTo()) {
    close("the master goes on at log offset " + std::to_string(header.offset) +
          ", this slave's log at " + std::to_string(receivedTo()));
    return false;
  }
  was_useful_ = true;
  if (header.bytes > 0) {
    last_log_ = steady_clock::now();
  }
  if (header.bytes == 0 && receivedTo() < parts_.store.commitLogMaxOffset()) {
    if (steady_clock::now() - last_log_ >= kNothingThereAfter) {
      noteNothingThere();
    }
  } else if (isCompared() && header.bytes == 0 && masterLogBegin() > receivedTo()) {
    noteBehind();
  } else if (isCompared()) {
    // There was nothing to compare. A master that refuses this slave would not have gone on.
    note(LogMatch::kSame);
  }
  return true;
}

void MasterConnection::note(LogMatch match, const std::string& problem) {
  if (std::exchange(match_, match) != match) {
    parts_.listener.onCompared(match, problem);
  }
}

/// The connection stays: when the master's log has grown, the rest of this one can be compared.
void MasterConnection::noteNothingThere() {
  const int64_t log_end = parts_.store.commitLogMaxOffset();
  const int64_t master_begin = masterLogBegin();
  if (log_end <= master_begin) {
    noteBehind();
    return;
  }
  note(LogMatch::kAhead,
       fmt::format(
           "the master has nothing at log offset {}, but this slave's log ends at {}: {}{}. {}",
           receivedTo(), log_end, kForeign,
           master_begin > 0 ? "" : ", or the master has deleted what follows it by now",
           kSetUpAnew));
}

void MasterConnection::noteBehind() {
  note(LogMatch::kBehind,
       fmt::format("this slave's log ends at {}, and the master's begins at {}: the master no "
                   "longer has what it lacks. {}",
                   parts_.store.commitLogMaxOffset(), masterLogBegin(), kSetUpAnew));
}

bool MasterConnection::takeReceived() { return compareReceived() && appendReceived(); }

bool MasterConnection::compareReceived() {
  if (isCompared() || received_.logBytes().empty()) {
    return true;
  }
  const std::string_view theirs = received_.logBytes();
  const Result<store::LogPiece> piece = parts_.store.logBytes(received_from_, std::ssize(theirs));
  if (!piece.ok()) {
    was_useful_ = false;  // It says nothing of the master: the next connection compares.
    close("cannot read this slave's log: " + piece.status().message());
    return false;
  }
  const std::string_view ours = piece->bytes;
  const auto same =
      std::mismatch(ours.begin(), ours.end(), theirs.begin(), theirs.end()).first - ours.begin();
  if (ours.empty() || same < std::ssize(ours)) {
    const int64_t difference = received_from_ + same;
    note(LogMatch::kDifferent,
         fmt::format("this slave's log differs from its master's at log offset {}: {}. {}",
                     difference, kForeign, kSetUpAnew));
    was_useful_ = false;
    close("this slave's log differs from the master's at log offset " + std::to_string(difference));
    return false;
  }
  received_.dropFront(ours.size());
  received_from_ += same;
  if (isCompared()) {
    note(LogMatch::kSame);
  }
  return true;
}

bool MasterConnection::appendReceived() {
  const std::string_view bytes = received_.logBytes();
  if (bytes.empty()) {
    return true;
  }
  const Result<int64_t> taken = parts_.store.appendReplicated(received_from_, bytes);
  if (!taken) {
    // It will come again: at once would be for nothing, unless there was something in front of it.
    was_useful_ = parts_.store.commitLogMaxOffset() > began_at_;
    close("cannot append: " + taken.status().message());
    return false;
  }
  received_.dropFront(static_cast<size_t>(*taken));
  received_from_ += *taken;
  return true;
}

// Reports.

int64_t MasterConnection::reportable() const {
  return isCompared() ? parts_.store.commitLogMaxOffset() : asked_from_;
}

bool MasterConnection::reportProgress() {
  if (reportable() > reported_) {
    report();
  }
  return !is_closed_;
}

void MasterConnection::report() {
  if (report_left_ > 0) {
    return;  // The one after it will be newer.
  }
  reported_ = reportable();
  report_ = encodeReport(reported_);
  report_left_ = report_.size();
  writeReport();
}

void MasterConnection::writeReport() {
  while (report_left_ > 0) {
    const ssize_t sent =
        ::send(socket_.native_handle(), report_.data() + (report_.size() - report_left_),
               report_left_, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      report_left_ -= static_cast<size_t>(sent);
      last_write_ = steady_clock::now();
      parts_.traffic.last_write_ms.store(parts_.clock.nowMs(), std::memory_order_relaxed);
    } else if (wouldBlock(errno)) {
      socket_.async_wait(asio::socket_base::wait_write,
                         [self = shared_from_this()](const asio::error_code& error) {
                           if (!error && !self->is_closed_) {
                             self->writeReport();
                           }
                         });
      return;
    } else if (errno != EINTR) {
      close("cannot write: " + errorText(errno));
      return;
    }
  }
  if (reportable() > reported_) {
    report();
  }
}

void MasterConnection::armTick() {
  timer_.expires_after(tickOf(*parts_.settings.load()));
  timer_.async_wait([self = shared_from_this()](const asio::error_code& error) {
    if (!error && !self->is_closed_) {
      self->onTick();
    }
  });
}

void MasterConnection::onTick() {
  const auto settings = parts_.settings.load();
  const auto now = steady_clock::now();
  if (!is_throttled_ && now - last_read_ > milliseconds(settings->ha_housekeeping_interval_ms)) {
    close("the master has been silent for haHousekeepingInterval");
    return;
  }
  if (now - last_write_ >= milliseconds(settings->ha_heartbeat_interval_ms)) {
    report();
  }
  if (!is_closed_) {
    armTick();
  }
}

}  // namespace rocketmq::broker
