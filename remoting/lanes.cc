#include "remoting/lanes.h"

#include <chrono>
#include <deque>
#include <exception>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "common/check.h"
#include "common/log.h"
#include "common/mutex.h"
#include "common/thread.h"

namespace rocketmq::remoting {

/// One lane: a bounded queue and the threads that empty it.
class Lanes::Pool {
 public:
  Pool(const std::string& name, LaneOptions options) : options_(options) {
    ROCKETMQ_CHECK(options.threads >= 1);
    for (size_t i = 0; i < options.threads; ++i) {
      threads_.emplace_back(name + "-" + std::to_string(i), [this] { work(); });
    }
  }

  bool add(UniqueFunction<void()> task, size_t bytes) {
    const auto now = std::chrono::steady_clock::now();
    MutexLock lock(mutex_);
    if (stopped_ || waiting_.size() >= options_.queue_max ||
        (!waiting_.empty() && waiting_bytes_ + bytes > options_.queue_bytes_max)) {
      return false;
    }
    waiting_.push_back({std::move(task), bytes, now});
    waiting_bytes_ += bytes;
    changed_.notifyOne();
    return true;
  }

  size_t size() const {
    MutexLock lock(mutex_);
    return waiting_.size();
  }

  int64_t headWaitMs() const {
    const auto now = std::chrono::steady_clock::now();
    MutexLock lock(mutex_);
    if (waiting_.empty()) {
      return 0;
    }
    return std::chrono::duration_cast<std::chrono::milliseconds>(now - waiting_.front().since)
        .count();
  }

  void stop() {
    {
      MutexLock lock(mutex_);
      stopped_ = true;
      changed_.notifyAll();
    }
    // Two threads may stop the lane at once; both wait for its end.
    std::call_once(joined_, [this] { threads_.clear(); });
  }

 private:
  struct Task {
    UniqueFunction<void()> run;
    size_t bytes;
    std::chrono::steady_clock::time_point since;
  };

  void work() {
    while (UniqueFunction<void()> task = next()) {
      try {
        task();
      } catch (const std::exception& error) {
        log::error("a task of a lane failed: {}", error.what());
      }
    }
  }

  /// Empty when the lane has stopped and nothing is left.
  UniqueFunction<void()> next() {
    MutexLock lock(mutex_);
    while (waiting_.empty() && !stopped_) {
      changed_.wait(mutex_);
    }
    if (waiting_.empty()) {
      return nullptr;
    }
    Task task = std::move(waiting_.front());
    waiting_.pop_front();
    waiting_bytes_ -= task.bytes;
    return std::move(task.run);
  }

  const LaneOptions options_;
  mutable Mutex mutex_;
  CondVar changed_;
  std::deque<Task> waiting_ ROCKETMQ_GUARDED_BY(mutex_);
  size_t waiting_bytes_ ROCKETMQ_GUARDED_BY(mutex_) = 0;
  bool stopped_ ROCKETMQ_GUARDED_BY(mutex_) = false;

  std::once_flag joined_;
  std::vector<NamedThread> threads_;
};

Lanes::Lanes(Options options)
    : pools_{std::make_unique<Pool>("query", options.query),
             std::make_unique<Pool>("admin", options.admin)} {}

Lanes::~Lanes() { stop(); }

bool Lanes::run(Lane lane, UniqueFunction<void()> task, size_t bytes) {
  return pool(lane).add(std::move(task), bytes);
}

size_t Lanes::queueSize(Lane lane) const { return pool(lane).size(); }

int64_t Lanes::headWaitMs(Lane lane) const { return pool(lane).headWaitMs(); }

void Lanes::stop() {
  for (const auto& pool : pools_) {
    pool->stop();
  }
}

Lanes::Pool& Lanes::pool(Lane lane) const {
  ROCKETMQ_CHECK(lane != Lane::kInline);
  return *pools_[lane == Lane::kQuery ? 0 : 1];
}

}  // namespace rocketmq::remoting
