#include "common/log.h"

#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common/excerpt.h"
#include "common/mutex.h"
#include "common/per_process.h"

namespace rocketmq::log {
namespace {

constexpr size_t kQueueMessages = 8192;

struct LevelName {
  std::string_view name;
  spdlog::level::level_enum level;
};

constexpr std::array<LevelName, 6> kLevels = {{{"trace", spdlog::level::trace},
                                               {"debug", spdlog::level::debug},
                                               {"info", spdlog::level::info},
                                               {"warn", spdlog::level::warn},
                                               {"error", spdlog::level::err},
                                               {"off", spdlog::level::off}}};

std::optional<spdlog::level::level_enum> findLevel(std::string_view name) {
  const auto found = std::ranges::find(kLevels, name, &LevelName::name);
  return found == kLevels.end() ? std::nullopt : std::optional(found->level);
}

Status unknownLevel(const std::string& name) {
  return Status::invalidArgument("log level '" + name +
                                 "': allowed are trace, debug, info, warn, error, off");
}

/// The level in capitals.
class LevelFlag final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const tm& /*time*/,
              spdlog::memory_buf_t& out) override {
    static constexpr std::string_view kNames[] = {"TRACE", "DEBUG", "INFO", "WARN",
                                                  "ERROR", "ERROR", "OFF"};
    const std::string_view name = kNames[message.level];
    out.append(name.data(), name.data() + name.size());
  }

  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<LevelFlag>();
  }
};

/// The name of the thread that logged: "main", what the thread is called, or its id when it is
/// gone. The logging thread formats for all others, so names are asked from the system by id and
/// kept for a second.
class ThreadFlag final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const tm& /*time*/,
              spdlog::memory_buf_t& out) override {
    const std::string& name = nameOf(message.thread_id, message.time);
    out.append(name.data(), name.data() + name.size());
  }

  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<ThreadFlag>();
  }

 private:
  using TimePoint = spdlog::log_clock::time_point;

  struct Known {
    std::string name;
    TimePoint asked_at;
  };

  const std::string& nameOf(size_t thread_id, TimePoint now) {
    constexpr size_t kKnownMax = 1024;
    if (known_.size() > kKnownMax) {
      known_.clear();
    }
    Known& known = known_[thread_id];
    if (known.name.empty() || now - known.asked_at > std::chrono::seconds(1)) {
      known = {askName(thread_id), now};
    }
    return known.name;
  }

  static std::string askName(size_t thread_id) {
    const std::string id = std::to_string(thread_id);
    if (thread_id == static_cast<size_t>(getpid())) {
      return "main";
    }
    std::ifstream file("/proc/self/task/" + id + "/comm");
    std::string name;
    return std::getline(file, name) && !name.empty() ? name : id;
  }

  std::unordered_map<size_t, Known> known_;
};

/// The message on one line: what strangers call themselves must not look like lines of ours, or
/// tell a terminal what to do.
class MessageFlag final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const tm& /*time*/,
              spdlog::memory_buf_t& out) override {
    for (const char byte : message.payload) {
      if (isControlCharacter(byte)) {
        fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(byte));
      } else {
        out.push_back(byte);
      }
    }
  }

  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<MessageFlag>();
  }
};

std::unique_ptr<spdlog::formatter> makeFormatter() {
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<LevelFlag>('*');
  formatter->add_flag<ThreadFlag>('&');
  formatter->add_flag<MessageFlag>('~');
  formatter->set_pattern("%Y-%m-%d %H:%M:%S.%e %* %& - %~");
  return formatter;
}

/// For programs that use the client library and for the tools: they never call init().
std::shared_ptr<spdlog::logger> makeStderrLogger() {
  auto logger = std::make_shared<spdlog::logger>("rocketmq",
                                                 std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_formatter(makeFormatter());
  const char* const wanted = std::getenv("ROCKETMQ_LOG_LEVEL");
  logger->set_level(findLevel(wanted == nullptr ? "" : wanted).value_or(spdlog::level::warn));
  return logger;
}

/// Marks the message behind which a SinkGroup closes; compared by address.
constexpr char kEndMark[] = "end";

/// The file and the console as one sink. The message with the end mark closes it: all that was
/// logged before is written by then, what comes later is lost.
class SinkGroup final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  void add(spdlog::sink_ptr target) {
    target->set_formatter(makeFormatter());
    targets_.push_back(std::move(target));
  }

  std::future<void> closed() { return closed_.get_future(); }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    if (message.source.filename == kEndMark) {
      close();
    }
    for (const spdlog::sink_ptr& target : targets_) {
      target->log(message);
    }
  }

  void flush_() override {
    for (const spdlog::sink_ptr& target : targets_) {
      target->flush();
    }
  }

  void close() {
    targets_.clear();
    if (!std::exchange(is_closed_, true)) {
      closed_.set_value();
    }
  }

  std::vector<spdlog::sink_ptr> targets_;
  std::promise<void> closed_;
  bool is_closed_ = false;
};

/// The queue and the thread that write for all others. They stay until the process ends, because
/// any thread may be about to log.
const std::shared_ptr<spdlog::details::thread_pool>& writer() {
  static const auto* const pool =
      new std::shared_ptr(std::make_shared<spdlog::details::thread_pool>(kQueueMessages, 1));
  return *pool;
}

/// A logger whose messages the writer puts into the sinks.
class AsyncLogger {
 public:
  AsyncLogger() = default;
  AsyncLogger(const std::shared_ptr<SinkGroup>& sinks, spdlog::level::level_enum level)
      : logger_(std::make_shared<spdlog::async_logger>(
            "rocketmq", sinks, writer(), spdlog::async_overflow_policy::overrun_oldest)),
        closed_(sinks->closed()) {
    logger_->set_level(level);
    logger_->flush_on(spdlog::level::trace);
  }

  /// Returns once the writer has closed the sinks. Others who still log may push the end mark out
  /// of the queue, so it is sent again; a writer that hangs is given up after three seconds.
  void stop() {
    constexpr int kAttempts = 30;
    constexpr auto kPause = std::chrono::milliseconds(100);
    for (int i = 0; logger_ != nullptr && i < kAttempts; ++i) {
      logger_->log(spdlog::source_loc{kEndMark, 1, ""}, spdlog::level::off, "");
      if (closed_.wait_for(kPause) == std::future_status::ready) {
        return;
      }
    }
  }

  const std::shared_ptr<spdlog::logger>& logger() const { return logger_; }

 private:
  std::shared_ptr<spdlog::logger> logger_;
  std::future<void> closed_;
};

/// The process's loggers. A logger is never destroyed: a thread may hold a pointer to it while
/// another one calls init() or shutdown().
class Loggers {
 public:
  Loggers() {
    loggers_.push_back(makeStderrLogger());
    current_.store(loggers_.front().get());
  }

  spdlog::logger& current() { return *current_.load(std::memory_order_acquire); }

  /// Makes `next` the process's logger, standard error when it has none, and stops the one before.
  void use(AsyncLogger next) {
    {
      const MutexLock lock(mutex_);
      if (next.logger() != nullptr) {
        loggers_.push_back(next.logger());
      }
      const auto& chosen = next.logger() != nullptr ? next.logger() : loggers_.front();
      current_.store(chosen.get(), std::memory_order_release);
      std::swap(async_, next);
    }
    next.stop();
  }

 private:
  std::atomic<spdlog::logger*> current_;
  Mutex mutex_;
  AsyncLogger async_ ROCKETMQ_GUARDED_BY(mutex_);
  std::vector<std::shared_ptr<spdlog::logger>> loggers_ ROCKETMQ_GUARDED_BY(mutex_);
};

Result<std::shared_ptr<SinkGroup>> openSinks(const Options& options) {
  auto sinks = std::make_shared<SinkGroup>();
  if (options.console) {
    sinks->add(std::make_shared<spdlog::sinks::stderr_sink_mt>());
  }
  if (options.file_name.empty()) {
    return sinks;
  }
  std::error_code error;
  std::filesystem::create_directories(options.directory, error);
  if (error) {
    return Status::io("cannot create the log folder " + options.directory, error.value());
  }
  const std::string path = (std::filesystem::path(options.directory) / options.file_name).string();
  try {
    sinks->add(std::make_shared<spdlog::sinks::rotating_file_sink_mt>(path, options.file_bytes_max,
                                                                      options.files_max));
  } catch (const spdlog::spdlog_ex& failure) {
    return Status::io("cannot open the log file " + path + ": " + failure.what());
  }
  return sinks;
}

}  // namespace

spdlog::logger& detail::logger() { return PerProcess<Loggers>::get().current(); }

Status init(const Options& options) {
  const auto level = findLevel(options.level);
  if (!level) {
    return unknownLevel(options.level);
  }
  ROCKETMQ_ASSIGN_OR_RETURN(const std::shared_ptr<SinkGroup> sinks, openSinks(options));
  PerProcess<Loggers>::get().use(AsyncLogger(sinks, *level));
  // What was said right before an early exit() is what a user needs most.
  static const int registered = std::atexit(shutdown);
  static_cast<void>(registered);
  return Status::ok();
}

Status setLevel(const std::string& level) {
  const auto found = findLevel(level);
  if (!found) {
    return unknownLevel(level);
  }
  detail::logger().set_level(*found);
  return Status::ok();
}

void shutdown() { PerProcess<Loggers>::get().use({}); }

}  // namespace rocketmq::log
