#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <vector>

#include "broker/transaction/op_progress.h"
#include "common/mutex.h"

namespace rocketmq::broker {

/// One record of a half message in the half topic. A transaction that is checked is written there
/// again, so it may have several; all know the queue offset of the first.
struct HalfCopy {
  int64_t offset = 0;
  int64_t first = 0;

  bool isFirst() const { return offset == first; }
  bool operator==(const HalfCopy&) const = default;
};

/// Which half messages still wait for their transaction's end. What is on disk is the two topics
/// and two progress offsets; this is the same in a form that answers at once.
///
/// Claims:  whoever ends or renews a transaction claims it first, so that two commits of one
///          transaction, or a commit and a check, cannot both go on. A claim is held for the time
///          of two appends to the log.
/// Threads: any.
/// Memory:  a bit for each half message since the oldest that is open and was never checked, and
///          some 40 bytes for each open transaction that was.
class HalfLedger {
 public:
  struct Progress {
    int64_t half = 0;  ///< Every half message in front of it is over or was written again.
    int64_t op = 0;    ///< No op record in front of it is needed.
    bool operator==(const Progress&) const = default;
  };

  explicit HalfLedger(const Progress& progress)
      : begin_(progress.half), bits_base_(progress.half / kWordBits), ops_(progress.op) {}

  // --- Made anew at the start; see ledger_loader.h.

  /// An op record was read; `last_half` is the greatest of its offsets.
  void noteOp(int64_t op_offset, int64_t last_half);
  /// The half message at `offset` needs nothing any more.
  void close(int64_t offset);
  /// `copy` is the newest of its transaction, which is open.
  void noteNewest(const HalfCopy& copy);

  // --- The life of a transaction.

  enum class Claim : uint8_t {
    kTaken,  ///< The caller now calls one of end(), renew() and release().
    kOver,   ///< It has been ended before, or never was.
    kBusy,   ///< Somebody else holds the claim.
  };
  struct Claimed {
    Claim claim = Claim::kOver;
    /// The newest copy of the transaction, which an op record has to name.
    int64_t newest = 0;
  };
  Claimed claim(const HalfCopy& copy);

  /// Nothing has come of a claim.
  void release(const HalfCopy& copy);
  /// The transaction is over. `op_offset`: of the op record that says so, if it could be written.
  void end(const HalfCopy& copy, std::optional<int64_t> op_offset);
  /// The transaction has a new copy at `newest`.
  void renew(const HalfCopy& copy, int64_t newest);

  // --- For the check.

  /// First open half message at or after `offset`; `end` when there is none before it.
  int64_t nextOpen(int64_t offset, int64_t end) const;
  /// Forgets half messages in front of `offset`, which the log no longer has.
  void forgetBefore(int64_t offset);
  Progress progress() const;
  /// Open transactions, when the half messages end at `end`.
  int64_t openCount(int64_t end) const;
  /// Transactions with more than one copy.
  size_t renewedCount() const;

 private:
  static constexpr int64_t kWordBits = 64;

  bool isOpen(int64_t offset) const ROCKETMQ_REQUIRES(mutex_);
  void closeLocked(int64_t offset) ROCKETMQ_REQUIRES(mutex_);
  void advance() ROCKETMQ_REQUIRES(mutex_);
  /// The newest copy of an open transaction.
  std::optional<int64_t> newestOf(const HalfCopy& copy) const ROCKETMQ_REQUIRES(mutex_);
  void releaseLocked(int64_t first) ROCKETMQ_REQUIRES(mutex_);

  mutable Mutex mutex_;
  int64_t begin_ ROCKETMQ_GUARDED_BY(mutex_);
  /// Set bits are half messages that are closed; the first word holds offset
  /// bits_base_ * kWordBits. Bits in front of begin_ mean nothing.
  std::deque<uint64_t> closed_ ROCKETMQ_GUARDED_BY(mutex_);
  int64_t bits_base_ ROCKETMQ_GUARDED_BY(mutex_);
  /// First copy -> newest copy.
  std::unordered_map<int64_t, int64_t> newest_ ROCKETMQ_GUARDED_BY(mutex_);
  /// First copies of the claimed; as many as threads end transactions.
  std::vector<int64_t> claimed_ ROCKETMQ_GUARDED_BY(mutex_);
  OpProgress ops_ ROCKETMQ_GUARDED_BY(mutex_);
};

}  // namespace rocketmq::broker
