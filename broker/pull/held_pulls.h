#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "broker/pull/held_pull.h"
#include "broker/pull/queue_waiters.h"
#include "common/mutex.h"
#include "common/thread.h"
#include "remoting/unique_function.h"
#include "store/message_store.h"

namespace rocketmq::broker {

/// Pulls that found nothing and wait for a message (RocketMQ: PullRequestHoldService), without any
/// polling: an arrival in a queue wakes exactly the pulls of that queue whose filter matches, and
/// costs what those cost and a look-up; a deadline wakes its own pull.
///
/// Threads:  any. A shard's mutex, chosen by hash(topic, queue), guards its pulls and is never held
///           while one is resumed. start() adds one thread that watches the deadlines and frees
///           what closed connections leave.
/// Bound:    `held_max` pulls over all, and `filter_bytes_max` of filters that only one pull has;
///           hold() refuses more, and the caller answers at once. One connection never gets what is
///           left: in each shard it may have as much as is still free. What filters on properties
///           cost each message of a queue is bounded too, see QueueWaiters.
/// Wake-ups: onArrival() runs inside the store's dispatch and must be quick. Woken pulls are
///           collected by the WakeScope of the notifying thread, if there is one, which resumes
///           them when the store has returned: the shortest way from send to delivery. Otherwise,
///           and past kInlineWakesMax of them, they go to `executor`, kWakesPerTurn at a time.
class HeldPulls {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  /// Runs a task soon, on some I/O thread.
  using Executor = std::function<void(remoting::UniqueFunction<void()>)>;

  /// Pulls that one WakeScope resumes itself; the rest is spread over the I/O threads.
  static constexpr size_t kInlineWakesMax = 8;
  static constexpr size_t kWakesPerTurn = 32;
  /// Pulls that end without a message at a time, so that whoever shares a thread or a lock with
  /// them gets his turn: one connection may have all of them, with filters that take long to free.
  static constexpr size_t kPullsPerTurn = 128;

  struct Options {
    size_t held_max = 100'000;
    size_t filter_bytes_max = 64u << 20;
  };

  HeldPulls(Options options, Executor executor);
  ~HeldPulls();
  HeldPulls(const HeldPulls&) = delete;
  HeldPulls& operator=(const HeldPulls&) = delete;

  struct Ticket {
    std::string_view topic;
    int32_t queue_id = 0;
    int64_t queue_offset = 0;  ///< The offset the reader waits for.
    TimePoint deadline;
    uint64_t connection_id = 0;
    std::string_view group = {};  ///< Kept alive by the pull.
    /// Tells which messages wake the pull; nullptr: all. Kept alive by the pull.
    const store::MessageFilter* filter = nullptr;
    size_t filter_bytes = 0;  ///< Of a filter that only this pull has, about.
  };

  /// Takes the pull over and returns its id, or leaves `pull` with the caller and returns nullopt
  /// when the bound is reached or the holder is stopped. A message that arrived just before is not
  /// noticed: the caller looks at the queue's end once more and takes the pull back with release().
  std::optional<uint64_t> hold(const Ticket& ticket, std::unique_ptr<HeldPull>& pull);

  /// Gives a pull back that hold() has taken with this ticket; null when it has been woken, has
  /// expired or was dropped meanwhile.
  std::unique_ptr<HeldPull> release(const Ticket& ticket, uint64_t id);

  /// The store's ArrivalListener.
  void onArrival(const store::Arrival& arrival);

  /// Resumes pulls whose deadline is at or before `now`, kPullsPerTurn at most, and returns when to
  /// go on: the earliest deadline left, or soon after `now`. Called by the thread of start(); tests
  /// call it with their own time.
  TimePoint expire(TimePoint now);

  /// Destroys the pulls of a closed connection, kPullsPerTurn of them at once and the others
  /// little by little on the thread of start().
  void dropConnection(uint64_t connection_id);

  /// Resumes every pull of a topic, for instance because it has been deleted.
  void wakeTopic(std::string_view topic);
  /// Resumes a group's pulls of a topic: it has been moved, or wants other messages.
  void wakeGroup(std::string_view topic, std::string_view group);

  size_t size() const { return held_.load(std::memory_order_relaxed); }

  /// Starts the thread that watches the deadlines.
  void start();
  /// Refuses new pulls and destroys the held ones. Idempotent.
  void stop();

  /// Collects what onArrival() wakes on this thread until it is destroyed, then resumes it. For
  /// threads that are about to append; scopes do not nest.
  class WakeScope {
   public:
    explicit WakeScope(HeldPulls& owner);
    ~WakeScope() { resumeNow(); }
    WakeScope(const WakeScope&) = delete;
    WakeScope& operator=(const WakeScope&) = delete;

    /// What the destructor does, earlier.
    void resumeNow();

   private:
    friend class HeldPulls;
    HeldPulls& owner_;
    bool active_;
    std::vector<std::unique_ptr<HeldPull>> woken_;
  };

 private:
  using Pulls = std::vector<std::unique_ptr<HeldPull>>;
  struct QueueKey {
    std::string topic;
    int32_t queue_id;
  };
  struct QueueKeyView {
    std::string_view topic;
    int32_t queue_id;
  };
  struct KeyHash {
    using is_transparent = void;
    size_t operator()(const QueueKeyView& key) const {
      return std::hash<std::string_view>{}(key.topic) * 31 + static_cast<size_t>(key.queue_id);
    }
    size_t operator()(const QueueKey& key) const {
      return (*this)(QueueKeyView{key.topic, key.queue_id});
    }
  };
  struct KeyEqual {
    using is_transparent = void;
    template <class A, class B>
    bool operator()(const A& a, const B& b) const {
      return a.queue_id == b.queue_id && std::string_view(a.topic) == std::string_view(b.topic);
    }
  };
  struct OfConnection {
    std::vector<HeldEntry*> entries;
    size_t filter_bytes = 0;
  };
  struct Shard {
    Mutex mutex;
    std::unordered_map<QueueKey, QueueWaiters, KeyHash, KeyEqual> queues ROCKETMQ_GUARDED_BY(mutex);
    std::set<std::pair<TimePoint, HeldEntry*>> deadlines ROCKETMQ_GUARDED_BY(mutex);
    std::unordered_map<uint64_t, OfConnection> connections ROCKETMQ_GUARDED_BY(mutex);
  };
  static constexpr size_t kShards = 16;

  Shard& shardOf(QueueKeyView key) { return shards_[KeyHash{}(key) % kShards]; }
  /// Counts a pull, unless a bound is reached.
  bool admit(size_t filter_bytes);
  void discount(size_t filter_bytes);
  /// Whether a connection that has those in the pull's shard gets one more, which is counted.
  bool leavesRoom(const OfConnection& has, size_t filter_bytes) const;
  /// Unlinks an entry from all three indexes and returns its pull.
  std::unique_ptr<HeldPull> take(Shard& shard, HeldEntry& entry) ROCKETMQ_REQUIRES(shard.mutex);
  /// The same for those that their queue no longer has.
  std::unique_ptr<HeldPull> forget(Shard& shard, HeldEntry& entry) ROCKETMQ_REQUIRES(shard.mutex);
  Pulls forgetAll(Shard& shard, std::vector<std::unique_ptr<HeldEntry>> entries)
      ROCKETMQ_REQUIRES(shard.mutex);
  static void unlinkConnection(Shard& shard, const HeldEntry& entry) ROCKETMQ_REQUIRES(shard.mutex);
  /// Resumes what `take(waiters, taken)` takes out of each queue of the topic.
  template <class Take>
  void wakeEach(std::string_view topic, WakeReason reason, Take take);
  static void forgetEmptyQueues(Shard& shard) ROCKETMQ_REQUIRES(shard.mutex);
  void resumeLater(std::unique_ptr<HeldPull> pull, WakeReason reason);
  /// The same for many, so that whoever shares the threads with them gets his turn.
  struct Wakes;
  void resumeInTurns(Pulls pulls, WakeReason reason);
  void resumeTurn(const std::shared_ptr<Wakes>& wakes);
  void noteDeadline(TimePoint deadline);
  void watchDeadlines();
  /// Destroys up to kPullsPerTurn pulls. False: that was not all.
  bool dropSome(uint64_t connection_id);
  /// The same for connections that dropConnection() has left. True: that was all.
  bool dropLeft();

  const Options options_;
  const Executor executor_;
  std::array<Shard, kShards> shards_;
  std::atomic<size_t> held_{0};
  std::atomic<size_t> filter_bytes_{0};
  std::atomic<uint64_t> next_id_{1};
  std::atomic<bool> stopped_{false};

  Mutex watch_mutex_;
  CondVar watch_changed_;
  bool look_again_ ROCKETMQ_GUARDED_BY(watch_mutex_) = false;
  std::vector<uint64_t> closed_
      ROCKETMQ_GUARDED_BY(watch_mutex_);  ///< Connections with pulls left.
  /// When the watching thread looks next; only holds with an earlier deadline disturb it. The
  /// latest time there is while it is looking, so that no hold is overlooked.
  std::atomic<TimePoint::rep> next_look_{TimePoint::max().time_since_epoch().count()};
  NamedThread watcher_;
};

}  // namespace rocketmq::broker
