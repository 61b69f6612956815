#pragma once

#include <atomic>
#include <future>

namespace rocketmq::client {

/// A listener that can be held inside.
class Turnstile {
 public:
  void pass() {
    if (!entered_once_.exchange(true)) {
      entered_.set_value();
    }
    may_go_on_.wait();
  }
  void awaitEntry() { entered_.get_future().wait(); }
  void open() { go_on_.set_value(); }

 private:
  std::atomic<bool> entered_once_{false};
  std::promise<void> entered_;
  std::promise<void> go_on_;
  std::shared_future<void> may_go_on_ = go_on_.get_future().share();
};

}  // namespace rocketmq::client
