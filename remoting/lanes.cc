#include "remoting/lanes.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <exception>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common/check.h"
#include "common/log.h"
#include "common/mutex.h"
#include "common/thread.h"

namespace rocketmq::remoting {

/// One lane: a bounded queue for each source, and the threads that empty them.
class Lanes::Pool {
 public:
  Pool(const std::string& name, LaneOptions options, const Clock& clock)
      : options_(options), clock_(clock) {
    ROCKETMQ_CHECK(options.threads >= 1);
    for (size_t i = 0; i < options.threads; ++i) {
      threads_.emplace_back(name + "-" + std::to_string(i), [this] { work(); });
    }
  }

  bool add(UniqueFunction<void()> task, LaneLoad load) {
    const auto now = clock_.monotonic();
    MutexLock lock(mutex_);
    if (stopped_ || !hasRoomFor(load)) {
      return false;
    }
    Queue& queue = queues_[load.source];
    if (queue.tasks.empty()) {
      turns_.push_back(load.source);
    }
    queue.tasks.push_back({std::move(task), load.bytes, now});
    queue.bytes += load.bytes;
    ++waiting_;
    waiting_bytes_ += load.bytes;
    changed_.notifyOne();
    return true;
  }

  size_t size() const {
    MutexLock lock(mutex_);
    return waiting_;
  }

  int64_t headWaitMs() const {
    const auto now = clock_.monotonic();
    auto oldest = now;
    MutexLock lock(mutex_);
    for (const auto& [source, queue] : queues_) {
      oldest = std::min(oldest, queue.tasks.front().since);
    }
    return std::chrono::duration_cast<std::chrono::milliseconds>(now - oldest).count();
  }

  void stop() {
    Queues dropped;  // Destroyed without the lock: that answers.
    {
      MutexLock lock(mutex_);
      stopped_ = true;
      auto own = queues_.extract(nullptr);
      dropped.swap(queues_);
      turns_.clear();
      waiting_ = waiting_bytes_ = 0;
      if (own) {
        waiting_ = own.mapped().tasks.size();
        waiting_bytes_ = own.mapped().bytes;
        turns_.push_back(nullptr);
        queues_.insert(std::move(own));
      }
      changed_.notifyAll();
    }
    dropped.clear();
    // Two threads may stop the lane at once; both wait for its end.
    std::call_once(joined_, [this] { threads_.clear(); });
  }

 private:
  struct Task {
    UniqueFunction<void()> run;
    size_t bytes;
    std::chrono::steady_clock::time_point since;
  };
  struct Queue {
    std::deque<Task> tasks;  ///< Never empty in the map.
    size_t bytes = 0;
  };
  using Queues = std::unordered_map<const void*, Queue>;

  bool hasRoomFor(const LaneLoad& load) const ROCKETMQ_REQUIRES(mutex_) {
    const size_t free = options_.queue_max - waiting_;
    const size_t free_bytes =
        options_.queue_bytes_max - std::min(options_.queue_bytes_max, waiting_bytes_);
    const auto found = queues_.find(load.source);
    const bool has_share =
        load.source == nullptr || found == queues_.end() ||
        (found->second.tasks.size() < free && found->second.bytes + load.bytes <= free_bytes);
    return free > 0 && has_share && (waiting_ == 0 || load.bytes <= free_bytes);
  }

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
    while (turns_.empty() && !stopped_) {
      changed_.wait(mutex_);
    }
    if (turns_.empty()) {
      return nullptr;
    }
    const auto turn = queues_.find(turns_.front());
    turns_.pop_front();
    Queue& queue = turn->second;
    Task task = std::move(queue.tasks.front());
    queue.tasks.pop_front();
    queue.bytes -= task.bytes;
    --waiting_;
    waiting_bytes_ -= task.bytes;
    if (queue.tasks.empty()) {
      queues_.erase(turn);
    } else {
      turns_.push_back(turn->first);
    }
    return std::move(task.run);
  }

  const LaneOptions options_;
  const Clock& clock_;
  mutable Mutex mutex_;
  CondVar changed_;
  Queues queues_ ROCKETMQ_GUARDED_BY(mutex_);
  std::deque<const void*> turns_ ROCKETMQ_GUARDED_BY(mutex_);  ///< Whose queue comes next.
  size_t waiting_ ROCKETMQ_GUARDED_BY(mutex_) = 0;
  size_t waiting_bytes_ ROCKETMQ_GUARDED_BY(mutex_) = 0;
  bool stopped_ ROCKETMQ_GUARDED_BY(mutex_) = false;

  std::once_flag joined_;
  std::vector<NamedThread> threads_;
};

Lanes::Lanes(Options options, const Clock& clock)
    : pools_{std::make_unique<Pool>("query", options.query, clock),
             std::make_unique<Pool>("index", options.index, clock),
             std::make_unique<Pool>("client", options.client, clock),
             std::make_unique<Pool>("send", options.send, clock),
             std::make_unique<Pool>("admin", options.admin, clock)} {}

Lanes::~Lanes() { stop(); }

bool Lanes::run(Lane lane, UniqueFunction<void()> task, LaneLoad load) {
  return pool(lane).add(std::move(task), load);
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
  return *pools_[static_cast<size_t>(lane) - 1];
}

}  // namespace rocketmq::remoting
