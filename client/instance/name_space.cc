#include "client/instance/name_space.h"

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

}  // namespace

std::string wrapNamespace(std::string_view name_space, std::string_view resource) {
  const std::string_view prefix = retryOrDlqPrefix(resource);
  const std::string_view name = resource.substr(prefix.size());
  const std::string wanted = std::string(name_space) + '%';
  if (name_space.empty() || name.empty() || isSystemTopic(resource) || isSystemGroup(resource) ||
      name.starts_with(wanted)) {
    return std::string(resource);
  }
  return std::string(prefix) + wanted + std::string(name);
}

std::string withoutNamespace(std::string_view name_space, std::string_view resource) {
  const std::string_view prefix = retryOrDlqPrefix(resource);
  const std::string_view name = resource.substr(prefix.size());
  const std::string wanted = std::string(name_space) + '%';
  if (name_space.empty() || !name.starts_with(wanted)) {
    return std::string(resource);
  }
  return std::string(prefix) + std::string(name.substr(wanted.size()));
}

}  // namespace rocketmq::client
