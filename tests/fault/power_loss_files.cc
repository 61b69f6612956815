#include "tests/fault/power_loss_files.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "tests/unit/store/store_test_support.h"

namespace rocketmq::store::test {
namespace {

constexpr size_t kPageBytes = 4096;

class ShadowedMappedFile final : public MappedFile {
 public:
  ShadowedMappedFile(std::unique_ptr<MappedFile> real, PowerLossFileSystem& files, std::string path)
      : MappedFile(real->data(), real->bytes()),
        real_(std::move(real)),
        files_(files),
        path_(std::move(path)) {}

  Status sync(int64_t offset, int64_t bytes) override {
    return files_.keep(path_, offset, {data() + offset, static_cast<size_t>(bytes)});
  }
  Status reserve(int64_t offset, int64_t bytes) override { return real_->reserve(offset, bytes); }
  Status zero(int64_t offset, int64_t bytes) override { return real_->zero(offset, bytes); }
  void prefault(int64_t offset, int64_t bytes) override { real_->prefault(offset, bytes); }
  void release(int64_t offset, int64_t bytes) override { real_->release(offset, bytes); }

 private:
  const std::unique_ptr<MappedFile> real_;
  PowerLossFileSystem& files_;
  const std::string path_;
};

class ShadowedRandomFile final : public RandomFile {
 public:
  ShadowedRandomFile(std::unique_ptr<RandomFile> real, PowerLossFileSystem& files, std::string path)
      : real_(std::move(real)), files_(files), path_(std::move(path)) {}

  Result<std::string> read(int64_t offset, int64_t bytes) const override {
    return real_->read(offset, bytes);
  }
  Status write(int64_t offset, std::string_view content) override {
    return real_->write(offset, content);
  }
  Status sync() override { return files_.keep(path_, 0, readFile(path_)); }

 private:
  const std::unique_ptr<RandomFile> real_;
  PowerLossFileSystem& files_;
  const std::string path_;
};

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
      for (size_t at = 0; at < bytes.size(); at += kPageBytes) {
        if (random() % 2 == 0) {
          const size_t size = std::min(kPageBytes, bytes.size() - at);
          bytes.replace(at, size, synced, at, size);
        }
      }
    }
    writeFile(target, bytes);
  }
}

Result<std::unique_ptr<RandomFile>> PowerLossFileSystem::open(const std::string& path) {
  const bool is_new = !std::filesystem::exists(path);
  ROCKETMQ_ASSIGN_OR_RETURN(std::unique_ptr<RandomFile> real, real_.open(path));
  meet(path, is_new);
  return std::unique_ptr<RandomFile>(
      std::make_unique<ShadowedRandomFile>(std::move(real), *this, path));
}

Result<std::unique_ptr<MappedFile>> PowerLossFileSystem::map(const std::string& path,
                                                             const MapOptions& options) {
  ROCKETMQ_ASSIGN_OR_RETURN(std::unique_ptr<MappedFile> real, real_.map(path, options));
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
  ROCKETMQ_RETURN_IF_ERROR(real_.replace(path, content));
  MutexLock lock(mutex_);
  disk_[path] = {.bytes = std::string(content), .has_name = true};
  return Status::ok();
}

Status PowerLossFileSystem::remove(const std::string& path) {
  {
    MutexLock lock(mutex_);
    disk_.erase(path);
  }
  return real_.remove(path);
}

Status PowerLossFileSystem::removeTree(const std::string& path) {
  {
    MutexLock lock(mutex_);
    std::erase_if(disk_, [&](const auto& file) { return file.first.starts_with(path + "/"); });
  }
  return real_.removeTree(path);
}

Status PowerLossFileSystem::syncDirectory(const std::string& path) {
  MutexLock lock(mutex_);
  if (cut_) {
    return Status::io("cannot sync " + path + ": the power is cut");
  }
  for (auto& [file, on_disk] : disk_) {
    if (std::filesystem::path(file).parent_path() == std::filesystem::path(path)) {
      on_disk.has_name = true;
    }
  }
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
  return Status::ok();
}

}  // namespace rocketmq::store::test
