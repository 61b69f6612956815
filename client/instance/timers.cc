#include "client/instance/timers.h"

#include <map>
#include <utility>

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

#include "common/mutex.h"

namespace rocketmq::client {

// The timers themselves are touched on the loop only; `stopped_` and `running_` by everybody.
class Timers::State : public std::enable_shared_from_this<State> {
 public:
  explicit State(remoting::IoPool& pool) : pool_(pool) {}

  void add(std::chrono::milliseconds delay, std::function<void()> task) {
    const auto due = std::chrono::steady_clock::now() + delay;
    if (onLoop()) {
      arm(due, std::move(task));
      return;
    }
    {
      MutexLock lock(mutex_);
      if (stopped_) {
        return;
      }
    }
    pool_.post(0, [self = shared_from_this(), due, task = std::move(task)]() mutable {
      self->arm(due, std::move(task));
    });
  }

  void repeat(std::chrono::milliseconds delay, std::chrono::milliseconds period,
              std::shared_ptr<std::function<void()>> task) {
    add(delay, [this, period, task] {
      (*task)();
      repeat(period, period, task);
    });
  }

  void stop() {
    if (onLoop()) {
      clear();
      return;
    }
    {
      MutexLock lock(mutex_);
      if (cleared_) {
        return;
      }
      stopped_ = true;
    }
    pool_.post(0, [self = shared_from_this()] { self->clear(); });
    MutexLock lock(mutex_);
    while (!cleared_) {
      changed_.wait(mutex_);
    }
  }

 private:
  struct Entry {
    asio::steady_timer timer;
    std::function<void()> task;
  };

  bool onLoop() { return pool_.context(0).get_executor().running_in_this_thread(); }

  void arm(std::chrono::steady_clock::time_point due, std::function<void()> task) {
    {
      MutexLock lock(mutex_);
      if (stopped_) {
        return;
      }
    }
    const uint64_t id = next_id_++;
    Entry& entry =
        entries_.emplace(id, Entry{asio::steady_timer(pool_.context(0), due), std::move(task)})
            .first->second;
    entry.timer.async_wait([self = shared_from_this(), id](const asio::error_code& error) {
      if (!error) {
        self->fire(id);
      }
    });
  }

  void fire(uint64_t id) {
    const auto found = entries_.find(id);
    if (found == entries_.end()) {
      return;
    }
    const std::function<void()> task = std::move(found->second.task);
    entries_.erase(found);
    task();
  }

  void clear() {
    {
      MutexLock lock(mutex_);
      stopped_ = true;
    }
    entries_.clear();
    MutexLock lock(mutex_);
    cleared_ = true;
    changed_.notifyAll();
  }

  remoting::IoPool& pool_;
  std::map<uint64_t, Entry> entries_;  // Loop only.
  uint64_t next_id_ = 0;               // Loop only.

  Mutex mutex_;
  CondVar changed_;
  bool stopped_ ROCKETMQ_GUARDED_BY(mutex_) = false;
  bool cleared_ ROCKETMQ_GUARDED_BY(mutex_) = false;
};

Timers::Timers(remoting::IoPool& pool) : state_(std::make_shared<State>(pool)) {}

Timers::~Timers() { stop(); }

void Timers::after(std::chrono::milliseconds delay, std::function<void()> task) {
  state_->add(delay, std::move(task));
}

void Timers::soon(std::function<void()> task) {
  state_->add(std::chrono::milliseconds(0), std::move(task));
}

void Timers::every(std::chrono::milliseconds initial_delay, std::chrono::milliseconds period,
                   std::function<void()> task) {
  state_->repeat(initial_delay, period, std::make_shared<std::function<void()>>(std::move(task)));
}

void Timers::stop() { state_->stop(); }

}  // namespace rocketmq::client
