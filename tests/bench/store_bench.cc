// Measures the store against what the machine can do, in one run: bin/bench-store.
//
//   store_bench [--latency_seconds=10] [--svg=FILE] [--benchmark_...]
//
// Several benchmarks have a fixed number of iterations, so that both sides of a ratio move the same
// bytes. With --benchmark_repetitions the ratios are those of the medians.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <semaphore>
#include <string>
#include <vector>

#include "common/check.h"
#include "common/file_system.h"
#include "common/message/record.h"
#include "store/message_store.h"
#include "tests/bench/svg_plot.h"
#include "tests/support/temp_dir.h"
#include "tools/mqbench/histogram.h"

namespace rocketmq::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr size_t kBodyBytes = 1024;
constexpr int kRecords = 192 * 1024;  // Of one append or copy benchmark, over all threads.
constexpr int kSenders = 64;
constexpr int kSyncPairs = 5;
constexpr double kLatencyBytesPerSecond = 50e6;
constexpr int kPlotStepMs = 10;

double latency_seconds = 10;
std::string svg_path;
double mean_group = 32;  // Until BM_SyncFlush has measured it.

MessageRecord sampleMessage() {
  static const std::string body(kBodyBytes, 'b');
  MessageRecord message;
  message.topic = "Bench";
  message.body = body;
  message.born_timestamp_ms = 1'700'000'000'000;
  return message;
}

const size_t record_bytes = encodedSize(sampleMessage());

/// A store in a folder of its own, both gone at the end.
struct OpenStore {
  rocketmq::test::TempDir dir;
  std::unique_ptr<store::MessageStore> store;

  explicit OpenStore(store::StoreOptions options) {
    options.root_dir = dir / "store";
    auto opened = store::MessageStore::open(options, SystemClock::instance(), nullptr);
    ROCKETMQ_CHECK(opened.ok());
    store = std::move(*opened);
  }
};

/// How the pages of a mapping come to be.
enum class Pages {
  kPresent,   ///< They are there.
  kAhead,     ///< By faults, many ahead of each, in large pages where the file system has them.
  kOneByOne,  ///< By faults, each of one page. So is the log: see MappedFile::prefault().
};

/// A file of the log's kind: blocks reserved, mapped shared.
struct ReservedMapping {
  rocketmq::test::TempDir dir;
  std::unique_ptr<MappedFile> file;
  std::atomic<int64_t> next{0};

  explicit ReservedMapping(Pages pages) {
    const int64_t bytes = static_cast<int64_t>(record_bytes) * kRecords;
    auto mapped = posixFileSystem().map(dir / "file", {.bytes = bytes, .create = true});
    ROCKETMQ_CHECK(mapped.ok());
    file = std::move(*mapped);
    ROCKETMQ_CHECK(file->reserve(0, bytes).isOk());
    if (pages == Pages::kPresent) {
      file->prefault(0, bytes);
    } else if (pages == Pages::kOneByOne) {
      ROCKETMQ_CHECK(::madvise(file->data(), static_cast<size_t>(bytes), MADV_RANDOM) == 0);
    }
  }
};

std::unique_ptr<OpenStore> open_store;
std::unique_ptr<ReservedMapping> reserved_mapping;

void openAsync(const benchmark::State&) {
  open_store = std::make_unique<OpenStore>(store::StoreOptions{});
}
void openSync(const benchmark::State&) {
  store::StoreOptions options;
  options.flush_mode = store::FlushMode::kSync;
  open_store = std::make_unique<OpenStore>(options);
}
void closeStore(const benchmark::State&) { open_store.reset(); }

/// The limit of the machine: threads take places from a counter and copy a record there.
void BM_MemcpyIntoMapping(benchmark::State& state) {
  const std::string record(record_bytes, 'r');
  ReservedMapping& mapping = *reserved_mapping;
  const auto bytes = static_cast<int64_t>(record.size());
  for (auto _ : state) {
    const int64_t at = mapping.next.fetch_add(bytes, std::memory_order_relaxed);
    std::memcpy(mapping.file->data() + at % mapping.file->bytes(), record.data(), record.size());
  }
  state.SetBytesProcessed(state.iterations() * bytes);
}

void BM_Append(benchmark::State& state) {
  const MessageRecord message = sampleMessage();
  for (auto _ : state) {
    if (!open_store->store->put(message).ok()) {
      state.SkipWithError("a put was refused");
      break;
    }
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(record_bytes));
}

std::atomic<int64_t> groups{0};
std::atomic<int64_t> newest_group_end{0};

/// Waits for the disk; a sync shows as a new flushed offset.
bool putAndFlush(const MessageRecord& message) {
  store::MessageStore& store = *open_store->store;
  const store::PutResult put = store.put(message);
  std::binary_semaphore flushed(0);
  bool ok = false;
  store.whenFlushed(put.end_offset, SteadyClock::now() + std::chrono::seconds(10), [&](bool done) {
    const int64_t end = store.flushedOffset();
    if (newest_group_end.exchange(end) != end) {
      groups.fetch_add(1);
    }
    ok = done;
    flushed.release();
  });
  flushed.acquire();
  return put.ok() && ok;
}

/// Processor time of this process, in seconds.
double processorSeconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

void BM_SyncFlush(benchmark::State& state) {
  if (state.thread_index() == 0) {
    groups = 0;
  }
  const double cpu_begin = processorSeconds();
  const auto begin = std::chrono::steady_clock::now();
  for (auto _ : state) {
    if (!putAndFlush(sampleMessage())) {
      state.SkipWithError("a message was not flushed");
      break;
    }
  }
  state.SetItemsProcessed(state.iterations());
  if (state.thread_index() == 0 && groups > 0) {
    const auto messages = static_cast<double>(state.iterations()) * kSenders;
    mean_group = std::max(1.0, messages / static_cast<double>(groups));
    state.counters["group"] = mean_group;
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    state.counters["cores"] = (processorSeconds() - cpu_begin) / took.count();
  }
}

/// What the disk does with the bytes of one mean group per call. Runs after BM_SyncFlush.
void BM_RawFdatasync(benchmark::State& state) {
  const rocketmq::test::TempDir dir;
  const std::string content(static_cast<size_t>(mean_group * static_cast<double>(record_bytes)),
                            'r');
  const int file = ::open((dir / "file").c_str(), O_RDWR | O_CREAT, 0600);
  ROCKETMQ_CHECK(file >= 0 && ::posix_fallocate(file, 0, 256 << 20) == 0);
  off_t at = 0;
  for (auto _ : state) {
    const ssize_t written = ::pwrite(file, content.data(), content.size(), at);
    if (written != static_cast<ssize_t>(content.size()) || ::fdatasync(file) != 0) {
      state.SkipWithError("the disk failed");
      break;
    }
    at += written;
  }
  ::close(file);
  state.SetItemsProcessed(state.iterations());
}

void BM_GetCached32(benchmark::State& state) {
  constexpr int kMessages = 32 * 512;
  OpenStore opened({});
  for (int i = 0; i < kMessages; ++i) {
    ROCKETMQ_CHECK(opened.store->put(sampleMessage()).ok());
  }
  int64_t offset = 0;
  for (auto _ : state) {
    const auto got = opened.store->get({.topic = "Bench", .offset = offset, .no_wait = true});
    if (got.message_count != 32) {
      state.SkipWithError("not 32 messages");
      break;
    }
    benchmark::DoNotOptimize(got.slices.data());
    offset = got.next_offset % kMessages;
  }
}

struct Latencies {
  Histogram from_due;
  Histogram of_call;
  std::vector<double> worst_us;  ///< One per kPlotStepMs, from due.
};

/// Appends at a steady rate. A latency counts from when the record was due, so that a stall is seen
/// by every record that it delays.
template <typename Append>
Latencies appendSteadily(const Append& append) {
  const double per_second = kLatencyBytesPerSecond / static_cast<double>(record_bytes);
  const auto count = static_cast<int64_t>(latency_seconds * per_second);
  Latencies result;
  result.worst_us.resize(static_cast<size_t>(latency_seconds * 1000 / kPlotStepMs) + 1);
  const auto start = SteadyClock::now();
  for (int64_t i = 0; i < count; ++i) {
    const std::chrono::nanoseconds due(
        static_cast<int64_t>(static_cast<double>(i) * 1e9 / per_second));
    auto begun = SteadyClock::now() - start;
    while (begun < due) {  // A sleep would add its own lateness.
      begun = SteadyClock::now() - start;
    }
    append();
    const auto end = SteadyClock::now() - start;
    result.of_call.record((end - begun).count());
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
}

void BM_AppendLatency(benchmark::State& state) {
  store::StoreOptions options;
  options.commit_log_file_bytes = 64 << 20;
  const MessageRecord message = sampleMessage();
  for (auto _ : state) {
    OpenStore opened(options);
    const Latencies latencies =
        appendSteadily([&] { ROCKETMQ_CHECK(opened.store->put(message).ok()); });
    noteLatencies(state, latencies);
    if (!svg_path.empty() && !writeLatencySvg(svg_path, latencies.worst_us, kPlotStepMs)) {
      state.SkipWithError("cannot write the plot");
    }
  }
}

/// The same loop with nothing but a copy in private memory: what the machine alone makes late.
void BM_CopyLatency(benchmark::State& state) {
  const std::string from(record_bytes, 'r');
  std::string to(record_bytes, '.');
  for (auto _ : state) {
    noteLatencies(state, appendSteadily([&] {
                    std::memcpy(to.data(), from.data(), from.size());
                    benchmark::ClobberMemory();
                  }));
  }
}

/// In pairs, because a disk's speed changes within seconds, and before anything leaves dirty pages.
void registerSyncPairs() {
  for (int i = 0; i < kSyncPairs; ++i) {
    benchmark::RegisterBenchmark("BM_SyncFlush", BM_SyncFlush)
        ->Setup(openSync)
        ->Teardown(closeStore)
        ->Threads(kSenders)
        ->Iterations(100)
        ->Repetitions(1)
        ->UseRealTime();
    benchmark::RegisterBenchmark("BM_RawFdatasync", BM_RawFdatasync)
        ->Iterations(200)
        ->Repetitions(1)
        ->UseRealTime();
  }
}

template <Pages pages>
void registerCopy(const char* name, int threads) {
  benchmark::RegisterBenchmark(name, BM_MemcpyIntoMapping)
      ->Setup([](const benchmark::State&) {
        reserved_mapping = std::make_unique<ReservedMapping>(pages);
      })
      ->Teardown([](const benchmark::State&) { reserved_mapping.reset(); })
      ->Threads(threads)
      ->Iterations(kRecords / threads)
      ->UseRealTime();
}

void registerAppends() {
  for (const int threads : {1, 4, 16}) {
    registerCopy<Pages::kPresent>("BM_MemcpyIntoMapping", threads);
    registerCopy<Pages::kAhead>("BM_MemcpyIntoColdMapping", threads);
    registerCopy<Pages::kOneByOne>("BM_MemcpyIntoColdPages", threads);
    benchmark::RegisterBenchmark("BM_Append", BM_Append)
        ->Setup(openAsync)
        ->Teardown(closeStore)
        ->Threads(threads)
        ->Iterations(kRecords / threads)
        ->UseRealTime();
  }
}

void registerAll() {
  registerSyncPairs();
  benchmark::RegisterBenchmark("BM_GetCached32", BM_GetCached32);
  const auto registerLatency = [](const char* name, benchmark::internal::Function* run) {
    benchmark::RegisterBenchmark(name, run)->Iterations(1)->Repetitions(1)->UseRealTime()->Unit(
        benchmark::kMillisecond);
  };
  registerLatency("BM_CopyLatency", BM_CopyLatency);
  registerLatency("BM_AppendLatency", BM_AppendLatency);
  registerAppends();
}

/// Prints as usual and keeps what the table at the end needs.
class Collector final : public benchmark::ConsoleReporter {
 public:
  Collector() : ConsoleReporter(OO_None) {}

  void ReportRuns(const std::vector<Run>& runs) override {
    ConsoleReporter::ReportRuns(runs);
    for (const Run& run : runs) {
      if (run.run_type != Run::RT_Iteration || run.error_occurred) {
        continue;
      }
      const std::string name =
          run.run_name.function_name +
          (run.run_name.threads.empty() ? "" : "/" + run.run_name.threads.substr(8));
      values_[name + " ns"].push_back(run.GetAdjustedRealTime());
      for (const auto& [counter, value] : run.counters) {
        values_[name + " " + counter].push_back(value.value);
      }
    }
  }

  /// One value for each repetition; empty when it was not measured.
  std::vector<double> values(const std::string& key) const {
    const auto found = values_.find(key);
    return found == values_.end() ? std::vector<double>() : found->second;
  }

  /// nullopt when it was not measured.
  std::optional<double> median(const std::string& key) const { return medianOf(values(key)); }

  static std::optional<double> medianOf(std::vector<double> values) {
    if (values.empty()) {
      return std::nullopt;
    }
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
  }

 private:
  std::map<std::string, std::vector<double>> values_;
};

void printRow(const std::string& what, const char* bar, double measured, bool met) {
  std::printf("| %-52s | %-10s | %8.2f | %-6s |\n", what.c_str(), bar, measured,
              std::strcmp(bar, "-") == 0 ? "-" : (met ? "met" : "missed"));
}

void printAppendRows(const Collector& runs, const std::string& threads) {
  const auto append = runs.median("BM_Append/" + threads + " bytes_per_second");
  const auto row = [&](const std::string& name, const std::string& what) {
    if (const auto copy = runs.median(name + "/" + threads + " bytes_per_second"); copy && append) {
      printRow(what + ", " + threads + " thread(s)", ">= 0.6", *append / *copy,
               *append / *copy >= 0.6);
    }
  };
  row("BM_MemcpyIntoMapping", "append / memcpy, warm pages");
  row("BM_MemcpyIntoColdMapping", "append / memcpy, pages made ahead");
  row("BM_MemcpyIntoColdPages", "append / memcpy, pages made one by one");
}

/// The median of the pairs' ratios.
void printSyncRow(const Collector& runs) {
  const auto sync = runs.values("BM_SyncFlush/64 items_per_second");
  const auto raw = runs.values("BM_RawFdatasync items_per_second");
  const auto group = runs.values("BM_SyncFlush/64 group");
  const auto cores = runs.median("BM_SyncFlush/64 cores");
  std::vector<double> ratios;
  for (size_t i = 0; i < std::min({sync.size(), raw.size(), group.size()}); ++i) {
    ratios.push_back(sync[i] / (raw[i] * group[i]));
  }
  const auto ratio = Collector::medianOf(ratios);
  if (!ratio) {
    return;
  }
  const auto [low, high] = std::minmax_element(ratios.begin(), ratios.end());
  char what[80];
  std::snprintf(what, sizeof(what), "sync flush / (fdatasync x group %.1f), %.2f to %.2f",
                *Collector::medianOf(group), *low, *high);
  printRow(what, ">= 0.8", *ratio, *ratio >= 0.8);
  printRow("cores that the 64 senders keep busy meanwhile", "-", cores.value_or(0), true);
}

void printLatencyRows(const Collector& runs) {
  for (const std::string part : {"p50", "p99", "p99.9", "max", "call_p99.9", "call_max"}) {
    if (const auto us = runs.median("BM_AppendLatency " + part + "_us")) {
      const bool has_bar = part == "p99.9";
      printRow("append at 50 MB/s, " + part + ", ms", has_bar ? "< 2" : "-", *us / 1000,
               *us < 2000);
    }
    if (const auto us = runs.median("BM_CopyLatency " + part + "_us")) {
      printRow("same loop, only a copy, " + part + ", ms", "-", *us / 1000, true);
    }
  }
}

void printTable(const Collector& runs) {
  std::printf("\n| %-52s | %-10s | %8s | %-6s |\n| --- | --- | --- | --- |\n", "what", "bar",
              "measured", "");
  for (const char* threads : {"1", "4", "16"}) {
    printAppendRows(runs, threads);
  }
  printSyncRow(runs);
  if (const auto get = runs.median("BM_GetCached32 ns")) {
    printRow("get of 32 cached messages, us", "< 2", *get / 1000, *get < 2000);
  }
  printLatencyRows(runs);
}

bool takeOption(const std::string& argument, const std::string& name, std::string& value) {
  if (!argument.starts_with(name)) {
    return false;
  }
  value = argument.substr(name.size());
  return true;
}

}  // namespace
}  // namespace rocketmq::bench

int main(int argc, char** argv) {
  using namespace rocketmq::bench;
  benchmark::Initialize(&argc, argv);
  for (int i = 1; i < argc; ++i) {
    std::string seconds;
    if (takeOption(argv[i], "--latency_seconds=", seconds)) {
      latency_seconds = std::strtod(seconds.c_str(), nullptr);
    } else if (!takeOption(argv[i], "--svg=", svg_path)) {
      std::fprintf(stderr, "unknown option %s\n", argv[i]);
      return 1;
    }
  }
  registerAll();
  Collector collector;
  benchmark::RunSpecifiedBenchmarks(&collector);
  printTable(collector);
}
