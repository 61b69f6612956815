#include "store/repair/repair_pass.h"

#include <algorithm>

#include "common/log.h"
#include "common/scheduling.h"
#include "store/log/record_walker.h"
#include "store/repair/queue_begin.h"

namespace rocketmq::store {

RepairPass::RepairPass(const Parts& parts, ConsumeQueue& queue)
    : parts_(parts),
      queue_(queue),
      begin_(std::min(queue.minOffset(), queue.maxOffset())),
      end_(queue.maxOffset()),
      sound_(static_cast<size_t>(end_ - begin_)),
      entered_(static_cast<size_t>(end_ - begin_)) {}

Status RepairPass::run() {
  ROCKETMQ_ASSIGN_OR_RETURN(first_sound_, firstSound());
  ROCKETMQ_ASSIGN_OR_RETURN(const int64_t begin, findBegin());
  // All visible entries name records in front of this end.
  ROCKETMQ_RETURN_IF_ERROR(walk(begin, parts_.log.maxOffset(),
                                [this](const MessageRecord& record) { return enter(record); }));
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

Result<std::optional<RepairPass::Sound>> RepairPass::firstSound() const {
  for (int64_t index = begin_; index < end_; ++index) {
    if (parts_.stopping.load(std::memory_order_relaxed)) {
      break;
    }
    ROCKETMQ_ASSIGN_OR_RETURN(const auto entry, queue_.entryAt(index));
    ROCKETMQ_ASSIGN_OR_RETURN(const bool is_sound,
                              entry ? isSound(index, *entry) : Result<bool>(false));
    if (is_sound) {
      return std::optional(Sound{.index = index, .physical_offset = entry->physical_offset});
    }
  }
  return std::optional<Sound>();
}

Result<int64_t> RepairPass::findBegin() {
  if (first_sound_ && first_sound_->index == begin_) {
    return first_sound_->physical_offset;
  }
  const int64_t log_min = parts_.log.minOffset();
  QueueBegin begin(log_min);
  ROCKETMQ_RETURN_IF_ERROR(
      walk(log_min, first_sound_ ? first_sound_->physical_offset : parts_.log.maxOffset(),
           [&](const MessageRecord& record) {
             begin.add(record.queue_offset, record.physical_offset);
             return Status::ok();
           }));
  return begin.find(first_sound_ ? first_sound_->index : end_);
}

Status RepairPass::walk(int64_t from, int64_t limit,
                        const std::function<Status(const MessageRecord&)>& visit) {
  RecordWalker walker(parts_.log, from, CrcCheck::kSkip);
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
      if (bad >= told_to_) {
        log::error("the commit log has no record at {}; going on at {}", bad, walker.position());
        told_to_ = walker.position();
      }
      continue;
    }
    if (isOfQueue(walker.record())) {
      ROCKETMQ_RETURN_IF_ERROR(visit(walker.record()));
    }
    giveWay();
  }
}

bool RepairPass::isOfQueue(const MessageRecord& record) const {
  return record.queue_id == queue_.queueId() && record.topic == queue_.topic() &&
         entersQueue(record.sys_flag) &&
         !parts_.deleted.covers(record.topic, record.queue_id, record.physical_offset);
}

/// Entries are in the order of the log.
bool RepairPass::isInOrder(const MessageRecord& record) const {
  if (!first_sound_) {
    return true;
  }
  const bool is_in_front = record.physical_offset < first_sound_->physical_offset;
  return is_in_front == (record.queue_offset < first_sound_->index) &&
         (is_in_front || record.queue_offset > sound_to_);
}

bool RepairPass::tagsMayStay(const QueueEntry& entry, const MessageRecord& record) const {
  // An address leads to more than the tags code, and a delivery time to what the table of delay
  // levels was once.
  return isExtAddress(entry.tags_code) || record.topic == kScheduleTopic ||
         entry.tags_code == parts_.rules.tagsCodeOf(record);
}

Status RepairPass::enter(const MessageRecord& record) {
  if (record.queue_offset < begin_ || record.queue_offset >= end_) {
    return Status::ok();
  }
  const auto number = static_cast<size_t>(record.queue_offset - begin_);
  ROCKETMQ_ASSIGN_OR_RETURN(const auto entry, queue_.entryAt(record.queue_offset));
  if (!entry) {
    return Status::ok();  // Retention has just taken its file.
  }
  const bool is_its =
      entry->physical_offset == record.physical_offset && entry->record_bytes == record.total_size;
  sound_to_ = is_its ? std::max(sound_to_, record.queue_offset) : sound_to_;
  if (sound_[number]) {
    return Status::ok();
  }
  // Else it may be that of another record, for instance from before the topic was made anew; what
  // this pass has put there was of an earlier one.
  ROCKETMQ_ASSIGN_OR_RETURN(const bool is_sound, is_its || entered_[number]
                                                     ? Result<bool>(is_its)
                                                     : isSound(record.queue_offset, *entry));
  sound_[number] = is_sound;
  const bool stays = is_its ? tagsMayStay(*entry, record) : is_sound || !isInOrder(record);
  if (stays) {
    return Status::ok();
  }
  ROCKETMQ_RETURN_IF_ERROR(
      queue_.overwrite(record.queue_offset, {.physical_offset = record.physical_offset,
                                             .record_bytes = record.total_size,
                                             .tags_code = parts_.rules.tagsCodeOf(record)}));
  rewritten_ += entered_[number] ? 0 : 1;
  entered_[number] = true;
  return Status::ok();
}

Status RepairPass::blankRest() {
  for (int64_t index = begin_; index < end_; ++index) {
    const auto number = static_cast<size_t>(index - begin_);
    if (sound_[number] || entered_[number]) {
      continue;
    }
    ROCKETMQ_ASSIGN_OR_RETURN(const auto entry, queue_.entryAt(index));
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
