#include "broker/send/send_gate.h"

namespace rocketmq::broker {
namespace {

constexpr uint32_t kRefusedOneIn = 8;

}  // namespace

std::optional<std::string> SendGate::refusal(std::chrono::milliseconds thread_delay) {
  const auto settings = settings_.load();
  const int64_t waiting = waiting_.load(std::memory_order_relaxed);
  if (waiting >= settings->send_queue_capacity) {
    return "[OVERLOAD]system busy, start flow control for a while: " + std::to_string(waiting) +
           " sends wait for the disk or for slaves";
  }
  if (thread_delay.count() > settings->send_queue_wait_ms &&
      late_.fetch_add(1, std::memory_order_relaxed) % kRefusedOneIn == 0) {
    return "[TIMEOUT_CLEAN_QUEUE]broker busy, start flow control for a while, period in queue: " +
           std::to_string(thread_delay.count()) + "ms, size of queue: " + std::to_string(waiting);
  }
  return std::nullopt;
}

}  // namespace rocketmq::broker
