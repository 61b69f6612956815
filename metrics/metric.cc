#include "metrics/metric.h"

#include <array>

namespace rocketmq::metrics {

std::string metricsAsMarkdown(const MetricList& metrics) {
  constexpr std::array<std::string_view, 3> kKinds{"counter", "gauge", "histogram"};
  std::string text = "| metric | kind | labels | what it tells |\n| --- | --- | --- | --- |\n";
  for (const Metric* metric : metrics) {
    std::string labels(metric->style == MetricStyle::kServer ? "cluster, node_type, node_id"
                                                             : "cluster, broker");
    std::string_view rest = metric->labels;
    while (!rest.empty()) {
      const std::string_view label = rest.substr(0, rest.find(','));
      labels.append(", ").append(label);
      rest.remove_prefix(std::min(rest.size(), label.size() + 1));
    }
    text.append("| `").append(metric->name).append("` | ");
    text.append(kKinds[static_cast<size_t>(metric->kind)]).append(" | ");
    text.append(labels).append(" | ").append(metric->help).append(" |\n");
  }
  return text;
}

}  // namespace rocketmq::metrics
