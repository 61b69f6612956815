#pragma once

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "common/fields.h"
#include "common/model/message_queue.h"

namespace rocketmq::remoting {

/// Which time a queue's messages span and how far a group is in it. Times are milliseconds since
/// 1970; the texts are the same times in local time as yyyy-MM-dd#HH:mm:ss:SSS.
struct QueueTimeSpan {
  model::MessageQueue message_queue;
  int64_t min_timestamp = 0;
  int64_t max_timestamp = 0;
  int64_t consume_timestamp = 0;
  int64_t delay_ms = 0;
  std::string min_timestamp_text;
  std::string max_timestamp_text;
  std::string consume_timestamp_text;

  friend bool operator==(const QueueTimeSpan&, const QueueTimeSpan&) = default;

  static constexpr auto fields() {
    using Q = QueueTimeSpan;
    return std::tuple{optional("consumeTimeStamp", &Q::consume_timestamp),
                      optional("consumeTimeStampStr", &Q::consume_timestamp_text),
                      optional("delayTime", &Q::delay_ms),
                      optional("maxTimeStamp", &Q::max_timestamp),
                      optional("maxTimeStampStr", &Q::max_timestamp_text),
                      optional("messageQueue", &Q::message_queue),
                      optional("minTimeStamp", &Q::min_timestamp),
                      optional("minTimeStampStr", &Q::min_timestamp_text)};
  }
};

/// Answer to QUERY_CONSUME_TIME_SPAN.
struct QueryConsumeTimeSpanBody {
  std::vector<QueueTimeSpan> consume_time_span_set;

  friend bool operator==(const QueryConsumeTimeSpanBody&,
                         const QueryConsumeTimeSpanBody&) = default;

  static constexpr auto fields() {
    return std::tuple{
        optional("consumeTimeSpanSet", &QueryConsumeTimeSpanBody::consume_time_span_set)};
  }
};

}  // namespace rocketmq::remoting
