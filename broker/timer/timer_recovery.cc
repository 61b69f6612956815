#include <algorithm>

#include "broker/await_readable.h"
#include "broker/timer/timer_service.h"
#include "common/log.h"
#include "common/lost.h"

namespace rocketmq::broker {

// How TimerService finds its state again. Units of the timer log lead to messages in the commit
// log; what it lacks is in the queue of rmq_sys_wheel_timer. The checkpoint tells what need not be
// delivered again. Units of messages that were read after the checkpoint are cut off and their
// messages read again: some messages have no unit because they were delivered as they were read,
// and whether that was so is known only of those before the checkpoint.

Result<std::unique_ptr<TimerService>> TimerService::open(const Parts& parts) {
  const auto settings = parts.settings.load();
  const std::string& root = settings->store_root;
  ROCKETMQ_RETURN_IF_ERROR(parts.files.createDirectories(root + "/config"));
  ROCKETMQ_ASSIGN_OR_RETURN(auto checkpoint_file,
                            TimerCheckpointFile::open(parts.files, root + "/config/timercheck"));
  auto service = std::unique_ptr<TimerService>(new TimerService(parts, std::move(checkpoint_file)));
  ROCKETMQ_ASSIGN_OR_RETURN(service->log_, TimerLog::open(parts.files, root + "/timerlog",
                                                          settings->timer_log_file_bytes));
  ROCKETMQ_RETURN_IF_ERROR(service->recover());
  // RocketMQ makes its wheel anew from the timer log when there is none.
  ROCKETMQ_RETURN_IF_ERROR(parts.files.remove(root + "/timerwheel"));
  return service;
}

Status TimerService::recover() {
  ROCKETMQ_ASSIGN_OR_RETURN(const auto checkpoint, checkpoint_file_.load());
  if (checkpoint) {
    progress_ = checkpoint->usable(parts_.store.commitLogMaxOffset());
    safe_ = checkpoint->safe;
  }
  known_queue_offset_ =
      std::min(progress_.queue_offset, parts_.store.maxOffset(kTimerTopic, kTimerQueue));
  int64_t last_offset = -1;
  ROCKETMQ_RETURN_IF_ERROR(readTimerLog(last_offset));
  ROCKETMQ_ASSIGN_OR_RETURN(progress_.queue_offset, firstQueueOffset(last_offset));
  candidate_ = safe_;
  publish({.newest = progress_, .safe = safe_});
  queue_offset_.store(progress_.queue_offset, std::memory_order_relaxed);
  read_ms_.store(progress_.read_ms, std::memory_order_relaxed);
  log::info("{} timers wait; those before {} have been delivered, queue offset {} is next",
            slots_.pending(), progress_.read_ms, progress_.queue_offset);
  return Status::ok();
}

Status TimerService::readTimerLog(int64_t& last_offset) {
  const int64_t log_end = parts_.store.commitLogMaxOffset();
  int64_t read_end = -1;
  if (progress_.timer_log_end >= 0) {
    ROCKETMQ_ASSIGN_OR_RETURN(read_end, awaitReadable("the queue of timers", [this] {
                                return physicalOffsetOf(known_queue_offset_);
                              }));
  }
  return log_->scan([&](int64_t position, const TimerUnit& unit) {
    if (unit.physical_offset + unit.record_bytes > log_end) {
      return false;  // Its message went with the end of the log.
    }
    if (read_end >= 0 && unit.physical_offset >= read_end) {
      return false;  // Read after the checkpoint.
    }
    last_offset = unit.physical_offset;
    const bool is_done =
        unit.slot_ms < progress_.read_ms ||
        (unit.slot_ms == progress_.read_ms && unit.physical_offset <= progress_.done_offset);
    if (!is_done) {
      slots_.add(unit.slot_ms, position);
      topics_.add(unit.topic_hash, {.waiting = unit.deletes ? 0 : 1}, unit.written_ms);
    }
    return true;
  });
}

Result<int64_t> TimerService::physicalOffsetOf(int64_t queue_offset) const {
  const auto entries = parts_.store.queueEntries(kTimerTopic, kTimerQueue, queue_offset, 1);
  if (entries.empty() && queue_offset >= parts_.store.minOffset(kTimerTopic, kTimerQueue) &&
      queue_offset < parts_.store.maxOffset(kTimerTopic, kTimerQueue)) {
    return Status::busy("queue offset " + std::to_string(queue_offset) + " of " +
                        std::string(kTimerTopic) + " cannot be read now");
  }
  return entries.empty() ? -1 : entries.front().physical_offset;
}

Result<int64_t> TimerService::firstQueueOffset(int64_t last_offset) const {
  const int64_t min = parts_.store.minOffset(kTimerTopic, kTimerQueue);
  const int64_t max = parts_.store.maxOffset(kTimerTopic, kTimerQueue);
  int64_t offset = min;
  if (progress_.timer_log_end >= 0 && log_->end() >= progress_.timer_log_end) {
    offset = known_queue_offset_;
  } else if (last_offset >= 0) {
    ROCKETMQ_ASSIGN_OR_RETURN(const auto last, unlessLost(awaitReadable("the newest timer", [&] {
                                return readTimerMessage(parts_.store, last_offset);
                              })));
    if (last) {
      offset = last->record.queue_offset + 1;
    }
  }
  return std::clamp(offset, min, std::max(min, max));
}

}  // namespace rocketmq::broker
