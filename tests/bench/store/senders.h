#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "common/mutex.h"
#include "common/thread.h"

namespace rocketmq::bench {

/// Stores a message and calls `done`, from any thread, once it is on the disk.
using Send = std::function<void(std::function<void()> done)>;

/// Sends and sleeps until the message is on the disk.
class SleepingSender : public std::enable_shared_from_this<SleepingSender> {
 public:
  void sendOne(const Send& send) {
    {
      MutexLock lock(mutex_);
      waits_ = true;
    }
    // Holds it for the notification, which may come after the sender has seen that it is over.
    send([self = shared_from_this()] { self->finish(); });
    MutexLock lock(mutex_);
    while (waits_) {
      on_disk_.wait(mutex_);
    }
  }

 private:
  void finish() {
    {
      MutexLock lock(mutex_);
      waits_ = false;
    }
    on_disk_.notifyOne();
  }

  Mutex mutex_;
  CondVar on_disk_;
  bool waits_ ROCKETMQ_GUARDED_BY(mutex_) = false;
};

/// `count` threads, each of which sends one message after the other.
inline void sendFromThreads(int count, std::chrono::steady_clock::duration time, const Send& send) {
  const auto until = std::chrono::steady_clock::now() + time;
  std::vector<NamedThread> threads;
  for (int i = 0; i < count; ++i) {
    threads.emplace_back("sender", [&] {
      const auto sender = std::make_shared<SleepingSender>();
      while (std::chrono::steady_clock::now() < until) {
        sender->sendOne(send);
      }
    });
  }
}

/// `count` senders on a few threads, as a broker's connections are on its I/O threads: a thread
/// sends for those whose message is on the disk, and sleeps while there are none.
class SenderLoop {
 public:
  /// Sends for `count` senders until their time is over, then returns.
  void run(int count, std::chrono::steady_clock::duration time, const Send& send) {
    const auto until = std::chrono::steady_clock::now() + time;
    int ready = count;
    for (int under_way = 0; ready > 0 || under_way > 0;) {
      const bool goes_on = std::chrono::steady_clock::now() < until;
      for (; goes_on && ready > 0; --ready, ++under_way) {
        send([this] { finishOne(); });
      }
      ready = under_way > 0 ? waitForSome() : 0;
      under_way -= ready;
    }
  }

 private:
  void finishOne() {
    MutexLock lock(mutex_);
    if (finished_++ == 0) {
      some_.notifyOne();
    }
  }

  int waitForSome() {
    MutexLock lock(mutex_);
    while (finished_ == 0) {
      some_.wait(mutex_);
    }
    return std::exchange(finished_, 0);
  }

  Mutex mutex_;
  CondVar some_;
  int finished_ ROCKETMQ_GUARDED_BY(mutex_) = 0;
};

}  // namespace rocketmq::bench
