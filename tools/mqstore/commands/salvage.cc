// salvage: the intact records of a damaged log, in a new store

#include "store/inspect/salvage.h"

#include <fmt/format.h>

#include <filesystem>
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
    app.add_option("--max-lines", lines_max_, "print no more than so many lines")
        ->check(numberFrom(0));
  }

  Result<Outcome> run() override {
    ROCKETMQ_RETURN_IF_ERROR(store_.noteOtherLog());
    ProgressLine progress;
    FindingPrinter printer(progress, lines_max_);
    store::inspect::SalvageOptions options;
    ROCKETMQ_ASSIGN_OR_RETURN(options.layout, store_.layoutOptions());
    ROCKETMQ_ASSIGN_OR_RETURN(options.delay_level_ms, store_.knownDelayLevels());
    ROCKETMQ_ASSIGN_OR_RETURN(
        const auto report,
        store::inspect::salvage(store_.dir(), out_, options, printer.sink(), progress.callback()));
    progress.wipe();
    printer.finish();
    print(report);
    ROCKETMQ_RETURN_IF_ERROR(sayWhichLog());
    return report.damages > 0 || printer.faults() > 0 ? Outcome::kFaults : Outcome::kClean;
  }

 private:
  void print(const store::inspect::SalvageReport& report) const {
    fmt::print("saved {} ({}) into {}: {} with {}, {}\n",
               counted(report.records, "record", "records"), formatBytes(report.record_bytes), out_,
               counted(report.rebuilt.queues, "queue", "queues"),
               counted(report.rebuilt.entries, "entry", "entries"),
               counted(report.rebuilt.index_entries, "index entry", "index entries"));
    fmt::print("lost  {} in {}; queues leave out {}\n",
               counted(report.damaged_bytes, "byte", "bytes"),
               counted(report.damages, "place", "places"),
               counted(report.rebuilt.missing_entries, "offset", "offsets"));
    if (report.unreadable_bytes > 0) {
      fmt::print("      not to be read from the disk: {}\n",
                 counted(report.unreadable_bytes, "byte", "bytes"));
    }
    if (report.deleted_records > 0) {
      fmt::print("      left out, as their topics are deleted: {}\n",
                 counted(report.deleted_records, "record", "records"));
    }
  }

  /// The new log lies in the new folder, and settings that go on to name the damaged one would have
  /// a broker throw the new queues away.
  Status sayWhichLog() const {
    ROCKETMQ_ASSIGN_OR_RETURN(const std::string named, store_.namedLog());
    const std::filesystem::path out = std::filesystem::absolute(out_).lexically_normal();
    const std::string log = (out / "commitlog").string();
    if (!named.empty() && !isSamePlace(named, log)) {
      fmt::print("change storePathCommitLog in broker.conf, which is {}, to {}\n", named, log);
    }
    return Status::ok();
  }

  StoreArguments store_;
  std::string out_;
  int64_t lines_max_ = 1000;
};

}  // namespace

std::unique_ptr<Command> makeSalvage() { return std::make_unique<Salvage>(); }

}  // namespace rocketmq::mqstore
