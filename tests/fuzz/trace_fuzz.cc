#include <string>

#include "client/trace/trace_record.h"
#include "common/check.h"
#include "tests/fuzz/fuzz_target.h"

// The body of a trace message.

namespace rocketmq::client {

ROCKETMQ_FUZZ_TARGET(trace, input) {
  std::string once;
  for (const TraceRecord& record : decodeTraces(input)) {
    once += encodeTrace(record);
  }
  std::string twice;
  for (const TraceRecord& record : decodeTraces(once)) {
    twice += encodeTrace(record);
  }
  ROCKETMQ_CHECK(once == twice);
}

}  // namespace rocketmq::client
