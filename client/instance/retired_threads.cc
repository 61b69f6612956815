#include "client/instance/retired_threads.h"

#include <cstdlib>
#include <utility>

#include "common/per_process.h"

namespace rocketmq::client {

RetiredThreads& RetiredThreads::instance() {
  static const int registered = std::atexit([] { instance().joinAll(); });
  static_cast<void>(registered);
  return PerProcess<RetiredThreads>::get();
}

void RetiredThreads::add(NamedThread thread) {
  MutexLock lock(mutex_);
  threads_.push_back({std::move(thread), std::this_thread::get_id()});
}

void RetiredThreads::run(std::function<void()> work) {
  add(NamedThread("rmq-retire", std::move(work)));
}

void RetiredThreads::joinAll() {
  std::vector<Retired> threads;
  {
    MutexLock lock(mutex_);
    for (auto it = threads_.begin(); it != threads_.end();) {
      if (it->added_by == std::this_thread::get_id()) {
        ++it;
      } else {
        threads.push_back(std::move(*it));
        it = threads_.erase(it);
      }
    }
  }
  for (Retired& retired : threads) {
    retired.thread.join();
  }
}

}  // namespace rocketmq::client
