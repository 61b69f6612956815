#pragma once

#include "broker/group/client_registry.h"
#include "broker/group/heartbeat_service.h"
#include "broker/settings.h"
#include "remoting/lanes.h"
#include "remoting/router.h"

namespace rocketmq::broker {

/// HEART_BEAT (34), UNREGISTER_CLIENT (35), GET_CONSUMER_LIST_BY_GROUP (38),
/// CHECK_CLIENT_CONFIG (46). Everything is borrowed.
struct ClientHandlerParts {
  const LiveSettings& settings;
  ClientRegistry& clients;
  HeartbeatService& heartbeats;
  remoting::Lanes& lanes;
};
void registerClientHandlers(remoting::Router& router, const ClientHandlerParts& parts);

}  // namespace rocketmq::broker
