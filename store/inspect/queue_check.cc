#include "store/inspect/queue_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/clock.h"
#include "store/queue/queue_ends.h"
#include "store/queue/queue_entry.h"
#include "store/queue/queue_unit.h"

namespace rocketmq::store::inspect {
namespace {

/// RocketMQ 5: several messages in one record; they have queues of another format.
constexpr int32_t kInnerBatch = 0x80;
/// Behind the last entry of a queue this many empty ones are looked at; files are sparse and long.
constexpr int64_t kLookAheadEntries = 800;
/// Claimed entries are remembered in bits of so many at a time.
constexpr int64_t kConfirmedChunk = 64 * 1024;
/// Far above any real one; entries times their size stay far from overflow.
constexpr int64_t kQueueOffsetMax = int64_t{1} << 50;

constexpr const char* kNobodyReadsIt = "; it lies in front of the queue's minimum offset";

std::string nameOf(const QueueFolder& folder) {
  return fmt::format("{}/{}", folder.topic, folder.queue_id);
}

}  // namespace

QueueCheck::Queue::Queue(const Parts& parts, QueueFolder the_folder)
    : folder(std::move(the_folder)),
      reader(parts.files, folder, parts.layout.queue_file_bytes),
      end(reader.findEnd()),
      missing(parts.sink, "offset", "offsets"),
      wrong(parts.sink, "entry", "entries") {}

QueueCheck::Queue& QueueCheck::addQueue(QueueFolder folder) {
  auto& slot = queues_[folder.topic][folder.queue_id];
  if (slot == nullptr) {
    slot = std::make_unique<Queue>(parts_, std::move(folder));
    ++counts_.queues;
  }
  return *slot;
}

QueueCheck::Queue& QueueCheck::queueOf(std::string_view topic, int32_t queue_id) {
  const auto found_topic = queues_.find(topic);
  if (found_topic != queues_.end()) {
    const auto found = found_topic->second.find(queue_id);
    if (found != found_topic->second.end()) {
      return *found->second;
    }
  }
  const auto& folders = parts_.layout.queues;
  const auto same_topic = [&](const QueueFolder& folder) { return folder.topic == topic; };
  const auto folder = std::find_if(folders.begin(), folders.end(), [&](const QueueFolder& each) {
    return same_topic(each) && each.queue_id == queue_id;
  });
  if (folder != folders.end()) {
    return addQueue(*folder);
  }
  Queue& queue =
      addQueue({.topic = std::string(topic),
                .queue_id = queue_id,
                .dir = fmt::format("{}/consumequeue/{}/{}", parts_.layout.root, topic, queue_id),
                .files = {}});
  const auto& known = parts_.layout.known_topics;
  queue.is_deleted_topic =
      known && !known->contains(topic) && std::none_of(folders.begin(), folders.end(), same_topic);
  return queue;
}

Finding QueueCheck::at(const Queue& queue, int64_t index, std::string what,
                       Finding::Kind kind) const {
  const QueueReader::Place place = queue.reader.placeOf(index);
  return {.kind = kind,
          .file = parts_.layout.relative(place.path),
          .offset = place.offset,
          .what = std::move(what)};
}

// --- Records ------------------------------------------------------------------------------------

void QueueCheck::onRecord(const MessageRecord& record) {
  if (!entersQueue(record.sys_flag) || (record.sys_flag & kInnerBatch) != 0) {
    return;
  }
  if (!isStorable(record.topic, record.queue_id) || record.queue_offset < 0 ||
      record.queue_offset > kQueueOffsetMax) {
    parts_.sink(parts_.layout.at(record.physical_offset, "the record names no possible queue"));
    return;
  }
  if (parts_.layout.deleted.covers(record.topic, record.queue_id, record.physical_offset)) {
    ++counts_.deleted_records;
    return;
  }
  Queue& queue = queueOf(record.topic, record.queue_id);
  checkOrder(queue, record);
  checkEntry(queue, record);
  queue.expected = record.queue_offset + 1;
}

void QueueCheck::checkOrder(Queue& queue, const MessageRecord& record) {
  const int64_t offset = record.queue_offset;
  if (queue.expected < 0 || offset == queue.expected) {
    return;
  }
  if (offset > queue.expected) {
    const bool is_known_gap = arePreBlank(queue, queue.expected, offset);
    parts_.sink(parts_.layout.at(
        record.physical_offset,
        fmt::format("the log has no record for {} of queue {}{}",
                    numbered("offset", "offsets", queue.expected, offset - 1), nameOf(queue.folder),
                    is_known_gap ? ", which the queue leaves out" : ""),
        is_known_gap ? Finding::Kind::kNote : Finding::Kind::kFault));
    return;
  }
  const auto entry = queue.reader.at(offset);
  if (entry && entry->physical_offset < record.physical_offset) {
    parts_.sink(parts_.layout.at(
        record.physical_offset,
        fmt::format("the record repeats offset {} of queue {}, which the one at {} has", offset,
                    nameOf(queue.folder), entry->physical_offset)));
  }
}

bool QueueCheck::arePreBlank(Queue& queue, int64_t from, int64_t to) const {
  for (; from < to; ++from) {
    const auto entry = queue.reader.at(from);
    if (!entry || !isPreBlank(*entry)) {
      return false;
    }
  }
  return true;
}

void QueueCheck::checkEntry(Queue& queue, const MessageRecord& record) {
  const int64_t offset = record.queue_offset;
  auto entry = queue.reader.at(offset);
  if (!entry && options_.end_is_open) {
    queue.reader.refresh();  // A live store may have written it meanwhile.
    entry = queue.reader.at(offset);
  }
  if (!entry || isPreBlank(*entry)) {
    reportMissing(queue, record);
    return;
  }
  if (entry->physical_offset > record.physical_offset) {
    ++queue.superseded;
    return;
  }
  if (entry->physical_offset < record.physical_offset) {
    return;  // Whichever of the two is wrong is found when the entries are gone through.
  }
  confirm(queue, offset);
  if (entry->record_bytes != record.total_size) {
    queue.wrong.add(offset,
                    at(queue, offset,
                       fmt::format("says {} bytes, the record at {} has {}", entry->record_bytes,
                                   entry->physical_offset, record.total_size)));
  } else if (!tagsAreRight(*entry, record)) {
    queue.wrong.add(offset, at(queue, offset,
                               fmt::format("tags code {} is not that of the record at {}",
                                           entry->tags_code, entry->physical_offset)));
  }
}

void QueueCheck::reportMissing(Queue& queue, const MessageRecord& record) {
  if (!queue.reader.status().isOk()) {
    return;  // Nobody can tell what it has.
  }
  const bool is_repaired =
      record.physical_offset >= options_.repaired_from && record.queue_offset >= queue.end;
  const char* text = queue.is_deleted_topic ? "in the log only; the topic has been deleted"
                     : is_repaired          ? "not in the queue yet; the next start adds them"
                                   : "the log has records, the queue has no entries; see mqstore "
                                     "rebuild";
  const bool is_note = queue.is_deleted_topic || is_repaired;
  queue.missing.add(
      record.queue_offset,
      at(queue, record.queue_offset, text, is_note ? Finding::Kind::kNote : Finding::Kind::kFault));
}

bool QueueCheck::tagsAreRight(const QueueEntry& entry, const MessageRecord& record) const {
  if (isExtAddress(entry.tags_code)) {
    return true;
  }
  const TagsCode expected = parts_.rules.tagsCode(record.topic, record.properties);
  if (entry.tags_code == expected.at(record.store_timestamp_ms)) {
    return true;
  }
  return expected.is_delay && !options_.exact_delays &&
         entry.tags_code >= record.store_timestamp_ms;
}

int64_t QueueCheck::entriesPerFile() const {
  return std::max<int64_t>(1, parts_.layout.queue_file_bytes / kQueueEntryBytes);
}

bool QueueCheck::isConfirmed(const Queue& queue, int64_t index) {
  const auto chunk = queue.confirmed.find(index / kConfirmedChunk);
  return chunk != queue.confirmed.end() &&
         chunk->second[static_cast<size_t>(index % kConfirmedChunk)];
}

void QueueCheck::confirm(Queue& queue, int64_t index) {
  auto& bits = queue.confirmed[index / kConfirmedChunk];
  bits.resize(static_cast<size_t>(kConfirmedChunk));
  bits[static_cast<size_t>(index % kConfirmedChunk)] = true;
  queue.first_confirmed =
      queue.first_confirmed < 0 ? index : std::min(index, queue.first_confirmed);
}

// --- Entries ------------------------------------------------------------------------------------

QueueCheck::Counts QueueCheck::finish(int64_t log_end) {
  for (const QueueFolder& folder : parts_.layout.queues) {
    addQueue(folder);
  }
  LogReader log(parts_.files, parts_.layout);
  for (auto& [topic, queues] : queues_) {
    for (auto& [queue_id, queue] : queues) {
      finishQueue(*queue, log, log_end);
    }
  }
  return counts_;
}

void QueueCheck::finishQueue(Queue& queue, LogReader& log, int64_t log_end) {
  queue.missing.flush();
  checkFiles(queue);
  for (size_t i = 0; i < queue.folder.files.size(); ++i) {
    checkFile(queue, i, log, log_end);
  }
  if (!queue.reader.status().isOk()) {
    parts_.sink({.file = parts_.layout.relative(queue.folder.dir),
                 .offset = 0,
                 .what = queue.reader.status().message()});
  }
  queue.wrong.flush();
  // An entry that is spoilt looks as if it were of a later record.
  if (queue.superseded > 0 && !queue.has_faults) {
    parts_.sink({.kind = Finding::Kind::kNote,
                 .file = parts_.layout.relative(queue.folder.dir),
                 .offset = 0,
                 .what = fmt::format("{} records of the log have offsets that the queue gives to "
                                     "later ones: the topic was deleted and made anew",
                                     queue.superseded)});
  }
}

void QueueCheck::checkFiles(Queue& queue) {
  const auto& files = queue.folder.files;
  for (size_t i = 1; i < files.size(); ++i) {
    if (files[i].base != files[i - 1].base + parts_.layout.queue_file_bytes) {
      parts_.sink({.file = parts_.layout.relative(files[i].path),
                   .offset = 0,
                   .what = "the file before this one is missing, or its name is wrong"});
    }
  }
}

void QueueCheck::checkFile(Queue& queue, size_t number, LogReader& log, int64_t log_end) {
  const bool is_last = number + 1 == queue.folder.files.size();
  int64_t index = queue.folder.files[number].base / kQueueEntryBytes;
  const int64_t file_end = index + entriesPerFile();
  int64_t hole = -1;
  for (; index < file_end; ++index) {
    const auto entry = queue.reader.at(index);
    if (!entry) {
      hole = hole < 0 ? index : hole;
      if (is_last && index >= std::max(hole, queue.end) + kLookAheadEntries) {
        return;
      }
      continue;
    }
    if (hole >= 0) {
      reportHole(queue, hole, index, "empty, though later ones are not");
      hole = -1;
    }
    checkUnclaimed(queue, index, *entry, log, log_end);
  }
  if (hole >= 0 && !is_last) {
    reportHole(queue, hole, index, "empty, though a file follows");
  }
}

void QueueCheck::checkUnclaimed(Queue& queue, int64_t index, const QueueEntry& entry,
                                LogReader& log, int64_t log_end) {
  if (isPreBlank(entry)) {
    ++counts_.pre_blanks;
    return;
  }
  if (entry.physical_offset < parts_.layout.logBegin()) {
    ++counts_.expired;
    return;
  }
  ++counts_.entries;
  if (isConfirmed(queue, index)) {
    return;
  }
  if (entry.physical_offset >= log_end) {
    const bool is_legal = options_.end_is_open;
    addWrong(queue, index,
             fmt::format("behind the end of the log at {}{}", log_end,
                         is_legal ? "; the next start cuts it off" : ""),
             is_legal ? Finding::Kind::kNote : Finding::Kind::kFault);
    return;
  }
  const std::string why = whyWrong(queue, index, entry, log);
  if (!why.empty()) {
    addWrong(queue, index, fmt::format("points at {}: {}", entry.physical_offset, why));
  }
}

void QueueCheck::addWrong(Queue& queue, int64_t index, const std::string& what,
                          Finding::Kind kind) {
  if (index < minimumOf(queue)) {
    queue.wrong.add(index, at(queue, index, what + kNobodyReadsIt, Finding::Kind::kNote));
    return;
  }
  queue.has_faults |= kind == Finding::Kind::kFault;
  queue.wrong.add(index, at(queue, index, what, kind));
}

void QueueCheck::reportHole(Queue& queue, int64_t begin, int64_t end, const char* what) {
  queue.wrong.flush();
  if (!queue.reader.status().isOk()) {
    return;
  }
  const bool is_read = end > minimumOf(queue);
  parts_.sink(at(queue, begin,
                 fmt::format("{}: {}{}", numbered("entry", "entries", begin, end - 1), what,
                             is_read ? "" : kNobodyReadsIt),
                 is_read ? Finding::Kind::kFault : Finding::Kind::kNote));
}

/// The log only goes forward: what stands in front of an entry that points in front of the log does
/// so too, unless it is damaged. An entry behind one that a record has, however, is damaged itself
/// when it points there.
int64_t QueueCheck::minimumOf(Queue& queue) {
  if (!queue.minimum) {
    const int64_t first = queue.reader.first();
    const int64_t bound =
        std::max(first, queue.first_confirmed < 0 ? queue.end : queue.first_confirmed);
    int64_t minimum = std::clamp(knownMinimum(queue.folder), first, bound);
    for (int64_t index = minimum; index < bound; ++index) {
      const auto entry = queue.reader.at(index);
      if (entry && !isPreBlank(*entry) && entry->physical_offset < parts_.layout.logBegin()) {
        minimum = index + 1;
      }
    }
    queue.minimum = minimum;
  }
  return *queue.minimum;
}

/// As the broker noted it; 0 when it did not.
int64_t QueueCheck::knownMinimum(const QueueFolder& folder) {
  if (!known_ends_) {
    auto given = QueueEnds::given(parts_.files, parts_.layout.root + "/queueends",
                                  parts_.layout.checkpoint.value_or(CheckpointTimes{}),
                                  SystemClock::instance().nowMs());
    // Without it more faults than notes: nobody knows of a minimum then.
    known_ends_ = given && *given ? std::move((*given)->topics) : QueueEnds::Topics{};
  }
  const auto topic = known_ends_->find(folder.topic);
  if (topic == known_ends_->end()) {
    return 0;
  }
  const auto queue = topic->second.find(folder.queue_id);
  return queue == topic->second.end() ? 0 : queue->second.min;
}

/// Empty when the record is right after all.
std::string QueueCheck::whyWrong(const Queue& queue, int64_t index, const QueueEntry& entry,
                                 LogReader& log) const {
  const auto record = log.recordAt(entry.physical_offset, CrcCheck::kVerify);
  if (!record) {
    return log.isGone(entry.physical_offset) ? "" : record.status().message();
  }
  if (queue.folder.topic.starts_with(kLightTopicPrefix)) {
    return "";  // RocketMQ 5: a second queue of records that belong to another topic.
  }
  if (record->topic != queue.folder.topic || record->queue_id != queue.folder.queue_id) {
    return fmt::format("that record is of queue {}/{}", record->topic, record->queue_id);
  }
  if (record->queue_offset != index) {
    return fmt::format("that record has queue offset {}", record->queue_offset);
  }
  if (!entersQueue(record->sys_flag)) {
    return "that record belongs in no queue (prepared or rolled back)";
  }
  return parts_.layout.deleted.covers(record->topic, record->queue_id, entry.physical_offset)
             ? "that record was deleted with its topic"
             : "";
}

}  // namespace rocketmq::store::inspect
