#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/file_system.h"
#include "common/mutex.h"
#include "common/status.h"
#include "store/dispatch/arrival_queue.h"
#include "store/dispatch/dispatcher.h"
#include "store/flush/queue_flusher.h"
#include "store/index/index_service.h"
#include "store/live_settings.h"
#include "store/log/commit_log.h"
#include "store/queue/queue_table.h"
#include "store/run_state.h"
#include "store/worker.h"

namespace rocketmq::store {

/// Removes old files and watches the disk (RocketMQ: CleanCommitLogService,
/// CleanConsumeQueueService). Log files go oldest first, never the newest: past their reserved time
/// at the hours of deleteWhen or when the disk is used too much, whatever their age when it gets
/// critical. Queue and index files follow the log. Readers keep what they hold: a file is unmapped
/// with its last slice.
/// Pace:    nobody finds a file any more from one moment on; log and queue files then leave the
///          disk one by one with pauses between them, as giving back the blocks of a large file
///          keeps it busy. What cannot be removed is tried again later.
/// Threads: one of its own; onAppended(), cleanNow() and diskUsedRatio() from any.
class Retention {
 public:
  struct Options {
    std::string root_dir;
    int32_t interval_ms = 10'000;
  };

  /// Borrowed for its life.
  struct Parts {
    FileSystem& files;
    CommitLog& log;
    QueueTable& queues;
    IndexService& index;
    Dispatcher& dispatcher;
    ArrivalQueue& arrivals;
    QueueFlusher& queue_flusher;
    const LiveSettings& live;
    RunState& state;
    const Clock& clock;
  };

  Retention(const Parts& parts, Options options) : parts_(parts), options_(std::move(options)) {}

  void start();
  /// What was to be removed is gone when it returns.
  void stop();

  /// Sets or clears the disk-full flag: set above the warning level, cleared at or below the level
  /// of forced cleaning.
  void checkDisk();

  /// After an append, cheap: has the disk looked at before the next interval when much has come,
  /// measured by what was left below the warning level.
  void onAppended(int64_t log_end) {
    if (log_end >= check_at_.load(std::memory_order_relaxed)) {
      askForCheck();
    }
  }

  /// Removes what is past its reserved time, at any hour, without pauses.
  Status cleanNow();

  /// Of the fuller one, when log and root folder are on different file systems.
  double diskUsedRatio() const;

 private:
  enum class Urgency : uint8_t {
    kNone,
    kExpired,  ///< Files past their reserved time.
    kAny,      ///< Whatever their age.
  };

  struct DiskUse {
    double ratio = 0.0;       ///< As diskUsedRatio().
    int64_t spare_bytes = 0;  ///< To be taken before a file system is used above the level.
  };

  void look();
  void askForCheck();
  DiskUse diskUse(double level) const;
  Urgency urgency() const;
  bool isDeleteHour(const std::string& hours) const;
  Status clean(Urgency urgency, int64_t files_max);
  /// End of the newest file that may go; the log's start when none may.
  Result<int64_t> removableTo(Urgency urgency, int64_t files_max) const;
  void takeLogBefore(int64_t offset) ROCKETMQ_REQUIRES(clean_mutex_);
  Status trimFollowers() ROCKETMQ_REQUIRES(clean_mutex_);

  using Time = std::chrono::steady_clock::time_point;

  /// Removes the next file whose turn it is and returns the pause to make after it; nullopt when
  /// there is none.
  std::optional<std::chrono::milliseconds> removeNext(Time now);
  Status removeAll();
  // False when there is nothing to remove.
  Result<bool> removeLogFile() ROCKETMQ_REQUIRES(clean_mutex_);
  Result<bool> removeQueueFile() ROCKETMQ_REQUIRES(clean_mutex_);

  const Parts parts_;
  const Options options_;
  std::atomic<int64_t> check_at_{0};  // End of the log at which to check the disk.
  std::atomic<bool> check_is_asked_{false};
  Mutex clean_mutex_;  // One pass at a time; held while a file is removed.
  int64_t trimmed_to_ ROCKETMQ_GUARDED_BY(clean_mutex_) = -1;
  std::deque<std::shared_ptr<Segment>> log_files_ ROCKETMQ_GUARDED_BY(clean_mutex_);
  std::deque<std::shared_ptr<ConsumeQueue>> queues_ ROCKETMQ_GUARDED_BY(clean_mutex_);
  bool are_begins_saved_ ROCKETMQ_GUARDED_BY(clean_mutex_) = false;  // Of queues_.
  Time try_again_at_ ROCKETMQ_GUARDED_BY(clean_mutex_);
  Worker worker_;
};

}  // namespace rocketmq::store
