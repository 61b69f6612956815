#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "store/message_store.h"

namespace rocketmq::store::inspect {

/// Decides which queue offsets of one queue's records to believe. The CRC of a record covers its
/// body only, so a damaged queue offset looks intact; believing it would push every later record of
/// the queue out of place. An offset that does not follow the one before it is therefore held back
/// until the next record of the queue agrees with it or does not.
///
/// Threads: one.
class OffsetSequence {
 public:
  struct Record {
    int64_t queue_offset = 0;
    QueueEntry entry;
  };

  /// What becomes of a record. Offsets between the last accepted record and a kAppend are missing.
  enum class Verdict : uint8_t {
    kAppend,   ///< Goes on, maybe behind a gap.
    kRestart,  ///< The queue begins anew at 0: its topic had been deleted.
    kReject,   ///< Known already, or its offset cannot be.
  };
  using Sink = std::function<void(const Record&, Verdict)>;

  /// Gaps longer than this at the very end, where nothing confirms them, are not believed.
  static constexpr int64_t kUnconfirmedGapMax = 1'000'000;
  /// Nor longer ones anywhere: their entries would fill the disk.
  static constexpr int64_t kGapMax = 20'000'000;
  static constexpr int64_t kQueueOffsetMax = int64_t{1} << 50;

  /// The next record in log order. Calls `sink` for it or those held back, in log order.
  void offer(const Record& record, const Sink& sink);
  /// There are no more.
  void finish(const Sink& sink);

  /// Offset that the next record is expected to have; -1 before the first.
  int64_t next() const { return next_; }

 private:
  bool agreesWithHeld(int64_t queue_offset) const;
  void accept(const Record& record, const Sink& sink);
  void settleHeld(bool believe, const Sink& sink);

  int64_t next_ = -1;
  std::optional<Record> held_;
};

}  // namespace rocketmq::store::inspect
