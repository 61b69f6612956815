#include "store/repair/repair_pass.h"

#include <algorithm>

#include "common/log.h"
#include "common/scheduling.h"
#include "store/log/record_walker.h"

namespace rocketmq::store {

RepairPass::RepairPass(const Parts& parts, ConsumeQueue& queue)
    : parts_(parts),
      queue_(queue),
      begin_(std::min(queue.minOffset(), queue.maxOffset())),
      end_(queue.maxOffset()),
      known_(static_cast<size_t>(end_ - begin_)) {}

Status RepairPass::run() {
  ROCKETMQ_RETURN_IF_ERROR(readLog());
  return blankRest();
}

Result<bool> RepairPass::isSound(int64_t index, const QueueEntry& entry) const {
  if (!isWritten(entry) || entry.physical_offset < parts_.log.minOffset() ||
      entry.physical_offset >= parts_.log.maxOffset()) {
    return false;
  }
  ROCKETMQ_ASSIGN_OR_RETURN(const LogView view, parts_.log.read(entry.physical_offset));
  return view.contains(entry.physical_offset,
                       std::max<int64_t>(entry.record_bytes, kRecordHeadBytes)) &&
         queue_.names(index, entry, view.from(entry.physical_offset).data());
}

Status RepairPass::readLog() {
  const int64_t log_min = parts_.log.minOffset();
  const auto first = queue_.entryAt(begin_);
  ROCKETMQ_ASSIGN_OR_RETURN(const bool begins_well,
                            first ? isSound(begin_, *first) : Result<bool>(false));
  // All visible entries name records in front of this end.
  const int64_t limit = parts_.log.maxOffset();
  RecordWalker walker(parts_.log, begins_well ? first->physical_offset : log_min, CrcCheck::kSkip);
  for (;;) {
    if (parts_.stopping.load(std::memory_order_relaxed) || queue_.isDeleted()) {
      return Status::closed("the repair has been stopped");
    }
    const RecordWalker::Step step = walker.next(limit);
    if (step == RecordWalker::Step::kEnd) {
      return walker.status();
    }
    if (step == RecordWalker::Step::kBad) {
      const int64_t bad = walker.position();
      walker.skipDamage(limit);
      log::error("the commit log has no record at {}; going on at {}", bad, walker.position());
      continue;
    }
    ROCKETMQ_RETURN_IF_ERROR(enter(walker.record()));
    giveWay();
  }
}

bool RepairPass::isOfQueue(const MessageRecord& record) const {
  return record.queue_id == queue_.queueId() && record.queue_offset >= begin_ &&
         record.queue_offset < end_ && record.topic == queue_.topic() &&
         entersQueue(record.sys_flag) &&
         !parts_.deleted.covers(record.topic, record.queue_id, record.physical_offset);
}

bool RepairPass::tagsMayStay(const QueueEntry& entry, const MessageRecord& record) const {
  // An address leads to more than the tags code, and a delivery time to what the table of delay
  // levels was once.
  return isExtAddress(entry.tags_code) || record.topic == kScheduleTopic ||
         entry.tags_code == parts_.rules.tagsCodeOf(record);
}

Status RepairPass::enter(const MessageRecord& record) {
  if (!isOfQueue(record) || known_[static_cast<size_t>(record.queue_offset - begin_)]) {
    return Status::ok();
  }
  const auto entry = queue_.entryAt(record.queue_offset);
  if (!entry) {
    return Status::ok();  // Retention has just taken its file.
  }
  const bool is_its =
      entry->physical_offset == record.physical_offset && entry->record_bytes == record.total_size;
  // Else it may be that of another record, for instance from before the topic was made anew.
  ROCKETMQ_ASSIGN_OR_RETURN(const bool is_right, is_its ? Result<bool>(tagsMayStay(*entry, record))
                                                        : isSound(record.queue_offset, *entry));
  if (!is_right) {
    ROCKETMQ_RETURN_IF_ERROR(
        queue_.overwrite(record.queue_offset, {.physical_offset = record.physical_offset,
                                               .record_bytes = record.total_size,
                                               .tags_code = parts_.rules.tagsCodeOf(record)}));
    ++rewritten_;
  }
  known_[static_cast<size_t>(record.queue_offset - begin_)] = true;
  return Status::ok();
}

Status RepairPass::blankRest() {
  for (int64_t index = begin_; index < end_; ++index) {
    const auto entry =
        known_[static_cast<size_t>(index - begin_)] ? std::nullopt : queue_.entryAt(index);
    if (!entry || isPreBlank(*entry)) {
      continue;
    }
    ROCKETMQ_ASSIGN_OR_RETURN(const bool is_sound, isSound(index, *entry));
    if (!is_sound && index >= queue_.minOffset()) {
      ROCKETMQ_RETURN_IF_ERROR(queue_.overwrite(index, preBlankEntry()));
      ++lost_;
    }
  }
  return Status::ok();
}

}  // namespace rocketmq::store
