#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/status.h"
#include "rocketmq/consumer_config.h"

namespace rocketmq::client {

/// Where a group without an offset in a queue begins (RocketMQ:
/// RebalancePushImpl.computePullFromWhere).
enum class StartAt : uint8_t { kZero, kEnd, kTimestamp };

StartAt startAt(ConsumeFromWhere from_where, bool is_retry_topic);

/// "yyyyMMddHHmmss" in local time as milliseconds since 1970; half an hour before `now_ms` for an
/// empty text. InvalidArgument otherwise.
Result<int64_t> parseConsumeTimestamp(const std::string& text, int64_t now_ms);

}  // namespace rocketmq::client
