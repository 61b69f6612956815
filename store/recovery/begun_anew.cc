// Recovery of queues that the log goes on with at offset 0.
#include <bit>

#include "store/recovery/recovery.h"

namespace rocketmq::store {

Status Recovery::noteFirstRecord(const ConsumeQueue& queue) {
  const int64_t end = queue.maxOffset();
  if (end <= queue.firstIndex()) {
    return Status::ok();
  }
  // With more files than one it is not looked for: the log has the record behind the first one.
  const bool is_one_file = queue.firstIndex() == 0 && end <= queue.nextFileOffset(0);
  std::optional<QueueEntry> entry;
  if (is_one_file) {
    ROCKETMQ_ASSIGN_OR_RETURN(entry, queue.entryAt(0));
  }
  first_records_.insert({{queue.topic(), queue.queueId()}, entry ? entry->physical_offset : -1});
  return Status::ok();
}

Result<bool> Recovery::beginsAnew(const MessageRecord& first, const ConsumeQueue& queue) const {
  ROCKETMQ_ASSIGN_OR_RETURN(const auto next, offsetBehind(first));
  if (next) {
    // Behind a damaged offset the queue goes on above all that it had; some may be lost in between.
    return *next == 1 || (*next > 0 && *next < queue.maxOffset());
  }
  if (parts_.is_replica) {
    return true;
  }
  // Nothing tells: no single bit that is wrong makes 0 of a number with several that are set.
  return isKnownToBegin(first, queue)
      .value_or(!std::has_single_bit(static_cast<uint64_t>(queue.maxOffset())));
}

Result<std::optional<int64_t>> Recovery::offsetBehind(const MessageRecord& record) const {
  RecordWalker walker(parts_.log, record.physical_offset + record.total_size, CrcCheck::kSkip);
  const int64_t end = parts_.log.maxOffset();
  for (;;) {
    const RecordWalker::Step step = walker.next(end);
    const MessageRecord& next = walker.record();
    if (step == RecordWalker::Step::kRecord) {
      if (next.queue_id == record.queue_id && next.topic == record.topic &&
          entersQueue(next.sys_flag)) {
        return std::optional<int64_t>(next.queue_offset);
      }
      continue;
    }
    ROCKETMQ_RETURN_IF_ERROR(walker.status());
    if (step == RecordWalker::Step::kEnd || walker.position() >= whole_to_) {
      return std::optional<int64_t>();
    }
    walker.skipDamage(whole_to_);
  }
}

std::optional<bool> Recovery::isKnownToBegin(const MessageRecord& first,
                                             const ConsumeQueue& queue) const {
  if (parts_.ends.known) {
    const int64_t known_max = knownEnd(first.topic, first.queue_id).max;
    if (first.physical_offset >= parts_.ends.known->log_end) {
      // What there is in front was no queue's then.
      return known_max == 0 && queue.physicalEnd() <= parts_.ends.known->log_end;
    }
    if (known_max > 0) {
      return known_max <= queue.maxOffset();  // One with a damaged offset had one above that.
    }
  }
  const auto found = first_records_.find({std::string(first.topic), first.queue_id});
  return found == first_records_.end()
             ? std::nullopt
             : std::optional<bool>(found->second == first.physical_offset);
}

}  // namespace rocketmq::store
