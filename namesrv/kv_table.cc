#include "namesrv/kv_table.h"

#include <utility>

#include "common/atomic_file.h"
#include "common/json/decode.h"
#include "common/json/encode.h"
#include "common/log.h"
#include "remoting/protocol/bodies/lists.h"

namespace rocketmq::namesrv {

namespace {

std::shared_ptr<const std::string> bodyOf(const KvTable::Entries& entries) {
  return std::make_shared<const std::string>(json::encode(remoting::KvTable{.table = entries}));
}

}  // namespace

KvTable::Bodies KvTable::bodiesOf(const Table& table) {
  Bodies bodies;
  for (const auto& [name_space, entries] : table.config_table) {
    bodies.emplace(name_space, bodyOf(entries));
  }
  return bodies;
}

KvTable::KvTable(std::string path, size_t bytes_max, Table table)
    : path_(std::move(path)),
      bytes_max_(bytes_max),
      table_(std::make_shared<const Table>(std::move(table))),
      bodies_(std::make_shared<const Bodies>(bodiesOf(*table_.load()))) {}

Result<std::unique_ptr<KvTable>> KvTable::open(std::string path, size_t bytes_max) {
  const auto text =
      readAndMend(path, [](std::string_view content) { return json::decode<Table>(content).ok(); });
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
  return replace(std::move(next), name_space, text);
}

Status KvTable::remove(const std::string& name_space, const std::string& key) {
  MutexLock lock(write_mutex_);
  Table next = *table_.load();
  const auto entries = next.config_table.find(name_space);
  if (entries == next.config_table.end() || entries->second.erase(key) == 0) {
    return Status::ok();
  }
  const std::string text = json::encode(next);
  return replace(std::move(next), name_space, text);
}

Status KvTable::replace(Table next, const std::string& name_space, const std::string& text) {
  ROCKETMQ_RETURN_IF_ERROR(replaceFile(path_, text));
  Bodies bodies = *bodies_.load();
  bodies[name_space] = bodyOf(next.config_table[name_space]);
  bodies_.store(std::make_shared<const Bodies>(std::move(bodies)));
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

std::shared_ptr<const std::string> KvTable::listBody(std::string_view name_space) const {
  const auto bodies = bodies_.load();
  const auto body = bodies->find(name_space);
  return body == bodies->end() ? nullptr : body->second;
}

}  // namespace rocketmq::namesrv
