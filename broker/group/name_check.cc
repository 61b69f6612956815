#include "broker/group/name_check.h"

#include <algorithm>
#include <string>

#include "common/excerpt.h"

namespace rocketmq::broker {

Status checkLength(std::string_view what, std::string_view text, size_t bytes_max) {
  if (text.size() <= bytes_max) {
    return Status::ok();
  }
  return Status::invalidArgument("the " + std::string(what) + " has " +
                                 std::to_string(text.size()) + " bytes, at most " +
                                 std::to_string(bytes_max) + " are taken");
}

Status checkName(std::string_view what, std::string_view name) {
  ROCKETMQ_RETURN_IF_ERROR(checkLength(what, name, kNameBytesMax));
  if (std::any_of(name.begin(), name.end(), isControlCharacter)) {
    return Status::invalidArgument("the " + std::string(what) + " has control characters");
  }
  return Status::ok();
}

}  // namespace rocketmq::broker
