#pragma once

#include <chrono>
#include <string_view>
#include <thread>

#include "common/log.h"
#include "common/status.h"

namespace rocketmq::broker {

/// For what a start reads: what `read()`, a Result, says once that is not Busy, as it is while a
/// queue is being repaired. Blocks for as long as that takes. `what` names it in the log.
template <class Read>
auto awaitReadable(std::string_view what, Read read) {
  constexpr std::chrono::milliseconds kPause{100};
  bool is_logged = false;
  for (;;) {
    auto result = read();
    if (result.ok() || result.status().code() != StatusCode::kBusy) {
      return result;
    }
    if (!is_logged) {
      log::warn("the start waits for {}: {}", what, result.status().message());
    }
    is_logged = true;
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace rocketmq::broker
