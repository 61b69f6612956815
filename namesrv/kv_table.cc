#include "namesrv/kv_table.h"

#include <utility>

#include "common/atomic_file.h"
#include "common/json/decode.h"
#include "common/json/encode.h"
#include "common/log.h"

namespace rocketmq::namesrv {

KvTable::KvTable(std::string path, size_t bytes_max, Table table)
    : path_(std::move(path)),
      bytes_max_(bytes_max),
      table_(std::make_shared<const Table>(std::move(table))) {}

Result<std::unique_ptr<KvTable>> KvTable::open(std::string path, size_t bytes_max) {
  const auto text = readWithBackup(
      path, [](std::string_view content) { return json::decode<Table>(content).ok(); });
  Table table;
  if (text.ok()) {
    ROCKETMQ_ASSIGN_OR_RETURN(table, json::decode<Table>(*text));
  } else if (text.status().code() == StatusCode::kCorruption) {
    log::error("{}; starting without KV settings", text.status().message());
  } else if (text.status().code() != StatusCode::kNotFound) {
    return text.status();
  }
  return std::unique_ptr<KvTable>(new KvTable(std::move(path), bytes_max, std::move(table)));
}

Status KvTable::put(const std::string& name_space, const std::string& key,
                    const std::string& value) {
  MutexLock lock(write_mutex_);
  Table next = *table_.load();
  next.config_table[name_space][key] = value;
  const std::string text = json::encode(next);
  if (text.size() > bytes_max_) {
    return Status::invalidArgument("the KV settings would take " + std::to_string(text.size()) +
                                   " bytes, more than " + std::to_string(bytes_max_) +
                                   ": delete some, or raise kvConfigBytesMax of the name server");
  }
  return replace(std::move(next), text);
}

Status KvTable::remove(const std::string& name_space, const std::string& key) {
  MutexLock lock(write_mutex_);
  Table next = *table_.load();
  const auto entries = next.config_table.find(name_space);
  if (entries == next.config_table.end() || entries->second.erase(key) == 0) {
    return Status::ok();
  }
  const std::string text = json::encode(next);
  return replace(std::move(next), text);
}

Status KvTable::replace(Table next, const std::string& text) {
  ROCKETMQ_RETURN_IF_ERROR(replaceFile(path_, text));
  table_.store(std::make_shared<const Table>(std::move(next)));
  return Status::ok();
}

std::optional<std::string> KvTable::get(std::string_view name_space, std::string_view key) const {
  const auto table = table_.load();
  const auto entries = table->config_table.find(std::string(name_space));
  if (entries == table->config_table.end()) {
    return std::nullopt;
  }
  const auto entry = entries->second.find(std::string(key));
  return entry == entries->second.end() ? std::nullopt : std::optional(entry->second);
}

std::optional<KvTable::Entries> KvTable::list(std::string_view name_space) const {
  const auto table = table_.load();
  const auto entries = table->config_table.find(std::string(name_space));
  return entries == table->config_table.end() ? std::nullopt : std::optional(entries->second);
}

}  // namespace rocketmq::namesrv
