#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/model/config_tables.h"
#include "common/mutex.h"
#include "common/snapshot.h"
#include "common/status.h"

namespace rocketmq::namesrv {

/// The namespace that holds the order of ordered topics' queues, by topic.
inline constexpr std::string_view kOrderNamespace = "ORDER_TOPIC_CONFIG";

/// Texts that administrators keep in the name server, by namespace and key (RocketMQ:
/// KVConfigManager), stored in kvConfig.json.
///
/// Threads:    any. Readers never wait for a writer's disk.
/// Durability: a change is on the disk before it is visible; when it cannot be stored it does not
///             happen.
/// Bound:      `bytes_max` of the file, since each change writes all of it.
class KvTable {
 public:
  using Entries = std::map<std::string, std::string>;

  /// Reads `path`, or its .bak when it is torn. A missing file is an empty table; so is one that
  /// cannot be understood, as a crashed Java name server may leave it, with an error in the log.
  /// Io when the file cannot be read.
  static Result<std::unique_ptr<KvTable>> open(std::string path, size_t bytes_max);

  /// Io: not stored. InvalidArgument: the file would grow past its bound.
  Status put(const std::string& name_space, const std::string& key, const std::string& value);
  /// Removing what is not there is fine.
  Status remove(const std::string& name_space, const std::string& key);

  std::optional<std::string> get(std::string_view name_space, std::string_view key) const;
  /// Nullopt when the namespace does not exist.
  std::optional<Entries> list(std::string_view name_space) const;
  /// The same as the body of an answer, written once for all who ask; null when the namespace does
  /// not exist.
  std::shared_ptr<const std::string> listBody(std::string_view name_space) const;

 private:
  using Table = model::KvConfigTable;
  using Bodies = std::map<std::string, std::shared_ptr<const std::string>, std::less<>>;

  static Bodies bodiesOf(const Table& table);

  KvTable(std::string path, size_t bytes_max, Table table);
  /// `text` is `next`, encoded; `name_space` is what has changed.
  Status replace(Table next, const std::string& name_space, const std::string& text)
      ROCKETMQ_REQUIRES(write_mutex_);

  const std::string path_;
  const size_t bytes_max_;
  Mutex write_mutex_;  ///< Held while the file is written.
  Snapshot<Table> table_;
  Snapshot<Bodies> bodies_;
};

}  // namespace rocketmq::namesrv
