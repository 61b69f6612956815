#include "common/settings_docs.h"

#include <algorithm>

namespace rocketmq::detail {
namespace {

/// A text inside a cell of a Markdown table.
std::string cell(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '|') {
      escaped += '\\';
    }
    escaped += c;
  }
  return escaped;
}

/// The default for people; empty for an empty text.
std::string defaultText(const BoundSetting& row) {
  return row.info->documented_default.empty() ? printSetting(row)
                                              : std::string(row.info->documented_default);
}

std::string_view changeText(Change change) {
  return change == Change::kLive ? "at once" : "at restart";
}

std::string markdownRow(const BoundSetting& row) {
  const std::string value = defaultText(row);
  std::string text = "| `" + std::string(row.info->key) + "` | ";
  text += value.empty() ? "" : "`" + cell(value) + "` ";
  text += "| " + cell(describeAllowed(row)) + " | ";
  text += changeText(row.info->change);
  text += " | " + cell(row.info->help);
  text += row.info->is_own ? " Not in RocketMQ." : "";
  return text + " |\n";
}

}  // namespace

std::string markdownTable(std::span<const BoundSetting> defaults) {
  std::vector<BoundSetting> sorted(defaults.begin(), defaults.end());
  std::ranges::sort(sorted, {}, [](const BoundSetting& row) { return row.info->key; });
  std::string text =
      "| Key | Default | Allowed | Takes effect | Meaning |\n| --- | --- | --- | --- | --- |\n";
  for (const BoundSetting& row : sorted) {
    text += markdownRow(row);
  }
  return text;
}

std::string sampleFile(std::span<const BoundSetting> defaults, const PropertiesByKey& set) {
  std::string text;
  size_t set_count = 0;
  for (const BoundSetting& row : defaults) {
    const std::string key(row.info->key);
    text += text.empty() ? "# " : "\n# ";
    text += row.info->help;
    text += "\n# Allowed: " + describeAllowed(row) + ". Takes effect ";
    text += changeText(row.info->change);
    text += ".\n";
    if (const auto found = set.find(key); found != set.end()) {
      text += formatPropertiesFile({*found});
      ++set_count;
    } else if (row.info->documented_default.empty()) {
      text += "#" + formatPropertiesFile({{key, printSetting(row)}});
    } else {
      text += "# Default: " + std::string(row.info->documented_default) + "\n#" + key + "=\n";
    }
  }
  ROCKETMQ_CHECK(set_count == set.size());
  return text;
}

}  // namespace rocketmq::detail
