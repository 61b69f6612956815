#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.h"
#include "common/file_system.h"
#include "common/mutex.h"
#include "common/status.h"
#include "store/checkpoint.h"
#include "store/dispatch/dispatcher.h"
#include "store/index/index_file.h"
#include "store/log/commit_log.h"
#include "store/log/record_walker.h"
#include "store/run_state.h"
#include "store/worker.h"

namespace rocketmq::store {

/// Finds messages by key (RocketMQ: IndexService). A thread of its own reads the log behind the
/// appenders and fills the newest file; a put only wakes it when it has nothing to do.
///
/// Recovery: after a crash the thread first repairs the files that were not certainly flushed from
///           their own entries (seconds for a full one; until then no key is found), then it goes
///           on in the log where the last of them ends; without files it begins at the start of the
///           log. So no key stays lost, and the start waits for none of it (RocketMQ deletes such
///           files and forgets older keys). A file of a wrong length, damaged or made with other
///           settings, is made again with those behind it. So are those behind a gap: the thread
///           looks for records with keys in front of the first file and between two.
/// Damage:   a query looks at the slots of a file when it is the first to use it, at each entry on
///           its way, and whether the records that it finds have such a key. The thread repairs a
///           file that is damaged from its entries; where these are, too, the keys from there on
///           are indexed again from the log. Until then they are not found.
/// Failure:  a file that cannot be made or grown is tried again every second; puts go on. A failed
///           sync makes the store read-only, as it must not be repeated.
/// Threads:  query() and removeBefore() from any; the rest from the owner.
class IndexService {
 public:
  struct Options {
    std::string dir;
    IndexLayout layout;
  };

  /// Borrowed for the service's life.
  struct Parts {
    FileSystem& files;
    const CommitLog& log;
    const Dispatcher& dispatcher;
    Checkpoint& checkpoint;
    RunState& state;
    const Clock& clock;
  };

  IndexService(const Parts& parts, Options options) : parts_(parts), options_(std::move(options)) {}

  /// Opens the files. After a clean stop they are taken as they are if they do not go on behind the
  /// log's end; else they have to be repaired.
  Status load(bool stopped_cleanly);

  /// For a store that does not start the service: what start() leaves to the thread.
  Status repair();

  void start();
  /// Ends a repair, indexes what is left unless that takes too long, and flushes the newest file.
  Status stop();

  /// After more of the log has been dispatched.
  void onDispatched() {
    if (idle_.load() && idle_.exchange(false)) {
      worker_.wake();
    }
  }

  struct Found {
    std::vector<int64_t> offsets;  ///< Newest first.
    TimestampMs updated_ms = 0;    ///< Of the newest file; 0 without one.
    int64_t updated_offset = 0;
  };
  Found query(std::string_view topic, std::string_view key, int32_t count_max, TimestampMs begin,
              TimestampMs end);

  /// Removes files that only point before `log_min`, never the newest.
  Status removeBefore(int64_t log_min);

 private:
  using Files = std::vector<std::shared_ptr<IndexFile>>;

  void use(Files files);
  Result<Files> openFiles(const std::vector<DirectoryEntry>& entries);
  /// False when some of it is not on the disk for certain.
  bool isCertain(const IndexFile& file) const;
  Result<Files> repairUnflushed();
  Status repairTorn(IndexFile& file, bool is_last);
  IndexFile::StoreTime storeTimes() const;
  /// Has the thread repair the file, once.
  void noteDamage(const std::shared_ptr<IndexFile>& file);
  std::shared_ptr<IndexFile> nextDamaged() const;
  /// False when it should be tried again after a while.
  bool repairDamaged();
  Status repairDamaged(const std::shared_ptr<IndexFile>& file);
  Result<int32_t> countRight(const IndexFile& file) const;
  /// Takes the file away from queries and writer; false when it is not there.
  bool hide(const std::shared_ptr<IndexFile>& file);
  void show(const std::shared_ptr<IndexFile>& file);
  Files::iterator firstBehind(const std::string& path) ROCKETMQ_REQUIRES(mutex_);
  Status removeBehind(const std::string& path);
  /// Once in a life: has the log read again from where files or keys are missing among those that
  /// are there. False when it should be tried again.
  bool closeGaps(const std::function<bool()>& go_on);
  /// Looks at the files' headers and newest entries.
  Status noteDamagedEnds();
  void goOnBehindFiles();
  Files files() const;
  std::shared_ptr<IndexFile> newest() const;
  void loop();
  /// False when the thread has to end before it succeeds.
  bool repairInThread();
  /// Indexes all there is now. False when it should be tried again after a while.
  bool catchUp(const std::function<bool()>& go_on);
  /// Takes the newest file off the process's memory, unless that was done a moment ago.
  void releasePages();
  /// Of a row of failures the first.
  void logFailure(std::string_view what, const Status& failure);
  Status indexRecord(const MessageRecord& record);
  Status put(int32_t key_hash, const MessageRecord& record);
  Result<std::shared_ptr<IndexFile>> writableFile();
  Status checkSpace() const;
  Status flushFull(IndexFile& file);
  std::string newFileName(const std::shared_ptr<IndexFile>& last) const;

  const Parts parts_;
  const Options options_;

  mutable Mutex mutex_;
  Files files_ ROCKETMQ_GUARDED_BY(mutex_);    // By age.
  Files damaged_ ROCKETMQ_GUARDED_BY(mutex_);  // To be repaired.

  // Of the thread:
  Files unrepaired_;           // Not in files_ yet.
  int64_t recovered_end_ = 0;  // Of the log: what an unrepaired file has behind it is gone.
  bool gaps_are_closed_ = false;
  int64_t position_ = 0;     // What is read next.
  int64_t indexed_to_ = -1;  // The record of the newest entry.
  std::chrono::steady_clock::time_point released_at_;
  bool failure_logged_ = false;
  std::atomic<bool> idle_{false};
  std::atomic<bool> stopping_{false};
  Worker worker_;
};

}  // namespace rocketmq::store
