#pragma once

#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "common/fields.h"

namespace rocketmq::remoting {

/// An account of a broker's ACL. (RocketMQ: PlainAccessConfig)
struct PlainAccessConfig {
  std::string access_key;
  std::string secret_key;  ///< Never to be logged.
  std::optional<std::string> white_remote_address = {};
  bool admin = false;
  std::optional<std::string> default_topic_perm = {};  ///< "DENY", "PUB", "SUB", "PUB|SUB"
  std::optional<std::string> default_group_perm = {};
  std::optional<std::vector<std::string>> topic_perms = {};  ///< "topic=PUB|SUB"
  std::optional<std::vector<std::string>> group_perms = {};  ///< "group=SUB"

  friend bool operator==(const PlainAccessConfig&, const PlainAccessConfig&) = default;

  static constexpr auto fields() {
    using C = PlainAccessConfig;
    return std::tuple{optional("accessKey", &C::access_key),
                      optional("admin", &C::admin),
                      optional("defaultGroupPerm", &C::default_group_perm),
                      optional("defaultTopicPerm", &C::default_topic_perm),
                      optional("groupPerms", &C::group_perms),
                      optional("secretKey", &C::secret_key),
                      optional("topicPerms", &C::topic_perms),
                      optional("whiteRemoteAddress", &C::white_remote_address)};
  }
};

/// Answer to GET_BROKER_CLUSTER_ACL_CONFIG. (RocketMQ: GetBrokerClusterAclConfigResponseBody)
struct AclConfig {
  std::vector<std::string> global_white_addrs;
  std::vector<PlainAccessConfig> plain_access_configs;

  friend bool operator==(const AclConfig&, const AclConfig&) = default;

  static constexpr auto fields() {
    return std::tuple{optional("globalWhiteAddrs", &AclConfig::global_white_addrs),
                      optional("plainAccessConfigs", &AclConfig::plain_access_configs)};
  }
};

}  // namespace rocketmq::remoting
