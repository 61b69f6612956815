// compare: whether two commit logs agree

#include "store/inspect/compare.h"

#include <fmt/format.h>

#include <string>

#include <CLI/CLI.hpp>

#include "store/inspect/read_only_files.h"
#include "tools/mqstore/command.h"
#include "tools/mqstore/finding_printer.h"
#include "tools/mqstore/progress_line.h"
#include "tools/mqstore/store_arguments.h"

namespace rocketmq::mqstore {
namespace {

constexpr int64_t kFaultLinesMax = 20;

class Compare final : public Command {
 public:
  std::string_view name() const override { return "compare"; }
  std::string_view description() const override {
    return "Compare two commit logs byte for byte over the range that both hold";
  }

  void addOptions(CLI::App& app) override {
    store_.addTo(app);
    app.add_option("DIR2", second_dir_, "the other store's folder")->required();
  }

  Result<Outcome> run() override {
    namespace inspect = store::inspect;
    ProgressLine progress;
    FindingPrinter printer(progress, kFaultLinesMax);
    ROCKETMQ_ASSIGN_OR_RETURN(const auto first, store_.readLayout(printer.sink()));
    ROCKETMQ_ASSIGN_OR_RETURN(const auto options, store_.layoutOptions());
    ROCKETMQ_ASSIGN_OR_RETURN(
        const auto second,
        inspect::readLayout(inspect::readOnlyFileSystem(), second_dir_, options, printer.sink()));
    const auto result =
        inspect::compareLogs(inspect::readOnlyFileSystem(), first, second, progress.callback());
    progress.wipe();
    fmt::print("first   {} to {}\nsecond  {} to {}\n", first.logBegin(), result.first_end,
               second.logBegin(), result.second_end);
    if (result.first_difference) {
      const auto place = first.at(*result.first_difference, "");
      fmt::print("differ  at {} ({} at {})\n", *result.first_difference, place.file, place.offset);
      return Outcome::kFaults;
    }
    if (result.begin >= result.end) {
      const bool is_first_empty = first.logBegin() >= result.first_end;
      const bool is_second_empty = second.logBegin() >= result.second_end;
      fmt::print("nothing in common: {}\n",
                 is_first_empty && is_second_empty ? "both logs are empty"
                 : is_first_empty                  ? "the first log is empty"
                 : is_second_empty                 ? "the second log is empty"
                                                   : "one begins behind the other's end");
      return Outcome::kFaults;
    }
    fmt::print("equal   {} to {}\n", result.begin, result.end);
    return Outcome::kClean;
  }

 private:
  StoreArguments store_;
  std::string second_dir_;
};

}  // namespace

std::unique_ptr<Command> makeCompare() { return std::make_unique<Compare>(); }

}  // namespace rocketmq::mqstore
