#pragma once

#include <benchmark/benchmark.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace rocketmq::bench {

/// The middle one; nullopt when there is none.
std::optional<double> medianOf(std::vector<double> values);

/// Prints as usual and keeps what the table at the end needs.
class Collector final : public benchmark::ConsoleReporter {
 public:
  Collector() : ConsoleReporter(OO_None) {}

  void ReportRuns(const std::vector<Run>& runs) override;

  /// Key: "NAME ns", "NAME/THREADS ns", "NAME/1 cpu_ns" for the processor time, or one of the
  /// counters, as in "BM_Append/4 bytes_per_second". One value for each repetition; empty when it
  /// was not measured.
  std::vector<double> values(const std::string& key) const;
  std::optional<double> median(const std::string& key) const { return medianOf(values(key)); }

 private:
  std::map<std::string, std::vector<double>> values_;
};

/// A row of the table. `bar` "-": there is none.
void printRow(const std::string& what, const char* bar, double measured, bool met);
inline void printRow(const std::string& what, double measured) {
  printRow(what, "-", measured, true);
}

// What a file of benchmarks registers, and the rows of the table that come of it.

void registerSyncFlush();
void printSyncFlushRows(const Collector& runs);

void registerReads();
void printReadRows(const Collector& runs);

struct LatencyOptions {
  double seconds = 10;
  std::string svg_path;  ///< Empty: no picture.
};
void registerLatencies(const LatencyOptions& options);
void printLatencyRows(const Collector& runs);

void registerAppends();
void printAppendRows(const Collector& runs);

}  // namespace rocketmq::bench
