#pragma once

#include <memory>

#include "remoting/io_pool.h"

namespace rocketmq::client {

/// The one thread on which all clients of the process do their network I/O and timers. It is
/// started with the first client and stopped with the last, so a process pays one thread however
/// many producers and consumers it has.
///
/// Threads: any. Life: the loop's own thread, if it is the last to let go, leaves the end of the
/// loop to a thread that may wait for it.
class EventLoop {
 public:
  /// The process's loop, started if need be.
  static std::shared_ptr<EventLoop> shared();

  EventLoop();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  remoting::IoPool& pool() { return *pool_; }

  /// True on the loop's own thread.
  bool isCurrent() const;

 private:
  std::shared_ptr<remoting::IoPool> pool_;  // Shared only with what ends it.
};

}  // namespace rocketmq::client
