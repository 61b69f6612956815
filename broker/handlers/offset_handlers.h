#pragma once

#include "broker/group/consumer_offsets.h"
#include "broker/group/subscription_groups.h"
#include "broker/topic/topic_table.h"
#include "remoting/router.h"
#include "store/message_store.h"

namespace rocketmq::broker {

/// Borrowed.
struct OffsetHandlerParts {
  const LiveSettings& settings;
  ConsumerOffsets& offsets;
  store::MessageStore& store;
  const TopicTable& topics;
  const SubscriptionGroups& groups;
};

/// QUERY_CONSUMER_OFFSET (14), UPDATE_CONSUMER_OFFSET (15), SEARCH_OFFSET_BY_TIMESTAMP (29),
/// GET_MAX_OFFSET (30), GET_MIN_OFFSET (31), GET_EARLIEST_MSG_STORETIME (32).
void registerOffsetHandlers(remoting::Router& router, const OffsetHandlerParts& parts);

}  // namespace rocketmq::broker
