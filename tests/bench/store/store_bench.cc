// Measures the store against what the machine can do, in one run: bin/bench-store.
//
//   store_bench [--latency_seconds=10] [--svg=FILE] [--benchmark_...]
//
// Several benchmarks have a fixed number of iterations, so that both sides of a ratio move the same
// bytes. With --benchmark_repetitions the ratios are those of the medians.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/bench/store/collector.h"

namespace rocketmq::bench {
namespace {

bool takeOption(const std::string& argument, const std::string& name, std::string& value) {
  if (!argument.starts_with(name)) {
    return false;
  }
  value = argument.substr(name.size());
  return true;
}

bool parse(int argc, char** argv, LatencyOptions& options) {
  for (int i = 1; i < argc; ++i) {
    std::string seconds;
    if (takeOption(argv[i], "--latency_seconds=", seconds)) {
      options.seconds = std::strtod(seconds.c_str(), nullptr);
    } else if (!takeOption(argv[i], "--svg=", options.svg_path)) {
      std::fprintf(stderr, "unknown option %s\n", argv[i]);
      return false;
    }
  }
  return true;
}

/// The synchronous flush comes before anything that leaves dirty pages.
void registerAll(const LatencyOptions& latencies) {
  registerSyncFlush();
  registerReads();
  registerLatencies(latencies);
  registerAppends();
}

void printTable(const Collector& runs) {
  std::printf("\n| %-60s | %-10s | %8s | %-6s |\n| --- | --- | --- | --- |\n", "what", "bar",
              "measured", "");
  printAppendRows(runs);
  printSyncFlushRows(runs);
  printReadRows(runs);
  printLatencyRows(runs);
}

}  // namespace
}  // namespace rocketmq::bench

int main(int argc, char** argv) {
  using namespace rocketmq::bench;
  benchmark::Initialize(&argc, argv);
  LatencyOptions latencies;
  if (!parse(argc, argv, latencies)) {
    return 1;
  }
  registerAll(latencies);
  Collector collector;
  benchmark::RunSpecifiedBenchmarks(&collector);
  printTable(collector);
}
