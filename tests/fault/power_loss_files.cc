#include "tests/fault/power_loss_files.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "tests/unit/store/store_test_support.h"

namespace rocketmq::store::test {
namespace {

using rocketmq::test::ForwardingFileSystem;
using rocketmq::test::ForwardingMappedFile;
using rocketmq::test::ForwardingRandomFile;

class ShadowedMappedFile final : public ForwardingMappedFile {
 public:
  ShadowedMappedFile(std::unique_ptr<MappedFile> real, PowerLossFileSystem& files, std::string path)
      : ForwardingMappedFile(std::move(real)), files_(files), path_(std::move(path)) {}

  Status sync(int64_t offset, int64_t bytes) override {
    return files_.keep(path_, offset, {data() + offset, static_cast<size_t>(bytes)});
  }

 private:
  PowerLossFileSystem& files_;
  const std::string path_;
};

class ShadowedRandomFile final : public ForwardingRandomFile {
 public:
  ShadowedRandomFile(std::unique_ptr<RandomFile> real, PowerLossFileSystem& files, std::string path)
      : ForwardingRandomFile(std::move(real)), files_(files), path_(std::move(path)) {}

  Status sync() override { return files_.keep(path_, 0, readFile(path_)); }

 private:
  PowerLossFileSystem& files_;
  const std::string path_;
};

std::string folderOf(const std::string& path) { return path.substr(0, path.rfind('/')); }

}  // namespace

void PowerLossFileSystem::cutPower() {
  MutexLock lock(mutex_);
  cut_ = true;
}

void PowerLossFileSystem::letSyncsFail() {
  MutexLock lock(mutex_);
  may_fail_ = true;
  syncs_fail_.notifyAll();
}

bool PowerLossFileSystem::powerIsCut() const {
  MutexLock lock(mutex_);
  return cut_;
}

std::string PowerLossFileSystem::synced(const std::string& path) const {
  MutexLock lock(mutex_);
  const auto found = disk_.find(path);
  return found == disk_.end() ? std::string() : found->second.bytes;
}

void PowerLossFileSystem::writeRemains(const std::string& from, const std::string& to,
                                       std::mt19937_64& random) const {
  namespace fs = std::filesystem;
  MutexLock lock(mutex_);
  fs::create_directories(to);
  const size_t sector_bytes = random() % 2 == 0 ? 512 : 4096;
  std::map<std::string, bool> entries;  // Sorted, so that a seed means the same everywhere.
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(from)) {
    entries.emplace(entry.path().string(), entry.is_directory());
  }
  for (const auto& [path, is_folder] : entries) {
    const std::string target = to + path.substr(from.size());
    if (is_folder) {
      fs::create_directories(target);
      continue;
    }
    std::string bytes = readFile(path);
    if (const auto shadow = disk_.find(path); shadow != disk_.end()) {
      if (!shadow->second.has_name && random() % 2 == 0) {
        continue;
      }
      std::string synced = shadow->second.bytes;
      synced.resize(bytes.size());
      for (size_t at = 0; at < bytes.size(); at += sector_bytes) {
        if (random() % 2 == 0) {
          const size_t size = std::min(sector_bytes, bytes.size() - at);
          bytes.replace(at, size, synced, at, size);
        }
      }
    }
    writeFile(target, bytes);
  }
  writeForgottenRemovals(from, to, random);
}

void PowerLossFileSystem::writeForgottenRemovals(const std::string& from, const std::string& to,
                                                 std::mt19937_64& random) const {
  for (const auto& [folder, removed] : removed_) {
    if (!folder.starts_with(from)) {
      continue;
    }
    for (size_t i = random() % (removed.size() + 1); i < removed.size(); ++i) {
      const std::string target = to + removed[i].path.substr(from.size());
      if (!std::filesystem::exists(target)) {
        writeFile(target, removed[i].bytes);
      }
    }
  }
}

Result<std::unique_ptr<RandomFile>> PowerLossFileSystem::open(const std::string& path) {
  const bool is_new = !std::filesystem::exists(path);
  ROCKETMQ_ASSIGN_OR_RETURN(std::unique_ptr<RandomFile> real, ForwardingFileSystem::open(path));
  meet(path, is_new);
  return std::unique_ptr<RandomFile>(
      std::make_unique<ShadowedRandomFile>(std::move(real), *this, path));
}

Result<std::unique_ptr<MappedFile>> PowerLossFileSystem::map(const std::string& path,
                                                             const MapOptions& options) {
  ROCKETMQ_ASSIGN_OR_RETURN(std::unique_ptr<MappedFile> real,
                            ForwardingFileSystem::map(path, options));
  meet(path, options.create);
  return std::unique_ptr<MappedFile>(
      std::make_unique<ShadowedMappedFile>(std::move(real), *this, path));
}

void PowerLossFileSystem::meet(const std::string& path, bool is_new) {
  MutexLock lock(mutex_);
  if (is_new) {
    disk_[path] = {};
  } else if (!disk_.contains(path)) {
    disk_[path] = {.bytes = readFile(path), .has_name = true};
  }
}

Status PowerLossFileSystem::keep(const std::string& path, int64_t offset,
                                 std::string_view content) {
  MutexLock lock(mutex_);
  if (cut_) {
    while (!may_fail_) {
      syncs_fail_.wait(mutex_);
    }
    return Status::io("cannot sync " + path + ": the power is cut");
  }
  std::string& bytes = disk_[path].bytes;
  const auto begin = static_cast<size_t>(offset);
  bytes.resize(std::max(bytes.size(), begin + content.size()));
  bytes.replace(begin, content.size(), content);
  return Status::ok();
}

Status PowerLossFileSystem::replace(const std::string& path, std::string_view content) {
  // Held over the whole: what remains of a disk has no half of it.
  MutexLock lock(mutex_);
  if (cut_) {
    return Status::io("the power is cut", EIO);
  }
  ROCKETMQ_RETURN_IF_ERROR(ForwardingFileSystem::replace(path, content));
  disk_[path] = {.bytes = std::string(content), .has_name = true};
  return Status::ok();
}

Status PowerLossFileSystem::remove(const std::string& path) {
  // Held over the whole: no file goes while what remains of the disk is written.
  MutexLock lock(mutex_);
  const auto shadow = disk_.find(path);
  const bool is_known = shadow != disk_.end();
  if (std::filesystem::exists(path) && (!is_known || shadow->second.has_name)) {
    std::string bytes = is_known ? shadow->second.bytes : readFile(path);
    bytes.resize(std::filesystem::file_size(path));
    removed_[folderOf(path)].push_back({path, std::move(bytes)});
  }
  disk_.erase(path);
  return ForwardingFileSystem::remove(path);
}

Status PowerLossFileSystem::removeTree(const std::string& path) {
  {
    MutexLock lock(mutex_);
    const auto is_inside = [&](const auto& entry) {
      return (entry.first + "/").starts_with(path + "/");
    };
    std::erase_if(disk_, is_inside);
    std::erase_if(removed_, is_inside);
  }
  return ForwardingFileSystem::removeTree(path);
}

Status PowerLossFileSystem::syncDirectory(const std::string& path) {
  MutexLock lock(mutex_);
  if (cut_) {
    return Status::io("cannot sync " + path + ": the power is cut");
  }
  for (auto& [file, on_disk] : disk_) {
    on_disk.has_name |= folderOf(file) == path;
  }
  removed_.erase(path);
  return Status::ok();
}

Status PowerLossFileSystem::syncAll(const std::string& path) {
  MutexLock lock(mutex_);
  if (cut_) {
    return Status::io("cannot sync the file system of " + path + ": the power is cut");
  }
  for (auto& [file, on_disk] : disk_) {
    on_disk = {.bytes = readFile(file), .has_name = true};
  }
  removed_.clear();
  return Status::ok();
}

}  // namespace rocketmq::store::test
