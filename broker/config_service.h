#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "broker/settings.h"
#include "common/clock.h"
#include "common/model/data_version.h"
#include "common/mutex.h"
#include "common/status.h"

namespace rocketmq::broker {

/// Reads and changes the broker's settings while it runs (RocketMQ: Configuration).
///
/// Threads:    any; updates are serialised.
/// Durability: after an update the settings file (the one given with -c, else
///             storePathRootDir/config/broker.properties) holds every setting, also those that wait
///             for a restart; what it held before is in its .bak.
class ConfigService {
 public:
  /// `on_change` is called with the new settings after each update, under no lock of this class.
  ConfigService(LiveSettings& settings, const Clock& clock,
                std::function<void(const BrokerSettings&)> on_change);

  struct Outcome {
    /// Set when the update named a key that may not be changed by request; nothing was changed.
    std::optional<std::string> refused_key;
  };
  /// Applies properties text. InvalidArgument lists values that are no good, Io says that the file
  /// could not be written (the running settings have changed all the same).
  Result<Outcome> update(std::string_view properties_text);

  /// Every setting as `key=value` lines, sorted.
  std::string text() const;
  /// Counts updates, as JSON text.
  std::string versionText() const;

 private:
  std::string filePath(const BrokerSettings& settings) const;

  LiveSettings& settings_;
  const Clock& clock_;
  const std::function<void(const BrokerSettings&)> on_change_;

  mutable Mutex mutex_;
  model::DataVersion version_ ROCKETMQ_GUARDED_BY(mutex_);
  /// Changes that wait for a restart: in the file, not in force.
  std::map<std::string, std::string, std::less<>> at_restart_ ROCKETMQ_GUARDED_BY(mutex_);
};

}  // namespace rocketmq::broker
