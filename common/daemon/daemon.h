#pragma once

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/log.h"
#include "common/properties_file.h"
#include "common/rocketmq_known_keys.h"
#include "common/settings.h"
#include "common/status.h"

namespace rocketmq {

/// What the command line of a daemon says.
struct DaemonCommandLine {
  std::string settings_file;                                     ///< -c
  std::string name_servers;                                      ///< -n
  bool prints_all = false;                                       ///< -p
  bool prints_important = false;                                 ///< -m
  bool prints_usage = false;                                     ///< -h
  PropertiesFile settings{.name = "command line", .lines = {}};  ///< --KEY=VALUE and --KEY VALUE
};

/// `keys`: those of the daemon's settings; others are taken, too, and are for loadSettings() to
/// refuse. InvalidArgument: a word that means nothing, a value that is missing. Ends the process,
/// after a message, for a flag with one dash that there is not.
Result<DaemonCommandLine> parseDaemonCommandLine(int argc, char** argv,
                                                 std::span<const std::string_view> keys);

/// Prints the message to standard error and gives what main() returns then.
int reportFailure(const Status& status);

/// A daemon that has been started.
struct RunningDaemon {
  std::string boot_line;  ///< Scripts wait for it.
  std::function<Status()> stop;
};

/// Opens the log, starts, prints the boot line, waits for SIGTERM or SIGINT and stops. A signal
/// that comes before the start is over ends the process at once, as a kill does, with status 0.
/// `name` is for the log: "the broker". Gives what main() returns.
int runDaemon(std::string_view name, const log::Options& log_options,
              const std::function<Result<RunningDaemon>()>& start);

/// A daemon as main() knows it; `Settings` is a struct with a settings() table.
template <class Settings>
struct Daemon {
  const char* usage;
  /// Sets what a settings file has; gives warnings for people.
  Result<std::vector<std::string>> (*load_file)(Settings& settings, const std::string& path);
  /// Where updates at run time are written.
  std::string Settings::*update_path;
  /// The settings with which the daemon runs, from those of file and command line.
  Result<Settings> (*complete)(Settings settings, const DaemonCommandLine& command_line);
  /// Until it is stopped; gives what main() returns.
  int (*run)(const Settings& settings);
};

namespace detail {

template <class Settings>
Result<Settings> readDaemonSettings(const Daemon<Settings>& daemon,
                                    const DaemonCommandLine& command_line) {
  Settings settings;
  if (const std::string& path = command_line.settings_file; !path.empty()) {
    ROCKETMQ_ASSIGN_OR_RETURN(const auto warnings, daemon.load_file(settings, path));
    for (const std::string& warning : warnings) {
      std::fprintf(stderr, "%s\n", warning.c_str());
    }
    // RocketMQ parity: updates go to the file that was given, whatever it says itself.
    settings.*daemon.update_path = path;
  }
  ROCKETMQ_ASSIGN_OR_RETURN(const auto unknown,
                            loadSettings(settings, command_line.settings, rocketmqKnownKeys()));
  // A file may be written for another release; this was typed just now.
  if (!unknown.empty()) {
    return Status::invalidArgument(unknown.front());
  }
  return daemon.complete(std::move(settings), command_line);
}

}  // namespace detail

/// main() of a daemon.
template <class Settings>
int daemonMain(int argc, char** argv, const Daemon<Settings>& daemon) {
  std::vector<std::string_view> keys;
  for (const auto& row : Settings::settings()) {
    keys.push_back(row.info().key);
  }
  const auto command_line = parseDaemonCommandLine(argc, argv, keys);
  if (!command_line.ok()) {
    return reportFailure(command_line.status());
  }
  if (command_line->prints_usage) {
    std::printf("%s", daemon.usage);
    return EXIT_SUCCESS;
  }
  const auto settings = detail::readDaemonSettings(daemon, *command_line);
  if (!settings.ok()) {
    return reportFailure(settings.status());
  }
  if (command_line->prints_all || command_line->prints_important) {
    const PropertiesByKey printed =
        command_line->prints_all ? showSettings(*settings) : showImportantSettings(*settings);
    std::printf("%s", formatPropertiesFile(printed).c_str());
    return EXIT_SUCCESS;
  }
  return daemon.run(*settings);
}

}  // namespace rocketmq
