#include <string>

#include "broker/send/stored_properties.h"
#include "common/check.h"
#include "common/message/properties.h"
#include "tests/fuzz/fuzz_target.h"

// A property string. The input is a name, ended by a zero byte, then the string.

namespace rocketmq {

ROCKETMQ_FUZZ_TARGET(properties, input) {
  fuzz::Input parts(input);
  const std::string_view name = parts.text();
  const std::string_view text = parts.rest();
  const PropertyMap properties = parseProperties(text);
  ROCKETMQ_CHECK(parseProperties(formatProperties(properties)) == properties);

  const std::string_view value = findProperty(text, name);
  const auto found = properties.find(name);
  ROCKETMQ_CHECK(found == properties.end() ? value.empty() : value == found->second);
  ROCKETMQ_CHECK(findProperty(withoutProperty(text, name), name).empty());

  const broker::SendProperties scanned = broker::scanSendProperties(text);
  ROCKETMQ_CHECK(fuzz::isWithin(scanned.unique_key, text));
  std::string stored;
  broker::appendClientProperties(text, scanned, stored);
  static_cast<void>(parseProperties(stored));
}

}  // namespace rocketmq
