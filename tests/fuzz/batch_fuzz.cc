#include <string>

#include "common/check.h"
#include "common/message/record.h"
#include "tests/fuzz/fuzz_target.h"

// The body of SEND_BATCH_MESSAGE.

namespace rocketmq {

ROCKETMQ_FUZZ_TARGET(batch, input) {
  std::string again;
  std::string_view rest = input;
  while (!rest.empty()) {
    const size_t before = rest.size();
    const Result<BatchItem> item = takeBatchItem(rest);
    if (!item.ok()) {
      break;
    }
    ROCKETMQ_CHECK(rest.size() < before);
    ROCKETMQ_CHECK(fuzz::isWithin(item->body, input) && fuzz::isWithin(item->properties, input));
    appendBatchItem(*item, again);
  }
  for (std::string_view left = again; !left.empty();) {
    ROCKETMQ_CHECK(takeBatchItem(left).ok());
  }
}

}  // namespace rocketmq
