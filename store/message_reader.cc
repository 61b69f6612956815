#include "store/message_reader.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

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
  const LogView view = parts_.log.view(entry.physical_offset);
  auto record = recordIn(view, entry.physical_offset, CrcCheck::kSkip);
  if (record && !queue.names(index, entry, view.from(entry.physical_offset).data())) {
    return Status::corruption("the entry names another record");
  }
  return record;
}

TimestampMs MessageReader::storeTimeAt(const ConsumeQueue& queue, int64_t index) const {
  const auto entry = queue.entryAt(index);
  if (!entry || isPreBlank(*entry)) {
    return 0;
  }
  const auto record = recordOf(queue, index, *entry);
  return record ? record->store_timestamp_ms : 0;
}

int64_t MessageReader::firstStoredFrom(const ConsumeQueue& queue, TimestampMs time) const {
  int64_t low = queue.minOffset();
  int64_t high = queue.maxOffset();
  while (low < high) {
    // Where there is no message the next one decides. No part of a hole is looked at twice.
    const int64_t middle = low + (high - low) / 2;
    const int64_t probe = firstWithTime(queue, middle, high);
    if (probe < high && storeTimeAt(queue, probe) < time) {
      low = probe + 1;
    } else {
      high = middle;
    }
  }
  return firstWithTime(queue, low, queue.maxOffset());
}

int64_t MessageReader::firstWithTime(const ConsumeQueue& queue, int64_t index, int64_t end) const {
  while (index < end && storeTimeAt(queue, index) == 0) {
    ++index;
  }
  return index;
}

int64_t MessageReader::offsetByTime(std::string_view topic, int32_t queue_id, TimestampMs time,
                                    TimeBoundary boundary) const {
  const auto queue = parts_.queues.find(topic, queue_id);
  if (queue == nullptr) {
    return 0;
  }
  const int64_t min = minOffset(topic, queue_id);
  if (boundary == TimeBoundary::kLower) {
    return std::max(min, firstStoredFrom(*queue, time));
  }
  const TimestampMs later = time == std::numeric_limits<TimestampMs>::max() ? time : time + 1;
  int64_t last = firstStoredFrom(*queue, later) - 1;
  while (last > min && storeTimeAt(*queue, last) == 0) {
    --last;
  }
  return std::max(min, last);
}

std::optional<TimestampMs> MessageReader::storeTime(std::string_view topic, int32_t queue_id,
                                                    int64_t queue_offset) const {
  const auto queue = parts_.queues.find(topic, queue_id);
  if (queue == nullptr || queue_offset < queue->minOffset()) {
    return std::nullopt;
  }
  const TimestampMs time = storeTimeAt(*queue, queue_offset);
  return time == 0 ? std::nullopt : std::optional<TimestampMs>(time);
}

std::optional<TimestampMs> MessageReader::earliestStoreTime() const {
  const int64_t first = parts_.log.minOffset();
  const auto record = recordIn(parts_.log.view(first), first, CrcCheck::kSkip);
  return record ? std::optional<TimestampMs>(record->store_timestamp_ms) : std::nullopt;
}

bool MessageReader::isInMemory(std::string_view topic, int32_t queue_id,
                               int64_t queue_offset) const {
  const auto queue = parts_.queues.find(topic, queue_id);
  if (queue == nullptr || queue_offset < queue->minOffset()) {
    return false;
  }
  const auto entry = queue->entryAt(queue_offset);
  return entry && parts_.log.maxOffset() - entry->physical_offset <= memoryBytes();
}

Result<LogSlice> MessageReader::recordAt(int64_t physical_offset) const {
  LogView view = parts_.log.view(physical_offset);
  const auto record = recordIn(view, physical_offset, CrcCheck::kSkip);
  if (!record) {
    return Status::notFound("can not find message by the offset, " +
                            std::to_string(physical_offset));
  }
  const std::string_view bytes =
      view.from(physical_offset).substr(0, static_cast<size_t>(record->total_size));
  return LogSlice{.bytes = bytes, .owner = std::move(view.owner)};
}

LogPiece MessageReader::logBytes(int64_t offset, int64_t bytes_max) const {
  LogView view = parts_.log.view(offset);
  if (view.owner == nullptr) {
    return {};
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

void MessageReader::resolveExtAddress(const ConsumeQueue& queue, QueueEntry& entry) const {
  if (!isExtAddress(entry.tags_code)) {
    return;
  }
  const LogView units = queue.unitFile(entry.tags_code);
  if (const auto unit = unitAt(units, entry.tags_code)) {
    entry.tags_code = unit->tags_code;
    return;
  }
  const auto record =
      recordIn(parts_.log.view(entry.physical_offset), entry.physical_offset, CrcCheck::kSkip);
  if (record) {
    entry.tags_code = parts_.rules.tagsCodeOf(*record);
  }
}

template <class Visitor>
void MessageReader::visitEntries(std::string_view topic, int32_t queue_id, int64_t index,
                                 int32_t count, Visitor visitor) const {
  const auto queue = parts_.queues.find(topic, queue_id);
  int64_t left = queue == nullptr ? 0 : count;
  while (left > 0) {
    const QueueRun run = queue->run(index);
    if (run.owner == nullptr) {
      break;
    }
    const int64_t taken = std::min(run.count, left);
    for (int64_t i = 0; i < taken; ++i) {
      const ConsumeQueue::Repair repair = queue->repair();
      if (!visitor(Visit{queue, repair, index + i, run.at(i)})) {
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
  // Not found is what the log has no longer, or what cannot be read now.
  return !isWritten(entry) || entry.physical_offset > parts_.log.maxOffset() - entry.record_bytes ||
         recordOf(queue, index, entry).status().code() == StatusCode::kCorruption;
}

std::vector<QueueEntry> MessageReader::queueEntries(std::string_view topic, int32_t queue_id,
                                                    int64_t index, int32_t count) const {
  std::vector<QueueEntry> entries;
  visitEntries(topic, queue_id, index, count, [&](Visit visit) {
    if (isDamaged(*visit.queue, visit.index, visit.entry) &&
        !parts_.repair.request(visit.queue, visit.repair, visit.index)) {
      return false;
    }
    resolveExtAddress(*visit.queue, visit.entry);
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
