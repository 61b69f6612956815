#pragma once

#include <pthread.h>

#include <atomic>

namespace rocketmq {

/// The one T of the process, made when it is first asked for and never destroyed: objects with
/// static life may want it after everything else. A process made by fork() has a new one: threads
/// that it does not have hold the locks of its parent's, and should do its parent's work.
///
/// Threads: any.
template <class T>
class PerProcess {
 public:
  static T& get() {
    static const int watched = makeAndWatch();
    static_cast<void>(watched);
    return *instance_.load(std::memory_order_acquire);
  }

 private:
  static void make() { instance_.store(new T, std::memory_order_release); }
  static int makeAndWatch() {
    make();
    return pthread_atfork(nullptr, nullptr, make);
  }

  static inline std::atomic<T*> instance_{nullptr};
};

}  // namespace rocketmq
