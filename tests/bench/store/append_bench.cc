// Appends from 1, 4 and 16 threads beside plain copies of the same bytes.
#include <benchmark/benchmark.h>
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "store/log/segment.h"
#include "tests/bench/store/bench_store.h"
#include "tests/bench/store/collector.h"

namespace rocketmq::bench {
namespace {

constexpr int kRecords = 192 * 1024;  // Of one append or copy benchmark, over all threads.

/// How the pages of a mapping come to be.
enum class Pages {
  kPresent,   ///< They are there.
  kAhead,     ///< By faults, many ahead of each, in large pages where the file system has them.
  kOneByOne,  ///< By faults, each of one page.
  kAsTheLog,  ///< By a thread that does meanwhile what the log's does, see CommitLog.
};

/// Makes the pages of a file from its begin to its end as the log's thread makes those ahead of it.
class PageMaker {
 public:
  explicit PageMaker(store::Segment& segment) : maker_([this, &segment] { make(segment); }) {}

  /// Returns when the pages in front of `end` are there.
  void waitFor(int64_t end) const {
    for (int64_t made = made_to_.load(std::memory_order_acquire); made < end;
         made = made_to_.load(std::memory_order_acquire)) {
      made_to_.wait(made, std::memory_order_acquire);
    }
  }

 private:
  void make(store::Segment& segment) {
    constexpr int64_t kStep = 256 << 10;
    for (int64_t end = kStep; made_to_.load(std::memory_order_relaxed) < segment.bytes();
         end += kStep) {
      ROCKETMQ_CHECK(segment.reserveWritten(0, end).isOk());
      made_to_.store(std::min(end, segment.bytes()), std::memory_order_release);
      made_to_.notify_all();
    }
  }

  std::atomic<int64_t> made_to_{0};
  std::jthread maker_;
};

/// A file of the log's kind: blocks reserved, mapped shared.
struct ReservedMapping {
  rocketmq::test::TempDir dir;
  std::shared_ptr<store::Segment> segment;
  std::shared_ptr<MappedFile> file;
  std::atomic<int64_t> next{0};
  std::optional<PageMaker> maker;

  explicit ReservedMapping(Pages pages) {
    const int64_t bytes = static_cast<int64_t>(recordBytes()) * kRecords;
    auto created =
        store::Segment::create(posixFileSystem(), {.dir = dir.path().string(), .bytes = bytes});
    ROCKETMQ_CHECK(created.ok());
    segment = std::move(*created);
    auto mapped = segment->map();
    ROCKETMQ_CHECK(mapped.ok());
    file = std::move(*mapped);
    ROCKETMQ_CHECK(segment->reserveBlocks(0, bytes).isOk());
    if (pages == Pages::kPresent) {
      file->prefault(0, bytes);
    } else if (pages == Pages::kOneByOne) {
      ROCKETMQ_CHECK(::madvise(file->data(), static_cast<size_t>(bytes), MADV_RANDOM) == 0);
    } else if (pages == Pages::kAsTheLog) {
      maker.emplace(*segment);
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
    if (mapping.maker) {
      mapping.maker->waitFor(at + bytes);
    }
    std::memcpy(mapping.file->data() + at, record.data(), record.size());
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
      ->MeasureProcessCPUTime()
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
  row("BM_MemcpyIntoLogPages", "append / memcpy, pages made as the log's");
}

}  // namespace

void registerAppends() {
  for (const int threads : {1, 4, 16}) {
    registerCopy<Pages::kPresent>("BM_MemcpyIntoMapping", threads);
    registerCopy<Pages::kAhead>("BM_MemcpyIntoColdMapping", threads);
    registerCopy<Pages::kOneByOne>("BM_MemcpyIntoColdPages", threads);
    registerCopy<Pages::kAsTheLog>("BM_MemcpyIntoLogPages", threads);
    benchmark::RegisterBenchmark("BM_Append", BM_Append)
        ->Setup([](const benchmark::State&) {
          open_store = std::make_unique<OpenStore>(store::StoreOptions{});
        })
        ->Teardown([](const benchmark::State&) { open_store.reset(); })
        ->Threads(threads)
        ->Iterations(kRecords / threads)
        ->MeasureProcessCPUTime()
        ->UseRealTime();
  }
}

void printAppendRows(const Collector& runs) {
  for (const char* threads : {"1", "4", "16"}) {
    printRowsOf(runs, threads);
  }
  // Of all threads: on two cores those that make pages, dispatch and index share with the senders.
  for (const char* name : {"BM_MemcpyIntoMapping", "BM_MemcpyIntoColdMapping",
                           "BM_MemcpyIntoColdPages", "BM_MemcpyIntoLogPages", "BM_Append"}) {
    if (const auto cpu = runs.median(std::string(name) + "/1 cpu_ns")) {
      printRow("processor time of one, ns: " + std::string(name + std::strlen("BM_")), *cpu);
    }
  }
}

}  // namespace rocketmq::bench
