#include "store/inspect/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "store/dispatch/dispatch_rules.h"
#include "store/inspect/gone_files.h"
#include "store/inspect/index_check.h"
#include "store/inspect/log_reader.h"
#include "store/inspect/log_scanner.h"
#include "store/inspect/queue_check.h"

namespace rocketmq::store::inspect {
namespace {

/// As recovery has it.
constexpr int64_t kCheckpointMarginMs = 3000;

class Verifier {
 public:
  Verifier(FileSystem& files, const StoreLayout& layout, const VerifyOptions& options,
           const FindingSink& sink, const Progress& progress)
      : files_(files),
        layout_(layout),
        sink_(layout.lock.is_held ? withoutGoneFiles(files, layout, sink) : sink),
        progress_(progress),
        end_is_open_(layout.has_abort || layout.lock.is_held),
        rules_(options.delay_level_ms),
        queues_({files, layout, rules_, sink_},
                {.exact_delays = options.exact_delays,
                 .repaired_from = end_is_open_ ? recoveryStart(files, layout)
                                               : std::numeric_limits<int64_t>::max(),
                 .end_is_open = end_is_open_}),
        index_gaps_(files, layout) {
    if (options.is_index_made && !layout.lock.is_held) {
      index_gaps_.watchEnd();
    }
  }

  VerifyReport run() {
    readLog();
    const QueueCheck::Counts counts = queues_.finish(report_.log_end);
    report_.queues = counts.queues;
    report_.queue_entries = counts.entries;
    report_.deleted_records = counts.deleted_records;
    readIndex();
    return report_;
  }

 private:
  void readLog() {
    if (layout_.log_files.empty() && !layout_.queues.empty()) {
      sink_({.file = layout_.relative(layout_.commit_log_dir),
             .offset = 0,
             .what = "there is no file of the log, and a broker would drop all queues; is it "
                     "elsewhere (--storePathCommitLog)?"});
    }
    LogScanner scanner(files_, layout_, layout_.logBegin());
    const int64_t all = LogReader(files_, layout_).writtenEnd() - layout_.logBegin();
    report_.log_begin = layout_.logBegin();
    for (;;) {
      const LogItem item = scanner.next();
      if (item.kind == LogItem::Kind::kEnd) {
        onEnd(item);
        return;
      }
      if (item.kind == LogItem::Kind::kDamage) {
        report_.damaged_bytes += item.end - item.begin;
        sink_(layout_.at(item.begin, fmt::format("{} bytes hold no intact record: {}",
                                                 item.end - item.begin, item.reason)));
      } else {
        ++report_.records;
        queues_.onRecord(item.record);
        index_gaps_.onRecord(item.record);
      }
      if (progress_) {
        progress_("commit log", item.end - layout_.logBegin(), all);
      }
    }
  }

  void onEnd(const LogItem& item) {
    report_.log_end = item.begin;
    findGapBehind(item.begin);
    if (item.reason.empty() || item.reason == kFileMissing) {
      return;
    }
    // Stale bytes behind the end are legal: RocketMQ does not clear what it cuts off.
    const bool was_written_here =
        LogReader(files_, layout_).recordAt(item.begin, CrcCheck::kSkip).ok();
    const bool is_fault = was_written_here && !end_is_open_;
    sink_(layout_.at(item.begin,
                     fmt::format("the log ends here, but not in zeros: {}{}", item.reason,
                                 end_is_open_ ? "; the next start cuts it off" : ""),
                     is_fault ? Finding::Kind::kFault : Finding::Kind::kNote));
  }

  /// One in front of the end has been damage.
  void findGapBehind(int64_t end) {
    const auto& files = layout_.log_files;
    for (size_t i = 1; i < files.size(); ++i) {
      const int64_t expected = files[i - 1].base + layout_.log_file_bytes;
      if (files[i].base >= end && files[i].base > expected) {
        sink_(layout_.at(expected, fmt::format("{}; no broker starts before it is back, or those "
                                               "behind it are gone",
                                               kFileMissing)));
      }
    }
  }

  /// A kill comes between the making of a file and its length.
  bool isEmptyIndexFile(const SegmentFile& file) const {
    if (file.bytes == 0) {
      sink_({.kind = Finding::Kind::kNote,
             .file = layout_.relative(file.path),
             .offset = 0,
             .what = "the file is empty; the next start removes it"});
    }
    return file.bytes == 0;
  }

  void readIndex() {
    index_gaps_.finish(sink_);
    std::vector<SegmentFile> index_files;
    std::remove_copy_if(layout_.index_files.begin(), layout_.index_files.end(),
                        std::back_inserter(index_files),
                        [this](const SegmentFile& file) { return isEmptyIndexFile(file); });
    if (index_files.empty()) {
      return;
    }
    const auto sizes = findIndexLayout(files_, layout_);
    if (!sizes || !*sizes) {
      sink_({.file = "index",
             .offset = 0,
             .what = !sizes ? sizes.status().message()
                            : "cannot tell the files' layout, as they are empty or their headers "
                              "damaged; give --maxHashSlotNum and --maxIndexNum"});
      return;
    }
    std::optional<TimestampMs> repaired_after;
    if (end_is_open_) {
      repaired_after = layout_.checkpoint ? layout_.checkpoint->index_ms : 0;
    }
    IndexCheck check(files_, layout_,
                     {.log_end = report_.log_end, .repaired_after_ms = repaired_after}, sink_);
    for (const SegmentFile& file : index_files) {
      ++report_.index_files;
      report_.index_entries += check.check(file, **sizes, progress_);
    }
  }

  FileSystem& files_;
  const StoreLayout& layout_;
  const FindingSink sink_;
  const Progress& progress_;
  const bool end_is_open_;
  const DispatchRules rules_;
  QueueCheck queues_;
  IndexGapCheck index_gaps_;
  VerifyReport report_;
};

}  // namespace

VerifyReport verify(FileSystem& files, const StoreLayout& layout, const VerifyOptions& options,
                    const FindingSink& sink, const Progress& progress) {
  return Verifier(files, layout, options, sink, progress).run();
}

int64_t recoveryStart(FileSystem& files, const StoreLayout& layout) {
  const CheckpointTimes times = layout.checkpoint.value_or(CheckpointTimes{});
  const TimestampMs certain_ms = std::min(times.log_ms, times.queues_ms) - kCheckpointMarginMs;
  LogReader log(files, layout);
  for (auto file = layout.log_files.rbegin(); file != layout.log_files.rend(); ++file) {
    const auto first = log.recordAt(file->base, CrcCheck::kSkip);
    if (first && first->store_timestamp_ms > 0 && first->store_timestamp_ms <= certain_ms) {
      return file->base;
    }
  }
  return layout.logBegin();
}

}  // namespace rocketmq::store::inspect
