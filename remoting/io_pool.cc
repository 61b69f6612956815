#include "remoting/io_pool.h"

#include <atomic>
#include <mutex>
#include <utility>
#include <vector>

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>

#include "common/check.h"
#include "common/mutex.h"
#include "common/thread.h"
#include "remoting/io_thread.h"

namespace rocketmq::remoting {
namespace {

/// Linux shows this much of a thread's name; the number at its end must not be cut off.
constexpr size_t kThreadNameMax = 15;

std::string threadName(const std::string& prefix, size_t index) {
  const std::string suffix = "-" + std::to_string(index);
  return prefix.substr(0, kThreadNameMax - suffix.size()) + suffix;
}

}  // namespace

class IoPool::Impl {
 public:
  Impl(const std::string& name, size_t threads) {
    ROCKETMQ_CHECK(threads >= 1);
    for (size_t i = 0; i < threads; ++i) {
      loops_.push_back(std::make_unique<Loop>(threadName(name, i)));
    }
  }

  ~Impl() { stop(); }

  size_t size() const { return loops_.size(); }
  asio::io_context& context(size_t index) { return loops_.at(index)->context; }

  asio::io_context& nextContext() {
    return context(next_.fetch_add(1, std::memory_order_relaxed) % loops_.size());
  }

  void stop() {
    std::call_once(stopped_, [this] {
      for (const auto& loop : loops_) {
        asio::post(loop->context, [&context = loop->context] { context.stop(); });
      }
      for (const auto& loop : loops_) {
        loop->thread.join();
      }
    });
  }

 private:
  struct Loop {
    /// One thread runs the context; asio then leaves out some locking.
    asio::io_context context{1};
    asio::executor_work_guard<IoExecutor> work = asio::make_work_guard(context);
    NamedThread thread;

    explicit Loop(std::string name) : thread(std::move(name), [this] { context.run(); }) {}
  };

  std::vector<std::unique_ptr<Loop>> loops_;
  std::atomic<size_t> next_ = 0;
  std::once_flag stopped_;
};

IoPool::IoPool(std::string name, size_t threads) : impl_(std::make_unique<Impl>(name, threads)) {}

IoPool::~IoPool() = default;

size_t IoPool::size() const { return impl_->size(); }

asio::io_context& IoPool::context(size_t index) { return impl_->context(index); }

asio::io_context& IoPool::nextContext() { return impl_->nextContext(); }

void IoPool::post(size_t index, UniqueFunction<void()> task) {
  asio::post(impl_->context(index), std::move(task));
}

void IoPool::stop() { impl_->stop(); }

/// The timer is touched on the pool thread only; the flags under the mutex by everybody.
class PeriodicTask::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::io_context& context, std::chrono::milliseconds period, std::function<void()> task)
      : executor_(context.get_executor()),
        timer_(executor_),
        period_(period),
        task_(std::move(task)) {}

  void start(std::chrono::milliseconds initial_delay) {
    asio::post(executor_, [self = shared_from_this(), initial_delay] { self->arm(initial_delay); });
  }

  void runNow() {
    {
      MutexLock lock(mutex_);
      if (is_cancelled_ || is_requested_) {
        return;
      }
      is_requested_ = true;
    }
    asio::post(executor_, [self = shared_from_this()] {
      if (self->isRequested()) {
        self->run();
      }
    });
  }

  void cancel() {
    {
      MutexLock lock(mutex_);
      if (is_cancelled_) {
        return;
      }
      is_cancelled_ = true;
    }
    asio::post(executor_, [self = shared_from_this()] { self->timer_.cancel(); });
  }

  /// After cancel(): returns when the task does not run any more and is destroyed.
  void waitAndDestroyTask() {
    std::function<void()> dead;
    MutexLock lock(mutex_);
    while (is_running_) {
      ended_.wait(mutex_);
    }
    dead.swap(task_);
  }

 private:
  /// False when a run that was due anyway has come between runNow() and now.
  bool isRequested() {
    MutexLock lock(mutex_);
    return is_requested_;
  }

  void arm(std::chrono::milliseconds delay) {
    timer_.expires_after(delay);
    timer_.async_wait([self = shared_from_this()](const asio::error_code& error) {
      if (!error) {
        self->run();
      }
    });
  }

  void run() {
    {
      MutexLock lock(mutex_);
      is_requested_ = false;
      if (is_cancelled_) {
        return;
      }
      is_running_ = true;
    }
    task_();
    {
      MutexLock lock(mutex_);
      is_running_ = false;
      ended_.notifyAll();
      if (is_cancelled_) {
        return;
      }
    }
    arm(period_);
  }

  const IoExecutor executor_;
  SteadyTimer timer_;
  const std::chrono::milliseconds period_;
  /// Only run() touches it while is_running_ is set.
  std::function<void()> task_;

  Mutex mutex_;
  CondVar ended_;
  bool is_requested_ ROCKETMQ_GUARDED_BY(mutex_) = false;
  bool is_running_ ROCKETMQ_GUARDED_BY(mutex_) = false;
  bool is_cancelled_ ROCKETMQ_GUARDED_BY(mutex_) = false;
};

PeriodicTask::PeriodicTask(IoPool& pool, size_t index, Options options, std::function<void()> task)
    : impl_(std::make_shared<Impl>(pool.context(index), options.period, std::move(task))) {
  impl_->start(options.initial_delay);
}

PeriodicTask::~PeriodicTask() {
  impl_->cancel();
  impl_->waitAndDestroyTask();
}

void PeriodicTask::runNow() { impl_->runNow(); }

void PeriodicTask::cancel() { impl_->cancel(); }

}  // namespace rocketmq::remoting
