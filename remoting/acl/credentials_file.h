#pragma once

#include <string>

#include "common/status.h"
#include "remoting/acl/request_signer.h"

namespace rocketmq::remoting {

/// The text of such a file; `path` is for errors.
Result<SessionCredentials> parseToolsCredentials(const std::string& path, const std::string& text);

/// The accessKey, secretKey and securityToken of conf/tools.yml below `home`, with which mqadmin
/// and a broker's own requests are signed (RocketMQ: AclUtils.getAclRPCHook). Empty when there is
/// no such file, when it has none, or when `home` is empty. InvalidArgument names the file and the
/// line, and nothing of what stands there. A library of its own: applications need no YAML.
Result<SessionCredentials> readToolsCredentials(const std::string& home);

}  // namespace rocketmq::remoting
