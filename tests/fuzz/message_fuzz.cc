#include <algorithm>
#include <string>

#include "common/check.h"
#include "common/message/record.h"
#include "tests/fuzz/fuzz_target.h"

// One record of the commit log, of a pull answer or of a query answer.

namespace rocketmq {

ROCKETMQ_FUZZ_TARGET(message, input) {
  static_cast<void>(decodeRecord(input, CrcCheck::kVerify));
  const Result<MessageRecord> record = decodeRecord(input);
  if (!record.ok()) {
    return;
  }
  ROCKETMQ_CHECK(record->total_size > 0 && static_cast<size_t>(record->total_size) <= input.size());
  ROCKETMQ_CHECK(fuzz::isWithin(record->body, input) && fuzz::isWithin(record->topic, input) &&
                 fuzz::isWithin(record->properties, input));
  std::string encoded(encodedSize(*record), '\0');
  encodeRecord(*record, encoded.data());
  const Result<MessageRecord> again = decodeRecord(encoded, CrcCheck::kVerify);
  ROCKETMQ_CHECK(again.ok());
  ROCKETMQ_CHECK(again->body == record->body && again->topic == record->topic &&
                 again->properties == record->properties &&
                 again->queue_offset == record->queue_offset &&
                 again->physical_offset == record->physical_offset);
}

}  // namespace rocketmq
