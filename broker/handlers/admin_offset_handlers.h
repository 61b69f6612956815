#pragma once

#include "broker/group/client_registry.h"
#include "broker/group/consumer_offsets.h"
#include "broker/group/subscription_groups.h"
#include "broker/pull/held_pulls.h"
#include "broker/settings.h"
#include "broker/stats/broker_stats.h"
#include "broker/topic/topic_table.h"
#include "common/clock.h"
#include "remoting/router.h"
#include "store/message_store.h"

namespace rocketmq::broker {

/// How far groups are, and setting it, on the admin lane: GET_CONSUME_STATS (208),
/// INVOKE_BROKER_TO_RESET_OFFSET (222), QUERY_CONSUME_TIME_SPAN (303), QUERY_CORRECTION_OFFSET
/// (308), GET_BROKER_CONSUME_STATS (317). Everything is borrowed.
struct AdminOffsetParts {
  const LiveSettings& settings;
  TopicTable& topics;
  SubscriptionGroups& groups;
  ConsumerOffsets& offsets;
  ClientRegistry& clients;
  store::MessageStore& store;
  HeldPulls& held_pulls;
  BrokerStats& stats;
  const Clock& clock;
};
void registerAdminOffsetHandlers(remoting::Router& router, const AdminOffsetParts& parts);

}  // namespace rocketmq::broker
