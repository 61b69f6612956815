#include "client/producer/callback_batch.h"

#include <utility>

namespace rocketmq::client {

void CallbackBatch::add(WorkerPool::Task callback) {
  bool is_first = false;
  bool closed = false;
  {
    MutexLock lock(mutex_);
    is_first = callbacks_.empty();
    closed = closed_;
    callbacks_.push_back(std::move(callback));
  }
  if (closed) {
    flush();
  } else if (is_first) {
    flush_soon_();
  }
}

void CallbackBatch::close() {
  {
    MutexLock lock(mutex_);
    closed_ = true;
  }
  flush();
}

void CallbackBatch::flush() {
  std::vector<WorkerPool::Task> callbacks;
  {
    MutexLock lock(mutex_);
    callbacks.swap(callbacks_);
  }
  if (!callbacks.empty()) {
    pool_.post(std::move(callbacks));
  }
}

}  // namespace rocketmq::client
