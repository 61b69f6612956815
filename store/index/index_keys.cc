#include "store/index/index_keys.h"

#include <algorithm>

#include "common/lost.h"
#include "store/log/record_walker.h"

namespace rocketmq::store {

bool hasKeyHash(const MessageRecord& record, int32_t key_hash) {
  bool has = false;
  forEachKeyHash(record, [&](int32_t hash) { has = has || hash == key_hash; });
  return has;
}

Result<TimestampMs> storeTimeIn(const CommitLog& log, int64_t physical_offset) {
  ROCKETMQ_ASSIGN_OR_RETURN(const LogView view, log.read(physical_offset));
  ROCKETMQ_ASSIGN_OR_RETURN(const MessageRecord record,
                            recordIn(view, physical_offset, CrcCheck::kSkip));
  return record.store_timestamp_ms;
}

Result<MessageRecord> EntryCheck::recordAt(int64_t physical_offset) {
  if (view_.owner == nullptr || !view_.contains(physical_offset, kBlankBytes)) {
    ROCKETMQ_ASSIGN_OR_RETURN(view_, log_.read(physical_offset));
  }
  return recordIn(view_, physical_offset, CrcCheck::kSkip);
}

bool EntryCheck::isRight(int32_t key_hash, int64_t physical_offset) {
  const auto record = recordAt(physical_offset);
  return record ? hasKeyHash(*record, key_hash) : isUnknown(record.status(), physical_offset);
}

bool EntryCheck::isUnknown(const Status& failure, int64_t physical_offset) const {
  // The log's begin is looked at last: retention may have taken the record a moment ago.
  return !isLost(failure) || physical_offset < log_.minOffset();
}

bool EntryCheck::isNextRight(int32_t key_hash, int64_t physical_offset, int32_t seconds,
                             TimestampMs begin_ms) {
  const auto record = recordAt(physical_offset);
  if (!begin_ms_) {
    begin_ms_ = record ? record->store_timestamp_ms : begin_ms;
  }
  return record ? hasKeyHash(*record, key_hash) &&
                      seconds == indexSeconds(*begin_ms_, record->store_timestamp_ms)
                : isUnknown(record.status(), physical_offset);
}

bool EntryCheck::keepRight(int32_t key_hash, size_t first, std::vector<int64_t>& offsets) {
  const auto wrong =
      std::remove_if(offsets.begin() + static_cast<std::ptrdiff_t>(first), offsets.end(),
                     [&](int64_t at) { return !isRight(key_hash, at); });
  const bool all_right = wrong == offsets.end();
  offsets.erase(wrong, offsets.end());
  return all_right;
}

}  // namespace rocketmq::store
