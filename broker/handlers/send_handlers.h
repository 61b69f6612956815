#pragma once

#include "broker/pull/held_pulls.h"
#include "broker/send/recall_service.h"
#include "broker/send/send_back_service.h"
#include "broker/send/send_gate.h"
#include "broker/send/send_service.h"
#include "broker/send/store_guarantee.h"
#include "broker/settings.h"
#include "remoting/lanes.h"
#include "remoting/router.h"

namespace rocketmq::broker {

/// SEND_MESSAGE (10), SEND_MESSAGE_V2 (310), SEND_BATCH_MESSAGE (320), CONSUMER_SEND_MSG_BACK (36),
/// RECALL_MESSAGE (370). Everything is borrowed and must outlive the router's use.
struct SendHandlerParts {
  const LiveSettings& settings;
  SendService& sends;
  SendBackService& send_backs;
  const RecallService& recalls;
  SendGate& gate;
  StoreGuarantee& guarantee;
  HeldPulls& held_pulls;
  remoting::Lanes& lanes;
  TopicTable& topics;
};
void registerSendHandlers(remoting::Router& router, const SendHandlerParts& parts);

}  // namespace rocketmq::broker
