#include "store/inspect/compare.h"

#include <algorithm>
#include <string_view>

#include "store/inspect/log_reader.h"
#include "store/inspect/log_scanner.h"

namespace rocketmq::store::inspect {
namespace {

constexpr int64_t kStepBytes = 256 * 1024;

/// First offset in [begin, end) at which the logs differ or one cannot be read; `end` if none.
int64_t firstDifference(LogReader& first, LogReader& second, int64_t begin, int64_t end,
                        const Progress& progress) {
  for (int64_t at = begin; at < end;) {
    const int64_t step =
        std::min({kStepBytes, end - at, first.fileEnd(at) - at, second.fileEnd(at) - at});
    const std::string_view a = first.read(at, step);
    const std::string_view b = second.read(at, step);
    if (step <= 0 || a != b || static_cast<int64_t>(a.size()) < step) {
      const auto [left, right] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
      return at + (left - a.begin());
    }
    at += step;
    if (progress) {
      progress("commit logs", at - begin, end - begin);
    }
  }
  return end;
}

}  // namespace

LogComparison compareLogs(FileSystem& files, const StoreLayout& first, const StoreLayout& second,
                          const Progress& progress) {
  LogComparison comparison;
  comparison.first_end = findLogEnd(files, first);
  comparison.second_end = findLogEnd(files, second);
  comparison.begin = std::max(first.logBegin(), second.logBegin());
  comparison.end = std::min(comparison.first_end, comparison.second_end);
  LogReader first_log(files, first);
  LogReader second_log(files, second);
  const int64_t difference =
      firstDifference(first_log, second_log, comparison.begin, comparison.end, progress);
  if (difference < comparison.end) {
    comparison.first_difference = difference;
  }
  return comparison;
}

int64_t findLogEnd(FileSystem& files, const StoreLayout& layout) {
  LogReader log(files, layout);
  for (auto file = layout.log_files.rbegin(); file != layout.log_files.rend(); ++file) {
    if (!log.recordAt(file->base, CrcCheck::kSkip)) {
      continue;
    }
    LogScanner scanner(files, layout, file->base);
    LogItem item = scanner.next();
    while (item.kind != LogItem::Kind::kEnd) {
      item = scanner.next();
    }
    return item.begin;
  }
  return layout.logBegin();
}

}  // namespace rocketmq::store::inspect
