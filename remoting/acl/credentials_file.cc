#include "remoting/acl/credentials_file.h"

#include <algorithm>
#include <utility>

#include <yaml-cpp/yaml.h>

#include "common/atomic_file.h"

namespace rocketmq::remoting {
namespace {

constexpr size_t kFileBytesMax = 64 << 10;

Status wrong(const std::string& path, const YAML::Mark& mark, const std::string& text) {
  return Status::invalidArgument(path + ": line " + std::to_string(std::max(mark.line + 1, 1)) +
                                 ": " + text);
}

Result<SessionCredentials> parse(const std::string& path, const std::string& text) {
  SessionCredentials credentials;
  const YAML::Node root = YAML::Load(text);
  if (root.IsNull()) {
    return credentials;
  }
  if (!root.IsMap()) {
    return wrong(path, root.Mark(), "the file must have the keys accessKey and secretKey");
  }
  for (const auto& [name, member] : {std::pair("accessKey", &credentials.access_key),
                                     std::pair("secretKey", &credentials.secret_key),
                                     std::pair("securityToken", &credentials.security_token)}) {
    const YAML::Node value = root[name];
    if (value && !value.IsNull()) {
      if (!value.IsScalar()) {
        return wrong(path, value.Mark(), std::string(name) + " must be a text");
      }
      *member = value.Scalar();
    }
  }
  ROCKETMQ_RETURN_IF_ERROR(credentials.check().withContext(path));
  return credentials;
}

}  // namespace

Result<SessionCredentials> parseToolsCredentials(const std::string& path, const std::string& text) {
  try {
    return parse(path, text);
  } catch (const YAML::Exception& error) {
    // The library's words may quote what stands there.
    return wrong(path, error.mark, "not YAML; quote values that are not plain words");
  }
}

Result<SessionCredentials> readToolsCredentials(const std::string& home) {
  if (home.empty()) {
    return SessionCredentials();
  }
  const std::string path = home + "/conf/tools.yml";
  const Result<std::string> text = readWholeFile(path, kFileBytesMax);
  if (!text.ok()) {
    return text.status().code() == StatusCode::kNotFound
               ? SessionCredentials()
               : Result<SessionCredentials>(text.status());
  }
  return parseToolsCredentials(path, *text);
}

}  // namespace rocketmq::remoting
