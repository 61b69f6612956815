#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <asio/basic_stream_socket.hpp>
#include <asio/basic_waitable_timer.hpp>
#include <asio/execution_context.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/wait_traits.hpp>

#include "remoting/protocol/command.h"
#include "remoting/readiness.h"

namespace rocketmq::remoting {

// asio's objects with the executor's real type: the usual type-erased one costs an indirection and
// reference counts with every operation.
using IoExecutor = asio::io_context::executor_type;
using TcpSocket = asio::basic_stream_socket<asio::ip::tcp, IoExecutor>;
using SteadyTimer =
    asio::basic_waitable_timer<std::chrono::steady_clock,
                               asio::wait_traits<std::chrono::steady_clock>, IoExecutor>;

class IdleTracker;

/// What all connections of one I/O thread share, so that an idle connection owns next to nothing:
/// the wait for their sockets, the buffer that these are read into, the view that frames are
/// decoded into, and the scan for idle connections.
///
/// Threads: of() any, everything else on the context's own thread. Life: as long as the context.
class IoThread : public asio::execution_context::service {
 public:
  using key_type = IoThread;
  static asio::execution_context::id id;

  static constexpr size_t kReadBufferBytes = 256u << 10;
  /// What a connection may always read into it before others' turn comes.
  static constexpr size_t kTurnBytesMin = 4u << 10;

  explicit IoThread(asio::execution_context& context);

  static IoThread& of(asio::io_context& context) { return asio::use_service<IoThread>(context); }

  asio::io_context& context() { return context_; }
  IoExecutor executor() { return context_.get_executor(); }
  bool isCurrent() const { return context_.get_executor().running_in_this_thread(); }

  Readiness& readiness() { return readiness_; }

  /// Valid until the thread reads another socket.
  std::span<char> readBuffer();
  /// For the frame that is being handled; keeps its capacity from frame to frame.
  CommandView& scratchCommand() { return scratch_command_; }

  /// How long what is ready now waits for its turn, about: what the last but one round of the
  /// thread's work took or the last one, whichever was quicker, so that a single hiccup does not
  /// count. 0 when the thread rests.
  std::chrono::milliseconds delay() const { return delay_; }
  /// To be called with every read. Measures rounds as long as there is work.
  void measureDelay();

  /// Does nothing for a tracker without any timeout.
  void watch(IdleTracker& tracker);
  void unwatch(IdleTracker& tracker);

 private:
  void shutdown() override;
  void armScan();
  void scan(size_t unseen);

  asio::io_context& context_;
  Readiness readiness_;
  std::unique_ptr<char[]> read_buffer_;  // Allocated by the first read.
  CommandView scratch_command_;

  std::vector<IdleTracker*> watched_;
  std::optional<SteadyTimer> scan_timer_;
  bool is_scan_armed_ = false;

  bool is_measuring_ = false;
  std::chrono::milliseconds last_round_{0};
  std::chrono::milliseconds delay_{0};
  std::chrono::milliseconds scan_period_ = std::chrono::milliseconds::max();
};

/// Tells its owner when nothing has happened for a while. One timer per thread serves all trackers:
/// touch() only sets a flag, and the scan comes ten times per timeout, so that onIdle() is never
/// early and at most a fifth of the timeout late. Threads: that of the IoThread.
///
/// A tracker may look at another time-out of its own with each scan, see onScan().
class IdleTracker {
 public:
  /// 0: no such time-out. `other_timeout`: of onScan(), which then is called ten times in it.
  explicit IdleTracker(std::chrono::milliseconds timeout,
                       std::chrono::milliseconds other_timeout = {})
      : timeout_(timeout), other_timeout_(other_timeout) {}
  IdleTracker(const IdleTracker&) = delete;
  IdleTracker& operator=(const IdleTracker&) = delete;
  virtual ~IdleTracker() = default;

  void touch() { is_touched_ = true; }

 protected:
  // Both may unwatch this tracker, but no other. Work is better posted than done in them.

  virtual void onIdle() = 0;
  /// Whether something has expired.
  virtual bool onScan(std::chrono::steady_clock::time_point /*now*/) { return false; }

 private:
  friend class IoThread;
  static constexpr size_t kUnwatched = static_cast<size_t>(-1);

  const std::chrono::milliseconds timeout_;
  const std::chrono::milliseconds other_timeout_;
  bool is_touched_ = true;
  std::chrono::steady_clock::time_point quiet_since_;
  size_t index_ = kUnwatched;
};

}  // namespace rocketmq::remoting
