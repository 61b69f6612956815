#include "common/file_system.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <limits>
#include <system_error>
#include <thread>
#include <utility>

#include "common/atomic_file.h"
#include "common/descriptor.h"
#include "common/scheduling.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE \
  23  // Linux 5.14; older kernels answer EINVAL, which prefault() ignores.
#endif

namespace rocketmq {
namespace {

constexpr size_t kZeroScanBytes = 16 * 1024;
/// Who only wants to know whether a folder is locked holds the lock for a moment (mqstore).
constexpr int kFolderLockTries = 10;
constexpr std::chrono::milliseconds kFolderLockPause{5};
/// More than a store leaves in the cache behind the end of a file that is used here and there.
constexpr int64_t kZeroLookBytesMax = 1 << 20;
/// What is filled with zeros before other threads get the processor.
constexpr int64_t kPrefaultStep = 128 * 1024;
/// How large pages of zeros get at most: what a sync of a few bytes may have to write.
constexpr size_t kLargeZerosBytes = 64 * 1024;
/// So much of a long sync is handed to the disk before other threads get the processor.
constexpr int64_t kSyncStep = 1 << 20;
/// And so much is on its way at once. The kernel ends what has arrived in one go, during which,
/// where it does not preempt, no thread gets that processor: 3 ms were seen without this bound.
constexpr int64_t kSyncBytesOnTheWay = 4 * kSyncStep;

Status failure(std::string_view action, const std::string& path, int error_number) {
  std::string message(action);
  message += ' ';
  message += path;
  if (error_number == ENOENT) {
    return Status::notFound(message + ": no such file or folder");
  }
  const Status status = Status::io(std::move(message), error_number);
  if (error_number == ENOSPC || error_number == EDQUOT) {
    return Status::readOnly(status.message());
  }
  return status;
}

Result<Descriptor> openFile(const std::string& path, int flags) {
  Descriptor file(::open(path.c_str(), flags | O_CLOEXEC, 0644));
  if (!file.valid()) {
    return failure("cannot open", path, errno);
  }
  return file;
}

Status reserveBlocks(int fd, const std::string& path, int64_t offset, int64_t bytes) {
  int error_number = EINTR;
  while (error_number == EINTR) {
    error_number = ::posix_fallocate(fd, offset, bytes);
  }
  return error_number == 0 ? Status::ok() : failure("cannot reserve space for", path, error_number);
}

/// Whether the file reads as zeros from `offset` to its end. Reads no holes, nor anything near them
/// that the system would then keep. False also when there are more than `look_bytes_max` to look
/// at.
Result<bool> isZero(int fd, const std::string& path, int64_t offset, int64_t look_bytes_max) {
  std::array<char, kZeroScanBytes> buffer;
  int64_t looked_at = 0;
  for (int64_t data_end = offset; looked_at <= look_bytes_max;) {
    if (offset >= data_end) {
      const off_t data = ::lseek(fd, offset, SEEK_DATA);
      if (data < 0 && errno == ENXIO) {
        return true;
      }
      // A file system that knows no holes has data everywhere.
      offset = data < 0 ? offset : data;
      const off_t hole = ::lseek(fd, offset, SEEK_HOLE);
      data_end = hole <= offset ? std::numeric_limits<int64_t>::max() : hole;
    }
    const auto wanted = std::min(std::ssize(buffer), data_end - offset);
    const ssize_t got = ::pread(fd, buffer.data(), static_cast<size_t>(wanted), offset);
    if (got < 0 && errno != EINTR) {
      return failure("cannot read", path, errno);
    }
    const std::string_view read(buffer.data(), static_cast<size_t>(std::max<ssize_t>(got, 0)));
    if (got == 0 || read.find_first_not_of('\0') != std::string_view::npos) {
      return got == 0;
    }
    offset += std::ssize(read);
    looked_at += std::ssize(read);
  }
  return false;
}

/// Returns what the system did not take, for the reason in errno; empty: everything is written.
std::string_view writeAt(int fd, int64_t offset, std::string_view content) {
  while (!content.empty()) {
    const ssize_t done = ::pwrite(fd, content.data(), content.size(), offset);
    if (done < 0 && errno == EINTR) {
      continue;
    }
    if (done <= 0) {
      errno = done == 0 ? EIO : errno;
      break;
    }
    content.remove_prefix(static_cast<size_t>(done));
    offset += done;
  }
  return content;
}

FileInfo toInfo(const struct stat& raw) {
  return {.bytes = raw.st_size,
          .modified_ms = raw.st_mtim.tv_sec * 1000 + raw.st_mtim.tv_nsec / 1'000'000,
          .is_directory = S_ISDIR(raw.st_mode)};
}

class PosixRandomFile final : public RandomFile {
 public:
  PosixRandomFile(Descriptor file, std::string path)
      : file_(std::move(file)), path_(std::move(path)) {}

  Result<std::string> read(int64_t offset, int64_t bytes) const override {
    std::string content(static_cast<size_t>(bytes), '\0');
    size_t done = 0;
    while (done < content.size()) {
      const ssize_t got = ::pread(file_.get(), content.data() + done, content.size() - done,
                                  offset + static_cast<int64_t>(done));
      if (got < 0 && errno == EINTR) {
        continue;
      }
      if (got < 0) {
        return failure("cannot read", path_, errno);
      }
      if (got == 0) {
        break;
      }
      done += static_cast<size_t>(got);
    }
    content.resize(done);
    return content;
  }

  Status write(int64_t offset, std::string_view content) override {
    return writeAt(file_.get(), offset, content).empty() ? Status::ok()
                                                         : failure("cannot write", path_, errno);
  }

  Status sync() override {
    return ::fdatasync(file_.get()) == 0 ? Status::ok() : failure("cannot sync", path_, errno);
  }

 private:
  const Descriptor file_;
  const std::string path_;
};

class PosixMappedFile final : public MappedFile {
 public:
  PosixMappedFile(char* data, int64_t bytes, Descriptor file, std::string path)
      : MappedFile(data, bytes), file_(std::move(file)), path_(std::move(path)) {}
  ~PosixMappedFile() override { ::munmap(data(), static_cast<size_t>(bytes())); }

  Status sync(int64_t offset, int64_t bytes) override {
    // msync(MS_SYNC) is the kernel's fdatasync limited to a range: pages that were prefaulted
    // behind the range but hold nothing yet are not written.
    const int64_t begin = offset - offset % pageBytes();
    const auto length = static_cast<size_t>(offset + bytes - begin);
    // For each dirty page that is mapped the kernel would interrupt the other processors, to have
    // them forget that they may store there: some 7 us a page in a virtual machine. Unmapped at
    // once, whole pages cost one interrupt in all; who needs one again takes a short fault.
    const int64_t end = (offset + bytes) - (offset + bytes) % pageBytes();
    for (int64_t at = begin; at < end; at += kSyncStep) {
      const int64_t step = std::min(kSyncStep, end - at);
      ::madvise(data() + at, static_cast<size_t>(step), MADV_DONTNEED);
      if (end - begin > kSyncStep && file_.valid() && !writeStep(begin, at, step)) {
        return failure("cannot sync", path_, errno);
      }
    }
    return ::msync(data() + begin, length, MS_SYNC) == 0 ? Status::ok()
                                                         : failure("cannot sync", path_, errno);
  }

  Status reserve(int64_t offset, int64_t bytes) override {
    if (file_.valid()) {
      return reserveBlocks(file_.get(), path_, offset, bytes);
    }
    ROCKETMQ_ASSIGN_OR_RETURN(const Descriptor file, openFile(path_, O_RDWR));
    return reserveBlocks(file.get(), path_, offset, bytes);
  }

  void put(int64_t offset, std::string_view content) override {
    const std::string_view rest = file_.valid() ? writeAt(file_.get(), offset, content) : content;
    std::copy(rest.begin(), rest.end(),
              data() + offset + static_cast<int64_t>(content.size() - rest.size()));
  }

  Status zero(int64_t offset, int64_t bytes) override {
    const int64_t end = offset + bytes;
    const int64_t first_page = std::min(end, roundUp(offset));
    const int64_t last_page = std::max(first_page, end - end % pageBytes());
    clear(offset, first_page);
    clear(last_page, end);
    if (first_page == last_page) {
      return Status::ok();
    }
    ROCKETMQ_ASSIGN_OR_RETURN(const Descriptor file, openFile(path_, O_RDWR));
    ROCKETMQ_ASSIGN_OR_RETURN(const bool is_clean,
                              isZero(file.get(), path_, first_page, kZeroLookBytesMax));
    if (is_clean) {
      // Giving blocks back that are only reserved takes milliseconds where the disk is told of
      // each. A page that was read counts as written for the system, so a look at it decides.
      return Status::ok();
    }
    if (::fallocate(file.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, first_page,
                    last_page - first_page) != 0) {
      clear(first_page, last_page);
    }
    return Status::ok();
  }

  Status writeZeros(int64_t offset, int64_t bytes, Zeros where) override {
    // A descriptor of its own is told of failures of its own: those of bytes that somebody else has
    // stored stay to be told to the next sync().
    ROCKETMQ_ASSIGN_OR_RETURN(const Descriptor file, openFile(path_, O_RDWR));
    static constexpr std::array<char, kLargeZerosBytes> kZeros{};
    const int64_t step = where == Zeros::kInCache ? std::ssize(kZeros) : pageBytes();
    for (int64_t at = offset; at < offset + bytes;) {
      const int64_t end = std::min(at - at % step + step, offset + bytes);
      if (!writeAt(file.get(), at, {kZeros.data(), static_cast<size_t>(end - at)}).empty()) {
        return failure("cannot write", path_, errno);
      }
      at = end;
    }
    // Of the range alone, and without the journal: that comes with the next sync of the file.
    constexpr auto kWriteAndWait =
        SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
    return where == Zeros::kInCache ||
                   ::sync_file_range(file.get(), offset, bytes, kWriteAndWait) == 0
               ? Status::ok()
               : failure("cannot write", path_, errno);
  }

  void prefault(int64_t offset, int64_t bytes) override {
    const int64_t begin = offset - offset % pageBytes();
    const int64_t end = std::min(offset + bytes, this->bytes());
    if (begin >= end) {
      return;
    }
    endReadAhead(begin);
    for (int64_t at = begin; at < end; at += kPrefaultStep) {
      const auto length = static_cast<size_t>(std::min(kPrefaultStep, end - at));
      ::madvise(data() + at, length, MADV_WILLNEED);
      ::madvise(data() + at, length, MADV_POPULATE_WRITE);
    }
  }

  void endReadAhead(int64_t offset) override {
    const int64_t begin = offset - offset % pageBytes();
    // Reading ahead fills the pages in one go, during which a kernel that does not preempt lets no
    // other thread have the processor, and makes large ones, which each flush writes whole. A file
    // that is not kept open has none: see FileUse.
    if (file_.valid() && begin < bytes()) {
      ::madvise(data() + begin, static_cast<size_t>(bytes() - begin), MADV_RANDOM);
    }
  }

  void readAhead(int64_t offset, int64_t bytes) override {
    const int64_t begin = offset - offset % pageBytes();
    const int64_t end = std::min(offset + bytes, this->bytes());
    if (begin < end) {
      ::madvise(data() + begin, static_cast<size_t>(end - begin), MADV_WILLNEED);
    }
  }

  void release(int64_t offset, int64_t bytes) override {
    const int64_t begin = roundUp(offset);
    const int64_t end = (offset + bytes) - (offset + bytes) % pageBytes();
    if (begin < end) {
      // For a shared file mapping this only drops page-table entries; nothing written is lost.
      ::madvise(data() + begin, static_cast<size_t>(end - begin), MADV_DONTNEED);
      if (file_.valid()) {
        ::madvise(data() + begin, static_cast<size_t>(end - begin), MADV_NORMAL);
      }
    }
  }

  bool isCached(std::string_view range) const override {
    const int64_t offset = range.data() - data();
    const int64_t end = roundUp(offset + static_cast<int64_t>(range.size()));
    std::array<unsigned char, 64> pages;
    const int64_t step = pageBytes() * static_cast<int64_t>(pages.size());
    for (int64_t at = offset - offset % pageBytes(); at < end; at += step) {
      const int64_t bytes = std::min(step, end - at);
      // mincore() wants no const; it only looks.
      char* const begin = const_cast<char*>(data()) + at;
      if (::mincore(begin, static_cast<size_t>(bytes), pages.data()) != 0 ||
          !std::all_of(pages.begin(), pages.begin() + bytes / pageBytes(),
                       [](unsigned char page) { return (page & 1) != 0; })) {
        return false;
      }
    }
    return true;
  }

  ssize_t sendTo(int socket, std::string_view range) const override {
    if (!file_.valid()) {
      return ::send(socket, range.data(), range.size(), MSG_NOSIGNAL);
    }
    off_t offset = range.data() - data();
    return ::sendfile(socket, file_.get(), &offset, range.size());
  }

 private:
  static int64_t pageBytes() {
    static const int64_t bytes = ::sysconf(_SC_PAGESIZE);
    return bytes;
  }
  static int64_t roundUp(int64_t offset) {
    return (offset + pageBytes() - 1) / pageBytes() * pageBytes();
  }

  /// Has the step of a sync written that begins at `at`, and waits for one before it. False: errno.
  bool writeStep(int64_t sync_begin, int64_t at, int64_t step) {
    const int64_t before = at - kSyncBytesOnTheWay;
    const bool is_written =
        ::sync_file_range(file_.get(), at, step, SYNC_FILE_RANGE_WRITE) == 0 &&
        (before < sync_begin ||
         ::sync_file_range(file_.get(), before, kSyncStep, SYNC_FILE_RANGE_WAIT_BEFORE) == 0);
    giveWay();
    return is_written;
  }

  /// Leaves bytes alone that are zero already: writing them would allocate blocks.
  void clear(int64_t begin, int64_t end) {
    for (int64_t at = begin; at < end; ++at) {
      if (data()[at] != 0) {
        data()[at] = 0;
      }
    }
  }

  const Descriptor file_;
  const std::string path_;
};

class PosixFileLock final : public FileLock {
 public:
  explicit PosixFileLock(Descriptor file) : file_(std::move(file)) {}

 private:
  const Descriptor file_;
};

class PosixFileSystem final : public FileSystem {
 public:
  Status createDirectories(const std::string& path) override {
    std::error_code error;
    std::filesystem::create_directories(path, error);
    return error ? failure("cannot create folder", path, error.value()) : Status::ok();
  }

  Result<std::vector<DirectoryEntry>> list(const std::string& path) override {
    std::error_code error;
    std::filesystem::directory_iterator at(path, error);
    std::vector<DirectoryEntry> entries;
    for (; !error && at != std::filesystem::directory_iterator(); at.increment(error)) {
      ROCKETMQ_ASSIGN_OR_RETURN(const std::optional<FileInfo> found, info(at->path().string()));
      if (found) {
        entries.push_back({at->path().filename().string(), *found});
      }
    }
    if (error) {
      return failure("cannot list folder", path, error.value());
    }
    std::sort(entries.begin(), entries.end(),
              [](const DirectoryEntry& a, const DirectoryEntry& b) { return a.name < b.name; });
    return entries;
  }

  Result<std::optional<FileInfo>> info(const std::string& path) override {
    struct stat raw {};
    if (::stat(path.c_str(), &raw) == 0) {
      return std::optional<FileInfo>(toInfo(raw));
    }
    if (errno == ENOENT || errno == ENOTDIR) {
      return std::optional<FileInfo>();
    }
    return failure("cannot look at", path, errno);
  }

  Result<std::unique_ptr<RandomFile>> open(const std::string& path) override {
    ROCKETMQ_ASSIGN_OR_RETURN(Descriptor file, openFile(path, O_RDWR | O_CREAT));
    return std::unique_ptr<RandomFile>(std::make_unique<PosixRandomFile>(std::move(file), path));
  }

  Result<bool> isZeroFrom(const std::string& path, int64_t offset) override {
    ROCKETMQ_ASSIGN_OR_RETURN(const Descriptor file, openFile(path, O_RDONLY));
    return isZero(file.get(), path, offset, std::numeric_limits<int64_t>::max());
  }

  Result<std::unique_ptr<MappedFile>> map(const std::string& path,
                                          const MapOptions& options) override {
    const int flags = options.create ? O_RDWR | O_CREAT | O_TRUNC : O_RDWR;
    ROCKETMQ_ASSIGN_OR_RETURN(Descriptor file, openFile(path, flags));
    auto mapped = mapOpened(std::move(file), path, options);
    if (!mapped && options.create) {
      ::unlink(path.c_str());
    }
    return mapped;
  }

  Status replace(const std::string& path, std::string_view content) override {
    return replaceFile(path, content);
  }

  Status remove(const std::string& path) override {
    return ::unlink(path.c_str()) == 0 || errno == ENOENT ? Status::ok()
                                                          : failure("cannot remove", path, errno);
  }

  Status removeTree(const std::string& path) override {
    std::error_code error;
    std::filesystem::remove_all(path, error);
    // Nothing has such a name.
    return error && error.value() != ENAMETOOLONG
               ? failure("cannot remove folder", path, error.value())
               : Status::ok();
  }

  Status syncDirectory(const std::string& path) override {
    ROCKETMQ_ASSIGN_OR_RETURN(const Descriptor folder, openFile(path, O_RDONLY | O_DIRECTORY));
    return ::fsync(folder.get()) == 0 ? Status::ok() : failure("cannot sync folder", path, errno);
  }

  Status syncAll(const std::string& path) override {
    ROCKETMQ_ASSIGN_OR_RETURN(const Descriptor folder, openFile(path, O_RDONLY | O_DIRECTORY));
    return ::syncfs(folder.get()) == 0 ? Status::ok()
                                       : failure("cannot sync the file system of", path, errno);
  }

  Result<SpaceInfo> space(const std::string& path) override {
    struct statvfs raw {};
    if (::statvfs(path.c_str(), &raw) != 0) {
      return failure("cannot look at the file system of", path, errno);
    }
    const auto block = static_cast<int64_t>(raw.f_frsize);
    return SpaceInfo{.used_bytes = static_cast<int64_t>(raw.f_blocks - raw.f_bfree) * block,
                     .available_bytes = static_cast<int64_t>(raw.f_bavail) * block};
  }

  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override {
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored)) {
      return lockFolder(path);
    }
    ROCKETMQ_ASSIGN_OR_RETURN(Descriptor file, openFile(path, O_RDWR | O_CREAT));
    struct flock range {};
    range.l_type = F_WRLCK;
    range.l_whence = SEEK_SET;
    range.l_len = 1;
    // A lock of the open file, not of the process: it excludes the classic locks that Java takes
    // and also a second owner inside this process.
    if (::fcntl(file.get(), F_OFD_SETLK, &range) == 0) {
      return std::unique_ptr<FileLock>(std::make_unique<PosixFileLock>(std::move(file)));
    }
    if (errno != EAGAIN && errno != EACCES) {
      return failure("cannot lock", path, errno);
    }
    std::string message = path + " is locked by another process";
    range.l_pid = 0;
    if (::fcntl(file.get(), F_OFD_GETLK, &range) == 0 && range.l_type != F_UNLCK &&
        range.l_pid > 0) {
      message += " (pid " + std::to_string(range.l_pid) + ")";
    }
    return Status::busy(message);
  }

 private:
  static Result<std::unique_ptr<FileLock>> lockFolder(const std::string& path) {
    ROCKETMQ_ASSIGN_OR_RETURN(Descriptor folder, openFile(path, O_RDONLY | O_DIRECTORY));
    for (int tries = 1; ::flock(folder.get(), LOCK_EX | LOCK_NB) != 0; ++tries) {
      if (errno != EWOULDBLOCK) {
        return failure("cannot lock", path, errno);
      }
      if (tries == kFolderLockTries) {
        return Status::busy(path + " is locked by another process");
      }
      std::this_thread::sleep_for(kFolderLockPause);
    }
    return std::unique_ptr<FileLock>(std::make_unique<PosixFileLock>(std::move(folder)));
  }

  static Result<std::unique_ptr<MappedFile>> mapOpened(Descriptor file, const std::string& path,
                                                       const MapOptions& options) {
    if (options.create && ::ftruncate(file.get(), options.bytes) != 0) {
      return failure("cannot set the length of", path, errno);
    }
    struct stat raw {};
    if (::fstat(file.get(), &raw) != 0) {
      return failure("cannot look at", path, errno);
    }
    if (raw.st_size != options.bytes) {
      return Status::corruption(path + " has " + std::to_string(raw.st_size) + " bytes, expected " +
                                std::to_string(options.bytes));
    }
    const auto length = static_cast<size_t>(options.bytes);
    void* data = ::mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
    if (data == MAP_FAILED && errno == ENOMEM) {
      return Status::busy("cannot map " + path +
                          ": this process maps as many files, or as much memory, as the system "
                          "allows; see vm.max_map_count and the limit of its address space");
    }
    if (data == MAP_FAILED) {
      return failure("cannot map", path, errno);
    }
    ::madvise(data, length, MADV_DONTDUMP);
    const bool is_stream = options.use == FileUse::kStream;
    if (!is_stream) {
      ::madvise(data, length, MADV_RANDOM);
    }
    return std::unique_ptr<MappedFile>(std::make_unique<PosixMappedFile>(
        static_cast<char*>(data), options.bytes, is_stream ? std::move(file) : Descriptor(), path));
  }
};

}  // namespace

FileSystem& posixFileSystem() {
  // Never destroyed: consumers with static life store their offsets when they end.
  static PosixFileSystem& file_system = *new PosixFileSystem;
  return file_system;
}

Result<std::optional<std::string>> readWhole(FileSystem& files, const std::string& path) {
  ROCKETMQ_ASSIGN_OR_RETURN(const std::optional<FileInfo> info, files.info(path));
  if (!info) {
    return std::optional<std::string>();
  }
  if (info->bytes > static_cast<int64_t>(kSmallFileBytesMax)) {
    return Status::corruption(path + " has " + std::to_string(info->bytes) + " bytes, more than " +
                              std::to_string(kSmallFileBytesMax));
  }
  ROCKETMQ_ASSIGN_OR_RETURN(const std::unique_ptr<RandomFile> file, files.open(path));
  ROCKETMQ_ASSIGN_OR_RETURN(std::string content, file->read(0, info->bytes));
  return std::optional<std::string>(std::move(content));
}

}  // namespace rocketmq
