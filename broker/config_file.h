#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "common/atomic_file.h"
#include "common/json/decode.h"
#include "common/json/encode.h"
#include "common/status.h"

namespace rocketmq::broker {

/// A table from its file below config/, or from the .bak beside it when the file is torn, which is
/// mended then; an empty table when neither exists. Corruption when there is something but nothing
/// that can be read.
template <class Table>
Result<Table> loadConfigFile(const std::string& path) {
  Table table;
  const auto parses = [&table](std::string_view content) {
    auto decoded = json::decode<Table>(content);
    if (decoded.ok()) {
      table = std::move(*decoded);
    }
    return decoded.ok();
  };
  const Result<std::string> content = readAndMend(path, parses);
  if (!content.ok() && content.status().code() != StatusCode::kNotFound) {
    return content.status();
  }
  return table;
}

/// What loadConfigFile() takes, and whether it is what the file itself says.
template <class Table>
struct ConfigFile {
  Table table;
  bool is_own = false;  ///< Else it is that of the .bak, or there was none.
};
template <class Table>
Result<ConfigFile<Table>> readConfigFile(const std::string& path) {
  if (const auto own = readWholeFile(path); own.ok()) {
    if (auto table = json::decode<Table>(*own); table.ok()) {
      return ConfigFile<Table>{.table = std::move(*table), .is_own = true};
    }
  }
  ROCKETMQ_ASSIGN_OR_RETURN(Table table, loadConfigFile<Table>(path));
  return ConfigFile<Table>{.table = std::move(table), .is_own = false};
}

/// Replaces the file, in the form that RocketMQ writes. Blocks until it is on the disk.
template <class Table>
Status saveConfigFile(const std::string& path, const Table& table) {
  return replaceFile(path, json::encode(table, json::Style::kPretty));
}

}  // namespace rocketmq::broker
