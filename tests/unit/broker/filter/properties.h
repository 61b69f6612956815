#pragma once

#include <map>
#include <string>

#include "common/message/properties.h"

namespace rocketmq::broker::filter {

/// A property string as messages carry it.
inline std::string propertiesOf(const std::map<std::string, std::string>& values) {
  return formatProperties(PropertyMap(values.begin(), values.end()));
}

}  // namespace rocketmq::broker::filter
