// Recovery of what believed queues lack.
#include <algorithm>

#include "common/log.h"
#include "store/recovery/log_coverage.h"
#include "store/recovery/recovery.h"

namespace rocketmq::store {

Status Recovery::enterMissing(int64_t end) {
  // What was believed up to there is stepped over where it is damaged.
  whole_to_ = std::max(whole_to_, end);
  ROCKETMQ_ASSIGN_OR_RETURN(const Missing missing, findMissing(end));
  if (missing.queues.empty()) {
    return Status::ok();
  }
  ROCKETMQ_ASSIGN_OR_RETURN(const int64_t start, prepareMissing(missing));
  const auto enter = [&](const MessageRecord& record) -> Result<bool> {
    return missing.queues.contains({std::string(record.topic), record.queue_id})
               ? replay(record, Dispatcher::Gaps::kFill)
               : true;
  };
  return walk(start, end, enter).status();
}

Result<Recovery::Missing> Recovery::findMissing(int64_t end) {
  LogCoverage coverage(parts_.log, end);
  for (const auto& queue : parts_.queues.all()) {
    if (!queue->topic().starts_with(kLightTopicPrefix)) {
      ROCKETMQ_RETURN_IF_ERROR(coverage.add(*queue));
      releaseIfTooMany(*queue);
    }
  }
  Missing missing{.queues = {}, .first = end};
  ROCKETMQ_ASSIGN_OR_RETURN(const auto incomplete, coverage.incomplete());
  for (const LogCoverage::Range& range : incomplete) {
    log::warn(
        "the consume queues do not account for all of the commit log from {} to {}: reading it",
        range.begin, range.end);
    const auto look = [&](const MessageRecord& record) -> Result<bool> {
      if (const Lack lack = lackOf(record); lack != Lack::kNothing) {
        missing.first = std::min(missing.first, record.physical_offset);
        bool& lacks_front = missing.queues[{std::string(record.topic), record.queue_id}];
        lacks_front = lacks_front || lack == Lack::kFront;
      }
      return true;
    };
    ROCKETMQ_RETURN_IF_ERROR(walk(range.begin, range.end, look).status());
  }
  return missing;
}

/// What has another entry in its place counts as there: its offset is damaged, or its topic was
/// made anew.
Recovery::Lack Recovery::lackOf(const MessageRecord& record) const {
  if (!entersQueue(record.sys_flag) || !isStorable(record.topic, record.queue_id) ||
      parts_.deleted.covers(record.topic, record.queue_id, record.physical_offset) ||
      (parts_.topic_exists && !parts_.topic_exists(record.topic))) {
    return Lack::kNothing;
  }
  const auto queue = parts_.queues.find(record.topic, record.queue_id);
  if (queue == nullptr || !queue->isUsed()) {
    return Lack::kEnd;
  }
  if (record.queue_offset >= queue->maxOffset()) {
    return record.physical_offset >= queue->physicalEnd() ? Lack::kEnd : Lack::kNothing;
  }
  if (record.queue_offset >= queue->firstIndex()) {
    return Lack::kNothing;
  }
  const auto begin = queue->physicalBegin();
  releaseIfTooMany(*queue);
  return !begin || record.physical_offset < *begin ? Lack::kFront : Lack::kNothing;
}

Result<int64_t> Recovery::prepareMissing(const Missing& missing) {
  int64_t start = missing.first;
  for (const auto& [name, lacks_front] : missing.queues) {
    log::warn("consume queue {}/{} lacks messages that the commit log has: entering them",
              name.first, name.second);
    if (lacks_front) {
      const auto queue = parts_.queues.find(name.first, name.second);
      ROCKETMQ_RETURN_IF_ERROR(noteGivenOffsets({queue}));
      ROCKETMQ_RETURN_IF_ERROR(queue->dropFiles());
      start = parts_.log.minOffset();
    }
  }
  return start;
}

}  // namespace rocketmq::store
