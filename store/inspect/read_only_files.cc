#include "store/inspect/read_only_files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>

namespace rocketmq::store::inspect {
namespace {

Status refused(const std::string& path) {
  return Status::readOnly("refusing to change " + path + " while it is only looked at");
}

Status failure(const char* action, const std::string& path, int error_number) {
  const std::string message = std::string(action) + ' ' + path;
  if (error_number == ENOENT) {
    return Status::notFound(message + ": no such file or folder");
  }
  return Status::io(message, error_number);
}

/// A descriptor; -1: errno. Without O_NONBLOCK the open of a pipe waits for who writes into it.
int openForReading(const std::string& path, int flags = 0) {
  return ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | flags);
}

/// A file opened for reading. Not mapped: a bad sector is then an error and no signal.
class ReadOnlyFile final : public RandomFile {
 public:
  ReadOnlyFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  ~ReadOnlyFile() override { ::close(fd_); }
  ReadOnlyFile(const ReadOnlyFile&) = delete;
  ReadOnlyFile& operator=(const ReadOnlyFile&) = delete;

  Result<std::string> read(int64_t offset, int64_t bytes) const override {
    struct stat info {};
    if (::fstat(fd_, &info) != 0) {
      return failure("cannot look at", path_, errno);
    }
    // Callers ask for as much as there may be at most.
    bytes = std::clamp<int64_t>(info.st_size - offset, 0, bytes);
    std::string content(static_cast<size_t>(bytes), '\0');
    size_t done = 0;
    while (done < content.size()) {
      const ssize_t got = ::pread(fd_, content.data() + done, content.size() - done,
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

  Status write(int64_t, std::string_view) override { return refused(path_); }
  Status sync() override { return refused(path_); }

 private:
  const int fd_;
  const std::string path_;
};

class ReadOnlyFileSystem final : public FileSystem {
 public:
  Result<std::vector<DirectoryEntry>> list(const std::string& path) override {
    return real_.list(path);
  }
  Result<std::optional<FileInfo>> info(const std::string& path) override {
    return real_.info(path);
  }
  Result<bool> isZeroFrom(const std::string& path, int64_t offset) override {
    return real_.isZeroFrom(path, offset);
  }
  Result<SpaceInfo> space(const std::string& path) override { return real_.space(path); }

  Result<std::unique_ptr<RandomFile>> open(const std::string& path) override {
    const int fd = openForReading(path);
    if (fd < 0) {
      return failure("cannot open", path, errno);
    }
    auto file = std::make_unique<ReadOnlyFile>(fd, path);
    struct stat info {};
    if (::fstat(fd, &info) != 0) {
      return failure("cannot look at", path, errno);
    }
    if (!S_ISREG(info.st_mode)) {
      return Status::io("cannot read " + path + ": it is no regular file");
    }
    return std::unique_ptr<RandomFile>(std::move(file));
  }

  Status createDirectories(const std::string& path) override { return refused(path); }
  Result<std::unique_ptr<MappedFile>> map(const std::string& path, const MapOptions&) override {
    return refused(path);
  }
  Status replace(const std::string& path, std::string_view) override { return refused(path); }
  Status remove(const std::string& path) override { return refused(path); }
  Status removeTree(const std::string& path) override { return refused(path); }
  Status syncDirectory(const std::string& path) override { return refused(path); }
  Status syncAll(const std::string& path) override { return refused(path); }
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override { return refused(path); }

 private:
  FileSystem& real_ = posixFileSystem();
};

}  // namespace

FileSystem& readOnlyFileSystem() {
  static ReadOnlyFileSystem file_system;
  return file_system;
}

Result<LockState> lockStateOf(const std::string& path) {
  const int fd = openForReading(path);
  if (fd < 0) {
    return errno == ENOENT ? Result<LockState>(LockState{}) : failure("cannot open", path, errno);
  }
  // Asks as a reader, which a file opened for reading may; any writer's lock answers.
  struct flock range {};
  range.l_type = F_RDLCK;
  range.l_whence = SEEK_SET;
  range.l_len = 1;
  const int asked = ::fcntl(fd, F_OFD_GETLK, &range);
  const int error_number = errno;
  ::close(fd);
  if (asked != 0) {
    return failure("cannot look at the lock", path, error_number);
  }
  const bool is_held = range.l_type != F_UNLCK;
  return LockState{.exists = true,
                   .is_held = is_held,
                   .pid = is_held && range.l_pid > 0 ? int64_t{range.l_pid} : 0};
}

bool isFolderLocked(const std::string& path) {
  const int fd = openForReading(path, O_DIRECTORY);
  if (fd < 0) {
    return false;
  }
  // There is no way but to try; what it gets ends with the descriptor.
  const bool is_locked = ::flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  ::close(fd);
  return is_locked;
}

}  // namespace rocketmq::store::inspect
