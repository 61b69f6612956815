#include <algorithm>
#include <string>
#include <vector>

#include "broker/acl/acl_file.h"
#include "common/check.h"
#include "tests/fuzz/fuzz_target.h"

// The text of an ACL file (plain_acl.yml), read, and changed as requests of administrators change
// it: what the text held besides stays, and the new text can be read again.

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
  const Result<AclFile> file = parseAclFile(input);
  if (!file.ok()) {
    ROCKETMQ_CHECK(file.status().message().starts_with("line "));
    return;
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
