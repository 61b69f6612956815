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

namespace rocketmq::bench {
namespace {

constexpr std::string_view kCommon = "a > 5 AND b = 'x'";

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

}  // namespace
}  // namespace rocketmq::bench

BENCHMARK_MAIN();
