#pragma once

#include <pthread.h>

#include <cstddef>

namespace rocketmq::test {

/// While it is there the system refuses every thread that somebody wants to start, as it does at a
/// limit: each would get a stack that no address space holds.
///
/// Threads: one object at a time in the process.
class NoMoreThreads {
 public:
  NoMoreThreads() {
    constexpr size_t kTooMuch = size_t{1} << 50;
    pthread_attr_init(&attributes_);
    pthread_getattr_default_np(&attributes_);
    pthread_attr_getstacksize(&attributes_, &usual_);
    setStackSize(kTooMuch);
  }
  ~NoMoreThreads() {
    setStackSize(usual_);
    pthread_attr_destroy(&attributes_);
  }
  NoMoreThreads(const NoMoreThreads&) = delete;
  NoMoreThreads& operator=(const NoMoreThreads&) = delete;

 private:
  void setStackSize(size_t bytes) {
    pthread_attr_setstacksize(&attributes_, bytes);
    pthread_setattr_default_np(&attributes_);
  }

  pthread_attr_t attributes_;
  size_t usual_ = 0;
};

}  // namespace rocketmq::test
