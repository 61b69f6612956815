#pragma once

#include <functional>
#include <string>
#include <thread>
#include <utility>

namespace rocketmq {

/// A thread with a name (shown by top and debuggers, 15 characters) that joins when destroyed.
/// An exception that leaves `body` stops the process: nothing may die silently.
class NamedThread {
 public:
  NamedThread() = default;
  NamedThread(std::string name, std::function<void()> body);
  NamedThread(NamedThread&&) = default;
  /// Joins the thread that this one was before.
  NamedThread& operator=(NamedThread&& other) noexcept {
    join();
    thread_ = std::move(other.thread_);
    return *this;
  }
  ~NamedThread() { join(); }

  void join() {
    if (thread_.joinable()) {
      thread_.join();
    }
  }
  bool joinable() const { return thread_.joinable(); }

 private:
  std::thread thread_;
};

}  // namespace rocketmq
