#include <string>

#include "common/check.h"
#include "remoting/acl/credentials_file.h"
#include "tests/fuzz/fuzz_target.h"

// The text of conf/tools.yml, which has the keys of administrators: nothing of it is in an error.

namespace rocketmq::remoting {

ROCKETMQ_FUZZ_TARGET(tools_file, input) {
  const auto credentials = parseToolsCredentials("tools.yml", std::string(input));
  if (!credentials.ok()) {
    ROCKETMQ_CHECK(credentials.status().message().starts_with("tools.yml"));
    return;
  }
  ROCKETMQ_CHECK(credentials->check().isOk());
}

}  // namespace rocketmq::remoting
