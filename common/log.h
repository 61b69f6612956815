#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include <spdlog/spdlog.h>

#include "common/status.h"

namespace rocketmq::log {

/// Where the process logs. Before init() messages go to standard error.
struct Options {
  std::string directory;  ///< Created when missing, for instance ~/logs/rocketmqlogs.
  std::string file_name;  ///< For instance "broker.log"; empty: no file.
  std::string level = "info";  ///< trace, debug, info, warn, error, off.
  bool console = false;  ///< Also to standard error.
  size_t file_bytes_max = 128u << 20;  ///< Then the file is rolled ...
  size_t files_max = 20;               ///< ... and so many are kept.
};

/// Sets up the process's one asynchronous logger. When its queue (8192 messages) is full the oldest
/// message is dropped: logging never blocks the broker. Io when the folder cannot be written.
Status init(const Options& options);

/// Changes the level at run time. InvalidArgument for unknown names.
Status setLevel(const std::string& level);

/// Writes what is queued and closes the file.
void shutdown();

// log::info("broker {} joined", name): {fmt} syntax, checked at compile time. Never pass a secret.
template <class... Args>
void debug(spdlog::format_string_t<Args...> format, Args&&... args) {
  spdlog::debug(format, std::forward<Args>(args)...);
}
template <class... Args>
void info(spdlog::format_string_t<Args...> format, Args&&... args) {
  spdlog::info(format, std::forward<Args>(args)...);
}
template <class... Args>
void warn(spdlog::format_string_t<Args...> format, Args&&... args) {
  spdlog::warn(format, std::forward<Args>(args)...);
}
template <class... Args>
void error(spdlog::format_string_t<Args...> format, Args&&... args) {
  spdlog::error(format, std::forward<Args>(args)...);
}

}  // namespace rocketmq::log
