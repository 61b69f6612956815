#pragma once

#include <string>
#include <string_view>

#include "rocketmq/client_config.h"

namespace rocketmq::client {

/// The namespace of a client: the one that is set, else the instance id in the name servers'
/// address when that is a cloud endpoint, "http://MQ_INST_<owner>_<instance>.<domain>:<port>" with
/// or without the scheme (RocketMQ: ClientConfig.getNamespace); else empty.
std::string namespaceOf(const ClientConfig& config);

/// "<name_space>%<resource>", as brokers know a topic or group of a namespace (RocketMQ:
/// NamespaceUtil.wrapNamespace). The prefixes %RETRY% and %DLQ% stay in front. System names, empty
/// namespaces and names that have the prefix already are left as they are.
std::string wrapNamespace(std::string_view name_space, std::string_view resource);

/// The name as the application wrote it.
std::string withoutNamespace(std::string_view name_space, std::string_view resource);

}  // namespace rocketmq::client
