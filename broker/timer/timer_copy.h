#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "broker/settings.h"
#include "broker/timer/timer_checkpoint.h"
#include "common/file_system.h"
#include "common/mutex.h"
#include "common/status.h"
#include "remoting/protocol/bodies/config_tables.h"
#include "store/message_store.h"

namespace rocketmq::broker {

/// What a slave knows of its master's timers (RocketMQ: the slave's TimerCheckpoint and
/// TimerMetrics, as SlaveSynchronize sets them). A slave delivers nothing and keeps no timer log;
/// started again as a master it puts its slots together from the queue, and config/timercheck tells
/// what need not be delivered again.
///
/// Promise: the file never speaks of deliveries that this broker's log lacks. A checkpoint counts
///          once the log holds, on the disk, all that the master had delivered by then; until then
///          the one before does. A Java master's does not say so much: it counts at once, as on a
///          Java slave.
/// Threads: any.
class TimerCopy {
 public:
  /// Borrowed.
  struct Parts {
    const LiveSettings& settings;
    const store::MessageStore& store;
    FileSystem& files;
  };

  /// Removes the timer log that this broker may have kept as a master: what it lacks is not known,
  /// and the queue has all of it.
  static Result<std::unique_ptr<TimerCopy>> open(const Parts& parts);

  /// The answer to GET_TIMER_CHECK_POINT. Corruption: it is none. Io: it was not stored.
  Status takeCheckpoint(std::string_view bytes);
  void takeMetrics(remoting::TimerMetricsTable table);

  /// nullopt before the first.
  std::optional<TimerCheckpoint> checkpoint() const;
  remoting::TimerMetricsTable metrics() const;

 private:
  TimerCopy(const Parts& parts, TimerCheckpointFile file,
            const std::optional<TimerCheckpoint>& checkpoint);
  Status saveIfCovered() ROCKETMQ_REQUIRES(mutex_);

  const Parts parts_;
  mutable Mutex mutex_;  ///< Held while the file is written, which is not synced.
  TimerCheckpointFile file_ ROCKETMQ_GUARDED_BY(mutex_);
  std::optional<TimerCheckpoint> saved_ ROCKETMQ_GUARDED_BY(mutex_);
  /// The master's newest that this broker's log does not cover yet.
  std::optional<TimerProgress> pending_ ROCKETMQ_GUARDED_BY(mutex_);
  remoting::TimerMetricsTable metrics_ ROCKETMQ_GUARDED_BY(mutex_);
};

}  // namespace rocketmq::broker
