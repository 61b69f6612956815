// How long one append takes at a steady rate, roll-overs and flushes included.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <string>
#include <vector>

#include "tests/bench/store/bench_store.h"
#include "tests/bench/store/collector.h"
#include "tests/bench/svg_plot.h"
#include "tools/mqbench/histogram.h"

namespace rocketmq::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr double kBytesPerSecond = 50e6;
constexpr int kPlotStepMs = 10;
constexpr int64_t kFileBytes = 16 << 20;  // Three roll-overs per second.
/// The next file is made in this time after a roll-over.
constexpr std::chrono::milliseconds kAfterRollOver{20};

struct Latencies {
  Histogram from_due;
  Histogram of_call;
  Histogram of_roll_over;        ///< Calls that went on in a new file.
  Histogram after_roll_over;     ///< Calls within kAfterRollOver of one.
  std::vector<double> worst_us;  ///< One per kPlotStepMs, from due.
};

/// Appends at a steady rate. A latency counts from when the record was due, so that a stall is seen
/// by every record that it delays. `append` returns the log offset of its record.
template <typename Append>
Latencies appendSteadily(double seconds, const Append& append) {
  const double per_second = kBytesPerSecond / static_cast<double>(recordBytes());
  const auto count = static_cast<int64_t>(seconds * per_second);
  Latencies result;
  result.worst_us.resize(static_cast<size_t>(seconds * 1000 / kPlotStepMs) + 1);
  const auto start = SteadyClock::now();
  int64_t file = 0;
  auto rolled_over = -SteadyClock::duration(kAfterRollOver);
  for (int64_t i = 0; i < count; ++i) {
    const std::chrono::nanoseconds due(
        static_cast<int64_t>(static_cast<double>(i) * 1e9 / per_second));
    auto begun = SteadyClock::now() - start;
    while (begun < due) {  // A sleep would add its own lateness.
      begun = SteadyClock::now() - start;
    }
    const int64_t offset = append();
    const auto end = SteadyClock::now() - start;
    const auto call = (end - begun).count();
    if (offset / kFileBytes != file) {
      file = offset / kFileBytes;
      rolled_over = end;
      result.of_roll_over.record(call);
    } else if (begun - rolled_over < kAfterRollOver) {
      result.after_roll_over.record(call);
    }
    result.of_call.record(call);
    result.from_due.record((end - due).count());
    double& worst =
        result.worst_us[static_cast<size_t>(due / std::chrono::milliseconds(kPlotStepMs))];
    worst = std::max(worst, static_cast<double>((end - due).count()) / 1000);
  }
  return result;
}

void noteLatencies(benchmark::State& state, const Latencies& latencies) {
  const auto note = [&](const char* name, int64_t ns) {
    state.counters[name] = static_cast<double>(ns) / 1000;
  };
  note("p50_us", latencies.from_due.percentile(50));
  note("p99_us", latencies.from_due.percentile(99));
  note("p99.9_us", latencies.from_due.percentile(99.9));
  note("max_us", latencies.from_due.max());
  note("call_p99.9_us", latencies.of_call.percentile(99.9));
  note("call_max_us", latencies.of_call.max());
  if (latencies.of_roll_over.count() > 0) {
    note("roll_over_max_us", latencies.of_roll_over.max());
    note("after_roll_over_max_us", latencies.after_roll_over.max());
    state.counters["roll_overs"] = static_cast<double>(latencies.of_roll_over.count());
  }
}

void measureAppends(benchmark::State& state, const LatencyOptions& options) {
  store::StoreOptions store_options;
  store_options.commit_log_file_bytes = kFileBytes;
  const MessageRecord message = sampleMessage();
  for (auto _ : state) {
    OpenStore opened(store_options);
    ROCKETMQ_CHECK(opened.store->put(message).ok());  // Makes the first files.
    const Latencies latencies = appendSteadily(options.seconds, [&] {
      const store::PutResult put = opened.store->put(message);
      ROCKETMQ_CHECK(put.ok());
      return put.physical_offsets[0];
    });
    noteLatencies(state, latencies);
    if (!options.svg_path.empty() &&
        !writeLatencySvg(options.svg_path, latencies.worst_us, kPlotStepMs)) {
      state.SkipWithError("cannot write the plot");
    }
  }
}

/// The same loop with nothing but a copy in private memory: what the machine alone makes late.
void measureCopies(benchmark::State& state, double seconds) {
  const std::string from(recordBytes(), 'r');
  std::string to(recordBytes(), '.');
  for (auto _ : state) {
    noteLatencies(state, appendSteadily(seconds, [&] {
                    std::memcpy(to.data(), from.data(), from.size());
                    benchmark::ClobberMemory();
                    return int64_t{0};
                  }));
  }
}

}  // namespace

void registerLatencies(const LatencyOptions& options) {
  const auto once = [](benchmark::internal::Benchmark* run) {
    run->Iterations(1)->Repetitions(3)->UseRealTime()->Unit(benchmark::kMillisecond);
  };
  once(benchmark::RegisterBenchmark("BM_CopyLatency", [options](benchmark::State& state) {
    measureCopies(state, options.seconds);
  }));
  once(benchmark::RegisterBenchmark(
      "BM_AppendLatency", [options](benchmark::State& state) { measureAppends(state, options); }));
}

void printLatencyRows(const Collector& runs) {
  struct Part {
    const char* name;
    double bar_us = 0;  // 0: none.
  };
  for (const auto& [name, bar_us] :
       {Part{"p50"}, Part{"p99"}, Part{"p99.9", 2000}, Part{"max"}, Part{"call_p99.9"},
        Part{"call_max"}, Part{"roll_over_max", 1000}, Part{"after_roll_over_max"}}) {
    const std::string counter = std::string(" ") + name + "_us";
    if (const auto us = runs.median("BM_AppendLatency" + counter)) {
      const std::string bar = "< " + std::to_string(static_cast<int>(bar_us / 1000));
      printRow(std::string("append at 50 MB/s, ") + name + ", ms", bar_us > 0 ? bar.c_str() : "-",
               *us / 1000, *us < bar_us);
    }
    if (const auto us = runs.median("BM_CopyLatency" + counter)) {
      printRow(std::string("same loop, only a copy, ") + name + ", ms", *us / 1000);
    }
  }
  if (const auto count = runs.median("BM_AppendLatency roll_overs")) {
    printRow("roll-overs meanwhile", *count);
  }
}

}  // namespace rocketmq::bench
