#include "broker/handlers/admin_broker_handlers.h"

#include <string>

#include "broker/handler_options.h"
#include "common/excerpt.h"
#include "common/json/encode.h"
#include "remoting/protocol/bodies/lists.h"
#include "remoting/protocol/bodies/stats.h"
#include "remoting/protocol/commands/commands.h"

namespace rocketmq::broker {
namespace {

using remoting::Answer;
using remoting::NoFields;
using remoting::RequestContext;
using remoting::ResponseCode;

Answer<NoFields> updateConfig(ConfigService& config, const RequestContext& context) {
  const auto outcome = config.update(context.body());
  if (!outcome.ok()) {
    return outcome.status();
  }
  if (outcome->refused_key) {
    return {ResponseCode::kNoPermission,
            "Can not update config in black list. The key is " + *outcome->refused_key + "."};
  }
  return NoFields{};
}

Answer<remoting::GetBrokerConfigReply> brokerConfig(const ConfigService& config) {
  remoting::GetBrokerConfigReply reply;
  reply.version = config.versionText();
  return {reply, config.text()};
}

remoting::BrokerStatsItem itemOf(const StatsSnapshot& snapshot) {
  return {.average_per_time = snapshot.avgpt, .sum = snapshot.sum, .tps = snapshot.tps};
}

Answer<NoFields> viewStats(const BrokerStats& stats, const remoting::ViewBrokerStatsData& request) {
  const auto view = stats.view(request.stats_name, request.stats_key);
  if (!view) {
    return {ResponseCode::kSystemError, "The stats <" + excerpt(request.stats_name) + "> <" +
                                            excerpt(request.stats_key) + "> not exist"};
  }
  return Answer<NoFields>::ofBody(
      json::encode(remoting::BrokerStatsData{.stats_minute = itemOf(view->minute),
                                             .stats_hour = itemOf(view->hour),
                                             .stats_day = itemOf(view->day)}));
}

}  // namespace

void registerAdminBrokerHandlers(remoting::Router& router, const AdminBrokerParts& parts) {
  router.handle<remoting::UpdateBrokerConfig>(
      kAdminSmallBody, [&config = parts.config](const auto&, const RequestContext& context) {
        return updateConfig(config, context);
      });
  router.handle<remoting::GetBrokerConfig>(
      kAdminRead,
      [&config = parts.config](const auto&, const auto&) { return brokerConfig(config); });
  router.handle<remoting::GetBrokerRuntimeInfo>(kAdminRead, [&runtime_info = parts.runtime_info](
                                                                const auto&, const auto&) {
    return Answer<NoFields>::ofBody(json::encode(remoting::KvTable{.table = runtime_info.table()}));
  });
  router.handle<remoting::ViewBrokerStatsData>(
      kAdminRead, [&stats = parts.stats](const auto& request, const auto&) {
        return viewStats(stats, request);
      });
  router.handle<remoting::GetBrokerHaStatus>(
      kAdminRead, [&ha = parts.ha](const auto&, const auto&) {
        return Answer<NoFields>::ofBody(json::encode(ha.status()));
      });
}

}  // namespace rocketmq::broker
