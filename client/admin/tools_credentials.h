#pragma once

#include <cstdlib>

#include "common/status.h"
#include "remoting/acl/credentials_file.h"

namespace rocketmq::client {

/// What tools sign with: conf/tools.yml below the environment variable ROCKETMQ_HOME; empty when
/// there is none. Who calls it links rocketmq_credentials.
inline Result<remoting::SessionCredentials> toolsCredentials() {
  const char* const home = std::getenv("ROCKETMQ_HOME");
  return remoting::readToolsCredentials(home == nullptr ? "" : home);
}

}  // namespace rocketmq::client
