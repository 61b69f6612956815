#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "broker/config_file.h"
#include "broker/table/config_map.h"
#include "broker/table/table_file.h"
#include "common/clock.h"
#include "common/fields.h"
#include "common/file_system.h"
#include "common/json/decode.h"
#include "common/json/encode.h"
#include "common/log.h"
#include "common/model/data_version.h"
#include "common/mutex.h"
#include "common/snapshot.h"
#include "common/status.h"

namespace rocketmq::broker {

/// A line of a table's changes file: a config that was put, a name that was removed, or neither,
/// and the table's version with it.
template <class Config>
struct TableChange {
  model::DataVersion data_version;
  std::string name;
  std::optional<Config> put = {};
  bool is_removal = false;

  static constexpr auto fields() {
    using C = TableChange;
    return std::tuple{optional("dataVersion", &C::data_version), optional("name", &C::name),
                      optional("put", &C::put), optional("removed", &C::is_removal)};
  }
};

/// A table of configs by name with a version, which is kept in a file below config/: what topics
/// and groups have in common (RocketMQ: ConfigManager). `kConfigs` is the map inside `Table`, the
/// file's form.
///
/// A change costs the same whatever the table holds. Who needs all of it at one version takes a
/// snapshot(), which is made when the last one is outdated.
///
/// Threads:    find() and size() any, without waiting for anybody who waits. Changes are
///             serialised and wait for each other and for a snapshot in the making, some ms with
///             very many configs.
/// Durability: see TableFile. A change is in force before it is on the disk; who promises it to
///             somebody waits for awaitSaved() or whenSaved().
template <class Table, class Config, std::map<std::string, Config> Table::*kConfigs>
class VersionedTable {
 public:
  using Ptr = typename ConfigMap<Config>::Ptr;
  using Change = TableChange<Config>;

  struct Options {
    std::string path;
    std::string what;  ///< "topics", for the log.
    /// Adds to what the file holds, in memory only.
    std::function<void(Table&)> complete;
  };

  /// Corruption when there is a file but neither it nor its .bak can be read. `clock` is borrowed.
  static Result<std::unique_ptr<VersionedTable>> open(Options options, const Clock& clock,
                                                      FileSystem& files = posixFileSystem()) {
    ROCKETMQ_ASSIGN_OR_RETURN(auto file, readConfigFile<Table>(options.path));
    Table table = std::move(file.table);
    const bool is_of_own_file = file.is_own && !(table.*kConfigs).empty();
    ROCKETMQ_RETURN_IF_ERROR(takeChanges(files, options, table));
    options.complete(table);
    if (table.data_version.timestamp == 0) {
      table.data_version.timestamp = clock.nowMs();
    }
    return std::unique_ptr<VersionedTable>(
        new VersionedTable(files, std::move(options), std::move(table), clock, is_of_own_file));
  }

  /// Whether open() read the file itself, which had configs: without it, or from its .bak, what is
  /// not in the table may have been there.
  bool isOfOwnFile() const { return is_of_own_file_; }

  /// Called after every change but a removal, on the thread that made it, under the lock of
  /// changes: must be quick and must not change the table. Is told the name of a config that was
  /// put; any other change has none. Set before the first change.
  void setChangeListener(std::function<void(std::string_view)> on_change) {
    on_change_ = std::move(on_change);
  }

  /// nullptr when the name is unknown.
  Ptr find(std::string_view name) const { return configs_.find(name); }
  size_t size() const { return configs_.size(); }

  model::DataVersion dataVersion() const {
    MutexLock lock(mutex_);
    return rest_.data_version;
  }
  /// Grows with every change of the table, after it; does not wait.
  uint64_t changes() const { return changes_.load(std::memory_order_acquire); }

  /// Everything at one version.
  std::shared_ptr<const Table> snapshot() const {
    auto snapshot = std::make_shared<Table>();
    std::vector<std::pair<std::string, Ptr>> configs;
    {
      MutexLock lock(mutex_);
      auto last = last_snapshot_.load();
      if (last->data_version == rest_.data_version) {
        return last;
      }
      *snapshot = rest_;
      configs = configs_.all();
    }
    auto& map = (*snapshot).*kConfigs;
    for (auto& [name, config] : configs) {
      map.emplace(std::move(name), *config);
    }
    last_snapshot_.store(snapshot);
    return snapshot;
  }

  /// Puts what `next` makes of the config with that name (null: there is none); nothing when that
  /// is nullopt. Returns the config that is there now, and whether that is a change.
  template <class Next>
  std::pair<Ptr, bool> change(std::string_view name, Next next) {
    MutexLock lock(mutex_);
    Ptr known = configs_.find(name);
    std::optional<Config> config = next(known.get());
    if (!config) {
      return {std::move(known), false};
    }
    rest_.data_version.nextVersion(clock_.nowMs());
    configs_.put(name, *config);
    note({.data_version = rest_.data_version, .name = std::string(name), .put = std::move(config)});
    return {configs_.find(name), true};
  }

  /// False when the name was unknown.
  bool remove(std::string_view name) {
    MutexLock lock(mutex_);
    if (!configs_.erase(name)) {
      return false;
    }
    forgetBeside(rest_, name);
    rest_.data_version.nextVersion(clock_.nowMs());
    note({.data_version = rest_.data_version, .name = std::string(name), .is_removal = true});
    return true;
  }

  /// Makes the version the next one although nothing has changed.
  void bumpDataVersion() {
    MutexLock lock(mutex_);
    rest_.data_version.nextVersion(clock_.nowMs());
    note({.data_version = rest_.data_version, .name = {}});
  }

  /// Becomes `table`, its version included. False when that is the version it has.
  bool takeOver(Table table) {
    MutexLock lock(mutex_);
    if (table.data_version == rest_.data_version) {
      return false;
    }
    configs_.assign(std::move(table.*kConfigs));
    (table.*kConfigs).clear();
    rest_ = std::move(table);
    changes_.fetch_add(1, std::memory_order_release);
    file_.addAll();
    tellListener({});
    return true;
  }

  /// Calls `done` once every change so far has been written; see TableFile.
  void whenSaved(std::function<void()> done) { file_.whenSaved(std::move(done)); }
  /// Waits for it: on the disk, or that failed and was logged.
  void awaitSaved() { file_.awaitSaved(); }

 private:
  VersionedTable(FileSystem& files, Options options, Table table, const Clock& clock,
                 bool is_of_own_file)
      : clock_(clock),
        is_of_own_file_(is_of_own_file),
        last_snapshot_(std::make_shared<const Table>(table)),
        file_(files,
              {.path = std::move(options.path), .what = std::move(options.what), .encode = [this] {
                 return json::encode(*snapshot(), json::Style::kPretty);
               }}) {
    MutexLock lock(mutex_);
    configs_.assign(std::move(table.*kConfigs));
    (table.*kConfigs).clear();
    rest_ = std::move(table);
  }

  /// Adds what a kill has left beside the file to `table`, and to the file.
  static Status takeChanges(FileSystem& files, const Options& options, Table& table) {
    const auto apply = [&table](std::string_view line) {
      ROCKETMQ_ASSIGN_OR_RETURN(Change change, json::decode<Change>(line));
      if (change.data_version.counter <= table.data_version.counter) {
        return Status::ok();  // In the table's file already.
      }
      table.data_version = change.data_version;
      auto& configs = table.*kConfigs;
      if (change.put) {
        configs.insert_or_assign(std::move(change.name), std::move(*change.put));
      } else if (change.is_removal) {
        configs.erase(change.name);
        forgetBeside(table, change.name);
      }
      return Status::ok();
    };
    ROCKETMQ_ASSIGN_OR_RETURN(const size_t count,
                              TableFile::readChanges(files, options.path, apply));
    if (count > 0) {
      const Status merged =
          TableFile::mergeChanges(files, options.path, json::encode(table, json::Style::kPretty));
      if (!merged.isOk()) {
        log::error("{} are not saved: {}", options.what, merged.message());
      }
    }
    return Status::ok();
  }

  /// What `table` holds of a name outside of its configs.
  static void forgetBeside(Table& table, std::string_view name) {
    if constexpr (requires { table.forbidden_table; }) {
      if (table.forbidden_table) {
        table.forbidden_table->erase(std::string(name));
      }
    }
  }

  void note(const Change& change) ROCKETMQ_REQUIRES(mutex_) {
    changes_.fetch_add(1, std::memory_order_release);
    file_.add(json::encode(change, json::Style::kStandard));
    if (!change.is_removal) {
      tellListener(change.put ? std::string_view(change.name) : std::string_view());
    }
  }

  void tellListener(std::string_view put) const ROCKETMQ_REQUIRES(mutex_) {
    if (on_change_) {
      on_change_(put);
    }
  }

  const Clock& clock_;
  const bool is_of_own_file_;
  std::function<void(std::string_view)> on_change_;
  ConfigMap<Config> configs_;  // Changed under the mutex.
  mutable Mutex mutex_;
  /// The table without its configs.
  Table rest_ ROCKETMQ_GUARDED_BY(mutex_);
  std::atomic<uint64_t> changes_{0};
  mutable Snapshot<Table> last_snapshot_;
  TableFile file_;  // Last: its thread asks for snapshots.
};

}  // namespace rocketmq::broker
