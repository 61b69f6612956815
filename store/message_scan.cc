#include "store/message_scan.h"

#include <algorithm>
#include <utility>

namespace rocketmq::store {
namespace {

/// How many queue entries one get() looks at, at least: enough for a filter that wants little.
constexpr int64_t kScanBytesMin = 16'000;

/// So many entries ahead a record's head is fetched: memory is slower than what is done with one.
constexpr int64_t kPrefetchAhead = 8;

}  // namespace

void MessageScan::run(const std::shared_ptr<ConsumeQueue>& queue) {
  int64_t index = request_.offset;
  const int64_t budget =
      std::max(kScanBytesMin / kQueueEntryBytes, static_cast<int64_t>(request_.messages_max));
  const int64_t stop = std::min(result_.max_offset, index + budget);
  result_.status = GetStatus::kNoMatchedMessage;
  while (index < stop) {
    const Result<QueueRun> found = queue->run(index);
    if (!found) {
      is_unreadable_ = true;
      break;
    }
    const QueueRun& run = *found;
    if (run.owner == nullptr) {
      if (index == request_.offset) {
        result_.status = GetStatus::kOffsetFoundNull;
        index = queue->nextFileOffset(index);
      }
      break;
    }
    const int64_t count = std::min(run.count, stop - index);
    if (!mayRead(*run.owner, run.file(), run.bytes(count))) {
      would_wait_ = true;
      break;
    }
    const int64_t taken = takeRun(queue, index, run, count);
    index += taken;
    if (taken < count) {
      break;
    }
  }
  if (index == request_.offset && (would_wait_ || is_unreadable_)) {
    result_.status = would_wait_ ? GetStatus::kWouldWait : GetStatus::kUnreadable;
  }
  result_.next_offset = index;
  result_.suggest_slave = !isInMemory(last_physical_);
}

int64_t MessageScan::takeRun(const std::shared_ptr<ConsumeQueue>& queue, int64_t index,
                             const QueueRun& run, int64_t count) {
  int64_t fetched = 1;
  for (int64_t taken = 0; taken < count; ++taken) {
    // The first record tells in which file they are.
    for (; taken > 0 && fetched < std::min(count, taken + kPrefetchAhead); ++fetched) {
      prefetch(run.at(fetched));
    }
    const ConsumeQueue::Repair before = queue->repair();
    const Taken outcome = take(*queue, index + taken, run.at(taken));
    if (outcome == Taken::kDamaged && !limits_.repair.request(queue, before, index + taken)) {
      is_unreadable_ = true;
    }
    if (outcome == Taken::kNot || is_unreadable_) {
      return taken;
    }
  }
  return count;
}

MessageScan::Taken MessageScan::take(const ConsumeQueue& queue, int64_t index,
                                     const QueueEntry& entry) {
  if (isFull(entry)) {
    return Taken::kNot;
  }
  if (isPreBlank(entry)) {
    return Taken::kYes;
  }
  if (!isPossible(entry)) {
    return Taken::kDamaged;
  }
  const int64_t before = std::exchange(last_physical_, entry.physical_offset);
  if (entry.physical_offset < gone_to_ && before <= entry.physical_offset) {
    return Taken::kYes;
  }
  // What a queue under repair says of tags may be as wrong as the rest of it.
  Screening screening = Screening::kUnknown;
  if (request_.filter != nullptr && queue.repair() != ConsumeQueue::Repair::kUnderWay) {
    screening = screen(queue, entry);
    if (screening == Screening::kUnwanted || screening == Screening::kWouldWait) {
      would_wait_ = screening == Screening::kWouldWait;
      return would_wait_ ? Taken::kNot : Taken::kYes;
    }
  }
  if (!findFile(entry)) {
    return passUnfound(queue, index, entry);
  }
  if (!hasRecord(entry)) {
    return Taken::kDamaged;
  }
  const std::string_view record =
      view_.from(entry.physical_offset).substr(0, static_cast<size_t>(entry.record_bytes));
  if (!mayRead(*view_.owner, view_.bytes, record)) {
    would_wait_ = true;
    return Taken::kNot;
  }
  if (!queue.names(index, entry, record.data())) {
    return Taken::kDamaged;
  }
  known_end_ = entry.physical_offset + entry.record_bytes;
  if (request_.filter == nullptr || isWanted(screening, record)) {
    addSlice(record);
  }
  return Taken::kYes;
}

MessageScan::Taken MessageScan::passUnfound(const ConsumeQueue& queue, int64_t index,
                                            const QueueEntry& entry) {
  gone_to_ = log_.minOffset();
  if (entry.physical_offset >= gone_to_) {
    is_unreadable_ = true;  // The system refuses another mapping.
    return Taken::kNot;
  }
  // The log only goes forward: an entry that goes back is damaged, and its message may be there.
  const auto found = queue.entryAt(index - 1);
  const auto before = found ? *found : std::nullopt;
  if (before && isWritten(*before) && !isPreBlank(*before) &&
      before->physical_offset + before->record_bytes > entry.physical_offset) {
    return Taken::kDamaged;
  }
  if (result_.message_count == 0) {
    result_.status = GetStatus::kMessageWasRemoving;
  }
  return Taken::kYes;
}

void MessageScan::prefetch(const QueueEntry& entry) const {
  if (view_.contains(entry.physical_offset, kRecordHeadBytes)) {
    // It may lie across two cache lines.
    const char* head = view_.from(entry.physical_offset).data();
    __builtin_prefetch(head);
    __builtin_prefetch(head + kRecordHeadBytes - 1);
  }
}

MessageScan::Screening MessageScan::screen(const ConsumeQueue& queue, const QueueEntry& entry) {
  int64_t tags_code = entry.tags_code;
  if (isExtAddress(tags_code)) {
    bool would_wait = false;
    const auto unit = findUnit(queue, tags_code, would_wait);
    if (!unit) {
      return would_wait ? Screening::kWouldWait : Screening::kUnknown;
    }
    if (!request_.filter->matchesBitMap(entry.physical_offset, unit->bit_map)) {
      return Screening::kUnwanted;
    }
    tags_code = unit->tags_code;
  }
  return request_.filter->matchesTagsCode(tags_code) ? Screening::kTagsCodeMatches
                                                     : Screening::kUnwanted;
}

std::optional<QueueUnit> MessageScan::findUnit(const ConsumeQueue& queue, int64_t address,
                                               bool& would_wait) {
  const int64_t offset = unitOffset(address);
  if (!units_.contains(offset, kUnitBytesMin)) {
    units_ = queue.unitFile(address);
  }
  if (!units_.contains(offset, kUnitBytesMin)) {
    return std::nullopt;
  }
  const std::string_view bytes = units_.from(offset);
  would_wait = !mayRead(*units_.owner, units_.bytes, bytes.substr(0, kUnitBytesMin));
  const auto unit = would_wait ? std::nullopt : decodeQueueUnit(bytes);
  if (unit && !mayRead(*units_.owner, units_.bytes, unit->bit_map)) {
    would_wait = true;
    return std::nullopt;
  }
  return unit;
}

bool MessageScan::isWanted(Screening screening, std::string_view record) const {
  if (screening == Screening::kUnknown) {
    const auto decoded = decodeRecord(record, CrcCheck::kSkip);
    if (!decoded || !request_.filter->matchesTagsCode(rules_.tagsCodeOf(*decoded))) {
      return false;
    }
  }
  return request_.filter->matchesRecord(record);
}

bool MessageScan::isFull(const QueueEntry& entry) const {
  if (result_.message_count == 0) {
    return false;
  }
  const bool in_memory = isInMemory(entry.physical_offset);
  const int64_t count_max = std::min(request_.messages_max, live_.transferCountMax(in_memory));
  const int64_t bytes_max =
      std::min<int64_t>(request_.bytes_max, live_.transferBytesMax(in_memory));
  return result_.message_count >= count_max || result_.bytes + entry.record_bytes > bytes_max;
}

bool MessageScan::findFile(const QueueEntry& entry) {
  if (view_.owner == nullptr || !view_.contains(entry.physical_offset, entry.record_bytes)) {
    auto view = log_.read(entry.physical_offset);
    view_ = view ? std::move(*view) : LogView{};
  }
  return view_.owner != nullptr;
}

void MessageScan::addSlice(std::string_view record) {
  result_.status = GetStatus::kFound;
  ++result_.message_count;
  result_.bytes += static_cast<int64_t>(record.size());
  if (!result_.slices.empty()) {
    LogSlice& last = result_.slices.back();
    if (last.bytes.data() + last.bytes.size() == record.data() && last.owner == view_.owner) {
      last.bytes = {last.bytes.data(), last.bytes.size() + record.size()};
      return;
    }
  }
  result_.slices.push_back({record, view_.owner});
}

}  // namespace rocketmq::store
