#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "common/file_system.h"
#include "common/mutex.h"
#include "tests/support/forwarding_file_system.h"

namespace rocketmq::store::test {

/// The operating system's files, and what a disk would hold of them if the power failed.
///
/// Every file has a shadow: the bytes that a successful sync covered. No sync reaches a real disk.
/// After cutPower() no sync succeeds: those of files wait for letSyncsFail(), so that meanwhile
/// much can be written that is not safe. Removals in a folder are forgotten from the newest on, as
/// journalling file systems do it. Not modelled: folders whose creation or removal the disk
/// forgets.
class PowerLossFileSystem final : public rocketmq::test::ForwardingFileSystem {
 public:
  /// From now on nothing becomes safe any more.
  void cutPower();
  bool powerIsCut() const;
  void letSyncsFail();

  /// Writes to `to` what the disk holds of the folder `from`: of each sector at random the synced
  /// bytes or those that are in memory now; a file whose folder was not synced after its creation
  /// may be missing, one whose folder was not synced after its removal may be there.
  void writeRemains(const std::string& from, const std::string& to, std::mt19937_64& random) const;

  /// What the disk is sure to hold of a file.
  std::string synced(const std::string& path) const;

  Result<std::unique_ptr<RandomFile>> open(const std::string& path) override;
  Result<std::unique_ptr<MappedFile>> map(const std::string& path,
                                          const MapOptions& options) override;
  Status replace(const std::string& path, std::string_view content) override;
  Status remove(const std::string& path) override;
  Status removeTree(const std::string& path) override;
  Status syncDirectory(const std::string& path) override;
  Status syncAll(const std::string& path) override;
  Result<SpaceInfo> space(const std::string&) override {
    return SpaceInfo{.used_bytes = 1, .available_bytes = 9};
  }

  /// `content` of the file at `path` is on the disk; Io when the power is cut.
  Status keep(const std::string& path, int64_t offset, std::string_view content);

 private:
  struct OnDisk {
    std::string bytes;
    bool has_name = false;  ///< The folder was synced after the file's creation.
  };
  struct Removed {
    std::string path;
    std::string bytes;
  };
  /// The shadow of a file that is being opened; a file seen for the first time is on the disk.
  void meet(const std::string& path, bool is_new);
  void writeForgottenRemovals(const std::string& from, const std::string& to,
                              std::mt19937_64& random) const ROCKETMQ_REQUIRES(mutex_);

  mutable Mutex mutex_;
  CondVar syncs_fail_;
  bool cut_ ROCKETMQ_GUARDED_BY(mutex_) = false;
  bool may_fail_ ROCKETMQ_GUARDED_BY(mutex_) = false;
  std::map<std::string, OnDisk> disk_ ROCKETMQ_GUARDED_BY(mutex_);
  // By folder: files that were removed from it since it was last synced, the oldest removal first.
  std::map<std::string, std::vector<Removed>> removed_ ROCKETMQ_GUARDED_BY(mutex_);
};

}  // namespace rocketmq::store::test
