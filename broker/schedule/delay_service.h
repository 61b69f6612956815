#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "broker/schedule/delay_levels.h"
#include "common/clock.h"
#include "common/mutex.h"
#include "common/status.h"
#include "common/thread.h"
#include "store/message_store.h"

namespace rocketmq::broker {

/// Delivers delayed messages when they are due (RocketMQ: ScheduleMessageService): reads the queues
/// of SCHEDULE_TOPIC_XXXX, one per delay level, whose entries carry their delivery time, and stores
/// each message again under its real topic.
///
/// Threads:    one of its own does all the work; the other functions any.
/// Timing:     it sleeps until the first message of any level is due, or until told of an earlier
///             one; nothing is polled.
/// Durability: persist() writes to delayOffset.json how far each level has come, once what was
///             delivered up to there is on the disk; after a crash what came later is delivered
///             once more.
class DelayService {
 public:
  /// A level waits so long after a put that failed.
  static constexpr std::chrono::milliseconds kRetryDelay{1000};

  /// Reads delayOffset.json. Everything is borrowed; `levels` must be the table with which the
  /// store was opened.
  static Result<std::unique_ptr<DelayService>> open(std::string path, const DelayLevels& levels,
                                                    store::MessageStore& store, const Clock& clock);
  ~DelayService();

  /// Warns of stranded messages, too.
  void start();
  /// Level -> how many messages wait in it, of the levels that `levels` has no more: nobody
  /// delivers them before it has them again.
  std::map<int32_t, int64_t> stranded() const;
  /// Ends the thread and writes the file. Idempotent.
  void stop();

  /// The store's ArrivalListener for SCHEDULE_TOPIC_XXXX: wakes the thread when the message may be
  /// due before what it waits for.
  void onArrival(const store::Arrival& arrival);

  /// Delivers what is due now and returns when to look again (wall time). The thread calls it;
  /// tests do instead of start().
  TimestampMs deliverDue();

  /// For a slave, which delivers nothing itself: how far the master has come.
  void takeOver(std::map<int32_t, int64_t> offsets);

  /// Writes the file when anything has changed. Waits for a flush of the log, see awaitFlushed().
  Status persist();

  /// {"offsetTable":{level:offset}}, for GET_ALL_DELAY_OFFSET.
  std::string encode() const;
  /// Level -> next offset to deliver, levels with progress only.
  std::map<int32_t, int64_t> offsets() const;

 private:
  DelayService(std::string path, const DelayLevels& levels, store::MessageStore& store,
               const Clock& clock);

  void run();
  void sleepUntil(TimestampMs next_ms) ROCKETMQ_REQUIRES(mutex_);
  /// Delivers due messages of one level and returns when the level must be looked at again.
  TimestampMs deliverLevel(int32_t level);
  /// When an entry of a level may be delivered.
  TimestampMs dueTime(const store::QueueEntry& entry, int32_t level, TimestampMs now) const;
  /// False when the message must be tried again later.
  bool deliver(const store::QueueEntry& entry);
  int64_t startOffset(int32_t level) const;
  void setOffset(int32_t level, int64_t offset);

  const std::string path_;
  const DelayLevels& levels_;
  store::MessageStore& store_;
  const Clock& clock_;

  Mutex persist_mutex_;  ///< One writer of the file; taken before mutex_.

  mutable Mutex mutex_;
  CondVar changed_;
  std::map<int32_t, int64_t> offsets_ ROCKETMQ_GUARDED_BY(mutex_);
  bool has_unsaved_ ROCKETMQ_GUARDED_BY(mutex_) = false;
  bool stopping_ ROCKETMQ_GUARDED_BY(mutex_) = false;
  bool look_again_ ROCKETMQ_GUARDED_BY(mutex_) = false;
  /// When the thread looks next; arrivals that are due later do not disturb it. The latest time
  /// there is while it is looking, so that no arrival is overlooked.
  std::atomic<TimestampMs> next_look_ms_;
  NamedThread thread_;
};

}  // namespace rocketmq::broker
