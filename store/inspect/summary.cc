#include "store/inspect/summary.h"

#include <algorithm>
#include <tuple>

#include "store/dispatch/dispatch_rules.h"
#include "store/inspect/index_check.h"
#include "store/inspect/log_reader.h"
#include "store/inspect/log_scanner.h"
#include "store/inspect/queue_reader.h"

namespace rocketmq::store::inspect {
namespace {

constexpr size_t kDamagesMax = 100;

using QueueCounts = std::map<std::pair<std::string, int32_t>, int64_t>;

void noteRecord(const LogItem& item, LogSummary& log, QueueCounts& counts) {
  log.first_stored_ms = log.records == 0 ? item.record.store_timestamp_ms : log.first_stored_ms;
  log.last_stored_ms = item.record.store_timestamp_ms;
  log.record_bytes += item.record.total_size;
  ++log.records;
  if (entersQueue(item.record.sys_flag)) {
    ++counts[{std::string(item.record.topic), item.record.queue_id}];
  }
}

void readLog(FileSystem& files, const StoreLayout& layout, const Progress& progress,
             LogSummary& log, QueueCounts& counts) {
  LogScanner scanner(files, layout, layout.logBegin());
  const int64_t all = LogReader(files, layout).writtenEnd() - log.begin;
  log.was_read = true;
  for (;;) {
    LogItem item = scanner.next();
    switch (item.kind) {
      case LogItem::Kind::kEnd:
        log.end = item.begin;
        log.end_reason = std::move(item.reason);
        return;
      case LogItem::Kind::kDamage:
        log.damaged_bytes += item.end - item.begin;
        if (log.damages.size() < kDamagesMax) {
          log.damages.push_back(
              {.begin = item.begin, .end = item.end, .reason = std::move(item.reason)});
        }
        break;
      case LogItem::Kind::kRecord:
        noteRecord(item, log, counts);
        break;
    }
    if (progress) {
      progress("commit log", item.end - log.begin, all);
    }
  }
}

/// First entry in [first, end) that points into the log; pre-blank ones say nothing of order.
int64_t firstAtOrAfter(QueueReader& queue, int64_t log_begin, int64_t end) {
  int64_t low = queue.first();
  int64_t high = end;
  const auto skip = [&](int64_t index) {
    for (; index < end; ++index) {
      const auto entry = queue.at(index);
      if (!entry || !isPreBlank(*entry)) {
        break;
      }
    }
    return index;
  };
  while (low < high) {
    const int64_t middle = low + (high - low) / 2;
    const int64_t probe = skip(middle);
    const auto entry = probe < high ? queue.at(probe) : std::nullopt;
    if (entry && entry->physical_offset < log_begin) {
      low = probe + 1;
    } else {
      high = middle;
    }
  }
  return skip(low);
}

void noteUnreadable(const Status& read, StoreSummary& summary) {
  if (!read.isOk()) {
    summary.unreadable.push_back(read.message());
  }
}

void readQueues(FileSystem& files, const StoreLayout& layout, QueueCounts counts,
                StoreSummary& summary) {
  std::vector<QueueSummary>& queues = summary.queues;
  for (const QueueFolder& folder : layout.queues) {
    QueueReader reader(files, folder, layout.queue_file_bytes);
    QueueSummary queue{.topic = folder.topic,
                       .queue_id = folder.queue_id,
                       .files = folder.files.size(),
                       .max_offset = reader.findEnd()};
    queue.min_offset = firstAtOrAfter(reader, layout.logBegin(), queue.max_offset);
    if (const auto found = counts.find({folder.topic, folder.queue_id}); found != counts.end()) {
      queue.log_records = found->second;
      counts.erase(found);
    }
    queues.push_back(std::move(queue));
    noteUnreadable(reader.status(), summary);
  }
  for (const auto& [name, records] : counts) {
    queues.push_back({.topic = name.first, .queue_id = name.second, .log_records = records});
  }
  std::sort(queues.begin(), queues.end(), [](const QueueSummary& a, const QueueSummary& b) {
    return std::tie(a.topic, a.queue_id) < std::tie(b.topic, b.queue_id);
  });
}

}  // namespace

StoreSummary summarize(FileSystem& files, const StoreLayout& layout, bool read_log,
                       const Progress& progress) {
  StoreSummary summary;
  QueueCounts counts;
  summary.log.begin = layout.logBegin();
  if (read_log) {
    readLog(files, layout, progress, summary.log, counts);
  }
  readQueues(files, layout, std::move(counts), summary);
  for (const SegmentFile& file : layout.index_files) {
    IndexFileSummary index{.path = file.path, .bytes = file.bytes, .header = {}};
    if (auto reader = IndexReader::open(files, file)) {
      index.header = reader->header();
      noteUnreadable(reader->status(), summary);
    }
    summary.index_files.push_back(std::move(index));
  }
  return summary;
}

}  // namespace rocketmq::store::inspect
