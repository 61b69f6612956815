#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/acl/access_needs.h"
#include "broker/acl/acl_file.h"
#include "broker/acl/address_rule.h"
#include "broker/acl/permission.h"
#include "broker/string_map.h"
#include "common/message/host_address.h"
#include "common/status.h"
#include "remoting/acl/signature.h"
#include "remoting/protocol/command.h"

namespace rocketmq::broker {

/// Why a request is refused.
struct AccessRefusal {
  std::string remark;       ///< For who made it.
  std::string_view reason;  ///< For the log: has nothing that came with the request.
};

/// All ACL files together, ready for questions; immutable.
class AccessRules {
 public:
  /// Files by path, in the order in which the first of two accounts with one access key counts.
  using Files = std::vector<std::pair<std::string, AclFile>>;

  static constexpr size_t kAccountsMax = 10'000;
  static constexpr size_t kWhiteAddressesMax = 1'000;

  /// InvalidArgument with the path and the line of what cannot be used: an address of a white list,
  /// a permission without "=", too many accounts or addresses. What can be used all the same, and
  /// still is a mistake, is added to `warnings`. `reply_topic`: where the replies of request-reply
  /// exchanges go, which every account may send.
  static Result<std::shared_ptr<const AccessRules>> compile(const Files& files,
                                                            std::string reply_topic,
                                                            std::vector<std::string>& warnings);

  /// Nothing when the request may pass (RocketMQ: PlainPermissionManager.validate). In this order:
  /// an address of the global white list passes; the access key must be known; an address of the
  /// account's white list passes; the signature must be right; every topic and group must be
  /// allowed, requests of administrators to administrators only.
  std::optional<AccessRefusal> refusal(const remoting::CommandView& request,
                                       const HostAddress& peer) const;

  size_t accountCount() const { return accounts_.size(); }
  /// The path of the file that has the account, or null.
  const std::string* fileOf(std::string_view access_key) const;

 private:
  struct Account {
    std::string file;
    remoting::SigningKey key;
    AddressRule white_addresses;
    bool is_admin = false;
    AclPermission default_topic = AclPermission::kDeny;
    AclPermission default_group = AclPermission::kDeny;
    StringMap<AclPermission> topics = {};
    StringMap<AclPermission> groups = {};

    bool mayDoAll() const { return is_admin && topics.empty() && groups.empty(); }
  };
  class Compiler;

  std::optional<AccessRefusal> permissionRefusal(const remoting::CommandView& request,
                                                 std::string_view access_key,
                                                 const Account& account) const;
  /// Whoever has an account may.
  bool isOpenToAll(remoting::RequestCode code, const AccessNeed& need) const;

  std::string reply_topic_;
  std::vector<AddressRule> white_addresses_;
  StringMap<Account> accounts_;
};

/// "topic=PUB|SUB" -> the topic and the permission. InvalidArgument when there is no single "=";
/// the permission is absent when it is none of the known words.
Result<std::pair<std::string, std::optional<AclPermission>>> parseResourcePermission(
    std::string_view text);

}  // namespace rocketmq::broker
