#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "common/clock.h"
#include "common/file_system.h"
#include "common/mutex.h"
#include "common/status.h"
#include "store/checkpoint.h"
#include "store/log/commit_log.h"

namespace rocketmq::store {

/// What one queue certainly holds on the disk.
struct QueueEnd {
  int64_t min = 0;           ///< Entries, as ConsumeQueue::minOffset().
  int64_t max = 0;           ///< Entries.
  int64_t physical_end = 0;  ///< Log offset behind the record of the last of them.

  bool operator==(const QueueEnd&) const = default;
};

/// Remembers, from one checkpoint to the next start, what every consume queue certainly held when
/// the log was flushed up to one point. The log behind that point tells the rest, so that a start
/// need not look into the files of every queue, and notices files that are gone.
///
/// The file `queueends` beside the log is ours; RocketMQ ignores it. It is believed only while the
/// checkpoint and the log in front of its point are those it was written with: a Java broker that
/// worked on the store in between changes both. The log is known by the bytes at several places, so
/// that damage to one of them does not count: it would cost what lies behind it, which is whole.
/// A start that is about to cut queues notes in it which offsets they gave, for one that comes
/// after its death. Threads: any.
class QueueEnds {
 public:
  /// By topic and queue id.
  using Topics = std::map<std::string, std::map<int32_t, QueueEnd>, std::less<>>;

  struct Snapshot {
    int64_t log_min = 0;
    /// Records below have their entries in the queues, both flushed. A boundary of records, or
    /// negative when only `noted` tells something.
    int64_t log_end = 0;
    Topics topics;
    /// See note(): offsets below these were given, whatever has become of the entries.
    Topics noted = {};
  };

  QueueEnds(FileSystem& files, std::string path) : files_(files), path_(std::move(path)) {}

  /// What the file says. No ends when `checkpoint` is a later one: another program went on with the
  /// store; but that there was a log is said of one without files all the same. A checkpoint that
  /// is missing or spoilt tells of nobody who did.
  struct Loaded {
    std::optional<Snapshot> known;  ///< The log in front of its point is that of the file.
    std::optional<Snapshot> given;  ///< Else: this tells which offsets were given, no more.
    /// That had queues then, whoever went on with the store. Empty when the log is another.
    std::set<std::string> topics;
  };
  /// An error when a file of the log cannot be read.
  Result<Loaded> load(const CommitLog& log, const Checkpoint& checkpoint);

  /// Which offsets were given, by the file of a store whose checkpoint holds `checkpoint`, whatever
  /// has become of its log. Nothing when it is damaged or another program went on with the store;
  /// an error when it cannot be read.
  static Result<std::optional<Snapshot>> given(FileSystem& files, const std::string& path,
                                               const CheckpointTimes& checkpoint,
                                               TimestampMs now_ms);

  /// Replaces the file, unless it holds the same already. `look` tells what the queues hold; a
  /// queue that it has met is forgotten later.
  Status save(const std::function<Snapshot()>& look, const CommitLog& log,
              const CheckpointTimes& checkpoint);

  /// A start is about to cut the files of queues that end at `noted`, and the log may not give it
  /// all back. On the disk when it returns OK, until the next save().
  Status note(const Topics& noted, const Checkpoint& checkpoint);

  /// Queues are about to go, by topic and id, or without ids all of a topic: the file says nothing
  /// of them any more. Not before their deletion has been noted, see DeletedTopics: a start would
  /// take queues that are neither known nor deleted for new ones. What it says of a single queue
  /// with records behind the log offset `end` is about the one that comes after it, and stays.
  Status forget(const std::map<std::string, std::set<int32_t>>& queues, int64_t end);

  /// What the file says is true no longer. Until the next save() a start looks into every queue.
  Status drop();

 private:
  Status remove() ROCKETMQ_REQUIRES(mutex_);

  FileSystem& files_;
  const std::string path_;
  Mutex mutex_;
  int64_t saved_end_ ROCKETMQ_GUARDED_BY(mutex_) = -1;
  int64_t saved_min_ ROCKETMQ_GUARDED_BY(mutex_) = -1;
  CheckpointTimes saved_times_ ROCKETMQ_GUARDED_BY(mutex_);
};

}  // namespace rocketmq::store
