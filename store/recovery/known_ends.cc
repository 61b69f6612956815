// Recovery from the queues' known ends.
#include <algorithm>

#include "common/log.h"
#include "store/recovery/recovery.h"
#include "store/recovery/torn_record.h"

namespace rocketmq::store {

Status Recovery::runFromKnown() {
  ROCKETMQ_ASSIGN_OR_RETURN(const bool damaged, findDamageBehindKnown());
  if (stopped_cleanly_) {
    ROCKETMQ_RETURN_IF_ERROR(noteDeletedElsewhere());
  }
  ROCKETMQ_ASSIGN_OR_RETURN(const bool complete, restoreKnown());
  ROCKETMQ_RETURN_IF_ERROR(finishDeletions(parts_.queues.all()));
  const int64_t log_min = parts_.log.minOffset();
  const int64_t start = complete ? parts_.ends.known->log_end : log_min;
  tellOfStart(start);
  // A damaged record leaves a gap in its queue that no other part of the log can fill.
  ROCKETMQ_ASSIGN_OR_RETURN(
      Read read,
      readFrom(start, complete && !damaged ? Dispatcher::Gaps::kReport : Dispatcher::Gaps::kFill));
  if (read.found_gap) {
    log::warn("a consume queue lacks entries: reading the whole commit log from {}", log_min);
    ROCKETMQ_ASSIGN_OR_RETURN(read, readFrom(log_min, Dispatcher::Gaps::kFill));
  }
  ROCKETMQ_RETURN_IF_ERROR(finishKnown());
  ROCKETMQ_RETURN_IF_ERROR(finish(read, stopped_cleanly_ ? read.end : parts_.ends.known->log_end));
  // What a killed process wrote is in the page cache; from here on it counts as flushed.
  return parts_.log.sync(read.end);
}

/// The log may have gone on to further files behind the known ends: it is whole up to the newest of
/// them. Where a record in between is damaged, the files of the queues tell the offsets that were
/// given: they are asked before they are cut to the known ends.
Result<bool> Recovery::findDamageBehindKnown() {
  const int64_t known_end = parts_.ends.known->log_end;
  ROCKETMQ_ASSIGN_OR_RETURN(const int64_t newest_file, newestWholeFile());
  whole_to_ = std::max(known_end, newest_file);
  RecordWalker walker(parts_.log, known_end, parts_.crc_check);
  RecordWalker::Step step = RecordWalker::Step::kRecord;
  while (step == RecordWalker::Step::kRecord && walker.position() < whole_to_) {
    step = walker.next(whole_to_);
    if (step == RecordWalker::Step::kBad ||
        (step == RecordWalker::Step::kRecord && isTorn(walker.view(), walker.record()))) {
      ROCKETMQ_ASSIGN_OR_RETURN(const Queues queues, recoverQueues(QueueScan::kCareful));
      ROCKETMQ_RETURN_IF_ERROR(truncateQueues(queues, whole_to_));
      ROCKETMQ_RETURN_IF_ERROR(noteGivenOffsets(queues));
      return true;
    }
  }
  ROCKETMQ_RETURN_IF_ERROR(walker.status());
  return false;
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
  const QueueEnd known = knownEnd(queue.topic(), queue.queueId());
  // Retention hides log files before it removes them. Those that a kill has left are found again,
  // and so are their messages.
  const int64_t log_min = parts_.ends.known->log_min;
  const bool is_for_log = parts_.log.minOffset() >= log_min;
  ROCKETMQ_ASSIGN_OR_RETURN(
      const bool restored,
      queue.recoverFrom(known, is_for_log ? std::optional(log_min) : std::nullopt));
  if (!restored) {
    log::warn("consume queue {}/{} lacks files and is made anew", queue.topic(), queue.queueId());
    ROCKETMQ_RETURN_IF_ERROR(queue.dropFiles());
  }
  return restored;
}

/// A queue that is not known began after the checkpoint.
QueueEnd Recovery::knownEnd(std::string_view topic, int32_t queue_id) const {
  const auto queues = parts_.ends.known->topics.find(topic);
  if (queues == parts_.ends.known->topics.end()) {
    return {};
  }
  const auto found = queues->second.find(queue_id);
  return found == queues->second.end() ? QueueEnd{} : found->second;
}

/// After the log has been read.
Status Recovery::finishKnown() {
  // Their messages may have left the log, or have been damaged there, but not their offsets.
  ROCKETMQ_RETURN_IF_ERROR(keepOffsets(parts_.ends.known->topics).status());
  if (stopped_cleanly_) {
    return Status::ok();
  }
  for (const auto& queue : parts_.queues.all()) {
    ROCKETMQ_RETURN_IF_ERROR(queue->wipeBehindEnd());
  }
  return Status::ok();
}

Result<int64_t> Recovery::keepOffsets(const QueueEnds::Topics& ends) {
  int64_t kept = 0;
  for (const auto& [topic, queues] : ends) {
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

Status Recovery::noteGivenOffsets(const Queues& queues) {
  bool tell_more = false;
  for (const auto& queue : queues) {
    if (queue->maxOffset() > 0) {
      QueueEnd& noted = noted_[queue->topic()][queue->queueId()];
      if (noted.max < queue->maxOffset()) {
        noted = {.min = 0, .max = queue->maxOffset(), .physical_end = queue->physicalEnd()};
        tell_more = true;
      }
    }
  }
  const Status noted = tell_more ? parts_.queue_ends.note(noted_, parts_.checkpoint) : Status::ok();
  if (noted.code() != StatusCode::kReadOnly) {
    return noted;
  }
  // Readers need no note. Without one a queue gives an offset again when its last message is lost
  // and this start dies before it is through.
  log::warn("the ends of the queues are not noted before they are cut: {}", noted.message());
  return Status::ok();
}

Status Recovery::checkLogIsThere() const {
  const auto& given = parts_.ends.given;
  if (!given || (given->log_end <= given->log_min && noted_.empty())) {
    return Status::ok();
  }
  return Status::corruption(
      "the store held messages but " + parts_.log.dir() +
      " has no file of its commit log: is its disk mounted? Bring the files back. To give all "
      "messages up and begin at offset 0, remove the file queueends of the store too");
}

Status Recovery::keepGivenOffsets(int64_t log_end) {
  const auto& given = parts_.ends.given;
  if (!given || log_end >= given->log_end) {
    return Status::ok();
  }
  ROCKETMQ_ASSIGN_OR_RETURN(const int64_t kept, keepOffsets(given->topics));
  log::error(
      "the commit log ends at {} but was on the disk up to {} at the last checkpoint: what is gone "
      "is lost with its messages. {} consume queues go on behind their last offsets of then",
      log_end, given->log_end, kept);
  return Status::ok();
}

}  // namespace rocketmq::store
