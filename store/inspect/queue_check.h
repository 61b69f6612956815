#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/file_system.h"
#include "common/message/record.h"
#include "store/dispatch/dispatch_rules.h"
#include "store/inspect/finding.h"
#include "store/inspect/finding_runs.h"
#include "store/inspect/log_reader.h"
#include "store/inspect/queue_reader.h"
#include "store/inspect/store_layout.h"
#include "store/queue/queue_ends.h"

namespace rocketmq::store::inspect {

/// Compares the records of a log with the consume queues, both ways: each record has its entry, and
/// each entry points at the record that it says.
///
/// First every record in log order, then finish() goes through the entries that no record has
/// claimed. Keeps a bit per entry. Threads: one.
class QueueCheck {
 public:
  struct Parts {
    FileSystem& files;
    const StoreLayout& layout;
    const DispatchRules& rules;
    const FindingSink& sink;
  };
  struct Options {
    /// Delivery times of SCHEDULE_TOPIC_XXXX must be those of the rules. Else any time at or after
    /// the record's own will do: the setting may have changed since.
    bool exact_delays = false;
    /// Records from here on that a queue lacks at its end are added by the next start.
    int64_t repaired_from = 0;
    /// The log may grow while it is looked at, or did not end in order: what points behind its end
    /// is no fault.
    bool end_is_open = false;
  };
  struct Counts {
    int64_t queues = 0;
    int64_t entries = 0;  ///< That point into the log.
    int64_t pre_blanks = 0;
    int64_t expired = 0;  ///< That point before the log.
    int64_t deleted_records = 0;
  };

  QueueCheck(const Parts& parts, const Options& options) : parts_(parts), options_(options) {}

  void onRecord(const MessageRecord& record);
  Counts finish(int64_t log_end);

 private:
  struct Queue {
    Queue(const Parts& parts, QueueFolder the_folder);

    const QueueFolder folder;
    QueueReader reader;
    const int64_t end;
    FindingRuns missing;
    FindingRuns wrong;
    bool is_deleted_topic = false;
    int64_t expected = -1;           // Queue offset of the next record; -1 before the first.
    int64_t first_confirmed = -1;    // -1 before there is one.
    std::optional<int64_t> minimum;  // See minimumOf().
    int64_t superseded = 0;          // Records whose place belongs to a later one.
    bool has_faults = false;         // Entries that point at no record of theirs.
    std::map<int64_t, std::vector<bool>> confirmed;  // By kConfirmedChunk entries.
  };

  Queue& queueOf(std::string_view topic, int32_t queue_id);
  Queue& addQueue(QueueFolder folder);
  void checkOrder(Queue& queue, const MessageRecord& record);
  bool arePreBlank(Queue& queue, int64_t from, int64_t to) const;
  void checkEntry(Queue& queue, const MessageRecord& record);
  void reportMissing(Queue& queue, const MessageRecord& record);
  bool tagsAreRight(const QueueEntry& entry, const MessageRecord& record) const;
  static bool isConfirmed(const Queue& queue, int64_t index);
  static void confirm(Queue& queue, int64_t index);
  int64_t entriesPerFile() const;

  void finishQueue(Queue& queue, LogReader& log, int64_t log_end);
  void checkFiles(Queue& queue);
  void checkFile(Queue& queue, size_t number, LogReader& log, int64_t log_end);
  void checkUnclaimed(Queue& queue, int64_t index, const QueueEntry& entry, LogReader& log,
                      int64_t log_end);
  void addWrong(Queue& queue, int64_t index, const std::string& what,
                Finding::Kind kind = Finding::Kind::kFault);
  void reportHole(Queue& queue, int64_t begin, int64_t end, const char* what);
  /// No reader gets what lies in front of it.
  int64_t minimumOf(Queue& queue);
  int64_t knownMinimum(const QueueFolder& folder);
  std::string whyWrong(const Queue& queue, int64_t index, const QueueEntry& entry,
                       LogReader& log) const;
  Finding at(const Queue& queue, int64_t index, std::string what,
             Finding::Kind kind = Finding::Kind::kFault) const;

  const Parts parts_;
  const Options options_;
  Counts counts_;
  std::map<std::string, std::map<int32_t, std::unique_ptr<Queue>>, std::less<>> queues_;
  std::optional<QueueEnds::Topics> known_ends_;  // Read when it is needed first.
};

}  // namespace rocketmq::store::inspect
