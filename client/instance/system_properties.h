#pragma once

#include <string>
#include <string_view>

namespace rocketmq::client {

/// The value set by setProperty() or a "-Dname=value" argument; empty when absent. Threads: any.
std::string systemProperty(std::string_view name);

/// Names of RocketMQ's system properties that this library reads.
namespace system_property {
inline constexpr std::string_view kNameServerAddress = "rocketmq.namesrv.addr";
inline constexpr std::string_view kNameServerDomain = "rocketmq.namesrv.domain";
inline constexpr std::string_view kNameServerSubgroup = "rocketmq.namesrv.domain.subgroup";
inline constexpr std::string_view kLocalOffsetStoreDir = "rocketmq.client.localOffsetStoreDir";
}  // namespace system_property

}  // namespace rocketmq::client
