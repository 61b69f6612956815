// Recovery from the queues' known ends.
#include "common/log.h"
#include "store/recovery/recovery.h"

namespace rocketmq::store {

Status Recovery::runFromKnown(bool stopped_cleanly) {
  ROCKETMQ_ASSIGN_OR_RETURN(const bool complete, restoreKnown());
  ROCKETMQ_RETURN_IF_ERROR(finishDeletions(parts_.queues.all()));
  whole_to_ = parts_.ends.known->log_end;
  const int64_t log_min = parts_.log.minOffset();
  const int64_t start = complete ? parts_.ends.known->log_end : log_min;
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
  ROCKETMQ_RETURN_IF_ERROR(finish(read, stopped_cleanly ? read.end : parts_.ends.known->log_end));
  // What a killed process wrote is in the page cache; from here on it counts as flushed.
  return parts_.log.sync(read.end);
}

Result<bool> Recovery::restoreKnown() {
  for (const auto& [topic, ends] : parts_.ends.known->topics) {
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
  if (const auto topic = parts_.ends.known->topics.find(queue.topic());
      topic != parts_.ends.known->topics.end()) {
    const auto found = topic->second.find(queue.queueId());
    known = found == topic->second.end() ? QueueEnd{} : found->second;
  }
  ROCKETMQ_ASSIGN_OR_RETURN(const bool restored,
                            queue.recoverFrom(known, parts_.ends.known->log_min));
  if (!restored) {
    log::warn("consume queue {}/{} lacks files and is made anew", queue.topic(), queue.queueId());
    ROCKETMQ_RETURN_IF_ERROR(queue.dropFiles());
  }
  return restored;
}

/// After the log has been read.
Status Recovery::finishKnown(bool stopped_cleanly) {
  // Their messages may have left the log, or have been damaged there, but not their offsets.
  ROCKETMQ_RETURN_IF_ERROR(keepOffsets(*parts_.ends.known).status());
  if (stopped_cleanly) {
    return Status::ok();
  }
  for (const auto& queue : parts_.queues.all()) {
    ROCKETMQ_RETURN_IF_ERROR(queue->wipeBehindEnd());
  }
  return Status::ok();
}

Result<int64_t> Recovery::keepOffsets(const QueueEnds::Snapshot& ends) {
  int64_t kept = 0;
  for (const auto& [topic, queues] : ends.topics) {
    for (const auto& [id, end] : queues) {
      const auto queue =
          isDeleted(topic, id, end) ? nullptr : parts_.queues.findOrCreate(topic, id);
      if (queue != nullptr && queue->maxOffset() < end.max) {
        ROCKETMQ_RETURN_IF_ERROR(queue->skipTo(end.max));
        releaseIfTooMany(*queue);
        ++kept;
      }
    }
  }
  return kept;
}

Status Recovery::checkLogIsThere() const {
  const auto& given = parts_.ends.given;
  if (!given || given->log_end <= given->log_min) {
    return Status::ok();
  }
  return Status::corruption(
      "the store held messages up to " + std::to_string(given->log_end) + " but " +
      parts_.log.dir() +
      " has no file of its commit log: is its disk mounted? Bring the files back. To give all "
      "messages up and begin at offset 0, remove the file queueends of the store too");
}

Status Recovery::keepGivenOffsets(int64_t log_end) {
  const auto& given = parts_.ends.given;
  if (!given || log_end >= given->log_end) {
    return Status::ok();
  }
  ROCKETMQ_ASSIGN_OR_RETURN(const int64_t kept, keepOffsets(*given));
  log::error(
      "the commit log ends at {} but was on the disk up to {} at the last checkpoint: what is gone "
      "is lost with its messages. {} consume queues go on behind their last offsets of then",
      log_end, given->log_end, kept);
  return Status::ok();
}

}  // namespace rocketmq::store
