#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.h"
#include "common/status.h"

namespace rocketmq {

/// What the file system knows about a path.
struct FileInfo {
  int64_t bytes = 0;
  TimestampMs modified_ms = 0;
  bool is_directory = false;
};

struct DirectoryEntry {
  std::string name;
  FileInfo info;
};

/// Space of the file system that holds a path.
struct SpaceInfo {
  int64_t used_bytes = 0;
  int64_t available_bytes = 0;  ///< To this process; leaves out what is kept for root.

  /// 0 to 1, as df prints it.
  double usedRatio() const {
    const int64_t all = used_bytes + available_bytes;
    return all <= 0 ? 0.0 : static_cast<double>(used_bytes) / static_cast<double>(all);
  }
};

/// A file read and written at given positions. Closed when destroyed. Threads: any, as long as
/// overlapping ranges are not written at once.
class RandomFile {
 public:
  virtual ~RandomFile() = default;

  /// Up to `bytes` bytes from `offset` on; fewer at the end of the file.
  virtual Result<std::string> read(int64_t offset, int64_t bytes) const = 0;

  /// Writes all of `content`, growing the file when needed.
  virtual Status write(int64_t offset, std::string_view content) = 0;

  /// Returns once everything written before is on the disk.
  virtual Status sync() = 0;
};

/// Where MappedFile::writeZeros() brings them.
enum class Zeros : uint8_t {
  /// Into the system's cache, in pages as large as the file system makes them: a fraction of the
  /// cost of faults, which make small ones.
  kInCache,
  /// To the disk, by way of small pages, as each sync writes whole ones. Makes later syncs of the
  /// range cheaper: where blocks are only reserved, the first write changes what the file system
  /// knows of them, so that a sync waits for its journal too.
  kOnDisk,
};

/// A whole file mapped shared into memory: stores into data() reach the file without a call.
///
/// Life:       the mapping ends with the object; removing the file does not disturb it.
/// Threads:    any; who writes which bytes when is the user's business.
/// Durability: stores survive the end of the process at once, power loss after sync().
/// Failure:    a store into a part that has no blocks on a full disk kills the process (SIGBUS);
///             reserve() first.
class MappedFile {
 public:
  virtual ~MappedFile() = default;

  char* data() { return data_; }
  const char* data() const { return data_; }
  int64_t bytes() const { return bytes_; }

  /// Returns once the range is on the disk. After a failure the state of the range is unknown.
  virtual Status sync(int64_t offset, int64_t bytes) = 0;

  /// Allocates blocks for the range; its content stays. ReadOnly when the disk is full.
  virtual Status reserve(int64_t offset, int64_t bytes) = 0;

  /// Copies `content` to `offset`, as a store into data() does, by a system call where the file is
  /// kept open: for some pages at once, and pages that are not present yet, that costs a fraction
  /// of the page faults. What the system refuses is stored. Precondition: the range is reserved.
  virtual void put(int64_t offset, std::string_view content) = 0;

  /// Makes the range read as zeros; whole blocks go back to the system where any is written.
  virtual Status zero(int64_t offset, int64_t bytes) = 0;

  /// Writes zeros over the range. No promise about power loss. Precondition: the range is reserved,
  /// and nobody stores into it meanwhile.
  virtual Status writeZeros(int64_t offset, int64_t bytes, Zeros where) = 0;

  /// Hint that the range is about to be written: makes its pages present and writable where the
  /// system can do that, so that the stores take no page faults. Implies endReadAhead(offset).
  virtual void prefault(int64_t offset, int64_t bytes) = 0;

  /// Hint that what lies from `offset` on is written before it is read: the system reads nothing
  /// ahead there by itself any more, which would fill megabytes with zeros.
  virtual void endReadAhead(int64_t offset) = 0;

  /// Hint that the range is about to be read: has the system fetch it in large pieces, whatever the
  /// file's FileUse. Does not wait.
  virtual void readAhead(int64_t offset, int64_t bytes) = 0;

  /// Hint that the whole pages of the range are not needed soon: they no longer count as memory of
  /// this process. Their content stays in the file and in the system's cache. Whoever reads them
  /// again has the system read ahead as the file's FileUse says.
  virtual void release(int64_t offset, int64_t bytes) = 0;

  /// Whether the range, a part of the mapped bytes, can be read now without waiting for the disk,
  /// as far as the system tells; false when it does not. One system call, which does not block.
  virtual bool isCached(std::string_view range) const = 0;

  /// As send() does, for the range, a part of the mapped bytes, and a socket that does not block:
  /// hands the pages themselves to the system, which copies nothing. 0 when the file has become
  /// shorter. Precondition: the range does not change any more, and the process ignores SIGPIPE.
  virtual ssize_t sendTo(int socket, std::string_view range) const = 0;

 protected:
  MappedFile(char* data, int64_t bytes) : data_(data), bytes_(bytes) {}

 private:
  char* data_;
  int64_t bytes_;
};

/// What a mapped file is for.
enum class FileUse : uint8_t {
  /// One of few, read and written in order: kept open for reserve(), the system reads ahead.
  kStream,
  /// One of many, touched here and there: not kept open, so that there may be more mappings than
  /// file descriptors, and nothing is read ahead. On a sparse file reading ahead fills the cache
  /// with zeros: the first store to a 6 MB consume queue took 13 ms on a disk with 8 MiB of it.
  kScattered,
};

/// How FileSystem::map() opens a file.
struct MapOptions {
  int64_t bytes = 0;    ///< The whole length of the file.
  bool create = false;  ///< Makes an all-zero, sparse file of that length; replaces an old one.
  FileUse use = FileUse::kStream;
};

/// An advisory lock that ends when the object is destroyed or the process dies.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

/// The file operations of the store. One object for the whole process in production
/// (posixFileSystem()); tests bring one that fails on demand. Threads: any.
///
/// Errors: NotFound for a missing path, ReadOnly for a full disk or quota, Busy where there is no
/// room for one more mapping, else Io; the message names the path and the system's reason.
class FileSystem {
 public:
  virtual ~FileSystem() = default;

  /// Makes the folder and its parents; fine when it exists.
  virtual Status createDirectories(const std::string& path) = 0;

  /// Entries without "." and "..", sorted by name. A missing folder is NotFound.
  virtual Result<std::vector<DirectoryEntry>> list(const std::string& path) = 0;

  /// nullopt when nothing is there.
  virtual Result<std::optional<FileInfo>> info(const std::string& path) = 0;

  /// Opens for reading and writing, creating an empty file when missing.
  virtual Result<std::unique_ptr<RandomFile>> open(const std::string& path) = 0;

  /// Corruption when an existing file does not have the length of the options.
  virtual Result<std::unique_ptr<MappedFile>> map(const std::string& path,
                                                  const MapOptions& options) = 0;

  /// True when the file reads as zeros from `offset` to its end. Reads no holes: for a sparse file
  /// this costs the same whatever its length.
  virtual Result<bool> isZeroFrom(const std::string& path, int64_t offset) = 0;

  /// Replaces the whole content of a small file at once, and keeps the one before as `path`.bak;
  /// on the disk when it returns OK. See replaceFile().
  virtual Status replace(const std::string& path, std::string_view content) = 0;

  /// Removes a file; fine when it is missing.
  virtual Status remove(const std::string& path) = 0;

  /// Removes a folder with everything in it; fine when it is missing.
  virtual Status removeTree(const std::string& path) = 0;

  /// Makes creations and removals in the folder survive power loss.
  virtual Status syncDirectory(const std::string& path) = 0;

  /// Brings everything to the disk that was written before to any file of the file system that
  /// holds `path`, creations and removals included: one call instead of very many syncs.
  virtual Status syncAll(const std::string& path) = 0;

  virtual Result<SpaceInfo> space(const std::string& path) = 0;

  /// Write-locks the first byte of the file, creating it when missing, as Java's
  /// FileChannel.tryLock(0, 1, false): both exclude each other. An existing folder is locked
  /// itself, by flock(2). Busy when somebody else holds it, another owner in this process included.
  virtual Result<std::unique_ptr<FileLock>> lock(const std::string& path) = 0;
};

/// The operating system's files.
FileSystem& posixFileSystem();

/// All of a small file; nullopt when it is missing. Corruption when it is larger than
/// kSmallFileBytesMax (common/atomic_file.h): what has such a length is none.
Result<std::optional<std::string>> readWhole(FileSystem& files, const std::string& path);

}  // namespace rocketmq
