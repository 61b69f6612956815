#include "store/recovery/recovery.h"

#include <algorithm>
#include <chrono>

#include "common/log.h"
#include "store/recovery/cut_tail.h"
#include "store/recovery/read_progress.h"
#include "store/recovery/torn_record.h"

namespace rocketmq::store {
namespace {

/// What the checkpoint's times are rounded by: flushes and clocks are not exact.
constexpr int64_t kCheckpointMarginMs = 3000;

/// Says what goes with everything behind the log's end.
void tellOfCut(int64_t log_end, const CutTail& tail, int64_t shortened_queues,
               bool stopped_cleanly) {
  const int64_t bytes = tail.end - log_end;
  if (tail.records > 0) {
    log::error(
        "the commit log ends at {}, where no whole record begins: {} bytes up to {} are removed, "
        "{} "
        "whole records among them. {} consume queues end earlier for it",
        log_end, bytes, tail.end, tail.records, shortened_queues);
  } else if (bytes > 0 && stopped_cleanly) {
    log::error(
        "the commit log ends at {}, where no whole record begins: {} bytes up to {} are removed. "
        "They have been damaged since the store was stopped cleanly. {} consume queues end earlier "
        "for it",
        log_end, bytes, tail.end, shortened_queues);
  } else if (bytes > 0) {
    log::warn(
        "the commit log ends at {}: {} bytes up to {} were not written whole, as a crash leaves "
        "them, and are removed. {} consume queues end earlier for it",
        log_end, bytes, tail.end, shortened_queues);
  } else if (shortened_queues > 0) {
    log::warn(
        "{} consume queues knew more messages than the commit log, which ends at {}: they end "
        "earlier now",
        shortened_queues, log_end);
  }
}

/// Whether it has a message behind `end`. Both ends are asked, as an entry may be damaged.
bool reachesBehind(const ConsumeQueue& queue, int64_t end) {
  return queue.physicalEnd() > end || queue.physicalBegin().value_or(0) >= end;
}

}  // namespace

Status Recovery::run(bool stopped_cleanly) {
  stopped_cleanly_ = stopped_cleanly;
  if (const auto& ends = parts_.ends.known ? parts_.ends.known : parts_.ends.given) {
    noted_ = ends->noted;
  }
  if (parts_.log.segments().empty()) {
    ROCKETMQ_RETURN_IF_ERROR(checkLogIsThere());
    // RocketMQ parity: queues without a log point nowhere.
    ROCKETMQ_ASSIGN_OR_RETURN(const Queues queues, recoverQueues(QueueScan::kTrusted));
    ROCKETMQ_RETURN_IF_ERROR(truncateQueues(queues, 0));
    return finish({}, 0);
  }
  if (parts_.ends.known) {
    return runFromKnown();
  }
  ROCKETMQ_ASSIGN_OR_RETURN(whole_to_, newestWholeFile());
  if (stopped_cleanly_) {
    const Status trusted = runTrusting();
    if (trusted.code() != StatusCode::kNotFound) {
      return trusted;
    }
    log::warn("{}; recovering as after a crash", trusted.message());
  }
  return runCareful();
}

Status Recovery::runTrusting() {
  ROCKETMQ_ASSIGN_OR_RETURN(const Queues queues, recoverQueues(QueueScan::kTrusted));
  ROCKETMQ_ASSIGN_OR_RETURN(const int64_t start, trustedStart(queues));
  ROCKETMQ_RETURN_IF_ERROR(noteDeletedElsewhere());
  ROCKETMQ_RETURN_IF_ERROR(enterMissing(start));
  ROCKETMQ_ASSIGN_OR_RETURN(const Read read, readFrom(start, Dispatcher::Gaps::kFill));
  return finish(read, read.end);
}

/// Behind the newest record that a queue knows.
Result<int64_t> Recovery::trustedStart(const Queues& queues) {
  const ConsumeQueue* newest = nullptr;
  for (const auto& queue : queues) {
    if (newest == nullptr || queue->physicalEnd() > newest->physicalEnd()) {
      newest = queue.get();
    }
  }
  const int64_t log_min = parts_.log.minOffset();
  if (newest == nullptr || newest->physicalEnd() <= log_min) {
    return log_min;
  }
  const auto entry = newest->lastEntry();
  const int64_t offset = entry ? entry->physical_offset : -1;
  ROCKETMQ_ASSIGN_OR_RETURN(const LogView view, parts_.log.read(offset));
  const auto record = recordIn(view, offset, parts_.crc_check);
  if (!entry || !record || record->total_size != entry->record_bytes) {
    return Status::notFound("the newest entry of queue " + newest->topic() + "/" +
                            std::to_string(newest->queueId()) + " points at no record");
  }
  return newest->physicalEnd();
}

void Recovery::tellOfStart(int64_t start) const {
  log::info(
      "{}: reading the commit log from {}",
      stopped_cleanly_ ? "the store was stopped cleanly" : "the store was not stopped cleanly",
      start);
}

Status Recovery::runCareful() {
  ROCKETMQ_ASSIGN_OR_RETURN(int64_t start, carefulStart());
  whole_to_ = std::max(whole_to_, start);
  ROCKETMQ_ASSIGN_OR_RETURN(const Queues queues, recoverQueues(QueueScan::kCareful));
  // After a clean stop everything that the log reaches to was there, and has been damaged since.
  ROCKETMQ_RETURN_IF_ERROR(
      truncateQueues(queues, stopped_cleanly_ ? parts_.log.maxOffset() : whole_to_));
  ROCKETMQ_RETURN_IF_ERROR(noteGivenOffsets(queues));
  ROCKETMQ_RETURN_IF_ERROR(markRunning());
  ROCKETMQ_RETURN_IF_ERROR(prepareReplay(queues, start));
  ROCKETMQ_RETURN_IF_ERROR(enterMissing(start));
  tellOfStart(start);
  const int64_t log_min = parts_.log.minOffset();
  ROCKETMQ_ASSIGN_OR_RETURN(Read read, readFrom(start, start > log_min ? Dispatcher::Gaps::kReport
                                                                       : Dispatcher::Gaps::kFill));
  if (read.found_gap) {
    log::warn("a consume queue lacks entries: reading the whole commit log from {}", log_min);
    start = log_min;
    ROCKETMQ_RETURN_IF_ERROR(prepareReplay(parts_.queues.all(), start));
    ROCKETMQ_ASSIGN_OR_RETURN(read, readFrom(start, Dispatcher::Gaps::kFill));
  }
  for (const auto& queue : parts_.queues.all()) {
    ROCKETMQ_RETURN_IF_ERROR(queue->finishReplay());
  }
  ROCKETMQ_RETURN_IF_ERROR(finish(read, start));
  // What a killed process wrote is in the page cache; from here on it counts as flushed.
  return parts_.log.sync(read.end);
}

Status Recovery::markRunning() {
  if (!stopped_cleanly_) {
    return Status::ok();
  }
  const Status marked = parts_.folder.markRunning();
  // Not an inode is left, see MessageStoreImpl::start().
  return marked.code() == StatusCode::kReadOnly ? Status::ok() : marked;
}

Result<Recovery::Queues> Recovery::recoverQueues(QueueScan scan) {
  const Queues found = parts_.queues.all();
  found_ends_.clear();
  for (const auto& queue : found) {
    ROCKETMQ_RETURN_IF_ERROR(queue->recover(scan));
    found_ends_.emplace_back(queue, queue->maxOffset());
    ROCKETMQ_RETURN_IF_ERROR(noteFirstRecord(*queue));
    releaseIfTooMany(*queue);
  }
  ROCKETMQ_RETURN_IF_ERROR(finishDeletions(found));
  return parts_.queues.all();
}

/// A topic made anew has entries behind the end of its deleted part only; one whose entries all lie
/// in it was about to go. Single queues likewise. A topic that the
/// broker has in its table was not about to go: it leaves that first.
Status Recovery::finishDeletions(const Queues& queues) {
  const DeletedTopics::Ends deleted = parts_.deleted.ends();
  for (const auto& [topic, end] : deleted.topics) {
    const auto is_new = [&topic = topic, end = end](const std::shared_ptr<ConsumeQueue>& queue) {
      return queue->topic() == topic && reachesBehind(*queue, end);
    };
    if (std::none_of(queues.begin(), queues.end(), is_new) &&
        !(parts_.topic_exists && parts_.topic_exists(topic))) {
      ROCKETMQ_RETURN_IF_ERROR(parts_.queues.removeTopic(topic, [] { return Status::ok(); }));
    }
  }
  for (const auto& [topic, ids] : deleted.queues) {
    for (const auto& [id, end] : ids) {
      const auto queue = parts_.queues.find(topic, id);
      if (queue != nullptr && !reachesBehind(*queue, end)) {
        ROCKETMQ_RETURN_IF_ERROR(parts_.queues.removeQueue(*queue));
      }
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
  return walk(start, parts_.log.maxOffset(),
              [&](const MessageRecord& record) { return replay(record, gaps); });
}

Result<bool> Recovery::replay(const MessageRecord& record, Dispatcher::Gaps gaps) {
  ROCKETMQ_ASSIGN_OR_RETURN(const bool placed,
                            parts_.dispatcher.replay(record, gaps, begins_anew_));
  if (parts_.queues.hasTooManyMapped()) {
    for (const auto& queue : parts_.queues.all()) {
      queue->unmapAll();
    }
  }
  return placed;
}

Result<Recovery::Read> Recovery::walk(
    int64_t start, int64_t limit, const std::function<Result<bool>(const MessageRecord&)>& visit) {
  RecordWalker walker(parts_.log, start, parts_.crc_check);
  using Clock = std::chrono::steady_clock;
  constexpr int64_t kRecordsBetweenLooks = 4096;
  ReadProgress progress(start, limit, Clock::now());
  Read read;
  read.end = start;
  read.newest_ms = parts_.checkpoint.times().log_ms;
  for (;;) {
    ROCKETMQ_ASSIGN_OR_RETURN(const bool is_record, nextWhole(walker, limit, read.end));
    if (!is_record) {
      break;
    }
    ROCKETMQ_ASSIGN_OR_RETURN(const bool go_on, visit(walker.record()));
    read.newest_ms = walker.record().store_timestamp_ms;
    ++read.records;
    if (read.records % kRecordsBetweenLooks == 0) {
      if (const auto line = progress.lineAt(walker.position(), Clock::now())) {
        log::info("{}", *line);
      }
    }
    if (!go_on) {
      read.end = walker.position();
      read.found_gap = true;
      break;
    }
  }
  return read;
}

/// False at the end of the log, which is `end` then.
Result<bool> Recovery::nextWhole(RecordWalker& walker, int64_t limit, int64_t& end) const {
  const int64_t whole_to = std::min(whole_to_, limit);
  for (;;) {
    const bool is_record = walker.next(limit) == RecordWalker::Step::kRecord;
    ROCKETMQ_RETURN_IF_ERROR(walker.status());
    if (is_record && !isTorn(walker.view(), walker.record())) {
      return true;
    }
    const int64_t wrong_at = is_record ? walker.record().physical_offset : walker.position();
    if (wrong_at >= whole_to) {
      end = wrong_at;
      return false;
    }
    walker.skipDamage(whole_to);
    log::error(
        "the commit log is damaged: no intact record from {} to {}, though it goes on up to {} at "
        "least. Its messages are lost, those behind it stay. `mqstore verify` shows what is wrong, "
        "`mqstore salvage` copies what is intact",
        wrong_at, walker.position(), whole_to);
  }
}

Result<int64_t> Recovery::carefulStart() const {
  const CheckpointTimes times = parts_.checkpoint.times();
  const TimestampMs certain_ms = std::min(times.log_ms, times.queues_ms) - kCheckpointMarginMs;
  int64_t start = parts_.log.minOffset();
  TimestampMs newest_ms = 0;
  for (const auto& segment : parts_.log.segments()) {
    const int64_t base = segment->base();
    ROCKETMQ_ASSIGN_OR_RETURN(const LogView view, parts_.log.read(base));
    const auto first = recordIn(view, base, CrcCheck::kSkip);
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

/// Where the newest file begins that begins with a whole record: the log went on to it. Nobody
/// leaves a file behind where a log was cut, RocketMQ and truncateTo() remove them, so that a
/// record in front of it that is not whole was damaged later, or a power cut lost it and not the
/// file behind: then it leaves a gap instead of taking that file with it.
Result<int64_t> Recovery::newestWholeFile() const {
  const auto segments = parts_.log.segments();
  for (auto segment = segments.rbegin(); segment != segments.rend(); ++segment) {
    const int64_t base = (*segment)->base();
    ROCKETMQ_ASSIGN_OR_RETURN(const LogView view, parts_.log.read(base));
    const auto record = recordIn(view, base, parts_.crc_check);
    if (record && !isTorn(view, *record)) {
      return base;
    }
  }
  return parts_.log.minOffset();
}

Status Recovery::finish(const Read& read, int64_t flushed) {
  const int64_t log_min = parts_.log.minOffset();
  ROCKETMQ_RETURN_IF_ERROR(parts_.deleted.cutTo(read.end));
  ROCKETMQ_ASSIGN_OR_RETURN(const CutTail tail, tailBehind(parts_.files, parts_.log, read.end));
  ROCKETMQ_RETURN_IF_ERROR(
      parts_.log.truncateTo({.end = read.end, .flushed = flushed, .newest_ms = read.newest_ms}));
  ROCKETMQ_RETURN_IF_ERROR(truncateQueues(parts_.queues.all(), read.end));
  ROCKETMQ_RETURN_IF_ERROR(keepGivenOffsets(read.end));
  ROCKETMQ_RETURN_IF_ERROR(keepOffsets(noted_).status());
  const Queues queues = parts_.queues.all();
  for (const auto& queue : queues) {
    for (bool has_more = queue->trimBefore(log_min); has_more;) {
      ROCKETMQ_ASSIGN_OR_RETURN(has_more, queue->removeTrimmed());
    }
    queue->unmapAll();
  }
  const auto shortened =
      std::count_if(found_ends_.begin(), found_ends_.end(), [](const auto& found) {
        return !found.first->isDeleted() && found.first->maxOffset() < found.second;
      });
  tellOfCut(read.end, tail, shortened, stopped_cleanly_);
  parts_.dispatcher.noteDispatched(read.end, read.newest_ms);
  log::info("commit log recovered from {} to {}, {} records read", log_min, read.end, read.records);
  return Status::ok();
}

}  // namespace rocketmq::store
