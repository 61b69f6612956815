#pragma once

#include "common/clock.h"
#include "namesrv/kv_table.h"
#include "namesrv/liveness.h"
#include "namesrv/routes.h"
#include "namesrv/settings.h"
#include "remoting/router.h"

namespace rocketmq::namesrv {

// Each function adds the handlers of one family of requests. Everything is borrowed and must
// outlive the router.

/// GET_ROUTEINFO_BY_TOPIC. Until `not_before` it refuses, for needWaitForService.
void addRouteHandlers(remoting::Router& router, const Routes& routes, const KvTable& kv_table,
                      const LiveSettings& settings, const Clock& clock, RouteTime not_before);

/// REGISTER_BROKER, UNREGISTER_BROKER, QUERY_DATA_VERSION.
void addBrokerHandlers(remoting::Router& router, Routes& routes, Liveness& liveness,
                       const KvTable& kv_table, const LiveSettings& settings);

/// Lists of topics and brokers, deletion of topics, write permissions of brokers.
void addAdminHandlers(remoting::Router& router, Routes& routes, const LiveSettings& settings);

/// PUT_KV_CONFIG, GET_KV_CONFIG, DELETE_KV_CONFIG, GET_KVLIST_BY_NAMESPACE.
void addKvHandlers(remoting::Router& router, KvTable& kv_table);

/// UPDATE_NAMESRV_CONFIG, GET_NAMESRV_CONFIG.
void addSettingsHandlers(remoting::Router& router, LiveSettings& settings);

}  // namespace rocketmq::namesrv
