#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "common/status.h"
#include "remoting/client.h"

namespace rocketmq::broker {

/// Dials the address that this broker tells to clients, as they would, and calls `done` once, on a
/// thread of the client's pool: OK, or why nobody answers there. Must not outlive `client`.
void checkReachable(remoting::Client& client, const std::string& advertised_address,
                    std::chrono::milliseconds timeout, std::function<void(const Status&)> done);

/// One line for the log and the console: what clients will run into and which setting mends it.
std::string unreachableAdvice(std::string_view advertised_address, const Status& why);

}  // namespace rocketmq::broker
