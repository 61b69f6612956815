#pragma once

#include <chrono>
#include <memory>
#include <utility>

#include "common/gate.h"

namespace rocketmq::client {

/// Lets callbacks use a bare `this` safely: a guarded callback runs only while its owner is open,
/// and close() returns when the last one that runs has ended.
///
/// Threads: any; close() not from inside a guarded callback. The callbacks must not block.
class Guard {
 public:
  /// `function` as a callback that does nothing once the guard is closed.
  template <class F>
  auto wrap(F function) const {
    return [gate = gate_, function = std::move(function)](auto&&... arguments) mutable {
      if (gate->enter()) {
        const Leave leave{*gate};
        function(std::forward<decltype(arguments)>(arguments)...);
      }
    };
  }

  /// Runs `function` now; false when the guard is closed.
  template <class F>
  bool run(F&& function) const {
    if (!gate_->enter()) {
      return false;
    }
    const Leave leave{*gate_};
    std::forward<F>(function)();
    return true;
  }

  void close() {
    gate_->close();
    gate_->waitEmpty(std::chrono::steady_clock::time_point::max());
  }

 private:
  struct Leave {
    Gate& gate;
    ~Leave() { gate.leave(); }
  };

  std::shared_ptr<Gate> gate_ = std::make_shared<Gate>();
};

}  // namespace rocketmq::client
