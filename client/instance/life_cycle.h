#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "client/instance/client_error.h"
#include "client/instance/worker_pool.h"
#include "common/mutex.h"
#include "common/per_process.h"

namespace rocketmq::client {

/// The states of a producer or consumer, which all go: made, started once, shut down.
/// `Core` has start() -> optional<ClientError>, and shutdown(); if its start() waits for servers,
/// it has cancelStart(), which lets start() fail soon.
///
/// Threads: any. shutdown() may come at any time, more than once, also before and during start();
/// one that comes during another does not wait for it, since it may come from a callback that the
/// other one waits for. Calls that are inside the core when it is shut down end with an error.
/// Forks:   a process made by fork() after the start has none of the core's threads. There nothing
///          runs, what asks for it gets an exception, and shutdown() leaves all as it is.
template <class Core>
class LifeCycle {
 public:
  LifeCycle() = default;
  ~LifeCycle() {
    if (isOtherProcess()) {
      abandon();
    }
  }
  LifeCycle(const LifeCycle&) = delete;
  LifeCycle& operator=(const LifeCycle&) = delete;

  /// Throws MQClientException when it was started before or the core cannot start; in the latter
  /// case start() may be tried again.
  template <class MakeCore>
  void start(const std::string& what, MakeCore make_core) {
    checkProcess(what);
    {
      MutexLock lock(mutex_);
      if (state_ != State::kCreated) {
        throw MQClientException(
            -1, "The " + what +
                    (state_ == State::kShutDown ? " was shut down; it cannot be started any more"
                                                : " was started before") +
                    "; each can be started only once");
      }
      state_ = State::kStarting;
      process_ = &PerProcess<Process>::get();
    }
    std::shared_ptr<Core> core;
    try {
      core = startedCore(make_core);
    } catch (...) {
      dropStarting();  // Its end comes before anybody may try again.
      process_ = nullptr;
      become(State::kCreated, nullptr);
      throw;
    }
    dropStarting();
    become(State::kRunning, std::move(core));
  }

  void shutdown() {
    if (isOtherProcess()) {
      return;
    }
    std::shared_ptr<Core> core;
    {
      MutexLock lock(mutex_);
      while (state_ == State::kStarting) {
        shutdown_waits_ = true;
        cancelStartLocked();
        changed_.wait(mutex_);
      }
      if (state_ == State::kShutDown) {
        return;
      }
      state_ = State::kShutDown;
      core = core_;
    }
    if (core != nullptr) {
      core->shutdown();
    }
  }

  /// shutdown() for the owner's destructor. One of the core's own threads, on which a function of
  /// the application's destroys the owner, keeps the core until that function has returned.
  void end() {
    shutdown();
    if (std::shared_ptr<Core> core = current(); core != nullptr && core->onOwnThread()) {
      WorkerPool::keepUntilTaskEnds(std::move(core));
    }
  }

  /// The core; throws MQClientException when it is not running.
  std::shared_ptr<Core> running(const std::string& what) const {
    checkProcess(what);
    MutexLock lock(mutex_);
    if (state_ != State::kRunning) {
      throw MQClientException(
          -1, "The " + what + " service state not OK: " +
                  (state_ == State::kShutDown ? "it was shut down" : "start() it first"));
    }
    return core_;
  }

  /// The core if it was ever started, in this process.
  std::shared_ptr<Core> current() const {
    if (isOtherProcess()) {
      return nullptr;
    }
    MutexLock lock(mutex_);
    return core_;
  }

 private:
  struct Process {};

  template <class MakeCore>
  std::shared_ptr<Core> startedCore(MakeCore& make_core) {
    try {
      std::shared_ptr<Core> core = make_core();
      {
        MutexLock lock(mutex_);
        starting_ = core;
        if (shutdown_waits_) {
          cancelStartLocked();
        }
      }
      if (const std::optional<ClientError> error = core->start()) {
        throwError(*error);
      }
      return core;
    } catch (const std::system_error& failure) {
      throwError(ClientError::system(failure));
    }
  }

  bool isOtherProcess() const {
    const Process* const process = process_.load(std::memory_order_relaxed);
    return process != nullptr && process != &PerProcess<Process>::get();
  }

  void checkProcess(const std::string& what) const {
    if (isOtherProcess()) {
      throw MQClientException(-1, "The " + what +
                                      " was started in the process that this one was forked from; "
                                      "make another one here");
    }
  }

  /// The core's end would wait for threads that this process does not have. Nobody else is left to
  /// hold the mutex, though it may look locked.
  void abandon() ROCKETMQ_NO_TSA { static_cast<void>(new std::shared_ptr<Core>(std::move(core_))); }

  enum class State : uint8_t { kCreated, kStarting, kRunning, kShutDown };

  void become(State state, std::shared_ptr<Core> core) {
    MutexLock lock(mutex_);
    state_ = state;
    core_ = std::move(core);
    changed_.notifyAll();
  }

  void dropStarting() {
    std::shared_ptr<Core> core;  // Destroyed after the lock.
    MutexLock lock(mutex_);
    core.swap(starting_);
  }

  void cancelStartLocked() ROCKETMQ_REQUIRES(mutex_) {
    if constexpr (requires(Core & core) { core.cancelStart(); }) {
      if (starting_ != nullptr) {
        starting_->cancelStart();
      }
    }
  }

  /// Which it was started in; null before.
  std::atomic<const Process*> process_{nullptr};
  mutable Mutex mutex_;
  CondVar changed_;
  State state_ ROCKETMQ_GUARDED_BY(mutex_) = State::kCreated;
  std::shared_ptr<Core> core_ ROCKETMQ_GUARDED_BY(mutex_);
  std::shared_ptr<Core> starting_ ROCKETMQ_GUARDED_BY(mutex_);  ///< While its start() runs.
  bool shutdown_waits_ ROCKETMQ_GUARDED_BY(mutex_) = false;     ///< For start() to end.
};

}  // namespace rocketmq::client
