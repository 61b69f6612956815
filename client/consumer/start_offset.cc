#include "client/consumer/start_offset.h"

#include <ctime>

#include "common/local_time.h"

namespace rocketmq::client {

StartAt startAt(ConsumeFromWhere from_where, bool is_retry_topic) {
  switch (from_where) {
    case ConsumeFromWhere::kLastOffset:
      // What a group failed to consume it shall see again, whenever it starts.
      return is_retry_topic ? StartAt::kZero : StartAt::kEnd;
    case ConsumeFromWhere::kFirstOffset:
      return StartAt::kZero;
    case ConsumeFromWhere::kTimestamp:
      return is_retry_topic ? StartAt::kEnd : StartAt::kTimestamp;
  }
  return StartAt::kEnd;
}

Result<int64_t> parseConsumeTimestamp(const std::string& text, int64_t now_ms) {
  constexpr int64_t kDefaultAgeMs = 30 * 60 * 1000;
  if (text.empty()) {
    return now_ms - kDefaultAgeMs;
  }
  std::tm time{};
  const char* end = text.size() == 14 ? ::strptime(text.c_str(), "%Y%m%d%H%M%S", &time) : nullptr;
  time.tm_isdst = -1;
  const auto start = end != nullptr && *end == '\0' ? timestampOf(time) : std::nullopt;
  if (!start) {
    return Status::invalidArgument("consume_timestamp \"" + text +
                                   "\" is not yyyyMMddHHmmss, for instance 20240131235900");
  }
  return *start;
}

}  // namespace rocketmq::client
