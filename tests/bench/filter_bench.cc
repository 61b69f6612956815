// What filtering by SQL92 costs: per message, per compilation, and on a backlog of which one
// message in a thousand matches.
//
//   filter_bench [--benchmark_...]
#include <benchmark/benchmark.h>

#include <memory>
#include <string>

#include "broker/filter/sql_evaluator.h"
#include "broker/filter/sql_filter.h"
#include "broker/filter/sql_parser.h"
#include "common/check.h"
#include "common/message/properties.h"
#include "common/message/record.h"
#include "store/message_store.h"
#include "tests/support/temp_dir.h"

namespace rocketmq::bench {
namespace {

constexpr std::string_view kCommon = "a > 5 AND b = 'x'";
constexpr int kBacklog = 100'000;
constexpr int kOneIn = 1000;

/// What a message from a Java producer has, and the two properties that are asked for.
std::string propertiesOf(int a) {
  return formatProperties({{"UNIQ_KEY", "7F00000100002A139A0F7E57A8C00001"},
                           {"CLUSTER", "DefaultCluster"},
                           {"MSG_REGION", "DefaultRegion"},
                           {"TRACE_ON", "true"},
                           {"WAIT", "true"},
                           {"TAGS", "TagA"},
                           {"a", std::to_string(a)},
                           {"b", "x"}});
}

MessageRecord messageOf(const std::string& body, const std::string& properties) {
  MessageRecord message;
  message.topic = "Bench";
  message.body = body;
  message.properties = properties;
  message.born_timestamp_ms = 1'700'000'000'000;
  return message;
}

std::shared_ptr<const broker::SqlFilter> compiled(std::string_view expression) {
  auto filter = broker::SqlFilter::compile("SQL92", expression);
  ROCKETMQ_CHECK(filter.ok());
  return *filter;
}

void BM_FilterRecord(benchmark::State& state) {
  const std::string body(1024, 'b');
  const std::string properties = propertiesOf(7);
  const MessageRecord message = messageOf(body, properties);
  std::string record(encodedSize(message), '\0');
  encodeRecord(message, record.data());
  const auto filter = compiled(kCommon);
  for (auto _ : state) {
    benchmark::DoNotOptimize(filter->matchesRecord(record));
  }
}
BENCHMARK(BM_FilterRecord);

void BM_FilterProperties(benchmark::State& state) {
  const std::string properties = propertiesOf(7);
  const auto filter = compiled(kCommon);
  for (auto _ : state) {
    benchmark::DoNotOptimize(filter->matchesProperties(properties));
  }
}
BENCHMARK(BM_FilterProperties);

void BM_Compile(benchmark::State& state) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(broker::filter::parseSql(kCommon));
  }
}
BENCHMARK(BM_Compile);

/// As large as an expression may be.
std::string largest() {
  std::string expression = "p0 = 1";
  for (int i = 1; i < 250; ++i) {
    expression += " OR p" + std::to_string(i % 60) + " = '" + std::string(40, 'v') + "'";
  }
  return expression;
}

void BM_CompileLargest(benchmark::State& state) {
  const std::string expression = largest();
  ROCKETMQ_CHECK(broker::filter::parseSql(expression).ok());
  for (auto _ : state) {
    benchmark::DoNotOptimize(broker::filter::parseSql(expression));
  }
}
BENCHMARK(BM_CompileLargest);

void BM_FilterLargest(benchmark::State& state) {
  const std::string properties = propertiesOf(7);
  const auto filter = compiled(largest());
  for (auto _ : state) {
    benchmark::DoNotOptimize(filter->matchesProperties(properties));
  }
}
BENCHMARK(BM_FilterLargest);

/// A store with a backlog in which every kOneIn-th message has a = 7.
struct Backlog {
  Backlog() {
    store::StoreOptions options;
    options.root_dir = folder.path().string();
    auto opened = store::MessageStore::open(options, SystemClock::instance(), nullptr);
    ROCKETMQ_CHECK(opened.ok());
    store = std::move(*opened);
    const std::string body(1024, 'b');
    const std::string wanted = propertiesOf(7);
    const std::string other = propertiesOf(1);
    for (int i = 0; i < kBacklog; ++i) {
      ROCKETMQ_CHECK(store->put(messageOf(body, i % kOneIn == 0 ? wanted : other)).ok());
    }
  }

  test::TempDir folder;
  std::unique_ptr<store::MessageStore> store;
};

/// Reads the whole backlog as pulls do and hands over what a socket would get.
int64_t readAll(const Backlog& backlog, const store::MessageFilter* filter, std::string& socket) {
  int64_t messages = 0;
  for (int64_t offset = 0; offset < kBacklog;) {
    const store::GetResult got = backlog.store->get(
        {.topic = "Bench", .offset = offset, .messages_max = 32, .filter = filter});
    for (const store::LogSlice& slice : got.slices) {
      socket.assign(slice.bytes);
    }
    messages += got.message_count;
    ROCKETMQ_CHECK(got.next_offset > offset);
    offset = got.next_offset;
  }
  return messages;
}

void BM_BacklogFiltered(benchmark::State& state) {
  static const Backlog backlog;
  const auto filter = compiled(kCommon);
  std::string socket;
  for (auto _ : state) {
    ROCKETMQ_CHECK(readAll(backlog, state.range(0) == 1 ? filter.get() : nullptr, socket) ==
                   (state.range(0) == 1 ? kBacklog / kOneIn : kBacklog));
  }
  state.SetItemsProcessed(state.iterations() * kBacklog);
}
BENCHMARK(BM_BacklogFiltered)->ArgName("filtered")->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace rocketmq::bench

BENCHMARK_MAIN();
