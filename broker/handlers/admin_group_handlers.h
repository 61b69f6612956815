#pragma once

#include "broker/group/client_registry.h"
#include "broker/group/consumer_offsets.h"
#include "broker/group/subscription_groups.h"
#include "broker/schedule/delay_service.h"
#include "broker/settings.h"
#include "broker/stats/broker_stats.h"
#include "remoting/router.h"

namespace rocketmq::broker {

/// Administration of groups and who is in them, on the admin lane: GET_ALL_CONSUMER_OFFSET (43),
/// GET_ALL_DELAY_OFFSET (45), UPDATE_AND_CREATE_SUBSCRIPTIONGROUP (200) and its list form (225),
/// GET_ALL_SUBSCRIPTIONGROUP_CONFIG (201), GET_CONSUMER_CONNECTION_LIST (203),
/// GET_PRODUCER_CONNECTION_LIST (204), DELETE_SUBSCRIPTIONGROUP (207), CLONE_GROUP_OFFSET (314),
/// GET_ALL_PRODUCER_INFO (328), GET_SUBSCRIPTIONGROUP_CONFIG (352). Everything is borrowed.
struct AdminGroupParts {
  const LiveSettings& settings;
  SubscriptionGroups& groups;
  ConsumerOffsets& offsets;
  ClientRegistry& clients;
  DelayService& delays;
  BrokerStats& stats;
};
void registerAdminGroupHandlers(remoting::Router& router, const AdminGroupParts& parts);

}  // namespace rocketmq::broker
