// salvage: the intact records of a damaged log, in a new store

#include "store/inspect/salvage.h"

#include <fmt/format.h>

#include <string>

#include <CLI/CLI.hpp>

#include "tools/mqstore/command.h"
#include "tools/mqstore/finding_printer.h"
#include "tools/mqstore/progress_line.h"
#include "tools/mqstore/store_arguments.h"
#include "tools/mqstore/text.h"

namespace rocketmq::mqstore {
namespace {

class Salvage final : public Command {
 public:
  std::string_view name() const override { return "salvage"; }
  std::string_view description() const override {
    return "Copy every intact record of a damaged log into a new store";
  }

  void addOptions(CLI::App& app) override {
    store_.addTo(app);
    app.add_option("OUT", out_, "folder of the new store; must be empty or missing")->required();
    app.add_option("--max-lines", lines_max_, "print no more than so many lines");
  }

  Result<Outcome> run() override {
    ProgressLine progress;
    FindingPrinter printer(progress, lines_max_);
    store::inspect::SalvageOptions options;
    ROCKETMQ_ASSIGN_OR_RETURN(options.layout, store_.layoutOptions());
    ROCKETMQ_ASSIGN_OR_RETURN(options.delay_level_ms, store_.delayLevels());
    ROCKETMQ_ASSIGN_OR_RETURN(
        const auto report,
        store::inspect::salvage(store_.dir(), out_, options, printer.sink(), progress.callback()));
    progress.wipe();
    printer.finish();
    print(report);
    return report.damages > 0 || printer.faults() > 0 ? Outcome::kFaults : Outcome::kClean;
  }

 private:
  void print(const store::inspect::SalvageReport& report) const {
    fmt::print("saved {} records ({}) into {}: {} queues with {} entries, {} index entries\n",
               report.records, formatBytes(report.record_bytes), out_, report.rebuilt.queues,
               report.rebuilt.entries, report.rebuilt.index_entries);
    fmt::print("lost  {} bytes in {} places; queues leave out {} offsets\n", report.damaged_bytes,
               report.damages, report.rebuilt.missing_entries);
    if (report.unreadable_bytes > 0) {
      fmt::print("      {} bytes could not be read from the disk\n", report.unreadable_bytes);
    }
    if (report.deleted_records > 0) {
      fmt::print("      {} records of deleted topics were left out\n", report.deleted_records);
    }
  }

  StoreArguments store_;
  std::string out_;
  int64_t lines_max_ = 1000;
};

}  // namespace

std::unique_ptr<Command> makeSalvage() { return std::make_unique<Salvage>(); }

}  // namespace rocketmq::mqstore
