// Appends from 1, 4 and 16 threads beside plain copies of the same bytes.
#include <benchmark/benchmark.h>
#include <sys/mman.h>

#include <atomic>
#include <cstring>
#include <memory>
#include <string>

#include "tests/bench/store/bench_store.h"
#include "tests/bench/store/collector.h"

namespace rocketmq::bench {
namespace {

constexpr int kRecords = 192 * 1024;  // Of one append or copy benchmark, over all threads.

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
    const int64_t bytes = static_cast<int64_t>(recordBytes()) * kRecords;
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

/// The limit of the machine: threads take places from a counter and copy a record there.
void BM_MemcpyIntoMapping(benchmark::State& state) {
  const std::string record(recordBytes(), 'r');
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
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(recordBytes()));
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

void printRowsOf(const Collector& runs, const std::string& threads) {
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

}  // namespace

void registerAppends() {
  for (const int threads : {1, 4, 16}) {
    registerCopy<Pages::kPresent>("BM_MemcpyIntoMapping", threads);
    registerCopy<Pages::kAhead>("BM_MemcpyIntoColdMapping", threads);
    registerCopy<Pages::kOneByOne>("BM_MemcpyIntoColdPages", threads);
    benchmark::RegisterBenchmark("BM_Append", BM_Append)
        ->Setup([](const benchmark::State&) {
          open_store = std::make_unique<OpenStore>(store::StoreOptions{});
        })
        ->Teardown([](const benchmark::State&) { open_store.reset(); })
        ->Threads(threads)
        ->Iterations(kRecords / threads)
        ->UseRealTime();
  }
}

void printAppendRows(const Collector& runs) {
  for (const char* threads : {"1", "4", "16"}) {
    printRowsOf(runs, threads);
  }
}

}  // namespace rocketmq::bench
