#include "client/producer/callback_batch.h"

#include <algorithm>
#include <utility>

namespace rocketmq::client {
namespace {

/// Memory for so many is taken at once where the flush before had as many.
constexpr size_t kReservedMax = 256;

}  // namespace

void CallbackBatch::add(WorkerPool::Task callback) {
  bool is_first = false;
  bool closed = false;
  {
    MutexLock lock(mutex_);
    is_first = callbacks_.empty();
    if (is_first) {
      callbacks_.reserve(last_count_);
    }
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
    last_count_ = std::min(callbacks.size(), kReservedMax);
  }
  if (!callbacks.empty()) {
    pool_.post(std::move(callbacks));
  }
}

}  // namespace rocketmq::client
