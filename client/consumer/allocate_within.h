#pragma once

#include <string>
#include <vector>

#include "rocketmq/consumer_config.h"

namespace rocketmq::client {

/// What `allocate` says, which is shown names as the application writes them; the group's and the
/// queues' names here are those that brokers know.
std::vector<MessageQueue> allocateWithin(const std::string& name_space,
                                         const AllocateMessageQueueStrategy& allocate,
                                         const std::string& group, const std::string& client_id,
                                         const std::vector<MessageQueue>& all_queues,
                                         const std::vector<std::string>& all_clients);

}  // namespace rocketmq::client
