#include "tests/bench/store/collector.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace rocketmq::bench {

std::optional<double> medianOf(std::vector<double> values) {
  if (values.empty()) {
    return std::nullopt;
  }
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void Collector::ReportRuns(const std::vector<Run>& runs) {
  ConsoleReporter::ReportRuns(runs);
  for (const Run& run : runs) {
    if (run.run_type != Run::RT_Iteration || run.error_occurred) {
      continue;
    }
    const std::string name =
        run.run_name.function_name +
        (run.run_name.threads.empty() ? "" : "/" + run.run_name.threads.substr(8));
    values_[name + " ns"].push_back(run.GetAdjustedRealTime());
    values_[name + " cpu_ns"].push_back(run.GetAdjustedCPUTime());
    for (const auto& [counter, value] : run.counters) {
      values_[name + " " + counter].push_back(value.value);
    }
  }
}

std::vector<double> Collector::values(const std::string& key) const {
  const auto found = values_.find(key);
  return found == values_.end() ? std::vector<double>() : found->second;
}

void printRow(const std::string& what, const char* bar, double measured, bool met) {
  std::printf("| %-60s | %-10s | %8.2f | %-6s |\n", what.c_str(), bar, measured,
              std::strcmp(bar, "-") == 0 ? "-" : (met ? "met" : "missed"));
}

}  // namespace rocketmq::bench
