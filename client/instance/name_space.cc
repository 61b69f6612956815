#include "client/instance/name_space.h"

#include <algorithm>

#include "client/instance/name_servers.h"
#include "common/text.h"
#include "common/validate.h"

namespace rocketmq::client {
namespace {

/// "%RETRY%", "%DLQ%" or "".
std::string_view retryOrDlqPrefix(std::string_view resource) {
  if (isRetryTopic(resource)) {
    return kRetryTopicPrefix;
  }
  return isDlqTopic(resource) ? kDlqTopicPrefix : std::string_view();
}

bool isWordCharacter(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

/// "MQ_INST_<owner>_<instance>" of an address that begins with that and a dot, else "" (RocketMQ:
/// NameServerAddressUtils.INST_ENDPOINT_PATTERN).
std::string_view instanceIdOf(std::string_view address) {
  constexpr std::string_view kPrefix = "MQ_INST_";
  if (const size_t scheme = address.find("://"); scheme != std::string_view::npos) {
    address.remove_prefix(scheme + 3);
  }
  const size_t dot = address.find('.');
  if (dot == std::string_view::npos || !address.starts_with(kPrefix)) {
    return {};
  }
  const std::string_view id = address.substr(0, dot);
  const std::string_view names = id.substr(kPrefix.size());
  // Both names have a character at least, and may have underscores of their own.
  const bool has_both =
      names.size() > 2 && names.substr(1, names.size() - 2).find('_') != std::string_view::npos;
  return has_both && std::all_of(names.begin(), names.end(), isWordCharacter) ? id
                                                                              : std::string_view();
}

}  // namespace

std::string namespaceOf(const ClientConfig& config) {
  if (!config.name_space.empty()) {
    return config.name_space;
  }
  const Result<NameServerSource> source = findNameServerSource(config);
  return source.ok() ? std::string(instanceIdOf(javaTrim(source->addresses))) : std::string();
}

std::string wrapNamespace(std::string_view name_space, std::string_view resource) {
  if (name_space.empty()) {
    return std::string(resource);
  }
  const std::string_view prefix = retryOrDlqPrefix(resource);
  const std::string_view name = resource.substr(prefix.size());
  const std::string wanted = std::string(name_space) + '%';
  if (name.empty() || isSystemTopic(resource) || isSystemGroup(resource) ||
      name.starts_with(wanted)) {
    return std::string(resource);
  }
  return std::string(prefix) + wanted + std::string(name);
}

std::string withoutNamespace(std::string_view name_space, std::string_view resource) {
  if (name_space.empty()) {
    return std::string(resource);
  }
  const std::string_view prefix = retryOrDlqPrefix(resource);
  const std::string_view name = resource.substr(prefix.size());
  const std::string wanted = std::string(name_space) + '%';
  if (!name.starts_with(wanted)) {
    return std::string(resource);
  }
  return std::string(prefix) + std::string(name.substr(wanted.size()));
}

}  // namespace rocketmq::client
