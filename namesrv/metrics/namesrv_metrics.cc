#include "namesrv/metrics/namesrv_metrics.h"

#include <map>
#include <utility>

#include "metrics/page.h"

namespace rocketmq::namesrv {
namespace {

using metrics::Metric;
using metrics::MetricKind;

constexpr size_t kSeriesMax = 10'000;

constexpr Metric kTopics{
    "rocketmq_namesrv_topics", MetricKind::kGauge, {}, "Topics that have a route."};
constexpr Metric kBrokers{"rocketmq_namesrv_brokers", MetricKind::kGauge, "broker_cluster,role",
                          "Brokers that are registered."};

}  // namespace

metrics::MetricList namesrvMetrics() { return {&kTopics, &kBrokers, &metrics::kDroppedSeries}; }

std::string metricsPage(const Routes& routes, const std::string& node_id) {
  std::map<std::pair<std::string, std::string>, int64_t> brokers;
  routes.read([&](const RouteTable& table) {
    for (const auto& [name, broker] : table.brokers()) {
      for (const auto& [id, address] : broker.broker_addrs) {
        ++brokers[{broker.cluster, id == 0 ? "master" : "slave"}];
      }
    }
    return 0;
  });
  metrics::Page page({.cluster = {}, .node_type = "nameserver", .node_id = node_id}, kSeriesMax);
  page.single(kTopics, static_cast<double>(routes.snapshot()->topicCount()));
  page.begin(kBrokers);
  for (const auto& [key, count] : brokers) {
    page.add(count, {key.first, key.second});
  }
  return page.finish();
}

}  // namespace rocketmq::namesrv
