// rebuild: consume queues and index anew

#include "store/inspect/rebuild.h"

#include <fmt/format.h>

#include <string>

#include <CLI/CLI.hpp>

#include "common/file_system.h"
#include "tools/mqstore/command.h"
#include "tools/mqstore/finding_printer.h"
#include "tools/mqstore/progress_line.h"
#include "tools/mqstore/store_arguments.h"
#include "tools/mqstore/text.h"

namespace rocketmq::mqstore {
namespace {

class Rebuild final : public Command {
 public:
  std::string_view name() const override { return "rebuild"; }
  std::string_view description() const override {
    return "Make consume queues and index anew from the commit log; the broker must be stopped";
  }

  void addOptions(CLI::App& app) override {
    store_.addTo(app);
    app.add_flag("--keep-old", keep_old_, "leave the old ones as consumequeue.old and index.old");
    app.add_option("--max-lines", lines_max_, "print no more than so many lines")
        ->check(numberFrom(0));
  }

  Result<Outcome> run() override {
    ROCKETMQ_RETURN_IF_ERROR(store_.noteOtherLog());
    ProgressLine progress;
    FindingPrinter printer(progress, lines_max_);
    store::inspect::RebuildOptions options;
    options.keep_old = keep_old_;
    ROCKETMQ_ASSIGN_OR_RETURN(options.layout, store_.layoutOptions());
    ROCKETMQ_ASSIGN_OR_RETURN(options.delay_level_ms, store_.knownDelayLevels());
    ROCKETMQ_ASSIGN_OR_RETURN(const auto report,
                              store::inspect::rebuild(posixFileSystem(), store_.dir(), options,
                                                      printer.sink(), progress.callback()));
    progress.wipe();
    printer.finish();
    fmt::print("{}: {} with {} ({} left out, {} rejected), {} with {}\n",
               counted(report.records, "record", "records"),
               counted(report.queues, "queue", "queues"),
               counted(report.entries, "entry", "entries"), report.missing_entries,
               counted(report.rejected_records, "record", "records"),
               counted(report.index_files, "index file", "index files"),
               counted(report.index_entries, "entry", "entries"));
    if (report.queues_taken_over > 0) {
      fmt::print("kept as it was what has no records any more: {}\n",
                 counted(report.queues_taken_over, "queue", "queues"));
    }
    if (report.deleted_records > 0) {
      fmt::print("without entries, as their topics are deleted: {}\n",
                 counted(report.deleted_records, "record", "records"));
    }
    return printer.faults() > 0 ? Outcome::kFaults : Outcome::kClean;
  }

 private:
  StoreArguments store_;
  bool keep_old_ = false;
  int64_t lines_max_ = 1000;
};

}  // namespace

std::unique_ptr<Command> makeRebuild() { return std::make_unique<Rebuild>(); }

}  // namespace rocketmq::mqstore
