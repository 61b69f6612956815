// What it costs to find 32 cached messages and hand out slices of them.
#include <benchmark/benchmark.h>

#include "tests/bench/store/bench_store.h"
#include "tests/bench/store/collector.h"

namespace rocketmq::bench {
namespace {

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

}  // namespace

void registerReads() { benchmark::RegisterBenchmark("BM_GetCached32", BM_GetCached32); }

void printReadRows(const Collector& runs) {
  if (const auto get = runs.median("BM_GetCached32 ns")) {
    printRow("get of 32 cached messages, us", "< 2", *get / 1000, *get < 2000);
  }
}

}  // namespace rocketmq::bench
