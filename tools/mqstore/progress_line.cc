#include "tools/mqstore/progress_line.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string_view>

#include "tools/mqstore/text.h"

namespace rocketmq::mqstore {
namespace {

constexpr std::chrono::milliseconds kInterval{200};

std::string timeLeft(double seconds) {
  return seconds < 120 ? fmt::format("{:.0f} s left", seconds)
                       : fmt::format("{:.0f} min left", seconds / 60);
}

}  // namespace

ProgressLine::ProgressLine() : is_terminal_(::isatty(STDERR_FILENO) == 1) {}

store::inspect::Progress ProgressLine::callback() {
  if (!is_terminal_) {
    return nullptr;
  }
  return [this](const char* what, int64_t done, int64_t all) { show(what, done, all); };
}

void ProgressLine::show(const char* what, int64_t done, int64_t all) {
  const auto now = std::chrono::steady_clock::now();
  // A phase may have the name of the one before: one index file after the other.
  if (what_ != what || done < done_) {
    what_ = what;
    begun_at_ = now;
    shown_at_ = now;
  }
  done_ = done;
  if (now - shown_at_ < kInterval) {
    return;
  }
  shown_at_ = now;
  is_shown_ = true;
  const double seconds = std::chrono::duration<double>(now - begun_at_).count();
  const double rate = static_cast<double>(done) / std::max(seconds, 0.001);
  fmt::print(stderr, "\r\033[K{}: {} of {}, {} %, {:.0f} MB/s, {}", what, formatBytes(done),
             formatBytes(all), all > 0 ? std::min<int64_t>(done * 100 / all, 100) : 100, rate / 1e6,
             timeLeft(static_cast<double>(std::max<int64_t>(all - done, 0)) / std::max(rate, 1.0)));
  std::fflush(stderr);
}

void ProgressLine::wipe() {
  if (is_shown_) {
    fmt::print(stderr, "\r\033[K");
    std::fflush(stderr);
    is_shown_ = false;
  }
}

}  // namespace rocketmq::mqstore
