#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "common/mutex.h"
#include "tests/support/forwarding_file_system.h"

namespace rocketmq::store::test {

/// Fails the Nth call that could fail on a real disk; all calls go on to `below` otherwise. As with
/// the kernel's page cache, a mapped file whose sync has failed counts as clean: later syncs
/// succeed and bring nothing to the disk. Threads: any; with several, which call is the Nth depends
/// on their order.
class FaultyFileSystem final : public rocketmq::test::ForwardingFileSystem {
 public:
  enum class Error : uint8_t { kIo, kNoSpace };
  enum class Lasting : uint8_t { kOnce, kFromThenOn };
  struct Fault {
    int64_t at_call = 0;  ///< The first call is 1; 0: never.
    Error error = Error::kIo;
    Lasting lasting = Lasting::kOnce;
  };

  FaultyFileSystem(FileSystem& below, const Fault& fault)
      : ForwardingFileSystem(below), fault_(fault) {}

  int64_t calls() const { return calls_.load(); }
  bool hasFailed() const { return has_failed_.load(); }
  /// "sync of PATH", for the first failed call.
  std::string failedCall() const;
  /// A sync or a write, which nobody may repeat, has failed.
  bool hasLostBytes() const { return has_lost_bytes_.load(); }

  /// OK, or the fault when it is due. For the files too.
  Status attempt(const std::string& action, const std::string& path);
  void noteFailedSync(const std::string& path);
  /// The next process reads everything from the disk.
  void forgetPages();
  bool hasFailedToSync(const std::string& path) const;

  Status createDirectories(const std::string& path) override;
  Result<std::vector<DirectoryEntry>> list(const std::string& path) override;
  Result<std::optional<FileInfo>> info(const std::string& path) override;
  Result<std::unique_ptr<RandomFile>> open(const std::string& path) override;
  Result<std::unique_ptr<MappedFile>> map(const std::string& path,
                                          const MapOptions& options) override;
  Result<bool> isZeroFrom(const std::string& path, int64_t offset) override;
  Status replace(const std::string& path, std::string_view content) override;
  Status remove(const std::string& path) override;
  Status removeTree(const std::string& path) override;
  Status syncDirectory(const std::string& path) override;
  Status syncAll(const std::string& path) override;

 private:
  const Fault fault_;
  std::atomic<int64_t> calls_{0};
  std::atomic<bool> has_failed_{false};
  std::atomic<bool> has_lost_bytes_{false};
  mutable Mutex mutex_;
  std::string failed_call_ ROCKETMQ_GUARDED_BY(mutex_);
  std::set<std::string> failed_syncs_ ROCKETMQ_GUARDED_BY(mutex_);
};

}  // namespace rocketmq::store::test
