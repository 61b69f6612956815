#include "store/flush/queue_flusher.h"

namespace rocketmq::store {

void QueueFlusher::start() {
  worker_.start("StoreFlushQueue", [this] { loop(); });
}

void QueueFlusher::loop() {
  using SteadyClock = std::chrono::steady_clock;
  const std::chrono::milliseconds thorough_interval(options_.thorough_interval_ms);
  auto thorough_at = SteadyClock::now() + thorough_interval;
  while (worker_.pause(std::chrono::milliseconds(options_.interval_ms))) {
    if (parts_.state.has(RunState::kFailed)) {
      continue;
    }
    const bool thorough = SteadyClock::now() >= thorough_at;
    if (thorough) {
      thorough_at = SteadyClock::now() + thorough_interval;
    }
    const Status flushed = thorough ? flushAll() : flushQueues(options_.least_pages);
    if (!flushed.isOk()) {
      parts_.state.fail("cannot flush the consume queues: " + flushed.message());
    }
  }
}

Status QueueFlusher::flushAll() {
  // Read before the flush: what is dispatched later is not covered by it.
  const CheckpointTimes covered{.log_ms = parts_.log_flusher.newestFlushedMs(),
                                .queues_ms = parts_.dispatcher.newestMs()};
  ROCKETMQ_RETURN_IF_ERROR(flushQueues(0));
  return parts_.checkpoint.advance(covered);
}

Status QueueFlusher::flushQueues(int32_t least_pages) {
  for (const auto& queue : parts_.queues.all()) {
    ROCKETMQ_RETURN_IF_ERROR(queue->flush(least_pages));
  }
  return Status::ok();
}

}  // namespace rocketmq::store
