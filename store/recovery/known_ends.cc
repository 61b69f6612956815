// Recovery from the queues' known ends.
#include "common/log.h"
#include "store/recovery/recovery.h"

namespace rocketmq::store {

Status Recovery::runFromKnown(bool stopped_cleanly) {
  ROCKETMQ_ASSIGN_OR_RETURN(const bool complete, restoreKnown());
  ROCKETMQ_RETURN_IF_ERROR(finishDeletions(parts_.queues.all()));
  whole_to_ = parts_.known->log_end;
  const int64_t log_min = parts_.log.minOffset();
  const int64_t start = complete ? parts_.known->log_end : log_min;
  log::info("{}: reading the commit log from {}",
            stopped_cleanly ? "the store was stopped cleanly" : "the store was not stopped cleanly",
            start);
  ROCKETMQ_ASSIGN_OR_RETURN(
      Read read, readFrom(start, complete ? Dispatcher::Gaps::kReport : Dispatcher::Gaps::kFill));
  if (read.found_gap) {
    log::warn("a consume queue lacks entries: reading the whole commit log from {}", log_min);
    ROCKETMQ_ASSIGN_OR_RETURN(read, readFrom(log_min, Dispatcher::Gaps::kFill));
  }
  ROCKETMQ_RETURN_IF_ERROR(finishKnown(stopped_cleanly));
  ROCKETMQ_RETURN_IF_ERROR(finish(read, stopped_cleanly ? read.end : parts_.known->log_end));
  // What a killed process wrote is in the page cache; from here on it counts as flushed.
  return parts_.log.sync(read.end);
}

Result<bool> Recovery::restoreKnown() {
  for (const auto& [topic, ends] : parts_.known->topics) {
    for (const auto& [id, end] : ends) {
      if (!isDeleted(topic, id, end)) {
        parts_.queues.findOrCreate(topic, id);  // One that is gone is found to lack files.
      }
    }
  }
  bool complete = true;
  for (const auto& queue : parts_.queues.all()) {
    ROCKETMQ_ASSIGN_OR_RETURN(const bool restored, restoreKnown(*queue));
    complete = complete && restored;
  }
  return complete;
}

Result<bool> Recovery::restoreKnown(ConsumeQueue& queue) {
  // A queue that is not known began after the checkpoint.
  QueueEnd known;
  if (const auto topic = parts_.known->topics.find(queue.topic());
      topic != parts_.known->topics.end()) {
    const auto found = topic->second.find(queue.queueId());
    known = found == topic->second.end() ? QueueEnd{} : found->second;
  }
  ROCKETMQ_ASSIGN_OR_RETURN(const bool restored, queue.recoverFrom(known, parts_.known->log_min));
  if (!restored) {
    log::warn("consume queue {}/{} lacks files and is made anew", queue.topic(), queue.queueId());
    ROCKETMQ_RETURN_IF_ERROR(queue.dropFiles());
  }
  return restored;
}

/// After the log has been read.
Status Recovery::finishKnown(bool stopped_cleanly) {
  for (const auto& [topic, ends] : parts_.known->topics) {
    for (const auto& [id, end] : ends) {
      const auto queue = parts_.queues.find(topic, id);
      // Its messages may have left the log, or have been damaged there, but not their offsets.
      if (queue != nullptr && !isDeleted(topic, id, end)) {
        ROCKETMQ_RETURN_IF_ERROR(queue->skipTo(end.max));
      }
    }
  }
  if (stopped_cleanly) {
    return Status::ok();
  }
  for (const auto& queue : parts_.queues.all()) {
    ROCKETMQ_RETURN_IF_ERROR(queue->wipeBehindEnd());
  }
  return Status::ok();
}

}  // namespace rocketmq::store
