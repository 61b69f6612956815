#pragma once

#include <string>

#include "client/admin/admin_client.h"

namespace rocketmq::mqadmin {

/// What a consumer tells about itself, in the sections that RocketMQ prints.
std::string runningInfoText(const remoting::ConsumerRunningInfo& info);

}  // namespace rocketmq::mqadmin
