#pragma once

#include <spdlog/spdlog.h>

#include <cstddef>
#include <string>
#include <utility>

#include "common/status.h"

namespace rocketmq::log {

/// Where the process logs. Without init(), as in applications that use the client library,
/// warnings and errors go to standard error; the environment variable ROCKETMQ_LOG_LEVEL names
/// another level.
struct Options {
  std::string directory = {};          ///< Created when missing, for instance ~/logs/rocketmqlogs.
  std::string file_name = {};          ///< For instance "broker.log"; empty: no file.
  std::string level = "info";          ///< trace, debug, info, warn, error, off.
  bool console = false;                ///< Also to standard error.
  size_t file_bytes_max = 128u << 20;  ///< Then the file is rolled ...
  size_t files_max = 20;               ///< ... and so many are kept.
};

/// Sets up the process's one asynchronous logger. When its queue (8192 messages) is full the oldest
/// message is dropped: logging never blocks the broker. Io when the folder cannot be written.
Status init(const Options& options);

/// Changes the level at run time. InvalidArgument for unknown names.
Status setLevel(const std::string& level);

/// Writes what is queued and closes the file; from then on messages go to standard error again.
/// Happens by itself at a normal exit of the process. May be called more than once, as may init().
void shutdown();

namespace detail {
/// The logger that is in use now; it lives as long as the process.
spdlog::logger& logger();
}  // namespace detail

// log::info("broker {} joined", name): {fmt} syntax, checked at compile time. Never pass a secret.
template <class... Args>
void debug(spdlog::format_string_t<Args...> format, Args&&... args) {
  detail::logger().debug(format, std::forward<Args>(args)...);
}
template <class... Args>
void info(spdlog::format_string_t<Args...> format, Args&&... args) {
  detail::logger().info(format, std::forward<Args>(args)...);
}
template <class... Args>
void warn(spdlog::format_string_t<Args...> format, Args&&... args) {
  detail::logger().warn(format, std::forward<Args>(args)...);
}
template <class... Args>
void error(spdlog::format_string_t<Args...> format, Args&&... args) {
  detail::logger().error(format, std::forward<Args>(args)...);
}

}  // namespace rocketmq::log
