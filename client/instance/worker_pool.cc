#include "client/instance/worker_pool.h"

#include <deque>
#include <exception>
#include <list>
#include <system_error>
#include <thread>
#include <utility>

#include "client/instance/retired_threads.h"
#include "common/log.h"
#include "common/log_limiter.h"
#include "common/mutex.h"
#include "common/thread.h"

namespace rocketmq::client {
namespace {

// Asking in vain costs about as much as a short task, and every task would ask.
constexpr std::chrono::milliseconds kStartAgainDelay{10};

thread_local const void* t_current_pool = nullptr;
// Without destructors: a listener may end the program, and static clients then still ask.
thread_local std::vector<std::shared_ptr<const void>>* t_kept_for_task = nullptr;

}  // namespace

/// What the threads share with the pool. They hold a reference, so that the pool may be destroyed
/// on one of them.
class WorkerPool::State : public std::enable_shared_from_this<State> {
 public:
  struct Worker {
    NamedThread thread;
    std::thread::id id;  ///< Set by the thread itself.
    bool ended = false;  ///< It was one too many; to be joined.
  };

  State(std::string name, size_t threads_max) : name_(std::move(name)), threads_max_(threads_max) {}

  void startFirst() {
    MutexLock lock(mutex_);
    startLocked();
  }

  bool post(Task* tasks, size_t count) {
    std::shared_ptr<State> woken;  // Keeps this: a task may destroy the pool before we are through.
    {
      MutexLock lock(mutex_);
      if (stopped_) {
        return false;
      }
      for (size_t i = 0; i < count; ++i) {
        tasks_.push_back(std::move(tasks[i]));
      }
      if (callForHelpLocked()) {
        woken = shared_from_this();
      }
    }
    // Outside, so that who is woken need not wait for the mutex.
    if (woken != nullptr) {
      work_.notifyOne();
    }
    return true;
  }

  bool stop(bool drain, std::chrono::steady_clock::time_point until) {
    std::deque<Task> dropped;  // Destroyed after the lock: tasks own much.
    MutexLock lock(mutex_);
    stopped_ = true;
    if (!drain) {
      dropped.swap(tasks_);
    }
    work_.notifyAll();
    const size_t own = t_current_pool == this ? 1 : 0;
    while (own > 0 && !tasks_.empty() && std::chrono::steady_clock::now() < until) {
      runOneLocked();  // Nobody else may be there to do it.
    }
    while (running_ > own || !tasks_.empty()) {
      if (!quiet_.waitUntil(mutex_, until) && (running_ > own || !tasks_.empty())) {
        return false;
      }
    }
    return true;
  }

  /// Gives up the threads; the calling thread, if it is one of them, goes into `own`.
  std::list<Worker> takeWorkers(NamedThread& own) {
    MutexLock lock(mutex_);
    for (Worker& worker : workers_) {
      if (worker.id == std::this_thread::get_id()) {
        own = std::move(worker.thread);
      }
    }
    return std::move(workers_);
  }

  void resize(size_t threads_max) {
    std::deque<NamedThread> ended;  // Joined after the lock.
    MutexLock lock(mutex_);
    threads_max_ = threads_max;
    for (auto worker = workers_.begin(); worker != workers_.end();) {
      if (worker->ended) {
        ended.push_back(std::move(worker->thread));
        worker = workers_.erase(worker);
      } else {
        ++worker;
      }
    }
    static_cast<void>(callForHelpLocked());  // All are woken.
    work_.notifyAll();
  }

  size_t queueSize() const {
    MutexLock lock(mutex_);
    return tasks_.size();
  }

  size_t threads() const {
    MutexLock lock(mutex_);
    return threads_;
  }

  bool stopped() const {
    MutexLock lock(mutex_);
    return stopped_;
  }

 private:
  // One helper is called at a time: it calls the next one when it finds more work. Short tasks are
  // so done by few threads without a storm of wake-ups, long ones still get all threads.
  // Returns whether it is one that work_ must wake.
  bool callForHelpLocked() ROCKETMQ_REQUIRES(mutex_) {
    if (tasks_.empty() || coming_) {
      return false;
    }
    if (idle_ > 0) {
      coming_ = true;
      return true;
    }
    if (threads_ < threads_max_ && std::chrono::steady_clock::now() >= no_start_before_) {
      startOneMoreLocked();
    }
    return false;
  }

  // There always is one thread already: the work is done, only more slowly.
  void startOneMoreLocked() ROCKETMQ_REQUIRES(mutex_) {
    try {
      startLocked();
    } catch (const std::system_error& failure) {
      no_start_before_ = std::chrono::steady_clock::now() + kStartAgainDelay;
      static LogLimiter limiter;
      limiter.warn("{} of {} threads of {} are there, and the system gives no more: {}", threads_,
                   threads_max_, name_, failure.what());
    }
  }

  void startLocked() ROCKETMQ_REQUIRES(mutex_) {
    Worker& worker = workers_.emplace_back();
    try {
      worker.thread = NamedThread(name_ + std::to_string(threads_ + 1),
                                  [self = shared_from_this(), &worker] { self->run(worker); });
    } catch (const std::system_error&) {
      workers_.pop_back();
      throw;
    }
    coming_ = true;
    ++threads_;
  }

  void run(Worker& worker) {
    t_current_pool = this;
    MutexLock lock(mutex_);
    worker.id = std::this_thread::get_id();
    coming_ = false;
    for (;;) {
      while (tasks_.empty() && !stopped_ && threads_ <= threads_max_) {
        ++idle_;
        work_.wait(mutex_);
        --idle_;
        coming_ = false;
      }
      if (threads_ > threads_max_ && !stopped_) {
        worker.ended = true;
        --threads_;
        if (callForHelpLocked()) {  // A wake-up for a task may have come to this thread.
          work_.notifyOne();
        }
        return;
      }
      if (tasks_.empty()) {
        return;
      }
      runOneLocked();
    }
  }

  void runOneLocked() ROCKETMQ_REQUIRES(mutex_) {
    Task task = std::move(tasks_.front());
    tasks_.pop_front();
    ++running_;
    const bool wakes = callForHelpLocked();
    mutex_.unlock();
    if (wakes) {
      work_.notifyOne();
    }
    runKeeping(std::move(task));
    mutex_.lock();
    --running_;
    if (stopped_) {
      quiet_.notifyAll();
    }
  }

  void runKeeping(Task task) {
    std::vector<std::shared_ptr<const void>> kept;
    // A task that stops its pool runs others inside.
    auto* const kept_for_outer = std::exchange(t_kept_for_task, &kept);
    try {
      task();
    } catch (const std::exception& failure) {
      log::error("a task of {} threw: {}", name_, failure.what());
    } catch (...) {
      log::error("a task of {} threw something that is no std::exception", name_);
    }
    task = nullptr;
    t_kept_for_task = kept_for_outer;
  }

  const std::string name_;

  mutable Mutex mutex_;
  size_t threads_max_ ROCKETMQ_GUARDED_BY(mutex_);
  size_t threads_ ROCKETMQ_GUARDED_BY(mutex_) = 0;  // Without those that have ended.
  CondVar work_;
  CondVar quiet_;
  std::deque<Task> tasks_ ROCKETMQ_GUARDED_BY(mutex_);
  std::list<Worker> workers_ ROCKETMQ_GUARDED_BY(mutex_);  // Elements never move.
  size_t idle_ ROCKETMQ_GUARDED_BY(mutex_) = 0;
  size_t running_ ROCKETMQ_GUARDED_BY(mutex_) = 0;
  bool coming_ ROCKETMQ_GUARDED_BY(mutex_) = false;  // Woken or started, not yet here.
  bool stopped_ ROCKETMQ_GUARDED_BY(mutex_) = false;
  /// Later than now when the system has just refused a thread.
  std::chrono::steady_clock::time_point no_start_before_ ROCKETMQ_GUARDED_BY(mutex_);
};

WorkerPool::WorkerPool(std::string name, size_t threads_max)
    : state_(std::make_shared<State>(std::move(name), threads_max)) {
  state_->startFirst();
}

WorkerPool::~WorkerPool() {
  // A stop() that drains, made by a task of this pool, may not have come to its end yet.
  if (!state_->stopped()) {
    stop(false, std::chrono::steady_clock::now());
  }
  NamedThread own;
  std::list<State::Worker> workers = state_->takeWorkers(own);
  for (State::Worker& worker : workers) {
    worker.thread.join();
  }
  if (own.joinable()) {
    RetiredThreads::instance().add(std::move(own));
  } else {
    RetiredThreads::instance().joinAll();
  }
}

bool WorkerPool::post(Task task) { return state_->post(&task, 1); }

bool WorkerPool::post(std::vector<Task> tasks) { return state_->post(tasks.data(), tasks.size()); }

bool WorkerPool::onOwnThread() const { return t_current_pool == state_.get(); }

std::chrono::steady_clock::time_point WorkerPool::patience() {
  return t_current_pool == nullptr ? std::chrono::steady_clock::time_point::max()
                                   : std::chrono::steady_clock::now();
}

void WorkerPool::keepUntilTaskEnds(std::shared_ptr<const void> object) {
  if (t_kept_for_task != nullptr) {  // The thread's own end destroys it when no task is left.
    t_kept_for_task->push_back(std::move(object));
  }
}

bool WorkerPool::stop(bool drain, std::chrono::steady_clock::time_point until) {
  return state_->stop(drain, until);
}

void WorkerPool::resize(size_t threads_max) { state_->resize(threads_max); }

size_t WorkerPool::threads() const { return state_->threads(); }

size_t WorkerPool::queueSize() const { return state_->queueSize(); }

}  // namespace rocketmq::client
