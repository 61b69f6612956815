#pragma once

#include <optional>
#include <string>
#include <tuple>

#include "remoting/protocol/codes.h"
#include "remoting/protocol/field_codec.h"

namespace rocketmq::remoting {

// Requests of admin tools about who may do what at a broker: RocketMQ's ACL 1.0, which releases up
// to 5.2 have. 5.3 has others for the same purpose.

/// Makes an account or changes it; what is absent stays as it is.
/// (RocketMQ: CreateAccessConfigRequestHeader)
struct UpdateAndCreateAclConfig {
  static constexpr RequestCode kCode = RequestCode::kUpdateAndCreateAclConfig;
  using Reply = NoFields;

  std::string access_key;
  std::optional<std::string> secret_key;
  std::optional<std::string> white_remote_address;
  std::optional<bool> admin;  ///< Absent means false.
  std::optional<std::string> default_topic_perm;
  std::optional<std::string> default_group_perm;
  std::optional<std::string> topic_perms;  ///< "topic=PUB|SUB,topic=DENY"
  std::optional<std::string> group_perms;  ///< "group=SUB,group=DENY"

  static constexpr auto fields() {
    using C = UpdateAndCreateAclConfig;
    return std::tuple{required("accessKey", &C::access_key),
                      optional("secretKey", &C::secret_key),
                      optional("whiteRemoteAddress", &C::white_remote_address),
                      optional("admin", &C::admin),
                      optional("defaultTopicPerm", &C::default_topic_perm),
                      optional("defaultGroupPerm", &C::default_group_perm),
                      optional("topicPerms", &C::topic_perms),
                      optional("groupPerms", &C::group_perms)};
  }
};

/// Removes an account. (RocketMQ: DeleteAccessConfigRequestHeader)
struct DeleteAclConfig {
  static constexpr RequestCode kCode = RequestCode::kDeleteAclConfig;
  using Reply = NoFields;

  std::string access_key;

  static constexpr auto fields() {
    return std::tuple{required("accessKey", &DeleteAclConfig::access_key)};
  }
};

/// Which state a broker's ACL files have. (RocketMQ: GetBrokerAclConfigResponseHeader)
struct GetBrokerClusterAclInfoReply {
  std::string version;               ///< DataVersion of conf/plain_acl.yml as JSON text.
  std::string all_acl_file_version;  ///< DataVersions by path, as JSON text.
  std::string broker_name;
  std::string broker_addr;
  std::string cluster_name;

  static constexpr auto fields() {
    using R = GetBrokerClusterAclInfoReply;
    return std::tuple{
        required("version", &R::version), optional("allAclFileVersion", &R::all_acl_file_version),
        required("brokerName", &R::broker_name), required("brokerAddr", &R::broker_addr),
        required("clusterName", &R::cluster_name)};
  }
};

/// Asks which state a broker's ACL files have. (RocketMQ: GET_BROKER_CLUSTER_ACL_INFO)
struct GetBrokerClusterAclInfo : NoFields {
  static constexpr RequestCode kCode = RequestCode::kGetBrokerClusterAclInfo;
  using Reply = GetBrokerClusterAclInfoReply;
};

/// Replaces the addresses that need no account. (RocketMQ:
/// UpdateGlobalWhiteAddrsConfigRequestHeader)
struct UpdateGlobalWhiteAddrsConfig {
  static constexpr RequestCode kCode = RequestCode::kUpdateGlobalWhiteAddrsConfig;
  using Reply = NoFields;

  std::string global_white_addrs;                 ///< Separated by ','.
  std::optional<std::string> acl_file_full_path;  ///< Absent or empty: conf/plain_acl.yml.

  static constexpr auto fields() {
    using C = UpdateGlobalWhiteAddrsConfig;
    return std::tuple{required("globalWhiteAddrs", &C::global_white_addrs),
                      optional("aclFileFullPath", &C::acl_file_full_path)};
  }
};

/// Asks for all accounts, secret keys included; the answer's body is AclConfig.
/// (RocketMQ: GET_BROKER_CLUSTER_ACL_CONFIG, 4.7 to 5.2)
struct GetBrokerClusterAclConfig : NoFields {
  static constexpr RequestCode kCode = RequestCode::kGetBrokerClusterAclConfig;
  using Reply = NoFields;
};

}  // namespace rocketmq::remoting
