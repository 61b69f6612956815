#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "common/file_system.h"
#include "common/mutex.h"
#include "common/status.h"
#include "store/checkpoint.h"
#include "store/dispatch/dispatcher.h"
#include "store/flush/log_flusher.h"
#include "store/queue/queue_mappings.h"
#include "store/queue/queue_table.h"
#include "store/run_state.h"
#include "store/worker.h"

namespace rocketmq::store {

/// Brings the consume queues to the disk and then says so in the checkpoint (RocketMQ:
/// FlushConsumeQueueService). Threads: one of its own; start() and stop() from the owner, the rest
/// from any.
class QueueFlusher {
 public:
  struct Options {
    int32_t interval_ms = 1000;
    int32_t least_pages = 2;
    int32_t thorough_interval_ms = 60'000;
  };

  /// Borrowed for the flusher's life.
  struct Parts {
    FileSystem& files;
    QueueTable& queues;
    QueueMappings& mappings;
    const Dispatcher& dispatcher;
    const LogFlusher& log_flusher;
    Checkpoint& checkpoint;
    QueueEnds& ends;
    const CommitLog& log;
    RunState& state;
  };

  QueueFlusher(const Parts& parts, Options options) : parts_(parts), options_(options) {}

  void start();
  void stop() { worker_.stop(); }
  /// Has a round come now. Cheap, from any thread.
  void wake() { worker_.wake(); }

  /// Flushes every queue, writes the checkpoint and the queues' known ends. These are derived and
  /// replaced as a whole: a disk that is full costs the next start time and nothing else, so that
  /// it is no error when they cannot be saved.
  Status flushAll();
  /// Whether the last flushAll() could save the known ends.
  bool areEndsSaved() const;

  /// The log in front of `offset` is about to go: does as flushAll() unless the saved ends tell of
  /// its messages. When they cannot be saved, the next rounds try again until they can.
  void saveEndsBefore(int64_t offset);
  /// The log has gone and `move` has the queues begin where it does now. Between saveEndsBefore()
  /// and the return of this the saved ends tell of queues for the log as it was.
  void moveBegins(const std::function<void()>& move);
  /// Files of the queues are about to go too: a start would miss those that the saved ends tell of.
  /// When the ends cannot be saved, that start reads the whole log.
  void saveBegins();

 private:
  void loop();
  Status flushEverything() ROCKETMQ_REQUIRES(mutex_);
  Status flushQueues(int32_t least_pages) ROCKETMQ_REQUIRES(mutex_);
  Status saveEnds(int64_t log_end) ROCKETMQ_REQUIRES(mutex_);
  void failUnless(const Status& flushed);
  void saveNow() ROCKETMQ_REQUIRES(mutex_);
  bool isLogFarAhead() const ROCKETMQ_REQUIRES(mutex_);
  Status flushInBulk(const std::vector<std::shared_ptr<ConsumeQueue>>& queues)
      ROCKETMQ_REQUIRES(mutex_);

  const Parts parts_;
  const Options options_;
  mutable Mutex mutex_;  // One round at a time.
  // Of the log, when the checkpoint was written last.
  int64_t flushed_to_ ROCKETMQ_GUARDED_BY(mutex_) = 0;
  int64_t ends_saved_to_ ROCKETMQ_GUARDED_BY(mutex_) = 0;
  // The queues' begins are for a log that begins here; nullopt: where it does.
  std::optional<int64_t> begins_for_ ROCKETMQ_GUARDED_BY(mutex_);
  bool are_ends_saved_ ROCKETMQ_GUARDED_BY(mutex_) = true;
  Worker worker_;
};

}  // namespace rocketmq::store
