#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "remoting/io_pool.h"

namespace rocketmq::client {

/// Delayed and periodic tasks of one owner, run on the event loop; they must not block.
///
/// Life:    stop() (or the destructor) cancels everything; when it returns no task runs or will
///          run, except the one that calls it. Tasks and what they own are destroyed by then.
/// Threads: any. The pool must outlive this object.
class Timers {
 public:
  explicit Timers(remoting::IoPool& pool);
  ~Timers();
  Timers(const Timers&) = delete;
  Timers& operator=(const Timers&) = delete;

  /// Runs `task` once, after `delay`. Dropped when stopped.
  void after(std::chrono::milliseconds delay, std::function<void()> task);

  /// Runs `task` as soon as the loop gets to it.
  void soon(std::function<void()> task);

  /// Runs `task` first after `initial_delay`, then again `period` after each end.
  void every(std::chrono::milliseconds initial_delay, std::chrono::milliseconds period,
             std::function<void()> task);

  void stop();

 private:
  class State;
  std::shared_ptr<State> state_;
};

}  // namespace rocketmq::client
