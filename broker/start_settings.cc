#include "broker/start_settings.h"

#include <utility>

namespace rocketmq::broker {

Result<StartSettings> prepareStart(BrokerSettings& settings) {
  ROCKETMQ_RETURN_IF_ERROR(completeSettings(settings));
  ROCKETMQ_ASSIGN_OR_RETURN(DelayLevels levels, DelayLevels::parse(settings.delay_levels));
  ROCKETMQ_ASSIGN_OR_RETURN(HeldPorts ports, pickPorts(settings));
  ROCKETMQ_ASSIGN_OR_RETURN(const HostAddress store_host,
                            resolveAdvertised(settings.advertised_ip, settings.listen_port));
  return StartSettings{
      .levels = std::move(levels), .store_host = store_host, .ports = std::move(ports)};
}

}  // namespace rocketmq::broker
