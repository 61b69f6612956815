#include "broker/acl/access_rules.h"

#include <algorithm>

#include "common/excerpt.h"
#include "common/text.h"
#include "common/validate.h"

namespace rocketmq::broker {
namespace {

/// Where clients write their traces: whoever has an account may.
constexpr std::string_view kTraceTopic = "RMQ_SYS_TRACE_TOPIC";

std::string where(const std::string& path, int line) {
  return path + ": line " + std::to_string(line);
}

AccessRefusal refused(std::string remark, std::string_view reason) {
  return {.remark = std::move(remark), .reason = reason};
}

}  // namespace

Result<std::pair<std::string, std::optional<AclPermission>>> parseResourcePermission(
    std::string_view text) {
  const size_t equals = text.find('=');
  const std::string_view name = javaTrim(text.substr(0, equals));
  if (equals == std::string_view::npos || text.find('=', equals + 1) != std::string_view::npos ||
      name.empty()) {
    return Status::invalidArgument(
        "a permission must look like NAME=PUB|SUB, with one of DENY, "
        "PUB, SUB and PUB|SUB");
  }
  return std::pair(std::string(name), parseAclPermission(javaTrim(text.substr(equals + 1))));
}

/// Puts the files together.
class AccessRules::Compiler {
 public:
  Compiler(AccessRules& rules, std::vector<std::string>& warnings)
      : rules_(rules), warnings_(warnings) {}

  Status add(const std::string& path, const AclFile& file) {
    for (const std::string& warning : file.warnings) {
      warnings_.push_back(path + ": " + warning);
    }
    for (const auto& [address, line] : file.global_white_addresses) {
      auto rule = AddressRule::parse(address);
      if (!rule.ok()) {
        return rule.status().withContext(where(path, line));
      }
      rules_.white_addresses_.push_back(std::move(*rule));
    }
    for (const auto& [config, line] : file.accounts) {
      ROCKETMQ_RETURN_IF_ERROR(addAccount(path, config, where(path, line)));
    }
    if (rules_.white_addresses_.size() > kWhiteAddressesMax) {
      return Status::invalidArgument(path + ": more than " + std::to_string(kWhiteAddressesMax) +
                                     " addresses in globalWhiteRemoteAddresses");
    }
    if (rules_.accounts_.size() > kAccountsMax) {
      return Status::invalidArgument(path + ": more than " + std::to_string(kAccountsMax) +
                                     " accounts");
    }
    return Status::ok();
  }

 private:
  Status addAccount(const std::string& path, const remoting::PlainAccessConfig& config,
                    const std::string& place) {
    auto white_addresses = AddressRule::parse(config.white_remote_address.value_or(""));
    if (!white_addresses.ok()) {
      return white_addresses.status().withContext(place);
    }
    Account account{.file = path,
                    .key = remoting::SigningKey(config.secret_key),
                    .white_addresses = std::move(*white_addresses),
                    .is_admin = config.admin};
    account.default_topic = permission(config.default_topic_perm, "defaultTopicPerm", place);
    account.default_group = permission(config.default_group_perm, "defaultGroupPerm", place);
    for (const std::string& text : config.group_perms.value_or(std::vector<std::string>())) {
      ROCKETMQ_RETURN_IF_ERROR(addPermission(text, true, place, account));
    }
    for (const std::string& text : config.topic_perms.value_or(std::vector<std::string>())) {
      ROCKETMQ_RETURN_IF_ERROR(addPermission(text, false, place, account));
    }
    if (!rules_.accounts_.try_emplace(config.access_key, std::move(account)).second) {
      warnings_.push_back(place +
                          ": there is an account with this accessKey already, which counts");
    }
    return Status::ok();
  }

  // RocketMQ parity: a word that nobody knows denies.
  AclPermission permission(const std::optional<std::string>& word, std::string_view key,
                           const std::string& place) {
    if (!word || word->empty()) {
      return AclPermission::kDeny;
    }
    const auto known = parseAclPermission(javaTrim(*word));
    if (!known) {
      warnings_.push_back(place + ": " + std::string(key) +
                          " is none of DENY, PUB, SUB and PUB|SUB and counts as DENY");
    }
    return known.value_or(AclPermission::kDeny);
  }

  Status addPermission(std::string_view text, bool is_group, const std::string& place,
                       Account& account) {
    auto parsed = parseResourcePermission(text);
    if (!parsed.ok()) {
      return parsed.status().withContext(place);
    }
    auto& [name, word] = *parsed;
    if (!word) {
      warnings_.push_back(place + ": a permission of " + name +
                          " is none of DENY, PUB, SUB and PUB|SUB and counts as DENY");
    }
    if (name.starts_with(kRetryTopicPrefix)) {
      is_group = true;
      name.erase(0, kRetryTopicPrefix.size());
    }
    auto& permissions = is_group ? account.groups : account.topics;
    permissions.insert_or_assign(name, word.value_or(AclPermission::kDeny));
    return Status::ok();
  }

  AccessRules& rules_;
  std::vector<std::string>& warnings_;
};

Result<std::shared_ptr<const AccessRules>> AccessRules::compile(
    const Files& files, std::string reply_topic, std::vector<std::string>& warnings) {
  auto rules = std::make_shared<AccessRules>();
  rules->reply_topic_ = std::move(reply_topic);
  Compiler compiler(*rules, warnings);
  for (const auto& [path, file] : files) {
    ROCKETMQ_RETURN_IF_ERROR(compiler.add(path, file));
  }
  return std::shared_ptr<const AccessRules>(std::move(rules));
}

const std::string* AccessRules::fileOf(std::string_view access_key) const {
  const auto found = accounts_.find(access_key);
  return found == accounts_.end() ? nullptr : &found->second.file;
}

std::optional<AccessRefusal> AccessRules::refusal(const remoting::CommandView& request,
                                                  const HostAddress& peer) const {
  const auto matchesPeer = [&peer](const AddressRule& rule) { return rule.matches(peer); };
  if (std::any_of(white_addresses_.begin(), white_addresses_.end(), matchesPeer)) {
    return std::nullopt;
  }
  const std::string_view* const key = request.ext_fields.find(remoting::kAccessKeyField);
  if (key == nullptr || key->empty()) {
    return refused(
        "No accessKey is configured: this broker has aclEnable=true, so give the client "
        "an access key and its secret key",
        "the request has no access key");
  }
  const auto found = accounts_.find(*key);
  if (found == accounts_.end()) {
    return refused("No acl config for " + excerpt(*key) +
                       ": the broker's plain_acl.yml has no account with this accessKey",
                   "no account has the request's access key");
  }
  const Account& account = found->second;
  if (account.white_addresses.matches(peer)) {
    return std::nullopt;
  }
  if (!remoting::isSignedBy(request, account.key)) {
    return refused("Check signature failed for accessKey=" + found->first +
                       ": the client's secret key is not the account's",
                   "the signature is wrong");
  }
  return permissionRefusal(request, found->first, account);
}

bool AccessRules::isOpenToAll(remoting::RequestCode code, const AccessNeed& need) const {
  if (need.kind != AccessNeed::Kind::kTopic || need.permission != AclPermission::kPub) {
    return false;
  }
  // RocketMQ parity: replies need no permission, and clients send them to this topic only.
  const bool is_reply = code == remoting::RequestCode::kSendReplyMessage ||
                        code == remoting::RequestCode::kSendReplyMessageV2;
  return need.name == kTraceTopic || (is_reply && need.name == reply_topic_);
}

std::optional<AccessRefusal> AccessRules::permissionRefusal(const remoting::CommandView& request,
                                                            std::string_view access_key,
                                                            const Account& account) const {
  const auto code = static_cast<remoting::RequestCode>(request.code);
  if (AccessNeeds::isForAdmins(code) && !account.is_admin) {
    return refused("Need admin permission for request code=" + std::to_string(request.code) + " (" +
                       toString(code) + "), but accessKey=" + std::string(access_key) + " is not",
                   "the account is no administrator's");
  }
  if (account.mayDoAll()) {
    return std::nullopt;
  }
  AccessNeeds needs;
  if (const Status read = needs.readFrom(request); !read.isOk()) {
    return refused(read.message(), "the request cannot be read");
  }
  for (const AccessNeed& need : needs.list()) {
    const bool is_group = need.kind == AccessNeed::Kind::kGroup;
    const auto& permissions = is_group ? account.groups : account.topics;
    const auto own = permissions.find(need.name);
    const AclPermission owned = own != permissions.end() ? own->second
                                : is_group               ? account.default_group
                                                         : account.default_topic;
    if (!isOpenToAll(code, need) && !allows(owned, need.permission)) {
      return refused(std::string(own == permissions.end() ? "No default permission for "
                                                          : "No permission for ") +
                         (is_group ? "group " : "topic ") + excerpt(need.name) +
                         ": accessKey=" + std::string(access_key) + " needs " +
                         std::string(toString(need.permission)) + " and has " +
                         std::string(toString(owned)),
                     is_group ? "the account lacks a permission for a group"
                              : "the account lacks a permission for a topic");
    }
  }
  return std::nullopt;
}

}  // namespace rocketmq::broker
