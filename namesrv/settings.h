#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/mutex.h"
#include "common/settings.h"
#include "common/snapshot.h"
#include "common/status.h"
#include "remoting/tls/tls_settings.h"

namespace rocketmq::namesrv {

/// Everything that can be set about a name server, by RocketMQ's names and with its defaults
/// (NamesrvConfig and NettyServerConfig in one), plus a few of our own. The table in settings.cc
/// gives each its key, range, help and whether it may change at run time.
struct NamesrvSettings {
  // Where it listens.
  int32_t listen_port = 9876;  ///< 0: any free one.
  std::string bind_address = "0.0.0.0";
  int32_t connection_idle_max_seconds = 120;  ///< 0: for ever.
  int32_t connections_max = 65535;
  int32_t frame_timeout_seconds = 60;  ///< 0: for ever.
  int64_t unsent_bytes_total_max = 256 << 20;
  int64_t partial_bytes_total_max = 256 << 20;
  int32_t io_threads = 0;  ///< 0: one per core, at most 4.
  remoting::TlsSettings tls;

  // Metrics.
  int32_t metrics_port = 0;  ///< 0: off.
  std::string metrics_bind_address = "0.0.0.0";

  // Its files. Empty: the default below the home folder, see withDefaultPaths().
  std::string rocketmq_home;
  std::string kv_config_path;
  int64_t kv_bytes_max = 8 << 20;
  std::string config_store_path;
  std::string log_dir;
  std::string log_level = "info";

  // Brokers.
  int32_t scan_interval_ms = 10'000;
  int32_t broker_live_timeout_ms = 120'000;
  bool delete_missing_topics = false;
  bool return_order_config = true;
  int32_t brokers_max = 10'000;
  int32_t topics_per_broker_max = 100'000;
  int32_t topics_max = 2'000'000;

  // Answers to clients and tools.
  bool order_message = false;
  bool wait_for_service = false;
  int32_t wait_for_service_seconds = 45;
  bool all_topic_list = true;
  bool topic_list = true;
  std::string config_black_list = "configBlackList;configStorePath;kvConfigPath";

  bool operator==(const NamesrvSettings&) const = default;

  static const SettingsTable<NamesrvSettings>& settings();

  /// These settings with every empty path set: $HOME/namesrv/... and $HOME/logs/rocketmqlogs.
  NamesrvSettings withDefaultPaths() const;

  size_t ioThreads() const;
};

/// Sets what the file has. Gives warnings for people: keys that nobody knows, and settings that ask
/// for what this name server does not do. Errors as readPropertiesFile() and loadSettings().
Result<std::vector<std::string>> loadNamesrvFile(NamesrvSettings& settings,
                                                 const std::string& path);

/// The settings of a running name server. Threads: any.
class LiveSettings {
 public:
  explicit LiveSettings(NamesrvSettings initial);

  std::shared_ptr<const NamesrvSettings> current() const { return current_.load(); }

  /// The same as current()->order_message; every query of a route reads it.
  bool orderMessage() const { return order_message_.load(std::memory_order_relaxed); }

  /// Applies an update sent as properties text: what may change at run time does so at once, and
  /// all of it goes to the settings file for the next start. A key of the black list refuses the
  /// whole update (LiveUpdate::refused_key). InvalidArgument: a bad value, nothing was changed. Io:
  /// the file could not be written, nothing was changed.
  Result<LiveUpdate> update(std::string_view properties);

 private:
  Mutex update_mutex_;  ///< One update at a time; held while the file is written.
  Snapshot<NamesrvSettings> current_;
  std::atomic<bool> order_message_;
};

}  // namespace rocketmq::namesrv
