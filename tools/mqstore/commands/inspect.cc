// inspect: what is in a store

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include <CLI/CLI.hpp>

#include "store/inspect/log_scanner.h"
#include "store/inspect/read_only_files.h"
#include "store/inspect/summary.h"
#include "tools/mqstore/command.h"
#include "tools/mqstore/finding_printer.h"
#include "tools/mqstore/progress_line.h"
#include "tools/mqstore/store_arguments.h"
#include "tools/mqstore/text.h"

namespace rocketmq::mqstore {
namespace {

using store::inspect::LogSummary;
using store::inspect::StoreLayout;
using store::inspect::StoreSummary;

constexpr int64_t kFaultLinesMax = 20;

void printState(const StoreLayout& layout) {
  const char* state = layout.lock.is_held ? "open in a broker"
                      : layout.has_abort  ? "not stopped cleanly (abort is there)"
                                          : "stopped cleanly (no abort)";
  fmt::print("store       {}\nstate       {}\n", layout.root, state);
  if (layout.lock.is_held && layout.lock.pid > 0) {
    fmt::print("lock        held by pid {}\n", layout.lock.pid);
  } else {
    fmt::print("lock        {}\n", layout.lock.is_held  ? "held"
                                   : layout.lock.exists ? "free"
                                                        : "no lock file");
  }
  if (layout.checkpoint) {
    fmt::print("checkpoint  log {}, queues {}, index {}\n", formatTime(layout.checkpoint->log_ms),
               formatTime(layout.checkpoint->queues_ms), formatTime(layout.checkpoint->index_ms));
  } else {
    fmt::print("checkpoint  none\n");
  }
  for (const auto& [topic, end] : layout.deleted.topics) {
    fmt::print("deleted     topic {} up to log offset {}\n", printable(topic), end);
  }
  for (const auto& [topic, queues] : layout.deleted.queues) {
    for (const auto& [id, end] : queues) {
      fmt::print("deleted     queue {}/{} up to log offset {}\n", printable(topic), id, end);
    }
  }
}

void printLog(const StoreLayout& layout, const LogSummary& log) {
  const auto file_count = static_cast<int64_t>(layout.log_files.size());
  fmt::print("\ncommit log  {} of {} bytes ({}) in {}\n", counted(file_count, "file", "files"),
             layout.log_file_bytes, formatBytes(layout.log_file_bytes), layout.commit_log_dir);
  for (const auto& file : layout.log_files) {
    fmt::print("  {:020}  {} bytes\n", file.base, file.bytes);
  }
  if (!log.was_read) {
    fmt::print("  records   not counted (--quick)\n");
    return;
  }
  fmt::print("  range     {} to {} ({})\n", log.begin, log.end, formatBytes(log.end - log.begin));
  fmt::print("  records   {} of {}, stored {} to {}\n", log.records, formatBytes(log.record_bytes),
             formatTime(log.first_stored_ms), formatTime(log.last_stored_ms));
  for (const LogSummary::Damage& damage : log.damages) {
    fmt::print("  damage    at {}: {} bytes hold no intact record: {}\n", damage.begin,
               damage.end - damage.begin, printable(damage.reason));
  }
  if (log.damaged_bytes > 0) {
    fmt::print("  damaged   {} bytes in all; see mqstore salvage\n", log.damaged_bytes);
  }
  if (!log.end_reason.empty()) {
    fmt::print("  end       at {}, but not in zeros: {}\n", log.end, printable(log.end_reason));
  }
}

void printQueues(const StoreLayout& layout, const StoreSummary& summary) {
  size_t width = 5;
  for (const auto& queue : summary.queues) {
    width = std::max(width, queue.topic.size());
  }
  fmt::print("\nconsume queues  {}, files of {} bytes\n", summary.queues.size(),
             layout.queue_file_bytes);
  fmt::print("  {:<{}}  {:>5}  {:>5}  {:>12}  {:>12}  {:>12}\n", "topic", width, "queue", "files",
             "min offset", "max offset", "log records");
  for (const auto& queue : summary.queues) {
    fmt::print("  {:<{}}  {:>5}  {:>5}  {:>12}  {:>12}  {:>12}\n", printable(queue.topic), width,
               queue.queue_id, queue.files, queue.min_offset, queue.max_offset,
               summary.log.was_read ? std::to_string(queue.log_records) : "-");
  }
}

void printIndex(const StoreSummary& summary) {
  fmt::print("\nindex  {}\n",
             counted(static_cast<int64_t>(summary.index_files.size()), "file", "files"));
  if (summary.index_files.empty()) {
    return;
  }
  fmt::print("  {:<17}  {:>10}  {:>12}  {:>12}  {:<23}  {}\n", "file", "entries", "log from",
             "log to", "stored from", "stored to");
  for (const auto& file : summary.index_files) {
    fmt::print("  {:<17}  {:>10}  {:>12}  {:>12}  {:<23}  {}\n",
               file.path.substr(file.path.rfind('/') + 1), int64_t{file.header.next_entry} - 1,
               file.header.begin_offset, file.header.end_offset, formatTime(file.header.begin_ms),
               formatTime(file.header.end_ms));
  }
}

class Inspect final : public Command {
 public:
  std::string_view name() const override { return "inspect"; }
  std::string_view description() const override {
    return "Print what is in a store: files, ranges, queues, index, state, damage";
  }

  void addOptions(CLI::App& app) override {
    store_.addTo(app);
    app.add_flag("--quick", quick_, "do not read the log: no count of records, no damage");
  }

  Result<Outcome> run() override {
    ProgressLine progress;
    FindingPrinter printer(progress, kFaultLinesMax);
    ROCKETMQ_ASSIGN_OR_RETURN(const StoreLayout layout, store_.readLayout(printer.sink()));
    ROCKETMQ_RETURN_IF_ERROR(
        store::inspect::checkFollowersOpen(store::inspect::readOnlyFileSystem(), layout));
    const StoreSummary summary = store::inspect::summarize(store::inspect::readOnlyFileSystem(),
                                                           layout, !quick_, progress.callback());
    progress.wipe();
    printer.finish();
    printState(layout);
    printLog(layout, summary.log);
    printQueues(layout, summary);
    printIndex(summary);
    for (const std::string& what : summary.unreadable) {
      fmt::print("\nunreadable  {}\n", printable(what));
    }
    const bool lacks_file = summary.log.end_reason == store::inspect::kFileMissing;
    const bool has_faults = printer.faults() > 0 || summary.log.damaged_bytes > 0 || lacks_file ||
                            !summary.unreadable.empty();
    return has_faults ? Outcome::kFaults : Outcome::kClean;
  }

 private:
  StoreArguments store_;
  bool quick_ = false;
};

}  // namespace

std::unique_ptr<Command> makeInspect() { return std::make_unique<Inspect>(); }

}  // namespace rocketmq::mqstore
