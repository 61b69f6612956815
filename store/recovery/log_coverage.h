#pragma once

#include <cstdint>
#include <vector>

#include "store/log/commit_log.h"
#include "store/queue/consume_queue.h"

namespace rocketmq::store {

/// Tells which files of the log hold records that no queue has, without reading them: a file whose
/// records all have entries is as long as these say together. Threads: one.
class LogCoverage {
 public:
  /// Looks at the log in front of `end`, a boundary of records.
  LogCoverage(const CommitLog& log, int64_t end);

  /// Counts the records of the queue's visible entries.
  Status add(const ConsumeQueue& queue);

  /// A part of the log.
  struct Range {
    int64_t begin = 0;
    int64_t end = 0;
  };
  /// The files with records that nobody has, each up to where they end at the latest.
  Result<std::vector<Range>> incomplete() const;

 private:
  struct File {
    Range range;
    int64_t counted_bytes = 0;
    int64_t counted_end = 0;
  };

  void add(const QueueEntry& entry);
  Result<bool> isComplete(const File& file) const;

  const CommitLog& log_;
  std::vector<File> files_;  // In order, of one length but for the last.
};

}  // namespace rocketmq::store
