#pragma once

#include <semaphore.h>

namespace rocketmq {

/// Counts what has been posted and not been waited for. Cheaper than a CondVar for a thread that
/// waits for one event: waking from one of those takes its mutex in a way that makes the unlock a
/// system call. Threads: any.
class Semaphore {
 public:
  Semaphore() { ::sem_init(&semaphore_, 0, 0); }
  ~Semaphore() { ::sem_destroy(&semaphore_); }
  Semaphore(const Semaphore&) = delete;
  Semaphore& operator=(const Semaphore&) = delete;

  void post() { ::sem_post(&semaphore_); }
  void wait() {
    while (::sem_wait(&semaphore_) != 0) {  // A signal has interrupted it.
    }
  }

 private:
  sem_t semaphore_;
};

}  // namespace rocketmq
