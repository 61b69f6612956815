#include "store/run_state.h"

#include "common/log.h"

namespace rocketmq::store {

void RunState::fail(const std::string& reason) {
  MutexLock lock(mutex_);
  if (failure_.empty()) {
    failure_ = reason;
    log::error("store is read-only until restart: {}", reason);
  }
  set(kFailed);
}

std::string RunState::reason() const {
  if (has(kFailed)) {
    MutexLock lock(mutex_);
    return "store is read-only until restart: " + failure_;
  }
  if (has(kClosed)) {
    return "store is closed";
  }
  if (has(kDiskFull)) {
    return "disk is too full: free space, add disk or shorten fileReservedTime";
  }
  return has(kQueueError) ? "a consume queue cannot be written" : "";
}

}  // namespace rocketmq::store
