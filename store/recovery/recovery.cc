#include "store/recovery/recovery.h"

#include <algorithm>
#include <chrono>

#include "common/log.h"
#include "store/recovery/read_progress.h"
#include "store/recovery/torn_record.h"

namespace rocketmq::store {
namespace {

/// What the checkpoint's times are rounded by: flushes and clocks are not exact.
constexpr int64_t kCheckpointMarginMs = 3000;

}  // namespace

Status Recovery::run(bool stopped_cleanly) {
  if (parts_.log.segments().empty()) {
    // RocketMQ parity: queues without a log point nowhere.
    ROCKETMQ_ASSIGN_OR_RETURN(const Queues queues, recoverQueues(QueueScan::kTrusted));
    ROCKETMQ_RETURN_IF_ERROR(truncateQueues(queues, 0));
    return finish({}, 0);
  }
  if (parts_.known) {
    return runFromKnown(stopped_cleanly);
  }
  return runCareful(stopped_cleanly);
}

Status Recovery::runCareful(bool stopped_cleanly) {
  ROCKETMQ_ASSIGN_OR_RETURN(const Queues queues, recoverQueues(QueueScan::kCareful));
  const int64_t log_min = parts_.log.minOffset();
  // Nothing tells whether a queue lacks files, so that none is believed to be complete.
  int64_t start = stopped_cleanly ? log_min : carefulStart();
  whole_to_ = stopped_cleanly ? vouchedEnd(queues) : start;
  const std::vector<int64_t> ends = vouchedEnds(queues);
  log::info("{}: reading the commit log from {}",
            stopped_cleanly ? "nothing is known of the consume queues"
                            : "the store was not stopped cleanly",
            start);
  ROCKETMQ_ASSIGN_OR_RETURN(Read read, replayFrom(start, queues));
  if (read.found_gap) {
    log::warn("a consume queue lacks entries: reading the whole commit log from {}", log_min);
    start = log_min;
    ROCKETMQ_ASSIGN_OR_RETURN(read, replayFrom(start, parts_.queues.all()));
  }
  for (const auto& queue : parts_.queues.all()) {
    ROCKETMQ_RETURN_IF_ERROR(queue->finishReplay());
  }
  for (size_t i = 0; i < queues.size(); ++i) {
    ROCKETMQ_RETURN_IF_ERROR(queues[i]->skipTo(ends[i]));
    releaseIfTooMany(*queues[i]);
  }
  ROCKETMQ_RETURN_IF_ERROR(finish(read, start));
  // What a killed process wrote is in the page cache; from here on it counts as flushed.
  return parts_.log.sync(read.end);
}

Result<Recovery::Read> Recovery::replayFrom(int64_t start, const Queues& queues) {
  const bool is_whole = start == parts_.log.minOffset();
  if (is_whole) {
    ROCKETMQ_RETURN_IF_ERROR(parts_.checkpoint.forgetQueues());
  }
  ROCKETMQ_RETURN_IF_ERROR(prepareReplay(queues, start));
  return readFrom(start, is_whole ? Dispatcher::Gaps::kFill : Dispatcher::Gaps::kReport);
}

/// After a clean stop: behind the newest record that a queue and the log agree upon. All in front
/// of it was on the disk, the entries too.
int64_t Recovery::vouchedEnd(const Queues& queues) const {
  int64_t end = parts_.log.minOffset();
  for (const auto& queue : queues) {
    const auto entry = queue->lastEntry();
    const int64_t offset = entry ? entry->physical_offset : -1;
    const auto record = recordIn(parts_.log.view(offset), offset, CrcCheck::kVerify);
    if (record && record->topic == queue->topic() && record->queue_id == queue->queueId() &&
        record->queue_offset == queue->maxOffset() - 1) {
      end = std::max(end, offset + record->total_size);
    }
    releaseIfTooMany(*queue);
  }
  return end;
}

/// The queues' ends as far as they are below whole_to_, else 0.
std::vector<int64_t> Recovery::vouchedEnds(const Queues& queues) const {
  std::vector<int64_t> ends;
  for (const auto& queue : queues) {
    ends.push_back(queue->physicalEnd() <= whole_to_ ? queue->maxOffset() : 0);
  }
  return ends;
}

Result<Recovery::Queues> Recovery::recoverQueues(QueueScan scan) {
  const Queues found = parts_.queues.all();
  for (const auto& queue : found) {
    ROCKETMQ_RETURN_IF_ERROR(queue->recover(scan));
    releaseIfTooMany(*queue);
  }
  ROCKETMQ_RETURN_IF_ERROR(finishDeletions(found));
  return parts_.queues.all();
}

/// A topic made anew has entries behind the end of its deleted part only; one whose entries all lie
/// in it was about to go.
Status Recovery::finishDeletions(const Queues& queues) {
  for (const auto& [topic, end] : parts_.deleted.ends()) {
    const auto is_new = [&topic = topic, end = end](const std::shared_ptr<ConsumeQueue>& queue) {
      return queue->topic() == topic && queue->physicalEnd() > end;
    };
    if (std::none_of(queues.begin(), queues.end(), is_new)) {
      ROCKETMQ_RETURN_IF_ERROR(parts_.queues.removeTopic(topic, [] { return Status::ok(); }));
    }
  }
  return Status::ok();
}

void Recovery::releaseIfTooMany(ConsumeQueue& queue) const {
  if (parts_.queues.hasTooManyMapped()) {
    queue.unmapAll();
  }
}

Status Recovery::truncateQueues(const Queues& queues, int64_t physical_offset) {
  for (const auto& queue : queues) {
    ROCKETMQ_RETURN_IF_ERROR(queue->truncateFrom(physical_offset));
    releaseIfTooMany(*queue);
  }
  return Status::ok();
}

Status Recovery::prepareReplay(const Queues& queues, int64_t start) {
  for (const auto& queue : queues) {
    ROCKETMQ_RETURN_IF_ERROR(queue->prepareReplay(start));
    releaseIfTooMany(*queue);
  }
  return Status::ok();
}

Result<Recovery::Read> Recovery::readFrom(int64_t start, Dispatcher::Gaps gaps) {
  const int64_t limit = parts_.log.maxOffset();
  RecordWalker walker(parts_.log, start, parts_.crc_check);
  using Clock = std::chrono::steady_clock;
  constexpr int64_t kRecordsBetweenLooks = 4096;
  ReadProgress progress(start, limit, Clock::now());
  Read read;
  read.end = start;
  read.newest_ms = parts_.checkpoint.times().log_ms;
  while (nextWhole(walker, limit, read.end)) {
    ROCKETMQ_ASSIGN_OR_RETURN(const bool placed, parts_.dispatcher.replay(walker.record(), gaps));
    if (parts_.queues.hasTooManyMapped()) {
      for (const auto& queue : parts_.queues.all()) {
        queue->unmapAll();
      }
    }
    read.newest_ms = walker.record().store_timestamp_ms;
    ++read.records;
    if (read.records % kRecordsBetweenLooks == 0) {
      if (const auto line = progress.lineAt(walker.position(), Clock::now())) {
        log::info("{}", *line);
      }
    }
    if (!placed) {
      read.end = walker.position();
      read.found_gap = true;
      break;
    }
  }
  return read;
}

/// False at the end of the log, which is `end` then.
bool Recovery::nextWhole(RecordWalker& walker, int64_t limit, int64_t& end) const {
  for (;;) {
    const bool is_record = walker.next(limit) == RecordWalker::Step::kRecord;
    if (is_record && !isTorn(walker.view(), walker.record())) {
      return true;
    }
    const int64_t wrong_at = is_record ? walker.record().physical_offset : walker.position();
    if (wrong_at >= whole_to_) {
      if (is_record) {
        log::warn("the record at {} is torn", wrong_at);
      }
      end = wrong_at;
      return false;
    }
    walker.skipDamage(whole_to_);
    log::error(
        "the commit log is damaged: no intact record from {} to {}, though all was on the disk up "
        "to {}. Its messages are lost, those behind it stay. `mqstore verify` shows what is wrong, "
        "`mqstore salvage` copies what is intact",
        wrong_at, walker.position(), whole_to_);
  }
}

int64_t Recovery::carefulStart() const {
  const CheckpointTimes times = parts_.checkpoint.times();
  const TimestampMs certain_ms = std::min(times.log_ms, times.queues_ms) - kCheckpointMarginMs;
  int64_t start = parts_.log.minOffset();
  TimestampMs newest_ms = 0;
  for (const auto& segment : parts_.log.segments()) {
    const int64_t base = segment->base();
    const auto first = recordIn(parts_.log.view(base), base, CrcCheck::kSkip);
    // A time that goes back tells of a clock that was set: what follows may be later than the
    // checkpoint although its times are earlier.
    if (!first || first->store_timestamp_ms <= 0 || first->store_timestamp_ms > certain_ms ||
        first->store_timestamp_ms < newest_ms) {
      break;
    }
    start = base;
    newest_ms = first->store_timestamp_ms;
  }
  return start;
}

Status Recovery::finish(const Read& read, int64_t flushed) {
  const Queues queues = parts_.queues.all();
  const int64_t log_min = parts_.log.minOffset();
  ROCKETMQ_RETURN_IF_ERROR(parts_.deleted.cutTo(read.end));
  ROCKETMQ_RETURN_IF_ERROR(
      parts_.log.truncateTo({.end = read.end, .flushed = flushed, .newest_ms = read.newest_ms}));
  ROCKETMQ_RETURN_IF_ERROR(truncateQueues(queues, read.end));
  for (const auto& queue : queues) {
    for (bool has_more = queue->trimBefore(log_min); has_more;) {
      ROCKETMQ_ASSIGN_OR_RETURN(has_more, queue->removeTrimmed());
    }
    queue->unmapAll();
  }
  parts_.dispatcher.noteDispatched(read.end, read.newest_ms);
  log::info("commit log recovered from {} to {}, {} records read", log_min, read.end, read.records);
  return Status::ok();
}

}  // namespace rocketmq::store
