// Synchronous flush with 64 senders against what the disk does alone with the same calls.
//
// A turn runs the store, then repeats its syncs by themselves: the same numbers of bytes in the
// same order, into a file of the same kind. The ratio of a turn is the time of those by the time of
// the store; (messages per second) / (raw syncs per second x mean group) is the same number. Turns
// follow each other closely, because a disk's speed changes within seconds.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "tests/bench/store/bench_store.h"
#include "tests/bench/store/collector.h"
#include "tests/bench/store/group_commit.h"
#include "tests/bench/store/senders.h"
#include "tests/bench/store/sync_trace.h"
#include "tests/support/temp_dir.h"

namespace rocketmq::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr int kSenders = 64;
constexpr int kLoops = 2;
constexpr int kTurns = 9;
constexpr std::chrono::milliseconds kTurn{300};
constexpr int64_t kControlFileBytes = int64_t{512} << 20;

/// What this process has used.
struct Usage {
  double processor_seconds = 0;
  double switches = 0;
};

Usage usage() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return {.processor_seconds = seconds(used.ru_utime) + seconds(used.ru_stime),
          .switches = static_cast<double>(used.ru_nvcsw + used.ru_nivcsw)};
}

/// What came of one turn of senders.
struct Turn {
  std::vector<SyncCall> syncs;  ///< Without the first tenth, in which the senders begin.
  double cores = 0;
  double switches_per_message = 0;

  double messages() const {
    int64_t bytes = 0;
    for (const SyncCall& sync : syncs) {
      bytes += sync.bytes;
    }
    return static_cast<double>(bytes) / static_cast<double>(recordBytes());
  }
  /// From the first sync's begin to the last one's end.
  double seconds() const { return Seconds(syncs.back().end - syncs.front().begin).count(); }
  double inSyncs() const {
    Seconds sum{0};
    for (const SyncCall& sync : syncs) {
      sum += sync.end - sync.begin;
    }
    return sum.count();
  }
  double group(double percent) const {
    std::vector<int64_t> bytes;
    for (const SyncCall& sync : syncs) {
      bytes.push_back(sync.bytes);
    }
    std::sort(bytes.begin(), bytes.end());
    const auto index = static_cast<size_t>(percent / 100 * static_cast<double>(bytes.size() - 1));
    return static_cast<double>(bytes[index]) / static_cast<double>(recordBytes());
  }
};

template <typename Run>
Turn traced(SyncTrace& trace, const Run& run) {
  trace.take();
  const Usage before = usage();
  const auto begin = SteadyClock::now();
  run();
  const Seconds took = SteadyClock::now() - begin;
  const Usage after = usage();
  Turn turn{.syncs = trace.take(),
            .cores = (after.processor_seconds - before.processor_seconds) / took.count()};
  ROCKETMQ_CHECK(turn.syncs.size() > 10);
  turn.switches_per_message = (after.switches - before.switches) / turn.messages();
  turn.syncs.erase(turn.syncs.begin(), turn.syncs.begin() + std::ssize(turn.syncs) / 10);
  return turn;
}

void sendFromLoops(const Send& send) {
  std::vector<SenderLoop> loops(kLoops);
  std::vector<NamedThread> threads;
  for (SenderLoop& loop : loops) {
    threads.emplace_back("loop", [&] { loop.run(kSenders / kLoops, kTurn, send); });
  }
}

template <typename Senders>
Turn runStore(const Senders& senders) {
  SyncTrace trace;
  TracedFileSystem files(trace);
  store::StoreOptions options;
  options.flush_mode = store::FlushMode::kSync;
  OpenStore opened(options, files);
  const MessageRecord message = sampleMessage();
  const Send send = [&](std::function<void()> done) {
    const store::PutResult put = opened.store->put(message);
    ROCKETMQ_CHECK(put.ok());
    opened.store->whenFlushed(put.end_offset, SteadyClock::now() + std::chrono::seconds(10),
                              [done = std::move(done)](const Status& flushed) {
                                ROCKETMQ_CHECK(flushed.isOk());
                                done();
                              });
  };
  return traced(trace, [&] { senders(send); });
}

Turn runControl() {
  const test::TempDir dir;
  SyncTrace trace;
  GroupCommit commit(dir / "file", kControlFileBytes, trace);
  const std::string record(recordBytes(), 'r');
  return traced(trace, [&] {
    sendFromThreads(kSenders, kTurn,
                    [&](std::function<void()> done) { commit.send(record, std::move(done)); });
  });
}

/// How long the disk takes for the same calls by themselves.
double secondsAlone(const std::vector<SyncCall>& syncs) {
  const test::TempDir dir;
  int64_t all = 0;
  int64_t most = 0;
  for (const SyncCall& sync : syncs) {
    all += sync.bytes;
    most = std::max(most, sync.bytes);
  }
  const std::string content(static_cast<size_t>(most), 'r');
  const int file = ::open((dir / "file").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  ROCKETMQ_CHECK(file >= 0 && ::posix_fallocate(file, 0, all) == 0 && ::fsync(file) == 0);
  const auto begin = SteadyClock::now();
  off_t at = 0;
  for (const SyncCall& sync : syncs) {
    const ssize_t written = ::pwrite(file, content.data(), static_cast<size_t>(sync.bytes), at);
    ROCKETMQ_CHECK(written == sync.bytes && ::fdatasync(file) == 0);
    at += written;
  }
  const Seconds took = SteadyClock::now() - begin;
  ::close(file);
  return took.count();
}

template <typename Run>
void measure(benchmark::State& state, const Run& run) {
  for (auto _ : state) {
    const Turn turn = run();
    const auto calls = static_cast<double>(turn.syncs.size());
    const double alone = secondsAlone(turn.syncs);
    state.counters["ratio"] = alone / turn.seconds();
    state.counters["rate"] = turn.messages() / turn.seconds();
    state.counters["alone_us"] = alone / calls * 1e6;
    state.counters["sync_us"] = turn.inSyncs() / calls * 1e6;
    state.counters["between_us"] = (turn.seconds() - turn.inSyncs()) / calls * 1e6;
    state.counters["group"] = turn.messages() / calls;
    state.counters["group_p10"] = turn.group(10);
    state.counters["group_p90"] = turn.group(90);
    state.counters["cores"] = turn.cores;
    state.counters["switches"] = turn.switches_per_message;
  }
}

void registerTurn(const char* name, benchmark::internal::Function* run) {
  benchmark::RegisterBenchmark(name, run)->Iterations(1)->Repetitions(1)->UseRealTime()->Unit(
      benchmark::kMillisecond);
}

void printRowsOf(const Collector& runs, const std::string& name, const std::string& what,
                 bool has_bar) {
  const std::vector<double> ratios = runs.values(name + " ratio");
  const auto median = [&](const char* counter) {
    return runs.median(name + " " + counter).value_or(0);
  };
  if (ratios.empty()) {
    return;
  }
  const auto [low, high] = std::minmax_element(ratios.begin(), ratios.end());
  char range[80];
  std::snprintf(range, sizeof(range), " / (fdatasync x group), %.2f to %.2f", *low, *high);
  printRow(what + range, has_bar ? ">= 0.8" : "-", median("ratio"), median("ratio") >= 0.8);
  char group[80];
  std::snprintf(group, sizeof(group), ", messages per sync, %.0f to %.0f", median("group_p10"),
                median("group_p90"));
  printRow(what + group, median("group"));
  printRow(what + ", messages per second, thousands", median("rate") / 1000);
  printRow(what + ", us in a sync", median("sync_us"));
  printRow(what + ", us between two", median("between_us"));
  printRow(what + ", us of a sync alone", median("alone_us"));
  printRow(what + ", switches per message", median("switches"));
  printRow(what + ", cores busy", median("cores"));
}

}  // namespace

void registerSyncFlush() {
  for (int i = 0; i < kTurns; ++i) {
    registerTurn("BM_SyncFlushThreads", [](benchmark::State& state) {
      measure(state, [] {
        return runStore([](const Send& send) { sendFromThreads(kSenders, kTurn, send); });
      });
    });
    registerTurn("BM_SyncFlushLoops", [](benchmark::State& state) {
      measure(state, [] { return runStore(sendFromLoops); });
    });
    registerTurn("BM_SyncControl", [](benchmark::State& state) { measure(state, runControl); });
  }
}

void printSyncFlushRows(const Collector& runs) {
  printRowsOf(runs, "BM_SyncFlushThreads", "sync flush, 64 threads", true);
  printRowsOf(runs, "BM_SyncFlushLoops", "sync flush, 64 senders on 2 threads", true);
  printRowsOf(runs, "BM_SyncControl", "control, 64 threads, no store", false);
}

}  // namespace rocketmq::bench
