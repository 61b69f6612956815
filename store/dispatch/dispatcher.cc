#include "store/dispatch/dispatcher.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "common/log.h"

namespace rocketmq::store {
namespace {

/// Above any offset that a queue can reach; entries times their size stay far from overflow.
constexpr int64_t kQueueOffsetMax = int64_t{1} << 50;

constexpr int32_t kRecordsPerBatch = 256;

}  // namespace

Result<bool> Dispatcher::replay(const MessageRecord& record, Gaps gaps,
                                const BeginsAnew& begins_anew) {
  MutexLock lock(batch_mutex_);
  return place(record, gaps, begins_anew, nullptr);
}

Result<bool> Dispatcher::place(const MessageRecord& record, Gaps gaps,
                               const BeginsAnew& begins_anew, ArrivalQueue* arrivals) {
  if (!entersQueue(record.sys_flag)) {
    return true;
  }
  if (!isStorable(record.topic, record.queue_id) || record.queue_offset < 0 ||
      record.queue_offset > kQueueOffsetMax) {
    log::warn("the record at {} names no possible queue; it is not delivered",
              record.physical_offset);
    return true;
  }
  ROCKETMQ_ASSIGN_OR_RETURN(const auto queue, queueFor(record, begins_anew));
  if (queue == nullptr) {
    return true;
  }
  const int64_t tags_code = parts_.rules.tagsCodeOf(record);
  const auto placed = queue->dispatch(
      record.queue_offset,
      {.physical_offset = record.physical_offset,
       .record_bytes = record.total_size,
       .tags_code = tags_code},
      gaps == Gaps::kFill,
      {.store_timestamp_ms = record.store_timestamp_ms, .bit_map = bitMapOf(record)});
  if (placed.status().code() == StatusCode::kClosed) {
    return true;  // Deleted meanwhile.
  }
  ROCKETMQ_RETURN_IF_ERROR(placed.status());
  if (*placed == ConsumeQueue::Placed::kAppended && arrivals != nullptr) {
    arrivals->push({.queue = queue.get(),
                    .properties = record.properties,
                    .queue_offset = record.queue_offset,
                    .tags_code = tags_code,
                    .store_timestamp_ms = record.store_timestamp_ms});
  }
  return *placed != ConsumeQueue::Placed::kGap;
}

Result<std::shared_ptr<ConsumeQueue>> Dispatcher::queueFor(const MessageRecord& record,
                                                           const BeginsAnew& begins_anew) {
  if (parts_.deleted.covers(record.topic, record.queue_id, record.physical_offset)) {
    return std::shared_ptr<ConsumeQueue>();
  }
  auto queue = parts_.queues.findOrCreate(record.topic, record.queue_id);
  if (queue == nullptr || record.queue_offset != 0 || queue->maxOffset() == 0 ||
      record.physical_offset < queue->physicalEnd()) {
    return queue;
  }
  ROCKETMQ_ASSIGN_OR_RETURN(const bool is_anew, begins_anew(record, *queue));
  if (!is_anew) {
    return queue;
  }
  log::info("consume queue {}/{} begins anew at log offset {}: its topic was deleted", record.topic,
            record.queue_id, record.physical_offset);
  ROCKETMQ_RETURN_IF_ERROR(remove({&queue, 1}, record.physical_offset));
  return parts_.queues.findOrCreate(record.topic, record.queue_id);
}

Status Dispatcher::remove(std::span<const std::shared_ptr<ConsumeQueue>> queues, int64_t end) {
  // First of all, as a crash may come at any time: the log still has the records.
  ROCKETMQ_RETURN_IF_ERROR(parts_.deleted.addQueues(queues, end, parts_.log.minOffset()));
  for (const auto& queue : queues) {
    queue->markDeleted();
  }
  std::map<std::string, std::set<int32_t>> names;
  for (const auto& queue : queues) {
    names[queue->topic()].insert(queue->queueId());
  }
  Status status = parts_.ends.forget(names, end);
  parts_.arrivals.waitUntilTold();
  for (const auto& queue : queues) {
    const Status removed = parts_.queues.removeQueue(*queue);
    status = status.isOk() ? removed : status;
  }
  return status;
}

std::string_view Dispatcher::bitMapOf(const MessageRecord& record) {
  if (parts_.bit_maps == nullptr) {
    return {};
  }
  std::fill(bit_map_.begin(), bit_map_.end(), '\0');
  return parts_.bit_maps->mark(record.topic, record.properties, bit_map_)
             ? std::string_view(bit_map_.data(), bit_map_.size())
             : std::string_view();
}

Status Dispatcher::dispatchTo(int64_t end) {
  RecordWalker walker(parts_.log, dispatchedTo(), CrcCheck::kSkip);
  for (;;) {
    const auto more = dispatchBatch(walker, end);
    parts_.arrivals.tell();
    parts_.on_dispatched();
    ROCKETMQ_RETURN_IF_ERROR(more.status());
    if (!*more) {
      break;
    }
  }
  noteDispatched(std::max(dispatchedTo(), end), newestMs());
  return Status::ok();
}

Result<bool> Dispatcher::dispatchBatch(RecordWalker& walker, int64_t end) {
  MutexLock lock(batch_mutex_);
  for (int32_t i = 0; i < kRecordsPerBatch; ++i) {
    const RecordWalker::Step step = walker.next(end);
    if (step == RecordWalker::Step::kEnd) {
      ROCKETMQ_RETURN_IF_ERROR(walker.status());
      return false;
    }
    if (step == RecordWalker::Step::kBad) {
      const int64_t bad_at = walker.position();
      walker.skipDamage(end);
      log::error("the commit log has no record at {}; going on at {}", bad_at, walker.position());
      continue;
    }
    ROCKETMQ_RETURN_IF_ERROR(enter(walker.record()));
  }
  return true;
}

Status Dispatcher::dispatch(std::span<const MessageRecord> records, int64_t end) {
  Status status;
  while (!records.empty() && status.isOk()) {
    const auto batch = records.first(std::min<size_t>(records.size(), kRecordsPerBatch));
    records = records.subspan(batch.size());
    {
      MutexLock lock(batch_mutex_);
      for (auto record = batch.begin(); record != batch.end() && status.isOk(); ++record) {
        status = enter(*record);
      }
    }
    // Not tell(): whoever else is telling would go on to read the records when they are gone.
    parts_.arrivals.waitUntilTold();
    parts_.on_dispatched();
  }
  ROCKETMQ_RETURN_IF_ERROR(status);
  noteDispatched(std::max(dispatchedTo(), end), newestMs());
  return Status::ok();
}

/// Puts the next record of the log into its queue.
Status Dispatcher::enter(const MessageRecord& record) {
  ROCKETMQ_RETURN_IF_ERROR(place(record, Gaps::kFill, live_rule_, &parts_.arrivals).status());
  noteDispatched(record.physical_offset + record.total_size, record.store_timestamp_ms);
  return Status::ok();
}

}  // namespace rocketmq::store
