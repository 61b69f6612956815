#pragma once

#include <string>
#include <string_view>

namespace rocketmq::client {

/// "<name_space>%<resource>", as brokers know a topic or group of a namespace (RocketMQ:
/// NamespaceUtil.wrapNamespace). The prefixes %RETRY% and %DLQ% stay in front. System names, empty
/// namespaces and names that have the prefix already are left as they are.
std::string wrapNamespace(std::string_view name_space, std::string_view resource);

/// The name as the application wrote it.
std::string withoutNamespace(std::string_view name_space, std::string_view resource);

}  // namespace rocketmq::client
