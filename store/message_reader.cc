#include "store/message_reader.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include "common/lost.h"
#include "store/log/record_walker.h"
#include "store/message_scan.h"

namespace rocketmq::store {

int64_t MessageReader::memoryBytes() const {
  return parts_.physical_memory_bytes / 100 * parts_.live.inMemoryPercentMax();
}

GetResult MessageReader::get(const GetRequest& request) const {
  const auto begun = parts_.clock.monotonic();
  GetResult result = find(request, begun);
  const auto duration =
      std::chrono::duration_cast<std::chrono::microseconds>(parts_.clock.monotonic() - begun);
  result.duration_us = duration.count();
  if (result.status != GetStatus::kWouldWait) {  // It comes again.
    parts_.stats.noteGet(result.message_count, duration.count());
  }
  return result;
}

GetResult MessageReader::find(const GetRequest& request,
                              std::chrono::steady_clock::time_point now) const {
  GetResult result;
  const auto queue = parts_.queues.find(request.topic, request.queue_id);
  if (queue == nullptr || !queue->isUsed()) {
    return result;
  }
  // Loaded before the log's end: a visible message is in the log.
  result.max_offset = queue->maxOffset();
  result.min_offset = std::min(queue->minOffset(), result.max_offset);
  if (result.max_offset == 0) {
    result.status = GetStatus::kNoMessageInQueue;
  } else if (request.offset < result.min_offset) {
    result.status = GetStatus::kOffsetTooSmall;
    result.next_offset = result.min_offset;
  } else if (request.offset == result.max_offset) {
    result.status = GetStatus::kOffsetOverflowOne;
    result.next_offset = request.offset;
  } else if (request.offset > result.max_offset) {
    result.status = GetStatus::kOffsetOverflowBadly;
    result.next_offset = result.max_offset;
  } else {
    const MessageScan::Limits limits{.log_end = parts_.log.maxOffset(),
                                     .memory_bytes = memoryBytes(),
                                     .cached = cached_,
                                     .repair = parts_.repair,
                                     .now = now};
    MessageScan(parts_.log, parts_.rules, parts_.live, request, limits, result).run(queue);
  }
  return result;
}

int64_t MessageReader::minOffset(std::string_view topic, int32_t queue_id) const {
  const auto queue = parts_.queues.find(topic, queue_id);
  return queue == nullptr ? 0 : std::min(queue->minOffset(), queue->maxOffset());
}

int64_t MessageReader::maxOffset(std::string_view topic, int32_t queue_id) const {
  const auto queue = parts_.queues.find(topic, queue_id);
  return queue == nullptr ? 0 : queue->maxOffset();
}

Result<MessageRecord> MessageReader::recordOf(const ConsumeQueue& queue, int64_t index,
                                              const QueueEntry& entry) const {
  ROCKETMQ_ASSIGN_OR_RETURN(const LogView view, parts_.log.read(entry.physical_offset));
  auto record = recordIn(view, entry.physical_offset, CrcCheck::kSkip);
  if (record && !queue.names(index, entry, view.from(entry.physical_offset).data())) {
    return Status::corruption("the entry names another record");
  }
  return record;
}

Result<TimestampMs> MessageReader::storeTimeAt(const ConsumeQueue& queue, int64_t index) const {
  ROCKETMQ_ASSIGN_OR_RETURN(const auto entry, queue.entryAt(index));
  if (!entry || isPreBlank(*entry)) {
    return 0;
  }
  ROCKETMQ_ASSIGN_OR_RETURN(const auto record, unlessLost(recordOf(queue, index, *entry)));
  return record ? record->store_timestamp_ms : 0;
}

Result<int64_t> MessageReader::firstStoredFrom(const ConsumeQueue& queue, TimestampMs time) const {
  int64_t low = queue.minOffset();
  int64_t high = queue.maxOffset();
  while (low < high) {
    // Where there is no message the next one decides. No part of a hole is looked at twice.
    const int64_t middle = low + (high - low) / 2;
    ROCKETMQ_ASSIGN_OR_RETURN(const int64_t probe, firstWithTime(queue, middle, high));
    TimestampMs probe_ms = time;
    if (probe < high) {
      ROCKETMQ_ASSIGN_OR_RETURN(probe_ms, storeTimeAt(queue, probe));
    }
    if (probe_ms < time) {
      low = probe + 1;
    } else {
      high = middle;
    }
  }
  return firstWithTime(queue, low, queue.maxOffset());
}

Result<int64_t> MessageReader::firstWithTime(const ConsumeQueue& queue, int64_t index,
                                             int64_t end) const {
  for (; index < end; ++index) {
    ROCKETMQ_ASSIGN_OR_RETURN(const TimestampMs time, storeTimeAt(queue, index));
    if (time != 0) {
      break;
    }
  }
  return index;
}

Result<int64_t> MessageReader::lastWithTime(const ConsumeQueue& queue, int64_t index,
                                            int64_t min) const {
  for (; index > min; --index) {
    ROCKETMQ_ASSIGN_OR_RETURN(const TimestampMs time, storeTimeAt(queue, index));
    if (time != 0) {
      break;
    }
  }
  return std::max(min, index);
}

Result<int64_t> MessageReader::offsetByTime(std::string_view topic, int32_t queue_id,
                                            TimestampMs time, TimeBoundary boundary) const {
  const auto queue = parts_.queues.find(topic, queue_id);
  if (queue == nullptr) {
    return 0;
  }
  const int64_t min = minOffset(topic, queue_id);
  if (boundary == TimeBoundary::kLower) {
    ROCKETMQ_ASSIGN_OR_RETURN(const int64_t first, firstStoredFrom(*queue, time));
    return std::max(min, first);
  }
  const TimestampMs later = time == std::numeric_limits<TimestampMs>::max() ? time : time + 1;
  ROCKETMQ_ASSIGN_OR_RETURN(const int64_t end, firstStoredFrom(*queue, later));
  return lastWithTime(*queue, end - 1, min);
}

std::optional<TimestampMs> MessageReader::storeTime(std::string_view topic, int32_t queue_id,
                                                    int64_t queue_offset) const {
  const auto queue = parts_.queues.find(topic, queue_id);
  if (queue == nullptr || queue_offset < queue->minOffset()) {
    return std::nullopt;
  }
  const Result<TimestampMs> time = storeTimeAt(*queue, queue_offset);
  return time && *time != 0 ? std::optional<TimestampMs>(*time) : std::nullopt;
}

std::optional<TimestampMs> MessageReader::earliestStoreTime() const {
  const int64_t first = parts_.log.minOffset();
  const auto view = parts_.log.read(first);
  const auto record = recordIn(view ? *view : LogView(), first, CrcCheck::kSkip);
  return record ? std::optional<TimestampMs>(record->store_timestamp_ms) : std::nullopt;
}

bool MessageReader::isInMemory(std::string_view topic, int32_t queue_id,
                               int64_t queue_offset) const {
  const auto queue = parts_.queues.find(topic, queue_id);
  if (queue == nullptr || queue_offset < queue->minOffset()) {
    return false;
  }
  const auto entry = queue->entryAt(queue_offset);
  return entry && *entry && parts_.log.maxOffset() - (*entry)->physical_offset <= memoryBytes();
}

Result<LogSlice> MessageReader::recordAt(int64_t physical_offset) const {
  ROCKETMQ_ASSIGN_OR_RETURN(LogView view, parts_.log.read(physical_offset));
  const auto record = recordIn(view, physical_offset, CrcCheck::kSkip);
  if (!record) {
    return Status::notFound("can not find message by the offset, " +
                            std::to_string(physical_offset));
  }
  const std::string_view bytes =
      view.from(physical_offset).substr(0, static_cast<size_t>(record->total_size));
  return LogSlice{.bytes = bytes, .owner = std::move(view.owner)};
}

Result<LogPiece> MessageReader::logBytes(int64_t offset, int64_t bytes_max) const {
  ROCKETMQ_ASSIGN_OR_RETURN(LogView view, parts_.log.read(offset));
  if (view.owner == nullptr) {
    return LogPiece{};
  }
  const std::string_view bytes = view.from(offset).substr(0, static_cast<size_t>(bytes_max));
  return LogPiece{.bytes = bytes, .file = std::move(view.owner)};
}

namespace {

/// The unit at an address; its bit map is a view into `units`. nullopt when it is lost.
std::optional<QueueUnit> unitAt(const LogView& units, int64_t address) {
  const int64_t offset = unitOffset(address);
  return units.contains(offset, kUnitBytesMin) ? decodeQueueUnit(units.from(offset)) : std::nullopt;
}

}  // namespace

Status MessageReader::resolveExtAddress(const ConsumeQueue& queue, QueueEntry& entry) const {
  if (!isExtAddress(entry.tags_code)) {
    return Status::ok();
  }
  const LogView units = queue.unitFile(entry.tags_code);
  if (const auto unit = unitAt(units, entry.tags_code)) {
    entry.tags_code = unit->tags_code;
    return Status::ok();
  }
  ROCKETMQ_ASSIGN_OR_RETURN(const auto view, unlessLost(parts_.log.read(entry.physical_offset)));
  const auto record = recordIn(view.value_or(LogView()), entry.physical_offset, CrcCheck::kSkip);
  if (record) {
    entry.tags_code = parts_.rules.tagsCodeOf(*record);
  }
  return Status::ok();
}

template <class Visitor>
void MessageReader::visitEntries(std::string_view topic, int32_t queue_id, int64_t index,
                                 int32_t count, Visitor visitor) const {
  const auto queue = parts_.queues.find(topic, queue_id);
  int64_t left = queue == nullptr ? 0 : count;
  while (left > 0) {
    const Result<QueueRun> run = queue->run(index);
    if (!run || run->owner == nullptr) {
      break;
    }
    const int64_t taken = std::min(run->count, left);
    for (int64_t i = 0; i < taken; ++i) {
      const ConsumeQueue::Repair repair = queue->repair();
      if (!visitor(Visit{queue, repair, index + i, run->at(i)})) {
        return;
      }
    }
    index += taken;
    left -= taken;
  }
}

bool MessageReader::isDamaged(const ConsumeQueue& queue, int64_t index,
                              const QueueEntry& entry) const {
  if (isPreBlank(entry)) {
    return false;
  }
  if (!isWritten(entry) || entry.physical_offset > parts_.log.maxOffset() - entry.record_bytes) {
    return true;
  }
  // Of what the log has no longer, or what cannot be read now, nothing can be said; nor of a file
  // of the log that is not what it must be.
  return recordOf(queue, index, entry).status().code() == StatusCode::kCorruption &&
         parts_.log.read(entry.physical_offset).ok();
}

std::vector<QueueEntry> MessageReader::queueEntries(std::string_view topic, int32_t queue_id,
                                                    int64_t index, int32_t count) const {
  std::vector<QueueEntry> entries;
  visitEntries(topic, queue_id, index, count, [&](Visit visit) {
    if (isDamaged(*visit.queue, visit.index, visit.entry) &&
        !parts_.repair.request(visit.queue, visit.repair, visit.index)) {
      return false;
    }
    if (!resolveExtAddress(*visit.queue, visit.entry).isOk()) {
      return false;
    }
    entries.push_back(visit.entry);
    return true;
  });
  return entries;
}

std::vector<QueueEntryDetail> MessageReader::queueEntryDetails(std::string_view topic,
                                                               int32_t queue_id, int64_t index,
                                                               int32_t count) const {
  std::vector<QueueEntryDetail> details;
  visitEntries(topic, queue_id, index, count, [&](const Visit& visit) {
    QueueEntryDetail& detail = details.emplace_back();
    const QueueEntry& entry = visit.entry;
    detail.entry = entry;
    detail.has_address = isExtAddress(entry.tags_code);
    if (!detail.has_address) {
      return true;
    }
    const LogView units = visit.queue->unitFile(entry.tags_code);
    if (const auto unit = unitAt(units, entry.tags_code)) {
      detail.unit = {.tags_code = unit->tags_code,
                     .store_timestamp_ms = unit->store_timestamp_ms,
                     .bit_map = std::string(unit->bit_map)};
    }
    return true;
  });
  return details;
}

}  // namespace rocketmq::store
