#include "client/instance/serialize_type.h"

#include <cstdlib>
#include <string>

#include "client/instance/system_properties.h"

namespace rocketmq::client {

Result<std::optional<remoting::SerializeType>> wantedSerializeType() {
  using Wanted = std::optional<remoting::SerializeType>;
  std::string text = systemProperty(system_property::kSerializeType);
  if (const char* variable = std::getenv("ROCKETMQ_SERIALIZE_TYPE");
      text.empty() && variable != nullptr) {
    text = variable;
  }
  if (text.empty()) {
    return Wanted();
  }
  if (text == "JSON") {
    return Wanted(remoting::SerializeType::kJson);
  }
  if (text == "ROCKETMQ") {
    return Wanted(remoting::SerializeType::kBinary);
  }
  return Status::invalidArgument(
      "the property rocketmq.serialize.type (environment variable ROCKETMQ_SERIALIZE_TYPE) is \"" +
      text + "\"; set JSON or ROCKETMQ, or neither for what the server reads best");
}

}  // namespace rocketmq::client
