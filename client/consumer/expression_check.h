#pragma once

#include <optional>
#include <string>

#include "client/consumer/subscription_table.h"
#include "client/instance/cancellable_calls.h"
#include "client/instance/client_error.h"
#include "client/instance/client_instance.h"

namespace rocketmq::client {

/// Asks for each subscription that is not by tag whether the brokers can evaluate it, at one broker
/// of its topic (RocketMQ: MQClientInstance.checkClientInBroker). The broker's refusal, which says
/// what is wrong with the expression, or that it does not filter by SQL92; nullopt when all is
/// well. A topic without a known broker is not asked for. Not from the event loop.
std::optional<ClientError> checkExpressions(ClientInstance& instance, CancellableCalls& calls,
                                            const std::string& group,
                                            const SubscriptionTable& subscriptions);

}  // namespace rocketmq::client
