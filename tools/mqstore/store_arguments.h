#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/status.h"
#include "store/inspect/finding.h"
#include "store/inspect/store_layout.h"

namespace CLI {
class App;
}

namespace rocketmq::mqstore {

/// The arguments that say which store a command works on and what its files cannot say of
/// themselves.
class StoreArguments {
 public:
  void addTo(CLI::App& app);

  const std::string& dir() const { return dir_; }
  /// Sizes from the options, then from the settings file; the rest is found out from the files.
  Result<store::inspect::LayoutOptions> layoutOptions() const;
  /// messageDelayLevel in ms; RocketMQ's default when nobody gave one.
  Result<std::vector<int64_t>> delayLevels() const;
  /// As delayLevels(), for who must not guess: empty when neither they nor the settings file were
  /// given.
  Result<std::vector<int64_t>> knownDelayLevels() const;
  /// True when messageDelayLevel was given.
  Result<bool> hasDelayLevels() const;

  /// False when the settings file says so: messageIndexEnable.
  Result<bool> makesIndex() const;

  /// The storePathCommitLog that a broker with these settings uses; empty when none is given.
  Result<std::string> namedLog() const;
  /// Says on standard error when that is not the log that counts here.
  Status noteOtherLog() const;

  /// Lists the store for a command that only looks, and says on standard error when a broker has
  /// it open.
  Result<store::inspect::StoreLayout> readLayout(const store::inspect::FindingSink& sink) const;

 private:
  struct Settings {
    int64_t log_file_bytes = 0;
    int64_t queue_file_bytes = 0;
    int64_t hash_slots = 0;
    int64_t index_entries = 0;
    std::string commit_log_dir;
    std::string other_log;  ///< The settings file's, where the folder has a log itself.
    std::string delay_levels;
    std::string message_index;
  };
  Result<Settings> settings() const;

  std::string dir_;
  std::string config_file_;
  Settings given_;
};

}  // namespace rocketmq::mqstore
