#pragma once

#include <functional>
#include <thread>
#include <vector>

#include "common/mutex.h"
#include "common/thread.h"

namespace rocketmq::client {

/// Threads that could not be joined by their owner because the owner was destroyed on one of them.
/// The next pool to be destroyed joins them, or the end of the process, so that none is left in
/// code that goes away.
///
/// Threads: any.
class RetiredThreads {
 public:
  static RetiredThreads& instance();

  /// `thread`: the calling one.
  void add(NamedThread thread);

  /// Runs `work`, which waits for the calling thread, on a thread of its own.
  void run(std::function<void()> work);

  /// Those that the calling thread can wait for.
  void joinAll();

 private:
  struct Retired {
    NamedThread thread;
    std::thread::id added_by;
  };

  Mutex mutex_;
  std::vector<Retired> threads_ ROCKETMQ_GUARDED_BY(mutex_);
};

}  // namespace rocketmq::client
