#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <memory>

#include "remoting/lanes.h"

namespace rocketmq::remoting {

/// Keeps the one thread of a lane busy until open(), or its own end.
class BusyLane {
 public:
  BusyLane(Lanes& lanes, Lane lane) {
    EXPECT_TRUE(lanes.run(lane, [state = state_] {
      set(state->is_busy);
      state->is_open.wait(false);
    }));
    state_->is_busy.wait(false);
  }
  ~BusyLane() { open(); }
  BusyLane(const BusyLane&) = delete;
  BusyLane& operator=(const BusyLane&) = delete;

  void open() { set(state_->is_open); }

 private:
  struct State {
    std::atomic<bool> is_busy = false;
    std::atomic<bool> is_open = false;
  };

  static void set(std::atomic<bool>& flag) {
    flag.store(true);
    flag.notify_all();
  }

  const std::shared_ptr<State> state_ = std::make_shared<State>();  // Outlives us in the lane.
};

}  // namespace rocketmq::remoting
