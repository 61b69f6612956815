#include <algorithm>
#include <string>
#include <vector>

#include "broker/acl/access_rules.h"
#include "broker/acl/acl_file.h"
#include "broker/acl/address_rule.h"
#include "common/check.h"
#include "tests/fuzz/fuzz_target.h"

// The text of an ACL file (plain_acl.yml), read, made into rules, and changed as requests of
// administrators change it: what the text held besides stays, and the new text can be read again.
// The text as it stands is also a line of a white list.

namespace rocketmq {
namespace {

using broker::AclFile;
using broker::parseAclFile;
using broker::withAccount;
using broker::withGlobalWhiteAddresses;
using broker::withoutAccount;

constexpr model::DataVersion kVersion{.counter = 7, .timestamp = 1'700'000'000'000};

AclFile reread(const std::string& text) {
  const Result<AclFile> again = parseAclFile(text);
  ROCKETMQ_CHECK(again.ok());
  ROCKETMQ_CHECK(again->version == kVersion);
  return *again;
}

std::vector<remoting::PlainAccessConfig> accountsOf(const AclFile& file) {
  std::vector<remoting::PlainAccessConfig> accounts;
  for (const auto& account : file.accounts) {
    accounts.push_back(account.value);
  }
  return accounts;
}

}  // namespace

ROCKETMQ_FUZZ_TARGET(acl_file, input) {
  if (input.size() > broker::kAclFileBytesMax) {
    return;
  }
  if (const auto rule = broker::AddressRule::parse(input); rule.ok()) {
    for (const char* address : {"10.0.0.7:1", "[2001:db8::1]:1"}) {
      static_cast<void>(rule->matches(*HostAddress::parse(address)));
    }
  }
  const Result<AclFile> file = parseAclFile(input);
  if (!file.ok()) {
    ROCKETMQ_CHECK(file.status().message().starts_with("line "));
    return;
  }
  std::vector<std::string> warnings;
  const auto rules = broker::AccessRules::compile({{"a.yml", *file}}, "replies", warnings);
  ROCKETMQ_CHECK(rules.ok() || rules.status().message().starts_with("a.yml"));
  if (rules.ok()) {
    remoting::CommandView request;
    request.code = 310;
    static_cast<void>((*rules)->refusal(request, *HostAddress::parse("10.0.0.7:1")));
  }
  const std::vector<std::string> addresses = {"10.0.0.1", "* & {\"'"};
  const AclFile white = reread(withGlobalWhiteAddresses(input, addresses, kVersion));
  ROCKETMQ_CHECK(white.global_white_addresses.size() == addresses.size());
  ROCKETMQ_CHECK(white.global_white_addresses[1].value == addresses[1]);
  ROCKETMQ_CHECK(accountsOf(white) == accountsOf(*file));

  remoting::PlainAccessConfig account;
  account.access_key = "added: \"key\"";
  account.secret_key = "12345678";
  account.topic_perms = {{"a=PUB|SUB", "- b=#DENY"}};
  const AclFile added = reread(withAccount(input, account, kVersion));
  const auto accounts = accountsOf(added);
  ROCKETMQ_CHECK(std::find(accounts.begin(), accounts.end(), account) != accounts.end());

  const AclFile removed =
      reread(withoutAccount(withAccount(input, account, kVersion), account.access_key, kVersion));
  for (const auto& left : removed.accounts) {
    ROCKETMQ_CHECK(left.value.access_key != account.access_key);
  }
}

}  // namespace rocketmq
