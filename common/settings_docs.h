#pragma once

#include <string>
#include <vector>

#include "common/settings.h"

namespace rocketmq {

namespace detail {
std::string markdownTable(std::span<const BoundSetting> defaults);
std::string sampleFile(std::span<const BoundSetting> defaults, const PropertiesByKey& set);
}  // namespace detail

/// A Markdown table of all settings of S with default, allowed values, when a change takes effect
/// and the line of help, sorted by key.
template <Configurable S>
std::string settingsAsMarkdown() {
  S defaults;
  return detail::markdownTable(bindSettings(defaults));
}

/// A commented settings file: the keys of `set` with those values, every other setting of S as a
/// comment with its default, in the table's order. Loading the result gives the defaults but for
/// `set`, whose keys must be settings of S.
template <Configurable S>
std::string sampleSettingsFile(const PropertiesByKey& set) {
  S defaults;
  return detail::sampleFile(bindSettings(defaults), set);
}

}  // namespace rocketmq
