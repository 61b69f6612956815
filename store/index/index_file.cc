#include "store/index/index_file.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <mutex>
#include <utility>

#include "common/bytes.h"
#include "common/hash.h"
#include "common/lost.h"

namespace rocketmq::store {
namespace {

/// Later than any message; a sum of it and what entries hold still fits.
constexpr TimestampMs kTimeMax = int64_t{1} << 60;
constexpr int32_t kReserveEntries = 50'000;  // One megabyte.

/// Slots are read while they are written.
std::atomic_ref<int32_t> slotCell(char* at) {
  return std::atomic_ref<int32_t>(*reinterpret_cast<int32_t*>(at));
}

int32_t swapped(int32_t value) { return loadBigEndian<int32_t>(&value); }

}  // namespace

int32_t indexSeconds(TimestampMs begin_ms, TimestampMs store_timestamp_ms) {
  return static_cast<int32_t>(std::clamp<int64_t>((store_timestamp_ms - begin_ms) / 1000, 0,
                                                  std::numeric_limits<int32_t>::max()));
}

int32_t indexKeyHash(std::string_view topic, std::string_view key) {
  thread_local std::string text;
  text.assign(topic);
  text += '#';
  text += key;
  const int32_t hash = javaStringHash(text);
  if (hash == std::numeric_limits<int32_t>::min()) {
    return 0;  // RocketMQ parity: it has no absolute value.
  }
  return hash < 0 ? -hash : hash;
}

IndexFile::IndexFile(FileSystem& files, std::string path, IndexLayout layout,
                     std::unique_ptr<MappedFile> mapping)
    : files_(files), path_(std::move(path)), layout_(layout), mapping_(std::move(mapping)) {}

IndexHeader decodeIndexHeader(const char* bytes) {
  ByteReader reader(bytes, IndexLayout::kHeaderBytes);
  IndexHeader header;
  header.begin_ms = reader.read<int64_t>();
  header.end_ms = reader.read<int64_t>();
  header.begin_offset = reader.read<int64_t>();
  header.end_offset = reader.read<int64_t>();
  header.used_slots = reader.read<int32_t>();
  header.next_entry = reader.read<int32_t>();
  return header;
}

Result<std::shared_ptr<IndexFile>> IndexFile::open(FileSystem& files, std::string path,
                                                   IndexLayout layout) {
  ROCKETMQ_ASSIGN_OR_RETURN(
      std::unique_ptr<MappedFile> mapping,
      files.map(path, {.bytes = layout.fileBytes(), .use = FileUse::kScattered}));
  auto file =
      std::shared_ptr<IndexFile>(new IndexFile(files, std::move(path), layout, std::move(mapping)));
  IndexHeader header = decodeIndexHeader(file->mapping_->data());
  // Whatever the file says, counting on from it must not overflow.
  header.next_entry = std::clamp(header.next_entry, 1, layout.entries_max);
  header.used_slots = std::clamp(header.used_slots, 0, layout.hash_slots);
  header.begin_ms = std::clamp<TimestampMs>(header.begin_ms, 0, kTimeMax);
  MutexLock lock(file->mutex_);
  file->header_ = header;
  return file;
}

Result<std::shared_ptr<IndexFile>> IndexFile::create(FileSystem& files, std::string path,
                                                     IndexLayout layout,
                                                     const IndexHeader& previous) {
  ROCKETMQ_ASSIGN_OR_RETURN(
      std::unique_ptr<MappedFile> mapping,
      files.map(path, {.bytes = layout.fileBytes(), .create = true, .use = FileUse::kScattered}));
  auto file =
      std::shared_ptr<IndexFile>(new IndexFile(files, std::move(path), layout, std::move(mapping)));
  if (const Status reserved = file->mapping_->reserve(0, layout.entryAt(1)); !reserved.isOk()) {
    const Status removed = file->remove();
    return removed.isOk() ? reserved : removed;
  }
  file->reserved_entries_ = 1;
  file->setHeader({.begin_ms = previous.end_ms,
                   .end_ms = previous.end_ms,
                   .begin_offset = previous.end_offset,
                   .end_offset = previous.end_offset});
  return file;
}

IndexHeader IndexFile::header() const {
  MutexLock lock(mutex_);
  return header_;
}

void IndexFile::setHeader(const IndexHeader& header) {
  MutexLock lock(mutex_);
  header_ = header;
  char* at = mapping_->data();
  storeBigEndian(at, header.begin_ms);
  storeBigEndian(at + 8, header.end_ms);
  storeBigEndian(at + 16, header.begin_offset);
  storeBigEndian(at + 24, header.end_offset);
  storeBigEndian(at + 32, header.used_slots);
  storeBigEndian(at + 36, header.next_entry);
}

int32_t IndexFile::loadSlot(int32_t slot) const {
  // Acquire: the entry that the slot names has been written before.
  return swapped(slotCell(mapping_->data() + layout_.slotAt(slot)).load(std::memory_order_acquire));
}

void IndexFile::storeSlot(int32_t slot, int32_t number) {
  slotCell(mapping_->data() + layout_.slotAt(slot))
      .store(swapped(number), std::memory_order_release);
}

IndexFile::Entry IndexFile::loadEntry(int32_t number) const {
  ByteReader reader(mapping_->data() + layout_.entryAt(number), IndexLayout::kEntryBytes);
  Entry entry;
  entry.key_hash = reader.read<int32_t>();
  entry.physical_offset = reader.read<int64_t>();
  entry.seconds = reader.read<int32_t>();
  entry.previous = reader.read<int32_t>();
  return entry;
}

void IndexFile::storeEntry(int32_t number, const Entry& entry) {
  char* at = mapping_->data() + layout_.entryAt(number);
  storeBigEndian(at, entry.key_hash);
  storeBigEndian(at + 4, entry.physical_offset);
  storeBigEndian(at + 12, entry.seconds);
  storeBigEndian(at + 16, entry.previous);
}

Status IndexFile::reserveEntry(int32_t number) {
  if (number < reserved_entries_) {
    return Status::ok();
  }
  if (reserved_entries_ == 0) {
    ROCKETMQ_RETURN_IF_ERROR(mapping_->reserve(0, layout_.entryAt(0)));
  }
  const int32_t end = static_cast<int32_t>(
      std::min<int64_t>(int64_t{number} + kReserveEntries, layout_.entries_max));
  const int64_t begin_at = layout_.entryAt(number);
  ROCKETMQ_RETURN_IF_ERROR(mapping_->reserve(begin_at, layout_.entryAt(end) - begin_at));
  reserved_entries_ = end;
  releasePages();
  return Status::ok();
}

Result<bool> IndexFile::put(int32_t key_hash, int64_t physical_offset,
                            TimestampMs store_timestamp_ms) {
  IndexHeader header = this->header();
  const int32_t number = header.next_entry;
  if (number >= layout_.entries_max) {
    return false;
  }
  ROCKETMQ_RETURN_IF_ERROR(reserveEntry(number));
  if (number == 1) {
    header.begin_ms = store_timestamp_ms;
    header.begin_offset = physical_offset;
  }
  const int32_t slot = key_hash % layout_.hash_slots;
  int32_t previous = loadSlot(slot);
  if (previous <= 0 || previous >= number) {
    previous = 0;
    ++header.used_slots;
  }
  storeEntry(number, {.key_hash = key_hash,
                      .physical_offset = physical_offset,
                      .seconds = indexSeconds(header.begin_ms, store_timestamp_ms),
                      .previous = previous});
  storeSlot(slot, number);
  header.next_entry = number + 1;
  header.end_ms = store_timestamp_ms;
  header.end_offset = physical_offset;
  setHeader(header);
  return true;
}

bool IndexFile::query(int32_t key_hash, TimestampMs begin, TimestampMs end, size_t count_max,
                      std::vector<int64_t>& offsets) const {
  const std::shared_lock chains(chains_mutex_, std::try_to_lock);
  if (!chains) {
    return false;
  }
  const int32_t slot = key_hash % layout_.hash_slots;
  int32_t number = loadSlot(slot);
  // Loaded behind the slot, it has counted all entries of the chain but perhaps the newest.
  const IndexHeader header = this->header();
  // A chain only goes back, whatever the file holds.
  int32_t limit = std::min(header.next_entry, layout_.entries_max - 1);
  while (number != 0 && offsets.size() < count_max) {
    if (number < 0 || number > limit) {
      return false;
    }
    const Entry entry = loadEntry(number);
    if (entry.key_hash < 0 || entry.key_hash % layout_.hash_slots != slot || entry.seconds < 0) {
      return false;
    }
    const TimestampMs time = header.begin_ms + int64_t{1000} * entry.seconds;
    if (time < begin) {
      break;
    }
    if (entry.key_hash == key_hash && time <= end) {
      offsets.push_back(entry.physical_offset);
    }
    limit = number - 1;
    number = entry.previous;
  }
  return true;
}

bool IndexFile::slotsFitHeader() const {
  const int32_t least = header().used_slots;
  int32_t used = 0;
  for (int32_t slot = 0; slot < layout_.hash_slots; ++slot) {
    used += loadSlot(slot) != 0 ? 1 : 0;
  }
  // Keys may have come meanwhile, of which the header counts the newest last.
  return used >= least && used <= header().used_slots + 1;
}

bool IndexFile::has(int32_t key_hash, int64_t physical_offset) const {
  const IndexHeader header = this->header();
  if (header.next_entry <= 1 || physical_offset < header.begin_offset ||
      physical_offset > header.end_offset) {
    return false;
  }
  // Entries are in the order of the log.
  int32_t low = 1;
  int32_t high = header.next_entry;
  while (low < high) {
    const int32_t middle = low + (high - low) / 2;
    if (loadEntry(middle).physical_offset < physical_offset) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  for (; low < header.next_entry; ++low) {
    const Entry entry = loadEntry(low);
    if (entry.physical_offset != physical_offset) {
      break;
    }
    if (entry.key_hash == key_hash) {
      return true;
    }
  }
  return false;
}

Result<bool> IndexFile::headerFits(int64_t log_end, const StoreTime& store_time) const {
  const IndexHeader header = this->header();
  if (header.next_entry <= 1) {
    return isZero(loadEntry(1));
  }
  const Entry last = loadEntry(header.next_entry - 1);
  if (loadEntry(1).physical_offset != header.begin_offset ||
      last.physical_offset != header.end_offset || header.end_offset >= log_end) {
    return false;
  }
  ROCKETMQ_ASSIGN_OR_RETURN(const auto known_last_ms, unlessLost(store_time(header.end_offset)));
  // The log may begin behind the first record: then the last one's entry tells what it counts from.
  ROCKETMQ_ASSIGN_OR_RETURN(const auto known_begin_ms, unlessLost(store_time(header.begin_offset)));
  const TimestampMs last_ms = known_last_ms.value_or(header.end_ms);
  return known_begin_ms.value_or(header.begin_ms) == header.begin_ms && last_ms == header.end_ms &&
         indexSeconds(header.begin_ms, last_ms) == last.seconds;
}

Result<bool> IndexFile::hasRecordOf(int32_t next_entry, const StoreTime& store_time) const {
  if (next_entry <= 1) {
    return false;
  }
  ROCKETMQ_ASSIGN_OR_RETURN(const auto first, unlessLost(store_time(loadEntry(1).physical_offset)));
  if (first) {
    return true;
  }
  ROCKETMQ_ASSIGN_OR_RETURN(const auto last,
                            unlessLost(store_time(loadEntry(next_entry - 1).physical_offset)));
  return last.has_value();
}

/// What a crash leaves out are whole pages of zeros, and entries are written once, in the order of
/// the log.
int32_t IndexFile::countBelievable(int64_t log_end, const EntryTest& is_right) const {
  // All of it is looked at, later in no order: page by page that takes half a minute on a cold
  // disk.
  mapping_->readAhead(0, layout_.entryAt(header().next_entry));
  int64_t known_offset = -1;
  int32_t number = 1;
  for (; number < layout_.entries_max; ++number) {
    const Entry entry = loadEntry(number);
    if (isZero(entry) || entry.key_hash < 0 || entry.seconds < 0 ||
        entry.physical_offset < known_offset || entry.physical_offset >= log_end ||
        (is_right && !is_right(entry.key_hash, entry.physical_offset, entry.seconds))) {
      break;
    }
    known_offset = entry.physical_offset;
  }
  return number;
}

int32_t IndexFile::firstOfRecordBefore(int32_t next_entry) const {
  int32_t first = next_entry;
  while (first > 1 &&
         loadEntry(first - 1).physical_offset == loadEntry(next_entry - 1).physical_offset) {
    --first;
  }
  return first;
}

int32_t IndexFile::rebuildChains(int32_t next_entry) {
  for (int32_t slot = 0; slot < layout_.hash_slots; ++slot) {
    if (loadSlot(slot) != 0) {
      storeSlot(slot, 0);
    }
  }
  int32_t used_slots = 0;
  for (int32_t number = 1; number < next_entry; ++number) {
    Entry entry = loadEntry(number);
    const int32_t slot = entry.key_hash % layout_.hash_slots;
    entry.previous = loadSlot(slot);
    used_slots += entry.previous == 0 ? 1 : 0;
    storeEntry(number, entry);
    storeSlot(slot, number);
  }
  return used_slots;
}

Status IndexFile::rebuild(int32_t next_entry, const StoreTime& store_time) {
  IndexHeader header = this->header();
  if (next_entry > 1) {
    const int64_t first_offset = loadEntry(1).physical_offset;
    const Entry last = loadEntry(next_entry - 1);
    header.begin_offset = first_offset;
    header.end_offset = last.physical_offset;
    ROCKETMQ_ASSIGN_OR_RETURN(const auto begin_ms, unlessLost(store_time(first_offset)));
    ROCKETMQ_ASSIGN_OR_RETURN(const auto end_ms, unlessLost(store_time(last.physical_offset)));
    header.begin_ms = begin_ms.value_or(header.begin_ms);
    header.end_ms = end_ms.value_or(header.begin_ms + int64_t{1000} * last.seconds);
  }
  ROCKETMQ_RETURN_IF_ERROR(mapping_->reserve(0, layout_.entryAt(next_entry)));
  const std::unique_lock chains(chains_mutex_);  // A query may have the file.
  header.next_entry = next_entry;
  header.used_slots = rebuildChains(next_entry);
  reserved_entries_ = next_entry;
  const int64_t behind = layout_.entryAt(next_entry);
  ROCKETMQ_RETURN_IF_ERROR(mapping_->zero(behind, layout_.fileBytes() - behind));
  setHeader(header);
  return Status::ok();
}

}  // namespace rocketmq::store
