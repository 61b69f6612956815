#include "common/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <utility>

#include "common/descriptor.h"
#include "common/log.h"

namespace rocketmq {
namespace {

constexpr mode_t kPermissionBits = 0777;

Descriptor openFile(const std::string& path, int flags, mode_t mode = 0) {
  return Descriptor(::open(path.c_str(), flags | O_CLOEXEC, mode));
}

Status ioError(const char* what, const std::string& path) {
  const int error_number = errno;
  return Status::io(std::string("cannot ") + what + " " + path, error_number);
}

Status writeAll(int fd, std::string_view content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno != EINTR) {
      return ioError("write", path);
    }
    content.remove_prefix(static_cast<size_t>(std::max<ssize_t>(written, 0)));
  }
  return Status::ok();
}

/// Overwrites or creates the file and waits until it is on the disk.
Status writeDurably(const std::string& path, std::string_view content, mode_t mode) {
  const Descriptor file = openFile(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
  if (!file.valid()) {
    return ioError("create", path);
  }
  ROCKETMQ_RETURN_IF_ERROR(writeAll(file.get(), content, path));
  return ::fsync(file.get()) == 0 ? Status::ok() : ioError("sync", path);
}

std::string folderOf(const std::string& path) {
  return std::filesystem::absolute(path).parent_path().string();
}

Status syncFolderOf(const std::string& path) {
  const std::string folder = folderOf(path);
  const Descriptor descriptor = openFile(folder, O_RDONLY | O_DIRECTORY);
  if (!descriptor.valid() || ::fsync(descriptor.get()) != 0) {
    return ioError("sync the folder", folder);
  }
  return Status::ok();
}

/// Makes `backup` hold what `path` holds now; leaves it alone when that is nothing. A hard link
/// costs nothing and replaces the old backup at once.
Status keepBackup(const std::string& path, const std::string& backup) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0 || info.st_size == 0) {
    return Status::ok();
  }
  const std::string temporary = backup + ".tmp";
  ::unlink(temporary.c_str());
  if (::link(path.c_str(), temporary.c_str()) != 0) {
    // Not every file system has hard links, and none leads to another.
    ROCKETMQ_ASSIGN_OR_RETURN(const std::string content, readWholeFile(path));
    ROCKETMQ_RETURN_IF_ERROR(writeDurably(temporary, content, info.st_mode & kPermissionBits));
  }
  const Status renamed =
      ::rename(temporary.c_str(), backup.c_str()) == 0 ? Status::ok() : ioError("replace", backup);
  // Renaming does nothing when the backup already is the same file.
  ::unlink(temporary.c_str());
  return renamed;
}

/// The file's content, empty when there is no file.
Result<std::string> readIfThere(const std::string& path) {
  Result<std::string> content = readWholeFile(path);
  return content.status().code() == StatusCode::kNotFound ? std::string() : std::move(content);
}

bool isUsable(const std::string& content, const ContentCheck& is_whole) {
  return !content.empty() && (!is_whole || is_whole(content));
}

struct Found {
  std::string content;
  bool is_file_torn = false;  ///< The content is the backup's.
};

/// See readWithBackup().
Result<Found> find(const std::string& path, const ContentCheck& is_whole) {
  ROCKETMQ_ASSIGN_OR_RETURN(std::string content, readIfThere(path));
  if (isUsable(content, is_whole)) {
    return Found{.content = std::move(content)};
  }
  const std::string backup = path + ".bak";
  ROCKETMQ_ASSIGN_OR_RETURN(std::string from_backup, readIfThere(backup));
  if (isUsable(from_backup, is_whole)) {
    log::warn("{} is {}: using {}", path, content.empty() ? "missing or empty" : "torn", backup);
    return Found{.content = std::move(from_backup), .is_file_torn = !content.empty()};
  }
  if (content.empty() && from_backup.empty()) {
    std::error_code ignored;
    if (std::filesystem::exists(path, ignored)) {
      log::warn("{} is empty, and {} is missing or empty: what it held is lost", path, backup);
    }
    return Status::notFound(path + " does not exist or is empty");
  }
  return Status::corruption("neither " + path + " nor " + backup + " is whole");
}

/// What becomes of the content before.
enum class Backup : uint8_t { kReplaced, kStays };

Status replaceContent(const std::string& path, std::string_view content, mode_t new_file_mode,
                      Backup backup) {
  ROCKETMQ_RETURN_IF_ERROR(checkFileBytes(path, content.size()));
  ROCKETMQ_ASSIGN_OR_RETURN(const std::string target, followLinks(path));
  const std::string folder = folderOf(target);
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    return Status::io("cannot create the folder " + folder, error.value());
  }
  const std::string temporary = target + ".tmp";
  // Left behind by a crash, it would keep the permissions that it has.
  ::unlink(temporary.c_str());
  struct stat before {};
  const mode_t mode =
      ::stat(target.c_str(), &before) == 0 ? before.st_mode & kPermissionBits : new_file_mode;
  Status status = writeDurably(temporary, content, mode);
  if (status.isOk() && backup == Backup::kReplaced) {
    status = keepBackup(target, path + ".bak");
  }
  if (status.isOk() && ::rename(temporary.c_str(), target.c_str()) != 0) {
    status = errno == EBUSY ? writeDurably(target, content, mode) : ioError("replace", target);
  }
  // Still there only after a failure or a write in place.
  ::unlink(temporary.c_str());
  ROCKETMQ_RETURN_IF_ERROR(status);
  if (target != path) {
    ROCKETMQ_RETURN_IF_ERROR(syncFolderOf(path));  // Of the backup.
  }
  return syncFolderOf(target);
}

}  // namespace

Result<std::string> followLinks(std::string path) {
  constexpr int kLinksMax = 40;  // As the kernel.
  for (int links = 0; links <= kLinksMax; ++links) {
    std::error_code error;
    const std::filesystem::path target = std::filesystem::read_symlink(path, error);
    if (error) {
      return path;
    }
    path = (std::filesystem::path(path).parent_path() / target).string();
  }
  return Status::io("cannot follow the symbolic links from " + path, ELOOP);
}

Status checkFileBytes(const std::string& path, size_t bytes, size_t bytes_max) {
  return bytes <= bytes_max
             ? Status::ok()
             : Status::invalidArgument(path + " would have " + std::to_string(bytes) +
                                       " bytes, more than the " + std::to_string(bytes_max) +
                                       " that are read at a start; what it had is kept");
}

Result<std::string> readWholeFile(const std::string& path, size_t bytes_max) {
  const Descriptor file = openFile(path, O_RDONLY);
  if (!file.valid()) {
    return errno == ENOENT ? Status::notFound(path + " does not exist") : ioError("open", path);
  }
  constexpr size_t kChunkBytes = 64 << 10;
  std::string content;
  while (true) {
    const size_t used = content.size();
    content.resize(used + kChunkBytes);
    const ssize_t got = ::read(file.get(), content.data() + used, kChunkBytes);
    if (got < 0 && errno != EINTR) {
      return ioError("read", path);
    }
    content.resize(used + static_cast<size_t>(std::max<ssize_t>(got, 0)));
    if (content.size() > bytes_max) {
      return Status::invalidArgument(path + " is larger than " + std::to_string(bytes_max) +
                                     " bytes");
    }
    if (got == 0) {
      return content;
    }
  }
}

Result<std::string> readWithBackup(const std::string& path, const ContentCheck& is_whole) {
  ROCKETMQ_ASSIGN_OR_RETURN(Found found, find(path, is_whole));
  return std::move(found.content);
}

Result<std::string> readAndMend(const std::string& path, const ContentCheck& is_whole) {
  ROCKETMQ_ASSIGN_OR_RETURN(Found found, find(path, is_whole));
  if (found.is_file_torn) {
    const Status mended = replaceContent(path, found.content, 0644, Backup::kStays);
    if (!mended.isOk()) {
      log::warn("{} stays torn: {}", path, mended.message());
    }
  }
  return std::move(found.content);
}

Status replaceFile(const std::string& path, std::string_view content, unsigned new_file_mode) {
  return replaceContent(path, content, new_file_mode, Backup::kReplaced);
}

}  // namespace rocketmq
