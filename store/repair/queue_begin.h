#pragma once

#include <cstdint>
#include <optional>

namespace rocketmq::store {

/// Finds in the log where a queue begins whose first entries are damaged. The log may hold another
/// queue of its name in front of it: of a topic that a broker has deleted that does not note it.
///
/// Offsets of a queue only grow. One that goes back to where they have been is the first of a queue
/// that was made anew if the next one goes on from there; else it is damaged, as no CRC covers it.
class QueueBegin {
 public:
  /// `log_offset`: where the queue begins if no record tells of another one.
  explicit QueueBegin(int64_t log_offset) : begin_(log_offset) {}

  /// The next record with the queue's name.
  void add(int64_t queue_offset, int64_t physical_offset);

  /// Log offset of the begin, when the queue goes on with `next` behind the last record.
  int64_t find(int64_t next) const;

 private:
  struct Record {
    int64_t queue_offset = 0;
    int64_t physical_offset = 0;
  };

  int64_t begin_;
  int64_t last_ = -1;
  int64_t certain_max_ = -1;     // The highest offset that followed the one before it.
  std::optional<Record> first_;  // Went back; the next record tells whether it was right.
};

}  // namespace rocketmq::store
