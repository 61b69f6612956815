#pragma once

#include "broker/group/client_registry.h"
#include "broker/group/consumer_offsets.h"
#include "broker/pull/held_pulls.h"
#include "broker/registrar/registrar.h"
#include "broker/settings.h"
#include "broker/stats/broker_stats.h"
#include "broker/topic/topic_table.h"
#include "remoting/router.h"
#include "store/message_store.h"

namespace rocketmq::broker {

/// Administration of topics, on the admin lane: UPDATE_AND_CREATE_TOPIC (17) and its list form
/// (18), GET_ALL_TOPIC_CONFIG (21), GET_TOPIC_STATS_INFO (202), DELETE_TOPIC_IN_BROKER (215),
/// QUERY_TOPIC_CONSUME_BY_WHO (300), GET_SYSTEM_TOPIC_LIST_FROM_BROKER (305),
/// CLEAN_EXPIRED_CONSUMEQUEUE (306), CLEAN_UNUSED_TOPIC (316), DELETE_EXPIRED_COMMITLOG (329),
/// GET_TOPIC_CONFIG (351). Everything is borrowed.
///
/// A change is answered when the name servers know of it (at most a second later), since its sender
/// asks them next.
struct AdminTopicParts {
  const LiveSettings& settings;
  TopicTable& topics;
  ConsumerOffsets& offsets;
  ClientRegistry& clients;
  store::MessageStore& store;
  HeldPulls& held_pulls;
  BrokerStats& stats;
  Registrar& registrar;
};
void registerAdminTopicHandlers(remoting::Router& router, const AdminTopicParts& parts);

}  // namespace rocketmq::broker
