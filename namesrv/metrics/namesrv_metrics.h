#pragma once

#include <string>

#include "metrics/metric.h"
#include "namesrv/routes.h"

namespace rocketmq::namesrv {

/// The name server's page of metrics. `node_id`: its address, as it listens. Threads: any.
std::string metricsPage(const Routes& routes, const std::string& node_id);

/// What the page may have, in its order.
metrics::MetricList namesrvMetrics();

}  // namespace rocketmq::namesrv
