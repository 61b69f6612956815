#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "store/cached_pages.h"
#include "store/dispatch/dispatch_rules.h"
#include "store/live_settings.h"
#include "store/log/commit_log.h"
#include "store/log/log_view.h"
#include "store/message_store.h"
#include "store/queue/consume_queue.h"
#include "store/repair/queue_repair.h"

namespace rocketmq::store {

/// Collects the messages of one get() entry by entry (RocketMQ: the loop of
/// DefaultMessageStore.getMessage). Threads: one.
class MessageScan {
 public:
  struct Limits {
    int64_t log_end = 0;
    int64_t memory_bytes = 0;  ///< So far behind the log's end a record counts as cached.
    /// What is in the system's cache, for requests that must not wait. Borrowed.
    CachedPages& cached;
    QueueRepair& repair;  ///< Of entries that name no record. Borrowed.
    std::chrono::steady_clock::time_point now;
  };

  MessageScan(const CommitLog& log, const DispatchRules& rules, const LiveSettings& live,
              const GetRequest& request, const Limits& limits, GetResult& result)
      : log_(log),
        rules_(rules),
        live_(live),
        request_(request),
        limits_(limits),
        result_(result) {}

  /// Scans the queue from the request's offset; fills in the result. Each entry is checked with the
  /// record that it names before that is handed out.
  void run(const std::shared_ptr<ConsumeQueue>& queue);

 private:
  /// What became of an entry.
  enum class Taken : uint8_t {
    kYes,      ///< It is in the result, unwanted or gone.
    kNot,      ///< The result is full, reading it would wait, or it cannot be read.
    kDamaged,  ///< It does not name a record.
  };
  /// Takes entries of the run, which begins at `index`, and returns how many.
  int64_t takeRun(const std::shared_ptr<ConsumeQueue>& queue, int64_t index, const QueueRun& run,
                  int64_t count);
  Taken take(const ConsumeQueue& queue, int64_t index, const QueueEntry& entry);
  /// False when the entry alone shows that it is damaged.
  bool isPossible(const QueueEntry& entry) const {
    return isWritten(entry) && entry.physical_offset >= known_end_ &&
           entry.physical_offset <= limits_.log_end - entry.record_bytes;
  }
  /// What becomes of an entry that the log has no file for.
  Taken passUnfound(const ConsumeQueue& queue, int64_t index, const QueueEntry& entry);
  /// Has the system fetch the head of the record, if that is in the file at hand.
  void prefetch(const QueueEntry& entry) const;
  bool isFull(const QueueEntry& entry) const;
  bool isInMemory(int64_t physical_offset) const {
    return limits_.log_end - physical_offset <= limits_.memory_bytes;
  }
  /// Sets view_ to the log's file that holds it; false when there is none to be had.
  bool findFile(const QueueEntry& entry);
  /// Whether the entry's record is in view_, in full.
  bool hasRecord(const QueueEntry& entry) const {
    return entry.record_bytes >= kRecordHeadBytes &&
           view_.contains(entry.physical_offset, entry.record_bytes);
  }
  /// What the consume queue and its extension alone say of a message to the request's filter.
  enum class Screening : uint8_t { kUnwanted, kTagsCodeMatches, kUnknown, kWouldWait };
  Screening screen(const ConsumeQueue& queue, const QueueEntry& entry);
  /// nullopt when there is none, or when reading it would wait, which sets `would_wait`.
  std::optional<QueueUnit> findUnit(const ConsumeQueue& queue, int64_t address, bool& would_wait);
  /// Decides by the record, tags code included when `screening` knows nothing of it.
  bool isWanted(Screening screening, std::string_view record) const;
  void addSlice(std::string_view record);
  /// Whether the bytes of a mapped file may be touched.
  bool mayRead(const MappedFile& file, std::string_view readable, std::string_view bytes) const {
    return !request_.no_wait || limits_.cached.hold(file, readable, bytes, limits_.now);
  }

  const CommitLog& log_;
  const DispatchRules& rules_;
  const LiveSettings& live_;
  const GetRequest& request_;
  const Limits limits_;
  GetResult& result_;

  LogView view_;                // The log file of the last record.
  LogView units_;               // The file of the extension with the last unit.
  int64_t gone_to_ = 0;         // The log begins here, as was seen when a record was missing.
  int64_t known_end_ = 0;       // Behind the last record seen; what follows in a queue lies there.
  int64_t last_physical_ = 0;   // Of the last entry looked at.
  bool would_wait_ = false;     // The next entry or its record is not there.
  bool is_unreadable_ = false;  // The next entry is damaged and not repaired, or its file.
};

}  // namespace rocketmq::store
