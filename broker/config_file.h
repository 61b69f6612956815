#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "common/atomic_file.h"
#include "common/json/decode.h"
#include "common/json/encode.h"
#include "common/status.h"

namespace rocketmq::broker {

/// A table from its file below config/, or from the .bak beside it when the file is torn; an empty
/// table when neither exists. Corruption when there is something but nothing that can be read.
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
  const Result<std::string> content = readWithBackup(path, parses);
  if (!content.ok() && content.status().code() != StatusCode::kNotFound) {
    return content.status();
  }
  return table;
}

/// Replaces the file, in the form that RocketMQ writes. Blocks until it is on the disk.
template <class Table>
Status saveConfigFile(const std::string& path, const Table& table) {
  return replaceFile(path, json::encode(table, json::Style::kPretty));
}

}  // namespace rocketmq::broker
