#pragma once

#include <string>
#include <vector>

#include "client/instance/cancellable_calls.h"
#include "client/instance/client_instance.h"

namespace rocketmq::client {

// What a consumer's start() waits for, api_timeout at most each. Cancelling `calls` ends the wait.

/// The routes of its topics. One that cannot be had now is found by a later rebalance.
void awaitRoutes(ClientInstance& instance, CancellableCalls& calls, const std::string& group,
                 const std::vector<std::string>& topics);

/// That the brokers know the new member.
void awaitHeartbeat(ClientInstance& instance, CancellableCalls& calls);

/// What start() fails with when it was cancelled.
ClientError startCancelled();

}  // namespace rocketmq::client
