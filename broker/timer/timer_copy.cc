#include "broker/timer/timer_copy.h"

namespace rocketmq::broker {

Result<std::unique_ptr<TimerCopy>> TimerCopy::open(const Parts& parts) {
  const std::string root = parts.settings.load()->store_root;
  ROCKETMQ_RETURN_IF_ERROR(parts.files.removeTree(root + "/timerlog"));
  ROCKETMQ_RETURN_IF_ERROR(parts.files.createDirectories(root + "/config"));
  ROCKETMQ_ASSIGN_OR_RETURN(auto file,
                            TimerCheckpointFile::open(parts.files, root + "/config/timercheck"));
  ROCKETMQ_ASSIGN_OR_RETURN(const auto checkpoint, file.load());
  return std::unique_ptr<TimerCopy>(new TimerCopy(parts, std::move(file), checkpoint));
}

TimerCopy::TimerCopy(const Parts& parts, TimerCheckpointFile file,
                     const std::optional<TimerCheckpoint>& checkpoint)
    : parts_(parts), file_(std::move(file)), saved_(checkpoint) {}

Status TimerCopy::takeCheckpoint(std::string_view bytes) {
  ROCKETMQ_ASSIGN_OR_RETURN(const TimerCheckpoint checkpoint, TimerCheckpoint::decode(bytes));
  TimerProgress progress = checkpoint.newest;
  progress.timer_log_end = -1;  // Of the master's timer log, which is not copied.
  MutexLock lock(mutex_);
  // A master that goes on and on must not keep a slave that is behind from ever taking one.
  ROCKETMQ_RETURN_IF_ERROR(saveIfCovered());
  if (!pending_) {
    pending_ = progress;
  }
  return saveIfCovered();
}

Status TimerCopy::saveIfCovered() {
  if (!pending_ || pending_->log_end > parts_.store.flushedOffset()) {
    return Status::ok();
  }
  // Should the log lose its end after all, the one before still holds.
  const TimerCheckpoint next{.newest = *pending_, .safe = saved_ ? saved_->newest : *pending_};
  pending_.reset();
  ROCKETMQ_RETURN_IF_ERROR(file_.save(next, parts_.settings.load()->timer_precision_ms));
  saved_ = next;
  return Status::ok();
}

void TimerCopy::takeMetrics(remoting::TimerMetricsTable table) {
  MutexLock lock(mutex_);
  metrics_ = std::move(table);
}

std::optional<TimerCheckpoint> TimerCopy::checkpoint() const {
  MutexLock lock(mutex_);
  return saved_;
}

remoting::TimerMetricsTable TimerCopy::metrics() const {
  MutexLock lock(mutex_);
  return metrics_;
}

}  // namespace rocketmq::broker
