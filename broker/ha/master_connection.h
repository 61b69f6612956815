#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "broker/ha/transfer.h"
#include "broker/ha/transfer_budget.h"
#include "broker/ha/transfer_buffer.h"
#include "broker/settings.h"
#include "common/clock.h"
#include "remoting/io_thread.h"
#include "store/message_store.h"

namespace rocketmq::broker {

/// What a slave knows of its log and its master's.
enum class LogMatch : uint8_t {
  kUnknown,   ///< It has not been compared yet.
  kSame,      ///< The ends were the same; the log goes on as the master's.
  kAhead,     ///< It goes on where the master has nothing.
  kBehind,    ///< It ends where the master's log has not begun yet: what it lacks is gone.
  kDifferent  ///< It holds other messages than the master's at the same place.
};

/// A slave's connection to its master (RocketMQ: HAClient while it is connected): reports the end
/// of the log, appends what comes.
///
/// Nothing is appended behind messages that the master does not have: the master is first asked for
/// the end of this log once more, and it is compared. Only then does a report say where this log
/// ends; before it is the offset that was asked for.
///
/// Threads: the HA thread, which may wait for the disk: what the master sends meanwhile stays in
/// the socket. Life: until close(), which the master's silence, its going, bytes that do not
/// continue the log or differ from it, or a failed append cause as well.
class MasterConnection : public std::enable_shared_from_this<MasterConnection> {
 public:
  class Listener {
   public:
    virtual ~Listener() = default;
    /// When something has been found out that was not known on this connection. `problem`: what is
    /// wrong, for the log; empty when the ends are the same.
    virtual void onCompared(LogMatch match, const std::string& problem) = 0;
    /// `was_useful`: the master has sent something that was in order, and it could be appended.
    virtual void onClosed(const std::string& reason, bool was_useful) = 0;
  };

  /// Counters of all connections that a slave has had; for its status.
  struct Traffic {
    std::atomic<int64_t> bytes{0};
    std::atomic<TimestampMs> last_read_ms{0};
    std::atomic<TimestampMs> last_write_ms{0};
  };

  /// Everything but the socket is borrowed, the listener until onClosed().
  struct Parts {
    store::MessageStore& store;
    const LiveSettings& settings;
    const Clock& clock;
    Traffic& traffic;
    const std::atomic<int64_t>& master_log_begin;  ///< As the master says; 0 until it has.
    Listener& listener;
  };

  MasterConnection(remoting::TcpSocket socket, const Parts& parts);

  void start();
  void close(const std::string& reason);

 private:
  void waitReadable();
  /// Waits for the next bytes, or first, as haFlowControlEnable says, for the time to take them.
  void waitForMore();
  std::chrono::milliseconds pause();
  void read();
  /// Lets the master know what has been appended since the last report.
  bool reportProgress();
  bool checkHeader(const TransferHeader& header);
  void noteNothingThere();
  void noteBehind();
  int64_t masterLogBegin() const { return parts_.master_log_begin.load(std::memory_order_relaxed); }
  /// Tells the listener, if that is news on this connection.
  void note(LogMatch match, const std::string& problem = {});
  /// Compares and appends.
  bool takeReceived();
  /// Takes from received_ what is in the log already. False: it is not the same.
  bool compareReceived();
  bool appendReceived();
  /// False while some of the log's end has still to be compared.
  bool isCompared() const { return received_from_ >= parts_.store.commitLogMaxOffset(); }
  /// What a report says now.
  int64_t reportable() const;
  /// The log's end with what is still too little to be appended.
  int64_t receivedTo() const;

  void report();
  void writeReport();
  void armTick();
  void onTick();

  remoting::TcpSocket socket_;
  remoting::SteadyTimer timer_;
  remoting::SteadyTimer throttle_timer_;
  TransferBudget budget_;
  bool is_throttled_ = false;
  const Parts parts_;

  const int64_t asked_from_;
  const int64_t began_at_;  ///< The end of this log when the connection began.
  /// Log bytes that are not in the log yet, or have not been compared, and where they begin. Less
  /// than one record between turns.
  TransferBuffer received_;
  int64_t received_from_;
  LogMatch match_ = LogMatch::kUnknown;
  int64_t reported_ = -1;
  std::array<char, kReportBytes> report_{};
  size_t report_left_ = 0;  ///< Bytes of report_ that have not left yet.
  bool was_useful_ = false;
  bool is_closed_ = false;
  std::chrono::steady_clock::time_point last_read_;
  std::chrono::steady_clock::time_point last_log_;  // Of the connection before any came.
  std::chrono::steady_clock::time_point last_write_;
};

}  // namespace rocketmq::broker
