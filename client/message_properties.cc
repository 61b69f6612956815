#include "rocketmq/message_properties.h"

#include <algorithm>

namespace rocketmq {

MessageProperties::const_iterator MessageProperties::find(std::string_view name) const {
  return std::ranges::find(entries_, name, &Entry::first);
}

void MessageProperties::put(std::string_view name, std::string value) {
  const auto place = std::ranges::find(entries_, name, &Entry::first);
  if (place == entries_.end()) {
    entries_.emplace_back(name, std::move(value));
  } else {
    place->second = std::move(value);
  }
}

}  // namespace rocketmq
