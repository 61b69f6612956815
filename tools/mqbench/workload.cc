#include "tools/mqbench/workload.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <ctime>

namespace rocketmq::bench {
namespace {

constexpr std::string_view kBodyMark = "mqbench1";
static_assert(kBodyHeadBytes == kBodyMark.size() + sizeof(int64_t));
constexpr int64_t kNsPerSecond = 1'000'000'000;

}  // namespace

int64_t nowNs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * kNsPerSecond + now.tv_nsec;
}

std::string makeBody(int32_t bytes) {
  std::string body(std::max(static_cast<size_t>(bytes), kBodyHeadBytes), 'x');
  body.replace(0, kBodyMark.size(), kBodyMark);
  // Not one repeated letter: a body that compresses to nothing would measure something else.
  uint32_t state = 12345;
  for (size_t i = kBodyHeadBytes; i < body.size(); ++i) {
    state = state * 1664525 + 1013904223;
    body[i] = static_cast<char>('!' + (state >> 24) % 90);
  }
  return body;
}

void stampSendTime(std::string& body, int64_t at_ns) {
  std::memcpy(body.data() + kBodyMark.size(), &at_ns, sizeof(at_ns));
}

std::optional<int64_t> readSendTime(std::string_view body) {
  if (body.size() < kBodyHeadBytes || !body.starts_with(kBodyMark)) {
    return std::nullopt;
  }
  int64_t at_ns = 0;
  std::memcpy(&at_ns, body.data() + kBodyMark.size(), sizeof(at_ns));
  return at_ns;
}

Pacer::Pacer(int64_t start_ns, int64_t rate, int32_t threads, int32_t thread_index)
    : next_ns_(start_ns), interval_ns_(rate > 0 ? kNsPerSecond * threads / rate : 0) {
  next_ns_ += interval_ns_ * thread_index / threads;
}

int64_t Pacer::waitNext() {
  if (interval_ns_ == 0) {
    return nowNs();
  }
  const int64_t due = next_ns_;
  next_ns_ += interval_ns_;
  timespec until{.tv_sec = due / kNsPerSecond, .tv_nsec = due % kNsPerSecond};
  while (nowNs() < due) {
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
  }
  return due;
}

ProgressLine::ProgressLine(bool enabled, std::function<std::string(double)> describe) {
  if (!enabled) {
    return;
  }
  thread_ = std::thread([this, describe = std::move(describe)] {
    const bool terminal = isatty(STDERR_FILENO) == 1;
    const int64_t start = nowNs();
    int64_t next = start + kNsPerSecond;
    while (!stop_.load()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      if (nowNs() < next) {
        continue;
      }
      next += kNsPerSecond;
      const double elapsed = static_cast<double>(nowNs() - start) / 1e9;
      std::fprintf(stderr, terminal ? "\r\033[K%s" : "%s\n", describe(elapsed).c_str());
      std::fflush(stderr);
    }
    if (terminal) {
      std::fprintf(stderr, "\r\033[K");
    }
  });
}

ProgressLine::~ProgressLine() {
  stop_.store(true);
  if (thread_.joinable()) {
    thread_.join();
  }
}

}  // namespace rocketmq::bench
