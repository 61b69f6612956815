#pragma once

#include "broker/group/consumer_offsets.h"
#include "remoting/router.h"
#include "store/message_store.h"

namespace rocketmq::broker {

/// QUERY_CONSUMER_OFFSET (14), UPDATE_CONSUMER_OFFSET (15), SEARCH_OFFSET_BY_TIMESTAMP (29),
/// GET_MAX_OFFSET (30), GET_MIN_OFFSET (31), GET_EARLIEST_MSG_STORETIME (32). Everything is
/// borrowed.
void registerOffsetHandlers(remoting::Router& router, ConsumerOffsets& offsets,
                            store::MessageStore& store);

}  // namespace rocketmq::broker
