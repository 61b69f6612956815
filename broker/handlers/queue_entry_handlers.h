#pragma once

#include "broker/filter/consumer_filters.h"
#include "broker/group/client_registry.h"
#include "broker/topic/topic_table.h"
#include "remoting/router.h"
#include "store/message_store.h"

namespace rocketmq::broker {

/// Looking into a consume queue, on the admin lane: QUERY_CONSUME_QUEUE (321), at most 1,000
/// entries at a time. Everything is borrowed.
struct QueueEntryParts {
  const TopicTable& topics;
  const ClientRegistry& clients;
  const ConsumerFilters& filters;
  const store::MessageStore& store;
};
void registerQueueEntryHandlers(remoting::Router& router, const QueueEntryParts& parts);

}  // namespace rocketmq::broker
