#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "common/mutex.h"
#include "rocketmq/message.h"

namespace rocketmq::client {

/// The queues of a lite pull consumer, what was pulled from them and waits for poll(), and how far
/// poll() has come (RocketMQ: AssignedMessageQueue and the consume request cache).
///
/// Threads: any; one mutex. Nobody is called from inside but by eachPolled().
class AssignedQueues {
 public:
  struct Limits {
    /// Of all queues together but for the paused ones, which nothing makes shorter meanwhile; each
    /// of these holds what its own bounds allow.
    int64_t messages_max = 10'000;
    int64_t queue_messages_max = 1000;
    int64_t queue_bytes_max = 100 << 20;
    int64_t queue_span_max = 2000;  ///< Between the first and the last cached offset.
  };

  explicit AssignedQueues(Limits limits) : limits_(limits) {}

  /// A pull that may be sent now. `epoch` tells an answer that a seek has made useless.
  struct NextPull {
    int64_t offset = 0;
    int64_t broker_id = 0;
    uint64_t epoch = 0;
  };

  bool contains(const MessageQueue& queue) const;
  std::vector<MessageQueue> all() const;

  /// Starts a queue at `offset`.
  void add(const MessageQueue& queue, int64_t offset);
  /// Gives a queue up with what is cached of it.
  void remove(const MessageQueue& queue);

  /// What to ask for next, if the queue is there, has no pull under way and there is room for more;
  /// counts as under way from then on.
  std::optional<NextPull> beginPull(const MessageQueue& queue);

  /// The answer to a pull. False when it came too late: the queue is gone or was sought elsewhere.
  bool endPull(const MessageQueue& queue, uint64_t epoch, int64_t next_offset, int64_t broker_id,
               std::vector<MessageExt> messages);
  /// The pull has failed, and whoever waited before asking again has waited: another one may begin.
  /// False as in endPull().
  bool endFailedPull(const MessageQueue& queue, uint64_t epoch);

  /// Up to `count` messages of one queue, the next in turn that has any and is not paused; waits
  /// for them until `until`, or until close(). Empty when there were none.
  std::vector<MessageExt> poll(size_t count, std::chrono::steady_clock::time_point until);

  /// Goes on at `offset`. False when the queue is not there.
  bool seek(const MessageQueue& queue, int64_t offset);
  /// As seek(), by the broker's answer to the pull of `epoch`; false when that has become useless.
  bool takeReset(const MessageQueue& queue, uint64_t epoch, int64_t offset);
  void setPaused(const MessageQueue& queue, bool paused);

  /// Gives one past the last message of each queue that poll() has given out, or where it was
  /// sought to. Under the lock, so that `use` never learns of a queue after remove().
  void eachPolled(const std::function<void(const MessageQueue&, int64_t)>& use) const;

  /// Ends all polls, now and later.
  void close();

 private:
  struct Entry {
    int64_t next_offset = 0;
    int64_t polled_offset = -1;
    int64_t broker_id = 0;
    uint64_t epoch = 0;
    bool pulling = false;
    bool paused = false;
    int64_t bytes = 0;
    std::deque<MessageExt> cached;
  };

  bool hasRoomLocked(const Entry& entry) const ROCKETMQ_REQUIRES(mutex_);
  Entry* findLocked(const MessageQueue& queue, uint64_t epoch) ROCKETMQ_REQUIRES(mutex_);
  void seekLocked(Entry& entry, int64_t offset) ROCKETMQ_REQUIRES(mutex_);
  void clearLocked(Entry& entry) ROCKETMQ_REQUIRES(mutex_);
  std::vector<MessageExt> takeLocked(size_t count) ROCKETMQ_REQUIRES(mutex_);

  const Limits limits_;
  mutable Mutex mutex_;
  CondVar arrived_;
  std::map<MessageQueue, Entry> entries_ ROCKETMQ_GUARDED_BY(mutex_);
  int64_t messages_ ROCKETMQ_GUARDED_BY(mutex_) = 0;  ///< Cached, but for paused queues.
  MessageQueue last_polled_ ROCKETMQ_GUARDED_BY(mutex_);
  uint64_t next_epoch_ ROCKETMQ_GUARDED_BY(mutex_) = 1;
  bool closed_ ROCKETMQ_GUARDED_BY(mutex_) = false;
};

}  // namespace rocketmq::client
