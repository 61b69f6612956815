// verify: whether a store is what it must be

#include "store/inspect/verify.h"

#include <fmt/format.h>

#include <string>

#include <CLI/CLI.hpp>

#include "store/inspect/read_only_files.h"
#include "tools/mqstore/command.h"
#include "tools/mqstore/finding_printer.h"
#include "tools/mqstore/progress_line.h"
#include "tools/mqstore/store_arguments.h"
#include "tools/mqstore/text.h"

namespace rocketmq::mqstore {
namespace {

class Verify final : public Command {
 public:
  std::string_view name() const override { return "verify"; }
  std::string_view description() const override {
    return "Check every record, queue entry and index entry; a line per fault";
  }

  void addOptions(CLI::App& app) override {
    store_.addTo(app);
    app.add_flag("--strict", strict_, "count notes as faults");
    app.add_option("--max-lines", lines_max_, "print no more than so many lines")
        ->check(numberFrom(0));
  }

  Result<Outcome> run() override {
    ProgressLine progress;
    FindingPrinter printer(progress, lines_max_);
    const auto sink = printer.sink();
    store::inspect::VerifyOptions options;
    ROCKETMQ_ASSIGN_OR_RETURN(options.delay_level_ms, store_.delayLevels());
    ROCKETMQ_ASSIGN_OR_RETURN(options.exact_delays, store_.hasDelayLevels());
    ROCKETMQ_ASSIGN_OR_RETURN(options.is_index_made, store_.makesIndex());
    ROCKETMQ_ASSIGN_OR_RETURN(const auto layout, store_.readLayout(sink));
    ROCKETMQ_RETURN_IF_ERROR(
        store::inspect::checkFollowersOpen(store::inspect::readOnlyFileSystem(), layout));
    const auto report = store::inspect::verify(store::inspect::readOnlyFileSystem(), layout,
                                               options, sink, progress.callback());
    progress.wipe();
    printer.finish();
    fmt::print("log {} to {}: {}; {}: {}; {}: {}\n", report.log_begin, report.log_end,
               counted(report.records, "record", "records"),
               counted(report.queues, "queue", "queues"),
               counted(report.queue_entries, "entry", "entries"),
               counted(report.index_files, "index file", "index files"),
               counted(report.index_entries, "entry", "entries"));
    if (report.deleted_records > 0) {
      fmt::print("without entries, as their topics are deleted: {}\n",
                 counted(report.deleted_records, "record", "records"));
    }
    const bool has_faults = printer.faults() + (strict_ ? printer.notes() : 0) > 0;
    fmt::print("{}: {}, {}\n", has_faults ? "not clean" : "clean",
               counted(printer.faults(), "fault", "faults"),
               counted(printer.notes(), "note", "notes"));
    return has_faults ? Outcome::kFaults : Outcome::kClean;
  }

 private:
  StoreArguments store_;
  bool strict_ = false;
  int64_t lines_max_ = 1000;
};

}  // namespace

std::unique_ptr<Command> makeVerify() { return std::make_unique<Verify>(); }

}  // namespace rocketmq::mqstore
