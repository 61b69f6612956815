#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/model/data_version.h"
#include "common/status.h"
#include "remoting/protocol/bodies/acl_config.h"

namespace rocketmq::broker {

/// Something that was read, and where.
template <class T>
struct AtLine {
  T value;
  int line = 0;  ///< From 1.
};

/// What one ACL file says, as it stands there (RocketMQ: plain_acl.yml):
///
///     globalWhiteRemoteAddresses: [10.10.103.*]
///     accounts:
///       - accessKey: application
///         secretKey: "..."
///         whiteRemoteAddress: ""
///         admin: false
///         defaultTopicPerm: DENY
///         defaultGroupPerm: SUB
///         topicPerms: [orders=PUB|SUB]
///         groupPerms: [billing=SUB]
///     dataVersion: [{counter: 1, timestamp: 1700000000000}]
struct AclFile {
  std::vector<AtLine<std::string>> global_white_addresses;
  std::vector<AtLine<remoting::PlainAccessConfig>> accounts;
  model::DataVersion version;
  /// "line 3: ..." for what does not stop the file from being used.
  std::vector<std::string> warnings;
};

/// A key shorter than this is refused, as in RocketMQ.
inline constexpr size_t kAclKeyCharactersMin = 7;
inline constexpr size_t kAclFileBytesMax = 1 << 20;

/// InvalidArgument with "line 3: ..." for what is no YAML or has values of the wrong kind. No
/// message has anything of a value in it, which may be a secret.
Result<AclFile> parseAclFile(std::string_view text);

// Changes to the text of an ACL file, which keep what they are not about, but not the comments. The
// text must be one that parseAclFile() takes. The new text has `version` as its dataVersion.

/// With the account added, or in place of the one with its access key.
std::string withAccount(std::string_view text, const remoting::PlainAccessConfig& account,
                        const model::DataVersion& version);
std::string withoutAccount(std::string_view text, std::string_view access_key,
                           const model::DataVersion& version);
std::string withGlobalWhiteAddresses(std::string_view text,
                                     const std::vector<std::string>& addresses,
                                     const model::DataVersion& version);

}  // namespace rocketmq::broker
