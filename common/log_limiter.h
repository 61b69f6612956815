#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "common/log.h"
#include "common/mutex.h"

namespace rocketmq {

/// Bounds how many lines of one kind get into the log, for lines that strangers, or one fault, can
/// cause without end.
///
///     static LogLimiter limiter(20);
///     limiter.warn("{} was refused", peer);
///
/// Threads: any.
class LogLimiter {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  /// What a person can read, for lines that are there to be read.
  static constexpr int64_t kUsualLinesPerSecond = 10;

  explicit LogLimiter(int64_t lines_per_second = kUsualLinesPerSecond)
      : lines_per_second_(lines_per_second) {}

  // log::info(), log::warn() and log::error(), unless the line has to be left out; the next one
  // that is not says how many were. All count together.
  template <class... Args>
  void info(spdlog::format_string_t<Args...> format, Args&&... args) {
    if (const auto left_out = admit()) {
      log::info("{}{}", fmt::format(format, std::forward<Args>(args)...), note(*left_out));
    }
  }
  template <class... Args>
  void warn(spdlog::format_string_t<Args...> format, Args&&... args) {
    if (const auto left_out = admit()) {
      log::warn("{}{}", fmt::format(format, std::forward<Args>(args)...), note(*left_out));
    }
  }
  template <class... Args>
  void error(spdlog::format_string_t<Args...> format, Args&&... args) {
    if (const auto left_out = admit()) {
      log::error("{}{}", fmt::format(format, std::forward<Args>(args)...), note(*left_out));
    }
  }

  /// nullopt: leave this line out. Otherwise how many were left out since the last that was not.
  std::optional<int64_t> admit(TimePoint now = std::chrono::steady_clock::now()) {
    MutexLock lock(mutex_);
    if (now - second_began_ >= std::chrono::seconds(1)) {
      second_began_ = now;
      lines_ = 0;
    }
    if (lines_ >= lines_per_second_) {
      ++left_out_;
      return std::nullopt;
    }
    ++lines_;
    const int64_t left_out = left_out_;
    left_out_ = 0;
    return left_out;
  }

  /// What to put behind a line; empty for 0.
  static std::string note(int64_t left_out) {
    return left_out == 0 ? std::string()
                         : " (" + std::to_string(left_out) + " lines like this were left out)";
  }

 private:
  const int64_t lines_per_second_;
  Mutex mutex_;
  TimePoint second_began_ ROCKETMQ_GUARDED_BY(mutex_);
  int64_t lines_ ROCKETMQ_GUARDED_BY(mutex_) = 0;
  int64_t left_out_ ROCKETMQ_GUARDED_BY(mutex_) = 0;
};

}  // namespace rocketmq
