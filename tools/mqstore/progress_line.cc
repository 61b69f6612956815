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
  if (what_ != what) {
    what_ = what;
    begun_at_ = now;
    shown_at_ = now;
  }
  if (now - shown_at_ < kInterval) {
    return;
  }
  shown_at_ = now;
  is_shown_ = true;
  const double seconds = std::chrono::duration<double>(now - begun_at_).count();
  fmt::print(stderr, "\r\033[K{}: {} of {}, {} %, {:.0f} MB/s", what, formatBytes(done),
             formatBytes(all), all > 0 ? done * 100 / all : 100,
             static_cast<double>(done) / 1e6 / std::max(seconds, 0.001));
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
