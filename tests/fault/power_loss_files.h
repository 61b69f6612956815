#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>

#include "common/file_system.h"
#include "common/mutex.h"

namespace rocketmq::store::test {

/// The operating system's files, and what a disk would hold of them if the power failed.
///
/// Every file has a shadow: the bytes that a successful sync covered. No sync reaches a real disk.
/// After cutPower() no sync succeeds: those of files wait for letSyncsFail(), so that meanwhile
/// much can be written that is not safe. Not modelled: a removal that the disk forgets, and folders
/// whose creation it forgets.
class PowerLossFileSystem final : public FileSystem {
 public:
  /// From now on nothing becomes safe any more.
  void cutPower();
  bool powerIsCut() const;
  void letSyncsFail();

  /// Writes to `to` what the disk holds of the folder `from`: of each page at random the synced
  /// bytes or those that are in memory now; a file whose folder was not synced after its creation
  /// may be missing.
  void writeRemains(const std::string& from, const std::string& to, std::mt19937_64& random) const;

  /// What the disk is sure to hold of a file.
  std::string synced(const std::string& path) const;

  Status createDirectories(const std::string& path) override {
    return real_.createDirectories(path);
  }
  Result<std::vector<DirectoryEntry>> list(const std::string& path) override {
    return real_.list(path);
  }
  Result<std::optional<FileInfo>> info(const std::string& path) override {
    return real_.info(path);
  }
  Result<std::unique_ptr<RandomFile>> open(const std::string& path) override;
  Result<std::unique_ptr<MappedFile>> map(const std::string& path,
                                          const MapOptions& options) override;
  Result<bool> isZeroFrom(const std::string& path, int64_t offset) override {
    return real_.isZeroFrom(path, offset);
  }
  Status replace(const std::string& path, std::string_view content) override;
  Status remove(const std::string& path) override;
  Status removeTree(const std::string& path) override;
  Status syncDirectory(const std::string& path) override;
  Status syncAll(const std::string& path) override;
  Result<SpaceInfo> space(const std::string&) override {
    return SpaceInfo{.used_bytes = 1, .available_bytes = 9};
  }
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override {
    return real_.lock(path);
  }

  /// `content` of the file at `path` is on the disk; Io when the power is cut.
  Status keep(const std::string& path, int64_t offset, std::string_view content);

 private:
  struct OnDisk {
    std::string bytes;
    bool has_name = false;  ///< The folder was synced after the file's creation.
  };
  /// The shadow of a file that is being opened; a file seen for the first time is on the disk.
  void meet(const std::string& path, bool is_new);

  FileSystem& real_ = posixFileSystem();
  mutable Mutex mutex_;
  CondVar syncs_fail_;
  bool cut_ ROCKETMQ_GUARDED_BY(mutex_) = false;
  bool may_fail_ ROCKETMQ_GUARDED_BY(mutex_) = false;
  std::map<std::string, OnDisk> disk_ ROCKETMQ_GUARDED_BY(mutex_);
};

}  // namespace rocketmq::store::test
