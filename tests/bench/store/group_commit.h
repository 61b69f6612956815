#pragma once

#include <functional>
#include <string>
#include <vector>

#include "common/mutex.h"
#include "common/thread.h"
#include "tests/bench/store/sync_trace.h"

namespace rocketmq::bench {

/// Group commit and nothing else, as a control: records are gathered in memory; a thread appends
/// what there is to a file and syncs it; another one tells those who wait, while the next sync is
/// under way. It switches between threads as the store does.
class GroupCommit {
 public:
  /// `trace` is borrowed.
  GroupCommit(const std::string& path, int64_t file_bytes, SyncTrace& trace);
  ~GroupCommit();

  void send(const std::string& record, std::function<void()> done);

 private:
  struct Group {
    std::string bytes;
    std::vector<std::function<void()>> waiting;
  };

  void commitLoop();
  void tellLoop();

  SyncTrace& trace_;
  int file_ = -1;
  Mutex mutex_;
  CondVar changed_;
  CondVar synced_;
  Group gathering_ ROCKETMQ_GUARDED_BY(mutex_);
  std::vector<std::function<void()>> on_disk_ ROCKETMQ_GUARDED_BY(mutex_);
  bool stops_ ROCKETMQ_GUARDED_BY(mutex_) = false;
  NamedThread teller_;
  NamedThread committer_;
};

}  // namespace rocketmq::bench
