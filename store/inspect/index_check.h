#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/file_system.h"
#include "common/status.h"
#include "store/index/index_file.h"
#include "store/inspect/finding.h"
#include "store/inspect/finding_runs.h"
#include "store/inspect/log_reader.h"
#include "store/inspect/store_layout.h"

namespace rocketmq::store::inspect {

/// An index file that is only read, a window at a time. Threads: one.
class IndexReader {
 public:
  struct Entry {
    int32_t key_hash = 0;
    int64_t physical_offset = 0;
    int32_t seconds = 0;   ///< Since the header's begin_ms.
    int32_t previous = 0;  ///< Number of the next older entry of the slot.
  };

  static Result<IndexReader> open(FileSystem& files, const SegmentFile& file);

  /// As it is in the file, unchecked.
  IndexHeader header();
  /// Nothing but zeros in the header: a new file, of which the disk has the length only.
  bool isUnwritten();
  Entry entry(const IndexLayout& layout, int32_t number);
  int32_t slot(const IndexLayout& layout, int32_t slot);

  /// Finds out numbers of slots and entries with which header, first and last entry and a slot
  /// fit together; nullopt for a file without entries or with a damaged header.
  std::optional<IndexLayout> guessLayout();

  /// The first failure to read the file.
  const Status& status() const { return status_; }

 private:
  IndexReader(std::unique_ptr<RandomFile> file, int64_t bytes)
      : file_(std::move(file)), bytes_(bytes) {}

  /// Zeros where the file cannot be read.
  std::string_view read(int64_t offset, int64_t bytes);
  bool fits(const IndexLayout& layout, const IndexHeader& header);

  std::unique_ptr<RandomFile> file_;
  int64_t bytes_;
  Status status_;
  std::string window_;
  int64_t window_offset_ = 0;
};

/// The layout that all index files of the store have: from the options, or guessed from any file.
/// An error when none tells it and one cannot be read.
Result<std::optional<IndexLayout>> findIndexLayout(FileSystem& files, const StoreLayout& layout);

/// Finds records with keys in front of the first index file, between two and behind the last one.
/// Threads: one.
class IndexGapCheck {
 public:
  IndexGapCheck(FileSystem& files, const StoreLayout& layout);

  /// From now on those behind the last file count, too; not in a store that never had an index, or
  /// whose newest file says nothing.
  void watchEnd();

  /// For all in the order of the log.
  void onRecord(const MessageRecord& record);
  void finish(const FindingSink& sink) const;

 private:
  struct Records {
    int64_t count = 0;
    int64_t first = 0;  ///< Its log offset.

    /// Nothing when it has no keys.
    void add(const MessageRecord& record);
  };

  const StoreLayout& layout_;
  std::vector<IndexHeader> headers_;  // Of files with entries.
  size_t next_ = 0;                   // The first that does not end in front of the record.
  bool newest_is_readable_ = true;
  bool watches_end_ = false;
  Records between_;
  Records behind_;
};

/// Compares the index with the log: each entry points at a record that has a key with its hash, and
/// slots, chains and header agree with the entries. Threads: one.
class IndexCheck {
 public:
  struct Options {
    int64_t log_end = 0;
    /// Files that end after this store time are repaired by the next start; nullopt: none is.
    std::optional<TimestampMs> repaired_after_ms;
  };

  IndexCheck(FileSystem& files, const StoreLayout& layout, const Options& options,
             const FindingSink& sink)
      : files_(files), layout_(layout), options_(options), sink_(sink), log_(files, layout) {}

  /// Checks one file and returns how many entries it has.
  int64_t check(const SegmentFile& file, const IndexLayout& sizes, const Progress& progress);

 private:
  struct File;

  void checkHeader(File& file);
  void checkHeaderTimes(File& file);
  TimestampMs storeTime(int64_t physical_offset, TimestampMs if_gone);
  void checkEntries(File& file, const Progress& progress);
  std::string whyWrong(File& file, const IndexReader::Entry& entry);
  std::string whyNotOf(const File& file, const IndexReader::Entry& entry);
  void checkSlots(File& file);
  Finding at(const File& file, int64_t offset, std::string what) const;

  FileSystem& files_;
  const StoreLayout& layout_;
  const Options options_;
  const FindingSink& sink_;
  LogReader log_;
};

}  // namespace rocketmq::store::inspect
