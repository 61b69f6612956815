#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "common/mutex.h"
#include "rocketmq/message.h"

namespace rocketmq::client {

/// Messages given to a listener in one call. Shared by the worker that runs the listener and the
/// process queue, which must be able to send back what a stuck listener does not finish.
struct ConsumeBatch {
  std::vector<MessageExt> messages;
  /// When the listener was called (PushContext::uptimeMs()); 0 before.
  std::atomic<int64_t> started_ms{0};
};
using ConsumeBatchPtr = std::shared_ptr<ConsumeBatch>;

/// How much of a queue is cached, for flow control and reports.
struct CachedAmount {
  int64_t messages = 0;
  int64_t bytes = 0;
  int64_t min_offset = 0;  ///< 0 when empty.
  int64_t max_offset = 0;

  int64_t span() const { return max_offset - min_offset; }
};

/// The bounds past which a queue is not pulled; 0 or less: no bound.
struct FlowLimits {
  int64_t messages_max = 1000;
  int64_t bytes_max = 100 << 20;
  int64_t span_max = 0;

  bool allows(const CachedAmount& cached) const;
};

/// One queue that this consumer owns at the moment (RocketMQ: ProcessQueue): where to pull next,
/// what was pulled and is not consumed yet, whether the queue was taken away.
///
/// Life:    made by a rebalance, dropped by a later one, released when the work that had begun
///          before is done: until then its results are committed. A queue that comes back gets a
///          new object.
/// Threads: any; the fields that only the pull loop uses are said so.
class ProcessQueue {
 public:
  explicit ProcessQueue(MessageQueue queue);
  virtual ~ProcessQueue() = default;

  const MessageQueue& queue() const { return queue_; }

  enum class DropReason : uint8_t {
    kGivenUp,  ///< It goes to another member, or the consumer stops.
    kMoved,    ///< It starts anew elsewhere: what is finished now must not be committed any more.
  };

  /// The first reason stays.
  void drop(DropReason reason) {
    State live = State::kLive;
    state_.compare_exchange_strong(live,
                                   reason == DropReason::kMoved ? State::kMoved : State::kGivenUp);
  }
  bool dropped() const { return state_.load() != State::kLive; }
  bool moved() const { return state_.load() == State::kMoved; }

  virtual CachedAmount cached() const = 0;

  /// Called after drop(), and again when work on a dropped queue has ended: true once, when nobody
  /// is inside the listener with this queue any more, so that another consumer may have it.
  virtual bool releaseIfIdle() = 0;
  bool released() const { return released_.load(); }
  /// Calls `commit` unless the queue has been released, and keeps it from being released meanwhile.
  template <class F>
  void whileOurs(F commit) {
    MutexLock lock(mutex_);
    if (!released_.load()) {
      commit();
    }
  }

  // The broker's lock of a queue. It is good for lockValidMs() after it was last granted, half of
  // what the broker grants, so that a late renewal cannot let two clients consume. `now_ms` is
  // PushContext::uptimeMs(), as all times here.

  /// 30 s, or what the property rocketmq.client.rebalance.lockMaxLiveTime says.
  static int64_t lockValidMs();
  void setLocked(bool locked, int64_t now_ms);
  bool holdsLock(int64_t now_ms) const;
  /// True when it was granted before and has not been refused, but its time is over: another client
  /// may have had the queue since.
  bool lockRanOut(int64_t now_ms) const;
  enum class Renewal : uint8_t {
    kDone,  ///< Or the queue had no lock before.
    kLate,  ///< Granted when its time was over: nothing changes before confirmLock().
    kLost,
  };
  /// Takes the answer to a renewal.
  Renewal takeRenewal(bool granted, int64_t now_ms);
  /// Nobody has gone further while the lock was late, so it is good again, unless it has been
  /// refused meanwhile.
  void confirmLock(int64_t now_ms);
  /// Whether a lock that comes late is lost: somebody else may have had its queue, and two members
  /// at once would break the order.
  virtual bool isOrderly() const = 0;
  int64_t lastLockMs() const { return last_lock_ms_.load(); }

  /// Where this member began with the queue.
  std::atomic<int64_t> start_offset{0};

  // What the pull loop keeps here; only one pull of a queue is under way at any time.
  std::atomic<int64_t> next_offset{0};
  std::atomic<int64_t> last_pull_ms{0};
  std::atomic<int64_t> last_consume_ms{0};
  /// Broker id that the last pull answer suggested.
  std::atomic<int64_t> suggested_broker_id{0};
  /// How many queues of the topic this consumer owns, for bounds that they share.
  std::atomic<int32_t> topic_queues{1};
  /// Listener calls with messages of this queue that are running now.
  std::atomic<int32_t> in_listener{0};
  /// Pulls that failed since the last one that did not.
  std::atomic<int32_t> pull_failures{0};
  /// The pull loop waits until there is room again; whoever sets it back to false goes on.
  std::atomic<bool> waiting_for_room{false};

 protected:
  mutable Mutex mutex_;
  std::atomic<bool> released_{false};  // Set under the mutex.

 private:
  enum class State : uint8_t { kLive, kGivenUp, kMoved };

  const MessageQueue queue_;
  std::atomic<State> state_{State::kLive};
  std::atomic<bool> locked_{false};
  std::atomic<int64_t> last_lock_ms_{0};
};

/// Counts one listener call while it lives.
class InListener {
 public:
  explicit InListener(ProcessQueue& queue) : queue_(queue) { queue_.in_listener.fetch_add(1); }
  ~InListener() { queue_.in_listener.fetch_sub(1); }
  InListener(const InListener&) = delete;
  InListener& operator=(const InListener&) = delete;

 private:
  ProcessQueue& queue_;
};

/// A queue whose messages are consumed by several workers in any order. Its committed offset is
/// the lowest one not finished.
class ConcurrentProcessQueue final : public ProcessQueue {
 public:
  using ProcessQueue::ProcessQueue;

  /// Takes pulled messages and cuts them into batches, which wait for take().
  std::vector<ConsumeBatchPtr> add(std::vector<MessageExt> messages, size_t batch_max);

  /// The next batch for a worker, which calls leave() when all of its messages are dealt with; null
  /// when there is none or the queue has been dropped. Batches begin in the order of their offsets,
  /// so what the workers of a dropped queue still finish has no gap.
  ConsumeBatchPtr take();

  /// Counts other work on messages of the queue, until leave(); false once it has been released.
  bool enter();
  void leave();

  /// Lets `again`, which took part in replace(), wait for take() before all others.
  void requeue(ConsumeBatchPtr again);

  bool releaseIfIdle() override;
  /// Whoever is still on the queue works without effect from now on. True once, as above.
  bool releaseNow();

  /// The messages of `batch` whose index `finished` accepts are done. The offset up to which
  /// everything is: to be committed.
  template <class Predicate>
  int64_t remove(const ConsumeBatch& batch, Predicate finished) {
    MutexLock lock(mutex_);
    for (size_t i = 0; i < batch.messages.size(); ++i) {
      if (finished(i)) {
        removeLocked(batch.messages[i].queueOffset());
      }
    }
    return lowestUnfinishedLocked();
  }

  /// One message is done.
  int64_t removeOffset(int64_t offset);

  /// `again` holds copies of unfinished messages that are to be consumed anew: it takes the place
  /// of the batches they came with.
  void replace(const ConsumeBatchPtr& again);

  /// The first messages of the queue, at most `count`, that are being consumed since before
  /// `started_before_ms`; everything behind them waits for them. Copies.
  std::vector<MessageExt> expired(int64_t started_before_ms, size_t count) const;

  /// True while the message at `offset` has not been removed.
  bool contains(int64_t offset) const;

  bool isOrderly() const override { return false; }
  CachedAmount cached() const override;

 private:
  struct Entry {
    ConsumeBatchPtr batch;
    size_t index = 0;
  };

  void removeLocked(int64_t offset) ROCKETMQ_REQUIRES(mutex_);
  int64_t lowestUnfinishedLocked() const ROCKETMQ_REQUIRES(mutex_);

  std::map<int64_t, Entry> unfinished_ ROCKETMQ_GUARDED_BY(mutex_);
  std::deque<ConsumeBatchPtr> waiting_ ROCKETMQ_GUARDED_BY(mutex_);
  int32_t busy_ ROCKETMQ_GUARDED_BY(mutex_) = 0;  // Calls of take() and enter() not yet left.
  int64_t bytes_ ROCKETMQ_GUARDED_BY(mutex_) = 0;
  int64_t end_offset_ ROCKETMQ_GUARDED_BY(mutex_) = -1;  // One past the last message ever added.
};

/// A queue whose messages are consumed one batch after the other, in order, by one worker at a
/// time.
class OrderlyProcessQueue final : public ProcessQueue {
 public:
  using ProcessQueue::ProcessQueue;

  /// True when the caller must start a worker on this queue: messages are there and nobody is.
  bool add(std::vector<MessageExt> messages);

  /// Up to `count` messages from the front, for the worker. When there are none, the worker is done
  /// and the next add() asks for another.
  std::vector<MessageExt> take(size_t count);

  /// What was taken is done. The offset to commit; -1 when nothing was taken.
  int64_t commit();

  /// Of what was taken these are to be consumed again, first; the rest is done.
  void putBack(std::vector<MessageExt> messages);

  /// The worker leaves the queue for a while. When it comes back, false from unpark() says that the
  /// queue was given up meanwhile.
  void park();
  bool unpark();

  /// The worker leaves a dropped queue for good.
  void leave();

  bool releaseIfIdle() override;

  bool isOrderly() const override { return true; }
  CachedAmount cached() const override;

 private:
  enum class Worker : uint8_t { kNone, kRunning, kParked };

  std::deque<MessageExt> waiting_ ROCKETMQ_GUARDED_BY(mutex_);
  int64_t waiting_bytes_ ROCKETMQ_GUARDED_BY(mutex_) = 0;
  int64_t taken_messages_ ROCKETMQ_GUARDED_BY(mutex_) = 0;
  int64_t taken_bytes_ ROCKETMQ_GUARDED_BY(mutex_) = 0;
  int64_t taken_first_ ROCKETMQ_GUARDED_BY(mutex_) = 0;
  int64_t taken_last_ ROCKETMQ_GUARDED_BY(mutex_) = -1;
  Worker worker_ ROCKETMQ_GUARDED_BY(mutex_) = Worker::kNone;
};

}  // namespace rocketmq::client
