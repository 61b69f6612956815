#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace rocketmq::client {

/// The value set by setProperty() or a "-Dname=value" argument; empty when absent. Threads: any.
std::string systemProperty(std::string_view name);
/// The same as a positive number; `otherwise` when absent or none.
int64_t systemNumber(std::string_view name, int64_t otherwise);

/// Names of RocketMQ's system properties that this library reads.
namespace system_property {
inline constexpr std::string_view kNameServerAddress = "rocketmq.namesrv.addr";
inline constexpr std::string_view kNameServerDomain = "rocketmq.namesrv.domain";
inline constexpr std::string_view kNameServerSubgroup = "rocketmq.namesrv.domain.subgroup";
inline constexpr std::string_view kSerializeType = "rocketmq.serialize.type";
inline constexpr std::string_view kLocalOffsetStoreDir = "rocketmq.client.localOffsetStoreDir";
inline constexpr std::string_view kLockMaxLiveTime = "rocketmq.client.rebalance.lockMaxLiveTime";
inline constexpr std::string_view kLockInterval = "rocketmq.client.rebalance.lockInterval";
}  // namespace system_property

}  // namespace rocketmq::client
