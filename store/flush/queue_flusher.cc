#include "store/flush/queue_flusher.h"

#include <algorithm>
#include <utility>

#include "common/log.h"

namespace rocketmq::store {
namespace {

/// So many queues are flushed by one sync of their file system: each by itself costs a sync of its
/// file, and of three folders when it is new. 20,000 new queues took 14 s, and in one call a small
/// part of that.
constexpr size_t kBulkMin = 64;

/// A start after a crash reads the log from the last checkpoint on: a busy broker writes one before
/// that takes long.
constexpr int64_t kCheckpointLogBytes = 256 << 20;

}  // namespace

void QueueFlusher::start() {
  worker_.start("StoreFlushQueue", [this] { loop(); });
}

void QueueFlusher::loop() {
  using SteadyClock = std::chrono::steady_clock;
  const std::chrono::milliseconds thorough_interval(options_.thorough_interval_ms);
  // The first round comes at once and is thorough: a start has read what lay behind the last
  // checkpoint, and the next need not read it again, nor do without the queues' known ends.
  auto thorough_at = SteadyClock::now();
  do {
    parts_.mappings.trim();
    MutexLock lock(mutex_);
    if (parts_.state.has(RunState::kFailed)) {
      continue;
    }
    const bool thorough = SteadyClock::now() >= thorough_at || isLogFarAhead();
    if (thorough) {
      thorough_at = SteadyClock::now() + thorough_interval;
    }
    failUnless(thorough ? flushEverything() : flushQueues(options_.least_pages));
  } while (worker_.pause(std::chrono::milliseconds(options_.interval_ms)));
}

void QueueFlusher::failUnless(const Status& flushed) {
  if (!flushed.isOk()) {
    parts_.state.fail("cannot flush the consume queues: " + flushed.message());
  }
}

Status QueueFlusher::flushAll() {
  MutexLock lock(mutex_);
  return flushEverything();
}

bool QueueFlusher::areEndsSaved() const {
  MutexLock lock(mutex_);
  return are_ends_saved_;
}

void QueueFlusher::saveEndsBefore(int64_t offset) {
  MutexLock lock(mutex_);
  begins_for_ = parts_.log.minOffset();
  if (ends_saved_to_ < offset) {
    saveNow();
  }
}

void QueueFlusher::moveBegins(const std::function<void()>& move) {
  MutexLock lock(mutex_);
  move();
  begins_for_.reset();
}

void QueueFlusher::saveBegins() {
  MutexLock lock(mutex_);
  saveNow();
}

void QueueFlusher::saveNow() {
  if (!parts_.state.has(RunState::kFailed)) {
    failUnless(flushEverything());
  }
}

Status QueueFlusher::flushEverything() {
  // Read before the flush: what is dispatched later is not covered by it.
  const CheckpointTimes covered{.log_ms = parts_.log_flusher.newestFlushedMs(),
                                .queues_ms = parts_.dispatcher.newestMs()};
  const int64_t log_end = std::min(parts_.dispatcher.dispatchedTo(), parts_.log.flushedOffset());
  ROCKETMQ_RETURN_IF_ERROR(flushQueues(0));
  ROCKETMQ_RETURN_IF_ERROR(parts_.checkpoint.advance(covered));
  flushed_to_ = log_end;
  const Status saved = saveEnds(log_end);
  ends_saved_to_ = saved.isOk() ? log_end : ends_saved_to_;
  const bool were_saved = std::exchange(are_ends_saved_, saved.isOk());
  if (were_saved && !saved.isOk()) {
    log::warn(
        "the known ends of the queues are not saved and will be tried again; a start takes longer "
        "without them: {}",
        saved.message());
  } else if (!were_saved && saved.isOk()) {
    log::info("the known ends of the queues are saved again");
  }
  return Status::ok();
}

bool QueueFlusher::isLogFarAhead() const {
  return parts_.log.flushedOffset() - flushed_to_ >= kCheckpointLogBytes ||
         parts_.log.minOffset() > ends_saved_to_;
}

Status QueueFlusher::saveEnds(int64_t log_end) {
  const auto begins_for = begins_for_;
  const auto look = [&] {
    QueueEnds::Snapshot snapshot{
        .log_min = begins_for.value_or(parts_.log.minOffset()), .log_end = log_end, .topics = {}};
    for (const auto& queue : parts_.queues.all()) {
      const QueueEnd end = queue->flushedEnd();
      if (end.max > 0 && !queue->isDeleted()) {
        snapshot.topics[queue->topic()][queue->queueId()] = end;
      }
    }
    return snapshot;
  };
  return parts_.ends.save(look, parts_.log, parts_.checkpoint.times());
}

Status QueueFlusher::flushQueues(int32_t least_pages) {
  auto due = parts_.queues.all();
  std::erase_if(due, [&](const auto& queue) { return !queue->isDue(least_pages); });
  if (due.size() >= kBulkMin) {
    return flushInBulk(due);
  }
  for (const auto& queue : due) {
    const Status flushed = queue->flush();
    if (flushed.code() == StatusCode::kBusy) {
      return flushInBulk(due);  // Needs no mappings, of which there are none to be had.
    }
    ROCKETMQ_RETURN_IF_ERROR(flushed);
    parts_.mappings.trim();
  }
  return Status::ok();
}

Status QueueFlusher::flushInBulk(const std::vector<std::shared_ptr<ConsumeQueue>>& queues) {
  std::vector<int64_t> ends;
  ends.reserve(queues.size());
  for (const auto& queue : queues) {
    ends.push_back(queue->beginBulkFlush());
  }
  ROCKETMQ_RETURN_IF_ERROR(parts_.files.syncAll(parts_.queues.dir()));
  for (size_t i = 0; i < queues.size(); ++i) {
    queues[i]->endBulkFlush(ends[i]);
    parts_.mappings.trim();  // It maps the file that the queue ends in.
  }
  return Status::ok();
}

}  // namespace rocketmq::store
