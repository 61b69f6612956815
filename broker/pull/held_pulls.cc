#include "broker/pull/held_pulls.h"

#include <algorithm>

namespace rocketmq::broker {

namespace {

/// The scope that collects wake-ups on this thread, see WakeScope.
thread_local HeldPulls::WakeScope* current_scope = nullptr;

/// Queues without pulls are kept, because most are waited for again at once, up to this many per
/// shard more than those in use.
constexpr size_t kSpareQueuesMax = 256;

/// Between two turns of those that end without a message.
constexpr std::chrono::milliseconds kTurnPause{1};

}  // namespace

/// Pulls that several threads resume, each some at a time.
struct HeldPulls::Wakes {
  Pulls pulls;
  WakeReason reason;
  std::atomic<size_t> next{0};
};

HeldPulls::HeldPulls(Options options, Executor executor)
    : options_(options), executor_(std::move(executor)) {}

HeldPulls::~HeldPulls() { stop(); }

bool HeldPulls::admit(size_t filter_bytes) {
  const size_t held = held_.fetch_add(1, std::memory_order_relaxed) + 1;
  const size_t bytes =
      filter_bytes_.fetch_add(filter_bytes, std::memory_order_relaxed) + filter_bytes;
  if (held <= options_.held_max && (filter_bytes == 0 || bytes <= options_.filter_bytes_max)) {
    return true;
  }
  discount(filter_bytes);
  return false;
}

void HeldPulls::discount(size_t filter_bytes) {
  held_.fetch_sub(1, std::memory_order_relaxed);
  filter_bytes_.fetch_sub(filter_bytes, std::memory_order_relaxed);
}

bool HeldPulls::leavesRoom(const OfConnection& has, size_t filter_bytes) const {
  const size_t held_before = held_.load(std::memory_order_relaxed) - 1;
  const size_t bytes_before = filter_bytes_.load(std::memory_order_relaxed) - filter_bytes;
  return has.entries.size() + held_before <= options_.held_max &&
         (filter_bytes == 0 || has.filter_bytes + bytes_before <= options_.filter_bytes_max);
}

std::optional<uint64_t> HeldPulls::hold(const Ticket& ticket, std::unique_ptr<HeldPull>& pull) {
  if (!admit(ticket.filter_bytes)) {
    return std::nullopt;
  }
  auto entry = std::make_unique<HeldEntry>();
  entry->id = next_id_.fetch_add(1, std::memory_order_relaxed);
  entry->queue_offset = ticket.queue_offset;
  entry->deadline = ticket.deadline;
  entry->connection_id = ticket.connection_id;
  entry->group = ticket.group;
  entry->filter = ticket.filter;
  entry->filter_bytes = ticket.filter_bytes;
  const uint64_t id = entry->id;

  const QueueKeyView key{ticket.topic, ticket.queue_id};
  Shard& shard = shardOf(key);
  {
    MutexLock lock(shard.mutex);
    // stop() sets the flag before it visits the shards, so that none is filled after its visit.
    if (stopped_.load(std::memory_order_acquire)) {
      discount(ticket.filter_bytes);
      return std::nullopt;
    }
    if (const auto has = shard.connections.find(ticket.connection_id);
        has != shard.connections.end() && !leavesRoom(has->second, ticket.filter_bytes)) {
      discount(ticket.filter_bytes);
      return std::nullopt;
    }
    auto queue = shard.queues.find(key);
    if (queue == shard.queues.end()) {
      forgetEmptyQueues(shard);
      queue = shard.queues.try_emplace(QueueKey{std::string(ticket.topic), ticket.queue_id}).first;
    }
    if (!queue->second.hasRoomFor(ticket.filter)) {
      discount(ticket.filter_bytes);
      return std::nullopt;
    }
    HeldEntry* const linked = entry.get();
    linked->pull = std::move(pull);
    queue->second.add(std::move(entry));
    // Most deadlines are later than all before them: the hint makes that case cheap.
    shard.deadlines.emplace_hint(shard.deadlines.end(), ticket.deadline, linked);
    OfConnection& of_connection = shard.connections[ticket.connection_id];
    linked->connection_position = of_connection.entries.size();
    of_connection.entries.push_back(linked);
    of_connection.filter_bytes += ticket.filter_bytes;
  }
  noteDeadline(ticket.deadline);
  return id;
}

std::unique_ptr<HeldPull> HeldPulls::take(Shard& shard, HeldEntry& entry) {
  return forget(shard, *entry.queue->remove(entry));
}

std::unique_ptr<HeldPull> HeldPulls::forget(Shard& shard, HeldEntry& entry) {
  shard.deadlines.erase({entry.deadline, &entry});
  unlinkConnection(shard, entry);
  discount(entry.filter_bytes);
  return std::move(entry.pull);
}

HeldPulls::Pulls HeldPulls::forgetAll(Shard& shard,
                                      std::vector<std::unique_ptr<HeldEntry>> entries) {
  Pulls pulls;
  pulls.reserve(entries.size());
  for (const auto& entry : entries) {
    pulls.push_back(forget(shard, *entry));
  }
  return pulls;
}

void HeldPulls::unlinkConnection(Shard& shard, const HeldEntry& entry) {
  const auto connection = shard.connections.find(entry.connection_id);
  std::vector<HeldEntry*>& entries = connection->second.entries;
  // One connection may have them all: no search.
  entries.back()->connection_position = entry.connection_position;
  entries[entry.connection_position] = entries.back();
  entries.pop_back();
  connection->second.filter_bytes -= entry.filter_bytes;
  if (entries.empty()) {
    shard.connections.erase(connection);
  }
}

void HeldPulls::forgetEmptyQueues(Shard& shard) {
  if (shard.queues.size() < shard.deadlines.size() + kSpareQueuesMax) {
    return;
  }
  std::erase_if(shard.queues, [](const auto& queue) { return queue.second.empty(); });
}

std::unique_ptr<HeldPull> HeldPulls::release(const Ticket& ticket, uint64_t id) {
  const QueueKeyView key{ticket.topic, ticket.queue_id};
  Shard& shard = shardOf(key);
  MutexLock lock(shard.mutex);
  const auto queue = shard.queues.find(key);
  HeldEntry* const entry =
      queue == shard.queues.end() ? nullptr : queue->second.find(ticket.filter, id);
  return entry == nullptr ? nullptr : take(shard, *entry);
}

void HeldPulls::onArrival(const store::Arrival& arrival) {
  const QueueKeyView key{arrival.topic, arrival.queue_id};
  Shard& shard = shardOf(key);
  Pulls woken;
  {
    MutexLock lock(shard.mutex);
    const auto queue = shard.queues.find(key);
    if (queue == shard.queues.end() || queue->second.empty()) {
      return;
    }
    std::vector<std::unique_ptr<HeldEntry>> taken;
    queue->second.takeMatching(arrival, taken);
    woken = forgetAll(shard, std::move(taken));
  }
  if (WakeScope* const scope = current_scope; scope != nullptr && &scope->owner_ == this) {
    while (!woken.empty() && scope->woken_.size() < kInlineWakesMax) {
      scope->woken_.push_back(std::move(woken.back()));
      woken.pop_back();
    }
  }
  resumeInTurns(std::move(woken), WakeReason::kArrival);
}

HeldPulls::TimePoint HeldPulls::expire(TimePoint now) {
  TimePoint next = TimePoint::max();
  size_t resumed = 0;
  for (Shard& shard : shards_) {
    MutexLock lock(shard.mutex);
    while (!shard.deadlines.empty() && shard.deadlines.begin()->first <= now &&
           resumed < kPullsPerTurn) {
      resumeLater(take(shard, *shard.deadlines.begin()->second), WakeReason::kExpired);
      ++resumed;
    }
    if (!shard.deadlines.empty()) {
      next = std::min(next, shard.deadlines.begin()->first);
    }
  }
  return next <= now ? now + kTurnPause : next;
}

void HeldPulls::dropConnection(uint64_t connection_id) {
  if (dropSome(connection_id)) {
    return;
  }
  {
    MutexLock lock(watch_mutex_);
    closed_.push_back(connection_id);
    look_again_ = true;
  }
  watch_changed_.notifyOne();
}

bool HeldPulls::dropSome(uint64_t connection_id) {
  // Collected here and destroyed at the end, because a pull's destructor may send.
  std::vector<std::unique_ptr<HeldPull>> dropped;
  for (Shard& shard : shards_) {
    MutexLock lock(shard.mutex);
    for (auto connection = shard.connections.find(connection_id);
         connection != shard.connections.end();
         connection = shard.connections.find(connection_id)) {
      if (dropped.size() == kPullsPerTurn) {
        return false;
      }
      dropped.push_back(take(shard, *connection->second.entries.back()));
    }
  }
  return true;
}

bool HeldPulls::dropLeft() {
  uint64_t connection_id = 0;
  {
    MutexLock lock(watch_mutex_);
    if (closed_.empty()) {
      return true;
    }
    connection_id = closed_.back();
  }
  const bool is_done = dropSome(connection_id);
  MutexLock lock(watch_mutex_);
  if (is_done) {
    std::erase(closed_, connection_id);
  }
  return closed_.empty();
}

void HeldPulls::wakeTopic(std::string_view topic) {
  wakeEach(topic, WakeReason::kExpired,
           [](QueueWaiters& waiters, auto& taken) { waiters.takeAll(taken); });
}

void HeldPulls::wakeGroup(std::string_view topic, std::string_view group) {
  wakeEach(topic, WakeReason::kSuperseded,
           [group](QueueWaiters& waiters, auto& taken) { waiters.takeGroup(group, taken); });
}

template <class Take>
void HeldPulls::wakeEach(std::string_view topic, WakeReason reason, Take take) {
  for (Shard& shard : shards_) {
    MutexLock lock(shard.mutex);
    std::vector<std::unique_ptr<HeldEntry>> taken;
    for (auto& [key, waiters] : shard.queues) {
      if (key.topic == topic) {
        take(waiters, taken);
      }
    }
    resumeInTurns(forgetAll(shard, std::move(taken)), reason);
  }
}

void HeldPulls::resumeLater(std::unique_ptr<HeldPull> pull, WakeReason reason) {
  executor_([pull = std::move(pull), reason] { pull->resume(reason); });
}

void HeldPulls::resumeInTurns(Pulls pulls, WakeReason reason) {
  constexpr size_t kThreadsMax = 4;
  if (pulls.empty()) {
    return;
  }
  const size_t turns = (pulls.size() + kWakesPerTurn - 1) / kWakesPerTurn;
  const auto wakes = std::make_shared<Wakes>();
  wakes->pulls = std::move(pulls);
  wakes->reason = reason;
  for (size_t i = 0; i < std::min(turns, kThreadsMax); ++i) {
    executor_([this, wakes] { resumeTurn(wakes); });
  }
}

void HeldPulls::resumeTurn(const std::shared_ptr<Wakes>& wakes) {
  const size_t count = wakes->pulls.size();
  const size_t begin = wakes->next.fetch_add(kWakesPerTurn);
  const size_t end = std::min(begin + kWakesPerTurn, count);
  for (size_t i = begin; i < end; ++i) {
    wakes->pulls[i]->resume(wakes->reason);
    wakes->pulls[i].reset();
  }
  if (wakes->next.load() < count) {
    executor_([this, wakes] { resumeTurn(wakes); });
  }
}

void HeldPulls::start() {
  watcher_ = NamedThread("pull-deadlines", [this] { watchDeadlines(); });
}

void HeldPulls::stop() {
  stopped_.store(true, std::memory_order_release);
  {
    MutexLock lock(watch_mutex_);
    look_again_ = true;
  }
  watch_changed_.notifyAll();
  watcher_.join();
  std::vector<std::unique_ptr<HeldPull>> dropped;
  for (Shard& shard : shards_) {
    MutexLock lock(shard.mutex);
    while (!shard.deadlines.empty()) {
      dropped.push_back(take(shard, *shard.deadlines.begin()->second));
    }
  }
}

void HeldPulls::noteDeadline(TimePoint deadline) {
  if (deadline.time_since_epoch().count() >= next_look_.load(std::memory_order_acquire)) {
    return;
  }
  {
    MutexLock lock(watch_mutex_);
    look_again_ = true;
  }
  watch_changed_.notifyOne();
}

void HeldPulls::watchDeadlines() {
  while (!stopped_.load(std::memory_order_acquire)) {
    next_look_.store(TimePoint::max().time_since_epoch().count(), std::memory_order_release);
    const TimePoint now = std::chrono::steady_clock::now();
    TimePoint next = expire(now);
    if (!dropLeft()) {
      next = std::min(next, now + kTurnPause);
    }
    MutexLock lock(watch_mutex_);
    if (!look_again_) {
      next_look_.store(next.time_since_epoch().count(), std::memory_order_release);
    }
    while (!look_again_) {
      // Far-away times overflow in the system's timed wait; an hour is as good as for ever.
      const TimePoint until =
          std::min(next, std::chrono::steady_clock::now() + std::chrono::hours(1));
      if (!watch_changed_.waitUntil(watch_mutex_, until)) {
        break;
      }
    }
    look_again_ = false;
  }
}

HeldPulls::WakeScope::WakeScope(HeldPulls& owner)
    : owner_(owner), active_(current_scope == nullptr) {
  if (active_) {
    current_scope = this;
  }
}

void HeldPulls::WakeScope::resumeNow() {
  if (!active_) {
    return;
  }
  active_ = false;
  current_scope = nullptr;
  for (const std::unique_ptr<HeldPull>& pull : woken_) {
    pull->resume(WakeReason::kArrival);
  }
}

}  // namespace rocketmq::broker
