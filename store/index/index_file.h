#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.h"
#include "common/file_system.h"
#include "common/mutex.h"
#include "common/status.h"

namespace rocketmq::store {

/// Sizes of an index file; they come from the settings, the file does not hold them.
struct IndexLayout {
  int32_t hash_slots = 0;
  int32_t entries_max = 0;  ///< Entry 0 is never used.

  static constexpr int64_t kHeaderBytes = 40;
  static constexpr int64_t kSlotBytes = 4;
  static constexpr int64_t kEntryBytes = 20;

  int64_t slotAt(int32_t slot) const { return kHeaderBytes + kSlotBytes * slot; }
  int64_t entryAt(int32_t number) const { return slotAt(hash_slots) + kEntryBytes * number; }
  int64_t fileBytes() const { return entryAt(entries_max); }
};

/// The 40 bytes at the front of an index file (RocketMQ: IndexHeader).
struct IndexHeader {
  TimestampMs begin_ms = 0;  ///< Store times and log offsets of the first and last entry.
  TimestampMs end_ms = 0;
  int64_t begin_offset = 0;
  int64_t end_offset = 0;
  int32_t used_slots = 0;
  int32_t next_entry = 1;  ///< RocketMQ: indexCount.
};

/// From the first IndexLayout::kHeaderBytes bytes of a file, as they are.
IndexHeader decodeIndexHeader(const char* bytes);

/// A hash table on disk from message keys to log offsets (RocketMQ: IndexFile). Chains run through
/// the entries of a slot from new to old.
///
/// Threads: one writer; queries from any beside it.
/// Room:    blocks are reserved before they are written, so a full disk is an error, not a crash.
class IndexFile {
 public:
  /// Opens an existing file. Corruption when its length does not fit the layout.
  static Result<std::shared_ptr<IndexFile>> open(FileSystem& files, std::string path,
                                                 IndexLayout layout);

  /// Makes an empty file whose header goes on from the end of the previous one.
  static Result<std::shared_ptr<IndexFile>> create(FileSystem& files, std::string path,
                                                   IndexLayout layout, const IndexHeader& previous);

  const std::string& path() const { return path_; }
  IndexHeader header() const;
  bool isFull() const { return header().next_entry >= layout_.entries_max; }
  bool isEmpty() const { return header().next_entry <= 1; }

  /// False when the file is full. ReadOnly: the disk is.
  Result<bool> put(int32_t key_hash, int64_t physical_offset, TimestampMs store_timestamp_ms);

  /// Adds the log offsets of entries with this hash in [begin, end] until `offsets` has `count_max`
  /// elements, newest first. False when there may be more that the file does not lead to, as it is
  /// damaged or being rebuilt.
  bool query(int32_t key_hash, TimestampMs begin, TimestampMs end, size_t count_max,
             std::vector<int64_t>& offsets) const;

  /// Whether there is such an entry. Of the thread that writes.
  bool has(int32_t key_hash, int64_t physical_offset) const;

  /// Store time of the record at a log offset; NotFound or Corruption when the log has none there,
  /// else it cannot be read now.
  using StoreTime = std::function<Result<TimestampMs>(int64_t physical_offset)>;

  /// Whether the header says of the first and last entry what they are, and these are in front of
  /// `log_end`; and of their records when they were stored, as far as the log still has them. Fails
  /// when `store_time` cannot tell now, as hasRecordOf() and rebuild() do.
  Result<bool> headerFits(int64_t log_end, const StoreTime& store_time) const;
  /// Whether as many slots are used as the header says. Looks at all slots.
  bool slotsFitHeader() const;
  /// The same at the first call, true from then on.
  bool looksWhole() { return was_looked_at_.exchange(true) || slotsFitHeader(); }
  /// True at the first call only.
  bool noteDamage() { return !is_damaged_.exchange(true); }

  Status sync() { return mapping_->sync(0, layout_.fileBytes()); }
  Status remove() { return files_.remove(path_); }
  /// Takes its pages off this process's memory.
  void releasePages() { mapping_->release(0, layout_.fileBytes()); }

  /// Compares an entry with what it is about.
  using EntryTest = std::function<bool(int32_t key_hash, int64_t physical_offset, int32_t seconds)>;

  /// The number behind the last entry that can be believed: that is in front of `log_end` and of
  /// all that a crash may have torn, or that fail the test, if there is one.
  int32_t countBelievable(int64_t log_end, const EntryTest& is_right = {}) const;

  /// Whether the log has a record of the first or the last entry below `next_entry`. When it has
  /// none, nothing tells what the entries' seconds count from.
  Result<bool> hasRecordOf(int32_t next_entry, const StoreTime& store_time) const;

  /// The number of the first entry of the record that the one in front of `next_entry` is of.
  int32_t firstOfRecordBefore(int32_t next_entry) const;

  /// Rebuilds slots, chains and header from the entries below `next_entry`. The others go.
  Status rebuild(int32_t next_entry, const StoreTime& store_time);

 private:
  struct Entry {
    int32_t key_hash = 0;
    int64_t physical_offset = 0;
    int32_t seconds = 0;  // Since the header's begin_ms.
    int32_t previous = 0;
  };
  /// Nothing was written there.
  static bool isZero(const Entry& entry) {
    return entry.key_hash == 0 && entry.physical_offset == 0 && entry.seconds == 0;
  }

  IndexFile(FileSystem& files, std::string path, IndexLayout layout,
            std::unique_ptr<MappedFile> mapping);

  Status reserveEntry(int32_t number);
  int32_t loadSlot(int32_t slot) const;
  void storeSlot(int32_t slot, int32_t number);
  Entry loadEntry(int32_t number) const;
  void storeEntry(int32_t number, const Entry& entry);
  void setHeader(const IndexHeader& header);
  int32_t rebuildChains(int32_t next_entry);

  FileSystem& files_;
  const std::string path_;
  const IndexLayout layout_;
  const std::unique_ptr<MappedFile> mapping_;
  std::atomic<bool> was_looked_at_{false};
  std::atomic<bool> is_damaged_{false};
  /// Shared by who follows the chains, of who makes them anew alone.
  mutable std::shared_mutex chains_mutex_;
  int32_t reserved_entries_ = 0;  // Of the writer: the slots and the entries below have blocks.
  mutable Mutex mutex_;
  IndexHeader header_ ROCKETMQ_GUARDED_BY(mutex_);
};

/// The time of an entry in a file that begins at `begin_ms`.
int32_t indexSeconds(TimestampMs begin_ms, TimestampMs store_timestamp_ms);

/// The hash under which the index knows a key of a topic.
int32_t indexKeyHash(std::string_view topic, std::string_view key);

}  // namespace rocketmq::store
