#pragma once

#include "broker/group/client_registry.h"
#include "broker/settings.h"
#include "remoting/lanes.h"
#include "remoting/router.h"
#include "store/message_store.h"

namespace rocketmq::broker {

/// Requests of administrators that a client answers: GET_CONSUMER_RUNNING_INFO (307),
/// CONSUME_MESSAGE_DIRECTLY (309) and INVOKE_BROKER_TO_GET_CONSUMER_STATUS (223, which asks clients
/// with 221). The client's answer is passed on as it stands, since clients in other languages write
/// bodies that are not always JSON; a client that says nothing for ten (221: five) seconds is
/// CONSUME_MSG_TIMEOUT. What many clients say to 221 is put together on the admin lane; an answer
/// of more than 1 MiB is left out, and those to one administrator's question above 8 MiB, to all at
/// a time above 64 MiB. Everything is borrowed.
struct RelayParts {
  const LiveSettings& settings;
  ClientRegistry& clients;
  store::MessageStore& store;
  remoting::Lanes& lanes;
};
void registerRelayHandlers(remoting::Router& router, const RelayParts& parts);

}  // namespace rocketmq::broker
