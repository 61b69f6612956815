#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "remoting/unique_function.h"

namespace asio {
class io_context;
}

namespace rocketmq::remoting {

/// N threads, each running its own io_context. A connection and everything with it lives on one of
/// them for its whole life.
///
/// Life: the constructor starts the threads; stop() (or the destructor) ends them. Whatever uses
/// the pool must be stopped before. Threads: any, stop() not from a pool thread.
class IoPool {
 public:
  /// `name` prefixes the thread names. Precondition: threads >= 1.
  IoPool(std::string name, size_t threads);
  ~IoPool();
  IoPool(const IoPool&) = delete;
  IoPool& operator=(const IoPool&) = delete;

  size_t size() const;
  asio::io_context& context(size_t index);
  /// Contexts in turn, for new outgoing connections.
  asio::io_context& nextContext();

  /// Runs `task` on thread `index` as soon as that thread gets to it.
  void post(size_t index, UniqueFunction<void()> task);

  /// Runs what was posted before, then ends the threads.
  void stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// Runs a task every `period` on a pool thread, first after `initial_delay`, until destroyed or
/// cancelled. The next run is scheduled when the last one returned, so runs never overlap. The
/// destructor waits for a run in progress; it must not be called from the task itself.
class PeriodicTask {
 public:
  struct Options {
    std::chrono::milliseconds initial_delay{0};
    std::chrono::milliseconds period{1000};
  };

  PeriodicTask(IoPool& pool, size_t index, Options options, std::function<void()> task);
  ~PeriodicTask();
  PeriodicTask(const PeriodicTask&) = delete;
  PeriodicTask& operator=(const PeriodicTask&) = delete;

  /// Runs the task soon, on its thread, out of turn. Calls made before it starts are merged.
  void runNow();
  void cancel();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace rocketmq::remoting
