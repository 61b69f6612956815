#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rocketmq::metrics {

enum class MetricKind : uint8_t { kCounter, kGauge, kHistogram };

/// Whose convention a metric follows, which decides on the labels that all of its values have.
enum class MetricStyle : uint8_t {
  kServer,    ///< RocketMQ 5's own: cluster, node_type, node_id.
  kExporter,  ///< RocketMQ's exporter: cluster, broker.
};

/// One metric that a daemon may export: what the page and the documentation say about it.
struct Metric {
  std::string_view name;
  MetricKind kind = MetricKind::kGauge;
  /// Names of the labels besides those of the style, separated by commas.
  std::string_view labels = {};
  std::string_view help;  ///< One line, with the unit.
  MetricStyle style = MetricStyle::kServer;
};

using MetricList = std::vector<const Metric*>;

/// The list as a table in Markdown, for docs/metrics-reference.md.
std::string metricsAsMarkdown(const MetricList& metrics);

}  // namespace rocketmq::metrics
