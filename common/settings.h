#pragma once

#include <concepts>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/properties_file.h"
#include "common/settings_table.h"
#include "common/status.h"

/// Settings are declared once, in one table per daemon; loading, checking, printing, changing at
/// run time and the documentation are derived from it. A settings struct has plain members with
/// their defaults and a static function settings():
///
///     enum class FlushDiskType : uint8_t { kAsync, kSync };
///
///     struct BrokerSettings {
///       int32_t listen_port = 10911;
///       bool auto_create_topic = true;
///       FlushDiskType flush_disk_type = FlushDiskType::kAsync;
///       store::StoreOptions store;
///
///       static const SettingsTable<BrokerSettings>& settings();
///     };
///
///     const SettingsTable<BrokerSettings>& BrokerSettings::settings() {
///       using S = BrokerSettings;
///       static const SettingsTable<S> table = {
///           setting("listenPort", &S::listen_port, range(1, 65535), Change::kRestart,
///                   "Port that clients connect to.").important(),
///           setting("autoCreateTopicEnable", &S::auto_create_topic, Change::kLive,
///                   "Create a topic when a message is sent to it."),
///           setting("flushDiskType", &S::flush_disk_type,
///                   oneOf<FlushDiskType>({{"ASYNC_FLUSH", FlushDiskType::kAsync},
///                                         {"SYNC_FLUSH", FlushDiskType::kSync}}),
///                   Change::kRestart, "When a send is answered: before or after the disk."),
///           // Anything that leads from the struct to the value will do.
///           setting<S>("fileReservedTime", [](S& s) -> int32_t& { return s.store.keep_hours; },
///                      atLeast(1), Change::kLive, "Hours that messages are kept."),
///       };
///       return table;
///     }
///
///     BrokerSettings settings;
///     ROCKETMQ_ASSIGN_OR_RETURN(const PropertiesFile file, readPropertiesFile("broker.conf"));
///     ROCKETMQ_ASSIGN_OR_RETURN(const auto warnings,
///                               loadSettings(settings, file, rocketmqKnownKeys()));
///
/// Tables are built once, at the first call; a mistake in one (a key twice, a range that the type
/// cannot hold) stops the process then.
namespace rocketmq {

/// A settings struct with its table.
template <class S>
concept Configurable = std::copyable<S> && requires {
  { S::settings() } -> std::convertible_to<const SettingsTable<S>&>;
};

/// Keys sorted by name.
using SortedKeys = std::span<const std::string_view>;

/// Which texts of an update took effect; see updateLive().
struct LiveUpdate {
  /// A key that may not be changed by request; nothing was changed then.
  std::optional<std::string> refused_key;
  std::vector<std::string> applied;     ///< In effect now.
  std::vector<std::string> at_restart;  ///< Differ from the running value; wait for a restart.
  std::vector<std::string> ignored;     ///< No setting has this key.
  /// All valid keys of the update with their texts, to be merged into the settings file.
  PropertiesByKey for_file;
};

namespace detail {

Result<std::vector<std::string>> load(std::span<const BoundSetting> settings,
                                      const PropertiesFile& file, SortedKeys silent_keys);
/// Parses all of `request` into `scratch` and the live part of it into `running`: two copies of the
/// same settings.
Result<LiveUpdate> update(std::span<const BoundSetting> scratch,
                          std::span<const BoundSetting> running, const PropertiesFile& request,
                          std::span<const std::string_view> black_list);
PropertiesByKey print(std::span<const BoundSetting> settings);
/// print() with secrets that are set replaced by asterisks.
PropertiesByKey show(std::span<const BoundSetting> settings);
void checkTable(std::span<const BoundSetting> settings);

}  // namespace detail

/// The table's rows bound to `settings`, in the table's order.
template <Configurable S>
std::vector<BoundSetting> bindSettings(S& settings) {
  const auto bind = [&settings] {
    std::vector<BoundSetting> bound;
    for (const Setting<S>& row : S::settings()) {
      bound.push_back({&row.info(), row.slot(settings)});
    }
    return bound;
  };
  static const bool checked = (detail::checkTable(bind()), true);
  static_cast<void>(checked);
  return bind();
}

/// Sets every value that `file` has; returns the warnings. A key that occurs twice counts with its
/// last value. A key that is neither in the table nor in `silent_keys` (RocketMQ's keys that mean
/// nothing here) gives one warning with the nearest name. InvalidArgument lists every bad value as
/// "file:line: key = value: allowed ..."; `settings` is unchanged then.
template <Configurable S>
Result<std::vector<std::string>> loadSettings(S& settings, const PropertiesFile& file,
                                              SortedKeys silent_keys) {
  S next = settings;
  auto warnings = detail::load(bindSettings(next), file, silent_keys);
  if (warnings.ok()) {
    settings = std::move(next);
  }
  return warnings;
}

/// Applies an update that came while running: live settings change in `settings`; settings that
/// change only at a restart are checked and reported; other keys are ignored. A key in
/// `black_list`, or a secret, refuses the whole update (LiveUpdate::refused_key). InvalidArgument
/// lists bad values as loadSettings() does; `settings` is unchanged then. (RocketMQ:
/// Configuration.update)
template <Configurable S>
Result<LiveUpdate> updateLive(S& settings, const PropertiesFile& request,
                              std::span<const std::string_view> black_list) {
  S scratch = settings;
  S next = settings;
  auto outcome = detail::update(bindSettings(scratch), bindSettings(next), request, black_list);
  if (outcome.ok()) {
    settings = std::move(next);
  }
  return outcome;
}

/// Every setting as the file would have it, secrets included: for files only.
/// formatPropertiesFile() makes lines of them.
template <Configurable S>
PropertiesByKey printSettings(const S& settings) {
  S copy = settings;
  return detail::print(bindSettings(copy));
}

/// printSettings() for people and peers: without secrets.
template <Configurable S>
PropertiesByKey showSettings(const S& settings) {
  S copy = settings;
  return detail::show(bindSettings(copy));
}

/// Those that a user looks at first (RocketMQ: option -m).
template <Configurable S>
PropertiesByKey showImportantSettings(const S& settings) {
  S copy = settings;
  std::vector<BoundSetting> bound = bindSettings(copy);
  std::erase_if(bound, [](const BoundSetting& row) { return !row.info->is_important; });
  return detail::show(bound);
}

}  // namespace rocketmq
