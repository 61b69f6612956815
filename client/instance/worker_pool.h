#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "remoting/unique_function.h"

namespace rocketmq::client {

/// A bounded number of threads that run the user's callbacks and listeners.
///
/// Threads: the first is there from the beginning, the others are started when there is work for
///          them and kept until the end; when the system has no thread left, those that are there
///          do the work. Any thread may post.
/// Bounds:  the pool itself does not bound its queue; who posts does (sends in flight, cached
///          messages).
/// Life:    stop() refuses new tasks, drops those not started or lets them be finished, and waits;
///          the destructor waits until every thread has ended. Both may be called from a task of
///          the pool: that one thread is then joined by the next pool that is destroyed.
class WorkerPool {
 public:
  using Task = remoting::UniqueFunction<void()>;

  /// `name` prefixes the thread names. Throws std::system_error when the system has no thread for
  /// it. Precondition: threads_max >= 1.
  WorkerPool(std::string name, size_t threads_max);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  /// False once stopped; the task is then destroyed without having run.
  bool post(Task task);
  bool post(std::vector<Task> tasks);

  /// True on a thread of this pool.
  bool onOwnThread() const;

  /// Until when a stop() on this thread may wait for functions of the application's: not at all on
  /// a thread of any pool. The application's function that runs there may be what they wait for.
  static std::chrono::steady_clock::time_point patience();

  /// Keeps `object` until the task that calls this has ended: what a task destroys that is still
  /// running. Only from a task, of whichever pool.
  static void keepUntilTaskEnds(std::shared_ptr<const void> object);

  /// With `drain` what is queued is finished, after `until` by the pool's threads on their own.
  /// False when there still was something to do at `until`; from a task of the pool, that task does
  /// not count.
  bool stop(bool drain, std::chrono::steady_clock::time_point until);

  /// Changes the number of threads: more come when there is work for them, those that are too many
  /// end when they have finished their task. Precondition: threads_max >= 1.
  void resize(size_t threads_max);

  size_t queueSize() const;
  /// Threads that are there now.
  size_t threads() const;

 private:
  class State;
  std::shared_ptr<State> state_;
};

}  // namespace rocketmq::client
