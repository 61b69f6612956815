#pragma once

#include <memory>

#include "remoting/io_pool.h"

namespace rocketmq::client {

/// The one thread on which all clients of the process do their network I/O and timers. It is
/// started with the first client and stopped with the last, so a process pays one thread however
/// many producers and consumers it has.
///
/// Threads: any. Life: whoever holds it must let go on another thread than the loop's own.
class EventLoop {
 public:
  /// The process's loop, started if need be.
  static std::shared_ptr<EventLoop> shared();

  EventLoop() : pool_("rmq-client-io", 1) {}

  remoting::IoPool& pool() { return pool_; }

 private:
  remoting::IoPool pool_;
};

}  // namespace rocketmq::client
