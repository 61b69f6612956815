#pragma once

#include <cstdint>
#include <map>

namespace rocketmq::broker {

/// How much of the op topic nobody needs any more: the records in front of begin() are all about
/// half messages that progress has passed. Kept in blocks of records, so that a long backlog costs
/// a few bytes for each block.
///
/// Threads: one at a time (HalfLedger's mutex).
class OpProgress {
 public:
  explicit OpProgress(int64_t begin);

  /// The op record at queue offset `op_offset` ended half messages, the last of them at
  /// `half_offset`. Each record once, in any order.
  void note(int64_t op_offset, int64_t half_offset);

  /// Half messages in front of `half_begin` are over.
  void advance(int64_t half_begin);

  int64_t begin() const { return begin_; }

 private:
  static constexpr int64_t kBlockRecords = 256;

  struct Block {
    int64_t noted = 0;
    int64_t last_half = -1;
  };

  int64_t begin_;
  std::map<int64_t, Block> blocks_;  // By op offset / kBlockRecords.
};

}  // namespace rocketmq::broker
