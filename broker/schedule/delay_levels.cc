#include "broker/schedule/delay_levels.h"

#include "common/delay_setting.h"

namespace rocketmq::broker {

Result<DelayLevels> DelayLevels::parse(std::string_view text) {
  ROCKETMQ_ASSIGN_OR_RETURN(std::vector<int64_t> delays_ms, parseDelayLevels(text));
  if (delays_ms.empty()) {
    return Status::invalidArgument("no delay level given");
  }
  return DelayLevels(std::move(delays_ms));
}

}  // namespace rocketmq::broker
