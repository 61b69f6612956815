#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <utility>

namespace rocketmq::client {

/// Calls a function when the last of several answers has come. Threads: any.
class Countdown {
 public:
  /// `done` may be empty. Whoever asks in a loop expects one more, and counts it down behind it.
  explicit Countdown(std::function<void()> done, size_t expected = 1)
      : left_(expected), done_(std::move(done)) {}

  /// One more. Not after the last has come.
  void expect() { left_.fetch_add(1); }

  void countDown() {
    if (left_.fetch_sub(1) == 1 && done_) {
      done_();
    }
  }

 private:
  std::atomic<size_t> left_;
  const std::function<void()> done_;
};

}  // namespace rocketmq::client
