#pragma once

#include "broker/settings.h"
#include "remoting/router.h"
#include "store/message_store.h"

namespace rocketmq::broker {

/// QUERY_MESSAGE (12), VIEW_MESSAGE_BY_ID (33), on the query lane. Everything is borrowed.
void registerQueryHandlers(remoting::Router& router, store::MessageStore& store,
                           const LiveSettings& settings);

}  // namespace rocketmq::broker
