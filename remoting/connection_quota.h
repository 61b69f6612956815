#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

namespace rocketmq::remoting {

/// How many connections all ports of a process may have together, so that those who connect cannot
/// take the files that the process needs for itself: logs, tables, connections of its own.
///
/// Threads: any.
class ConnectionQuota {
 public:
  explicit ConnectionQuota(size_t connections_max) : connections_max_(connections_max) {}

  /// What is left of the process's limit of open files (see openFilesMax()) beside its reserve;
  /// says so once in the log when that is less than `connections_max` on each of `ports`.
  static std::shared_ptr<ConnectionQuota> ofProcess(size_t connections_max, size_t ports);

  /// All files but an eighth, and at least 1,024, or half of very few.
  static size_t connectionsThatFit(size_t open_files_max);

  size_t max() const { return connections_max_; }

  /// False when there are as many as there may be. Otherwise one more is counted until giveBack().
  bool take() {
    if (taken_.fetch_add(1, std::memory_order_relaxed) < connections_max_) {
      return true;
    }
    giveBack();
    return false;
  }
  void giveBack() { taken_.fetch_sub(1, std::memory_order_relaxed); }

 private:
  const size_t connections_max_;
  std::atomic<size_t> taken_{0};
};

}  // namespace rocketmq::remoting
