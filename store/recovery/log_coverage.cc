#include "store/recovery/log_coverage.h"

#include <algorithm>

#include "store/log/record_walker.h"

namespace rocketmq::store {

LogCoverage::LogCoverage(const CommitLog& log, int64_t end) : log_(log) {
  for (const auto& segment : log.segments()) {
    if (segment->base() < end) {
      const Range range{.begin = segment->base(), .end = std::min(segment->end(), end)};
      files_.push_back({.range = range, .counted_bytes = 0, .counted_end = range.begin});
    }
  }
}

Status LogCoverage::add(const ConsumeQueue& queue) {
  const int64_t end = queue.maxOffset();
  for (int64_t index = queue.firstIndex(); index < end;) {
    ROCKETMQ_ASSIGN_OR_RETURN(const QueueRun run, queue.run(index));
    for (int64_t i = 0; i < run.count; ++i) {
      add(run.at(i));
    }
    index = run.count > 0 ? index + run.count : queue.nextFileOffset(index);
  }
  return Status::ok();
}

void LogCoverage::add(const QueueEntry& entry) {
  if (files_.empty() || !isWritten(entry) || isPreBlank(entry) ||
      entry.physical_offset < files_.front().range.begin ||
      entry.physical_offset >= files_.back().range.end) {
    return;
  }
  const int64_t file_bytes = files_.front().range.end - files_.front().range.begin;
  const int64_t position = entry.physical_offset - files_.front().range.begin;
  File& file = files_[static_cast<size_t>(position / file_bytes)];
  file.counted_bytes += entry.record_bytes;
  file.counted_end = std::max(file.counted_end, entry.physical_offset + entry.record_bytes);
}

Result<bool> LogCoverage::isComplete(const File& file) const {
  if (file.counted_bytes != file.counted_end - file.range.begin) {
    return false;
  }
  RecordWalker behind(log_, file.counted_end, CrcCheck::kSkip);
  const bool ends = behind.next(file.range.end) == RecordWalker::Step::kEnd;
  ROCKETMQ_RETURN_IF_ERROR(behind.status());
  return ends;
}

Result<std::vector<LogCoverage::Range>> LogCoverage::incomplete() const {
  std::vector<Range> found;
  for (const File& file : files_) {
    ROCKETMQ_ASSIGN_OR_RETURN(const bool is_complete, isComplete(file));
    if (!is_complete) {
      found.push_back(file.range);
    }
  }
  return found;
}

}  // namespace rocketmq::store
