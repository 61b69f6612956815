#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/file_system.h"
#include "common/mutex.h"
#include "common/status.h"

namespace rocketmq::store {

/// The unit of the system's cache, in which stores make files dirty and flushes write them.
inline constexpr int64_t kPageBytes = 4096;

/// How many files are mapped at once, by all who share it.
using MappingCount = std::atomic<int64_t>;

/// One file of a sequence of files of equal size that together hold a stream of bytes; named by the
/// stream offset of its first byte in 20 digits (RocketMQ: MappedFile). Mapped at first use, so
/// that a store with many files starts fast and holds only what it works with.
///
/// Threads: any. The mapping lives as long as somebody holds it, beyond unmap() and remove().
class Segment {
 public:
  struct Options {
    std::string dir;
    int64_t base = 0;
    int64_t bytes = 0;
    FileUse use = FileUse::kStream;                  ///< See MapOptions.
    std::shared_ptr<MappingCount> mapped = nullptr;  ///< Null: nobody counts.
    Zeros zeros = Zeros::kInCache;                   ///< See reserveWritten().
  };

  /// For a file that exists.
  Segment(FileSystem& files, Options options);

  /// Makes the file, all zero, and maps it.
  static Result<std::shared_ptr<Segment>> create(FileSystem& files, Options options);

  int64_t base() const { return options_.base; }
  int64_t bytes() const { return options_.bytes; }
  int64_t end() const { return options_.base + options_.bytes; }
  std::string path() const;

  Result<std::shared_ptr<MappedFile>> map();

  /// Gives up this object's share of the mapping.
  void unmap();
  bool isMapped() const;

  /// Takes the pages in front of `position` off this process's memory, if the file is mapped.
  void releaseBefore(int64_t position);

  /// Position up to which stores cannot fail for want of disk space; counts from what this process
  /// has reserved, whatever the file held before.
  int64_t reservedTo() const { return reserved_.load(std::memory_order_acquire); }

  /// Reserves from `from` (or from where the last call ended) to `to`, both positions in the file.
  /// One caller at a time, as with the next two. ReadOnly when the disk is full.
  Status reserve(int64_t from, int64_t to);

  /// The same, but reservedTo() stays: the blocks wait for one of the others.
  Status reserveBlocks(int64_t from, int64_t to);

  /// As reserve(), with zeros written first, as the options say, so that stores or syncs cost less;
  /// those in the cache are mapped too. A failure of that is logged, and the part is only reserved.
  Status reserveWritten(int64_t from, int64_t to);

  /// Turns everything from `position` on into zeros, blocks given back.
  Status zeroFrom(int64_t position);

  /// Removes the file; readers that hold the mapping go on.
  Status remove();

 private:
  static Result<std::shared_ptr<MappedFile>> mapFile(FileSystem& files, const std::string& path,
                                                     const Options& options, bool create);

  FileSystem& files_;
  const Options options_;
  std::atomic<int64_t> blocks_{0};    // Reserved to here.
  std::atomic<int64_t> reserved_{0};  // And may be stored into to here.
  mutable Mutex mutex_;
  std::shared_ptr<MappedFile> mapping_ ROCKETMQ_GUARDED_BY(mutex_);
};

/// The files of one stream in order (RocketMQ: MappedFileQueue). Without gaps: offset arithmetic
/// finds a file. Threads: any; changes are made by one thread at a time.
class SegmentSet {
 public:
  struct Options {
    std::string dir;
    int64_t file_bytes = 0;
    FileUse use = FileUse::kStream;
    /// The setting that `file_bytes` comes from, for messages.
    std::string size_setting;
    /// Without them the store has what it needs: messages give no advice on how to save the files.
    bool are_expendable = false;
    std::shared_ptr<MappingCount> mapped = nullptr;  ///< See Segment.
    Zeros zeros = Zeros::kInCache;
  };

  SegmentSet(FileSystem& files, Options options) : files_(files), options_(std::move(options)) {}

  /// Whether nothing is written in the file.
  Result<bool> isZero(const Segment& segment) const { return files_.isZeroFrom(segment.path(), 0); }

  /// Finds the files of the folder; a missing folder holds none. An empty last file is removed, as
  /// it is what a crash leaves between creating a file and giving it its length. Corruption when a
  /// file has another length or a file in the middle is missing. Folders and files with other
  /// names are left alone.
  Status load();

  const Options& options() const { return options_; }
  bool empty() const;
  size_t count() const;
  std::shared_ptr<Segment> find(int64_t offset) const;  ///< nullptr when no file holds it.
  std::shared_ptr<Segment> first() const;               ///< nullptr when empty.
  std::shared_ptr<Segment> last() const;                ///< nullptr when empty.
  std::vector<std::shared_ptr<Segment>> all() const;
  void unmapAll() const;  ///< See Segment::unmap().

  /// Makes the file that begins at `base` without adding it to the set.
  Result<std::shared_ptr<Segment>> create(int64_t base);
  /// `segment` begins where the last one ends, or is the first.
  void add(std::shared_ptr<Segment> segment);

  /// Reserves the bytes from `from` to `to`, which lie in one file, and somewhat more behind them;
  /// makes that file when it is the next. Returns up to where stores cannot fail. One caller at a
  /// time. ReadOnly when the disk is full.
  Result<int64_t> makeRoom(int64_t from, int64_t to);

  /// Makes files of makeRoom() survive power loss: in the folder, and the folder in the two above.
  Status syncFolder();
  /// A sync of the whole file system is about to do that.
  void expectFolderSync() { folder_is_new_.store(false, std::memory_order_release); }

  /// Takes the files out of the set that end at or before `offset`, but never the last, or those
  /// that begin at or after it. The caller removes them from the disk.
  std::vector<std::shared_ptr<Segment>> takeBefore(int64_t offset);
  std::vector<std::shared_ptr<Segment>> takeFrom(int64_t offset);

 private:
  Segment::Options optionsOf(int64_t base) const;
  Status addLoaded(const std::vector<DirectoryEntry>& entries);
  std::string adviceUnlessExpendable(const char* advice) const;
  Status checkLength(const DirectoryEntry& entry) const;

  FileSystem& files_;
  const Options options_;
  std::atomic<bool> folder_is_new_{false};
  mutable Mutex mutex_;
  std::vector<std::shared_ptr<Segment>> segments_ ROCKETMQ_GUARDED_BY(mutex_);
};

/// Where a stream is written: keeps the mapping of the file in hand. Threads: the stream's writer.
class SegmentCursor {
 public:
  explicit SegmentCursor(const SegmentSet& segments) : segments_(segments) {}

  /// The byte at `offset`. Precondition: there is room.
  char* at(int64_t offset);
  /// Gives the mapping back.
  void reset();

 private:
  const SegmentSet& segments_;
  std::shared_ptr<MappedFile> mapping_;
  int64_t base_ = 0;
};

/// "00000000001073741824" for 1073741824.
std::string segmentFileName(int64_t base);
/// The other way round; nullopt for names that are not 20 digits.
std::optional<int64_t> parseSegmentFileName(const std::string& name);

}  // namespace rocketmq::store
