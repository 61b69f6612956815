#pragma once

#include <optional>

#include "common/status.h"
#include "remoting/protocol/command.h"

namespace rocketmq::client {

/// What the application wants the headers of requests to be: the property rocketmq.serialize.type,
/// else the environment variable ROCKETMQ_SERIALIZE_TYPE, JSON or ROCKETMQ. nullopt when neither is
/// set (see remoting::Client::Options). InvalidArgument for any other text.
Result<std::optional<remoting::SerializeType>> wantedSerializeType();

}  // namespace rocketmq::client
