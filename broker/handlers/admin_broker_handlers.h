#pragma once

#include "broker/config_service.h"
#include "broker/ha/ha_reporter.h"
#include "broker/stats/broker_stats.h"
#include "broker/stats/runtime_info.h"
#include "remoting/router.h"

namespace rocketmq::broker {

/// A broker about itself, on the admin lane: UPDATE_BROKER_CONFIG (25), GET_BROKER_CONFIG (26),
/// GET_BROKER_RUNTIME_INFO (28), VIEW_BROKER_STATS_DATA (315), GET_BROKER_HA_STATUS (907).
/// Everything is borrowed.
struct AdminBrokerParts {
  ConfigService& config;
  const RuntimeInfo& runtime_info;
  const BrokerStats& stats;
  const HaReporter& ha;
};
void registerAdminBrokerHandlers(remoting::Router& router, const AdminBrokerParts& parts);

}  // namespace rocketmq::broker
