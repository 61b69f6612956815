#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "common/message/record.h"
#include "common/status.h"
#include "store/checkpoint.h"
#include "store/dispatch/dispatcher.h"
#include "store/log/commit_log.h"
#include "store/log/record_walker.h"
#include "store/queue/queue_ends.h"
#include "store/queue/queue_table.h"
#include "store/store_folder.h"

namespace rocketmq::store {

/// Finds the true end of the log after a start and brings the consume queues in line with it. The
/// queues are derived data: whatever they lack is taken from the log.
///
/// Known ends:   when the last checkpoint has left the ends of all queues (QueueEnds), the log is
///               read from there, however the store stopped, and of a queue only the last known
///               entry is looked at. Queues that lack it, or files, are made anew from the whole
///               log.
/// Clean stop:   otherwise, the queues are believed. The record of their newest entry is checked,
///               the log is read from behind it, and what the queues lack is entered.
/// Unclean stop: begins at the newest file whose first record is older than everything that the
///               checkpoint says is on the disk. Queue entries of records from there on are thrown
///               away, every record is checked (CRC, and that it says of itself that it is where
///               it is) and entered again. When a queue turns out to lack earlier entries, all of
///               the log is read once more from its start.
/// A log that is gone, or its end, though a checkpoint covered it: the queues keep their next
/// offsets (QueueEnds::Loaded::given), and without any file of a log that held messages no start is
/// made. Without known ends the queues' entries are counted against the log in front of where it is
/// read: what is in no queue though its topic exists is entered, and queues that are gone are made
/// anew. Deleted topics stay deleted: their records are passed over, a deletion that a crash has
/// cut short is finished, and one by a broker that leaves no note is noted after a clean stop. The
/// log ends at the first record that is not whole behind what is known to have been on the disk
/// (known ends: their point; without: where reading begins; or, when that is later, the newest file
/// that begins with a whole record). Damage in front of that is stepped over: nothing that was
/// flushed goes for it, no queue ends before its known end, and where its own files tell of offsets
/// that were given behind it, they are not given again. That is noted durably before the files are
/// cut (QueueEnds::note()), as a start may die at any time.
/// Threads:      one, before anything else works on the store.
class Recovery {
 public:
  /// Borrowed for the time of run().
  struct Parts {
    FileSystem& files;
    StoreFolder& folder;
    CommitLog& log;
    QueueTable& queues;
    DeletedTopics& deleted;
    Dispatcher& dispatcher;
    const Checkpoint& checkpoint;
    QueueEnds& queue_ends;
    QueueEnds::Loaded ends;    ///< What they said.
    TopicFilter topic_exists;  ///< Null: all do.
    CrcCheck crc_check = CrcCheck::kVerify;
    bool is_replica = false;
  };

  explicit Recovery(const Parts& parts) : parts_(parts) {}

  Status run(bool stopped_cleanly);

 private:
  using Queues = std::vector<std::shared_ptr<ConsumeQueue>>;

  /// Where reading the log led to.
  struct Read {
    int64_t end = 0;
    TimestampMs newest_ms = 0;
    int64_t records = 0;
    bool found_gap = false;
  };

  Status runFromKnown();
  /// Sets whole_to_. True when a record between the known ends and there is damaged.
  Result<bool> findDamageBehindKnown();
  /// Brings the queues to what is known of them. False when some have to be made anew.
  Result<bool> restoreKnown();
  Result<bool> restoreKnown(ConsumeQueue& queue);
  Status finishKnown();
  /// No queue ends before its end in `ends`. How many did.
  Result<int64_t> keepOffsets(const QueueEnds::Topics& ends);
  /// What the files of queues say, before they are cut: none of them ends before it once the log
  /// has been read, by this start or a later one.
  Status noteGivenOffsets(const Queues& queues);
  Status checkLogIsThere() const;
  /// After a read that led to `log_end`.
  Status keepGivenOffsets(int64_t log_end);
  /// After a clean stop: takes it that another broker has deleted the topics that tell of it.
  Status noteDeletedElsewhere();
  Result<std::vector<std::string>> deletedElsewhere() const;
  bool isDeleted(const std::string& topic, int32_t queue_id, const QueueEnd& known) const {
    return parts_.deleted.covers(topic, queue_id, known.physical_end - 1);
  }
  /// NotFound when the queues' newest entry does not belong to the log: do as after a crash.
  Status runTrusting();
  Status runCareful();
  /// What a careful start leaves of the queues when it dies is not to be believed.
  Status markRunning();
  /// Finds the queues' ends.
  Result<Queues> recoverQueues(QueueScan scan);
  Status finishDeletions(const Queues& queues);
  /// A process may map fewer files than there are queues.
  void releaseIfTooMany(ConsumeQueue& queue) const;
  Status truncateQueues(const Queues& queues, int64_t physical_offset);
  Status prepareReplay(const Queues& queues, int64_t start);
  Result<Read> readFrom(int64_t start, Dispatcher::Gaps gaps);
  /// Puts a record into its queue, with no more files mapped than there may be.
  Result<bool> replay(const MessageRecord& record, Dispatcher::Gaps gaps);
  /// Gives `visit` each record from `start` to `limit`, until it returns false for a gap.
  Result<Read> walk(int64_t start, int64_t limit,
                    const std::function<Result<bool>(const MessageRecord&)>& visit);

  /// Whether the record with offset 0 is the first of a queue whose topic was made anew. Else its
  /// offset is damaged, as no CRC covers it. `queue` has what the log holds of it in front.
  Result<bool> beginsAnew(const MessageRecord& first, const ConsumeQueue& queue) const;
  /// The next offset of the record's queue that the log tells of.
  Result<std::optional<int64_t>> offsetBehind(const MessageRecord& record) const;
  /// The same by what is known of the queue beside the log. Nullopt: nothing is.
  std::optional<bool> isKnownToBegin(const MessageRecord& first, const ConsumeQueue& queue) const;
  QueueEnd knownEnd(std::string_view topic, int32_t queue_id) const;
  Status noteFirstRecord(const ConsumeQueue& queue);

  /// Which part of a queue is not there.
  enum class Lack : uint8_t { kNothing, kFront, kEnd };
  struct Missing {
    /// By topic and queue id: whether files at the front are gone.
    std::map<std::pair<std::string, int32_t>, bool> queues;
    int64_t first = 0;  ///< Log offset of the first record that is in none.
  };
  /// Enters what the queues lack of the log in front of `end`, as far as counting tells.
  Status enterMissing(int64_t end);
  Result<Missing> findMissing(int64_t end);
  Lack lackOf(const MessageRecord& record) const;
  /// Drops what has to begin anew. Where the log is to be read from.
  Result<int64_t> prepareMissing(const Missing& missing);
  Result<int64_t> trustedStart(const Queues& queues);
  Result<bool> nextWhole(RecordWalker& walker, int64_t limit, int64_t& end) const;
  Result<int64_t> carefulStart() const;
  Result<int64_t> newestWholeFile() const;
  Status finish(const Read& read, int64_t flushed);

  void tellOfStart(int64_t start) const;

  const Parts parts_;
  bool stopped_cleanly_ = false;
  /// All of the log below has been on the disk: what is wrong there was damaged later and is
  /// stepped over. A boundary of records.
  int64_t whole_to_ = 0;
  /// Offsets below were given, whatever has become of the records: noted by this start and by those
  /// before it that died.
  QueueEnds::Topics noted_;
  /// Where the files of each queue ended.
  std::vector<std::pair<std::shared_ptr<ConsumeQueue>, int64_t>> found_ends_;
  /// By topic and queue id: the log offset of the record that the files had at offset 0, or -1.
  std::map<std::pair<std::string, int32_t>, int64_t> first_records_;
  const Dispatcher::BeginsAnew begins_anew_ = [this](const MessageRecord& first,
                                                     const ConsumeQueue& queue) {
    return beginsAnew(first, queue);
  };
};

}  // namespace rocketmq::store
