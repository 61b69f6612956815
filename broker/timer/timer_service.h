#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "broker/settings.h"
#include "broker/timer/timer_checkpoint.h"
#include "broker/timer/timer_log.h"
#include "broker/timer/timer_message.h"
#include "broker/timer/timer_plan.h"
#include "broker/timer/timer_slots.h"
#include "broker/timer/timer_topics.h"
#include "common/clock.h"
#include "common/mutex.h"
#include "common/status.h"
#include "common/thread.h"
#include "store/message_store.h"

namespace rocketmq::broker {

/// Delivers messages at any time their producers ask for (RocketMQ: TimerMessageStore). Such a
/// message waits in the one queue of rmq_sys_wheel_timer. A thread reads that queue and notes each
/// message in the timer log, in the slot of its time; when a slot is due, it stores the slot's
/// messages again under their real topics.
///
/// Life:       open(), which puts the slots together from the timer log -> start() -> stop().
/// Threads:    one of its own does all the work; the other functions any.
/// Timing:     the thread sleeps until the next slot is due or a message arrives.
/// Memory:     see TimerSlots and TimerLog; 3 MB for the slot in delivery, the keys of its recalls,
///             and 1 MB for what one turn adds to the timer log.
/// Durability: a killed process delivers at most kTurnMessages messages twice; see TimerCheckpoint.
class TimerService {
 public:
  /// Messages that are delivered before the progress is written and new ones have their turn.
  static constexpr int32_t kTurnMessages = 256;
  /// Messages that are put into slots before due ones have their turn.
  static constexpr int64_t kTurnArrivals = 16'384;
  /// Recalls that one slot takes; those beyond it have no effect, which is logged.
  static constexpr size_t kRecallsPerSlotMax = 500'000;
  /// Wait after a put that failed.
  static constexpr std::chrono::milliseconds kRetryDelay{1000};

  /// Everything is borrowed.
  struct Parts {
    const LiveSettings& settings;
    store::MessageStore& store;
    const Clock& clock;
    FileSystem& files;
  };

  struct Numbers {
    int64_t read_behind_ms = 0;  ///< How late the next slot is.
    int64_t offset_behind = 0;   ///< Messages not yet in a slot.
    int64_t pending = 0;         ///< Timers in slots.
    int64_t enqueued = 0;        ///< Since start.
    int64_t dequeued = 0;        ///< Since start.
  };

  static Result<std::unique_ptr<TimerService>> open(const Parts& parts);
  ~TimerService();

  void start();
  /// Ends the thread. Idempotent.
  void stop();

  /// The store's ArrivalListener for rmq_sys_wheel_timer.
  void onArrival();

  /// timerSlot(), and Busy when that slot is full (timerCongestNumEachSlot).
  Result<TimestampMs> plan(const TimerAsk& ask, TimestampMs now) const;

  /// One turn: takes what has arrived, delivers some of what is due, returns when to go on. The
  /// thread calls it; tests do instead of start().
  TimestampMs turn();

  Numbers numbers() const;
  const TimerTopics& topics() const { return topics_; }
  /// As it was last saved.
  TimerCheckpoint checkpoint() const;

 private:
  /// A unit of the slot in delivery.
  struct Due {
    int64_t position = 0;
    int64_t physical_offset = 0;
    TimestampMs written_ms = 0;
    int32_t topic_hash = 0;
    bool rolls = false;
    bool deletes = false;
  };

  TimerService(const Parts& parts, TimerCheckpointFile checkpoint_file);

  // Recovery.
  Status recover();
  Status readTimerLog(int64_t& last_offset);
  Result<int64_t> firstQueueOffset(int64_t last_offset) const;
  /// -1 when no message is known to be there.
  Result<int64_t> physicalOffsetOf(int64_t queue_offset) const;

  void run();
  void sleepUntil(TimestampMs next_ms);
  void followClock(TimestampMs now);
  /// False when it must be tried again later.
  bool writeLog();

  // Taking messages.
  TimestampMs takeArrived(TimestampMs now);
  /// False when the message must be tried again later.
  bool take(const store::QueueEntry& entry, TimestampMs now);
  bool wasDelivered(const TimerMessage& message) const;

  // Delivering.
  TimestampMs deliverDue(TimestampMs now);
  Status gather(const TimerSlots::Slot& slot);
  Status noteRecall(int64_t physical_offset);
  /// Whether a message that was not read is lost. Else it has to be read again.
  static bool isLeftOut(std::string_view what, const Status& unread);
  bool deliver(const Due& due, TimestampMs now);
  bool deliver(const TimerMessage& message, const TimerUnit& unit, TimestampMs now);
  void finishSlot(TimestampMs slot_ms);

  void saveProgress(TimestampMs now);
  void publish(const TimerCheckpoint& checkpoint);

  const Parts parts_;
  std::unique_ptr<TimerLog> log_;
  TimerCheckpointFile checkpoint_file_;
  TimerSlots slots_;
  TimerTopics topics_;

  // Of the timer thread, as recover() left them.
  TimerProgress progress_;
  TimerProgress saved_;
  /// Becomes `safe_` when the log is on the disk that far.
  TimerProgress candidate_;
  TimerProgress safe_;
  TimestampMs rotated_ms_ = 0;
  /// Queue offsets below were in slots, or delivered, before the start.
  int64_t known_queue_offset_ = 0;
  std::string properties_;
  int32_t turn_left_ = 0;  ///< Messages that may still be delivered in this turn.

  // Of the slot in delivery.
  std::vector<Due> due_;
  size_t due_next_ = 0;
  int64_t done_position_ = -1;  ///< Of its last unit that is done; -1 before the first.
  std::unordered_set<std::string> recalled_;

  std::atomic<int64_t> read_ms_{0};
  std::atomic<int64_t> queue_offset_{0};
  std::atomic<int64_t> enqueued_{0};
  std::atomic<int64_t> dequeued_{0};

  /// True while no message has arrived since the turn began.
  std::atomic<bool> is_quiet_{true};
  mutable Mutex mutex_;
  CondVar changed_;
  TimerCheckpoint published_ ROCKETMQ_GUARDED_BY(mutex_);
  bool stopping_ ROCKETMQ_GUARDED_BY(mutex_) = false;
  NamedThread thread_;
};

}  // namespace rocketmq::broker
