#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "broker/ha/transfer.h"
#include "broker/ha/transfer_budget.h"
#include "broker/settings.h"
#include "remoting/io_thread.h"
#include "store/message_store.h"

namespace rocketmq::broker {

/// A master's connection to one of its slaves (RocketMQ: HAConnection): sends the log from where
/// the slave's ends, without copying it, and takes the slave's reports.
///
/// Threads: all on the HA thread, but state(). Life: until close(), which the slave's silence, its
/// going, or a report that cannot be causes as well; a closed connection does nothing any more.
/// Memory: no queue; the log itself holds what a slow slave has not taken yet.
class SlaveConnection : public std::enable_shared_from_this<SlaveConnection> {
 public:
  /// Told on the HA thread.
  class Listener {
   public:
    virtual ~Listener() = default;
    /// Before the first report counts.
    virtual void onFirstReport(SlaveConnection& connection) = 0;
    /// ackOffset(), isFollowing() or isCurrent() has changed.
    virtual void onReport() = 0;
    /// Everything has been sent: pump() must follow the next append.
    virtual void onIdle() = 0;
    virtual void onClosed(SlaveConnection& connection) = 0;
  };

  /// All but the socket is borrowed until onClosed().
  SlaveConnection(remoting::TcpSocket socket, store::MessageStore& store,
                  const LiveSettings& settings, Listener& listener);

  void start();
  /// Sends what the log has got since.
  void pump();
  void close(const std::string& reason);

  const std::string& address() const { return address_; }
  /// The address without the port.
  const std::string& host() const { return host_; }
  /// The end of the slave's log as last reported; -1 before the first report.
  int64_t ackOffset() const { return ack_offset_.load(std::memory_order_relaxed); }
  /// Whether the slave's reports can be relied on: its log is empty or ends where this master's
  /// does, or it has taken something since its first report. Before that, what it holds may be
  /// another master's: it may just be comparing. No longer when this master has removed what it
  /// lacks.
  bool isFollowing() const { return is_following_.load(std::memory_order_relaxed); }
  /// Whether the slave has reported since doubt(). If not this may be the old connection of one
  /// that has died without a word and has come back over another one.
  bool isCurrent() const { return is_current_.load(std::memory_order_relaxed); }
  void doubt() { is_current_.store(false, std::memory_order_relaxed); }

  struct State {
    std::string address;
    int64_t ack_offset = -1;
    bool is_following = false;
    bool is_current = false;
    int64_t transfer_from = 0;     ///< What is sent next.
    int64_t bytes_per_second = 0;  ///< Of the log.
  };
  State state() const;

 private:
  using TimePoint = std::chrono::steady_clock::time_point;

  /// A header and the piece of the log behind it.
  struct Frame {
    std::array<char, kTransferHeaderBytes> header;
    store::LogPiece piece;
    size_t size() const { return header.size() + piece.bytes.size(); }
  };

  void waitReadable();
  void readReports();
  bool takeReport(int64_t end_offset);
  int64_t startFor(int64_t requested) const;

  /// Makes the next frames of the log. False: there is nothing to send.
  bool gather();
  void gatherHeartbeat();
  /// True when all frames have left.
  bool write();
  /// As send(), for what is left of the first frame and of all frames.
  ssize_t sendFirstFrame();
  ssize_t sendFrames();
  void consume(size_t bytes);
  /// How many of the first `bytes` of all frames are of the log.
  int64_t logBytesIn(size_t bytes) const;
  void waitWritable();
  /// True: haFlowControlEnable says to wait; pump() is called when that is over.
  bool isThrottled();

  void armTick();
  void onTick();
  void sampleRate(TimePoint now);
  void reportGap();

  remoting::TcpSocket socket_;
  remoting::SteadyTimer timer_;
  remoting::SteadyTimer throttle_timer_;
  TransferBudget budget_;
  bool is_throttled_ = false;
  store::MessageStore& store_;
  const LiveSettings& settings_;
  Listener& listener_;
  std::string address_;
  std::string host_;

  ReportReader reports_;
  std::vector<Frame> frames_;
  size_t written_ = 0;  ///< Bytes of frames_ that have left.
  bool is_write_armed_ = false;
  bool is_pump_posted_ = false;
  bool gap_reported_ = false;
  bool is_closed_ = false;
  TimePoint last_read_;
  TimePoint last_write_;
  TimePoint rate_since_;
  int64_t rate_bytes_ = 0;  ///< Of the log, since rate_since_.

  int64_t first_report_ = -1;
  std::atomic<int64_t> ack_offset_{-1};
  std::atomic<bool> is_following_{false};
  std::atomic<bool> is_current_{false};
  std::atomic<int64_t> next_offset_{0};
  std::atomic<int64_t> bytes_per_second_{0};
};

}  // namespace rocketmq::broker
