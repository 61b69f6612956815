#include "client/consumer/push_rebalance.h"

#include <algorithm>
#include <utility>

#include "common/log.h"
#include "common/validate.h"

namespace rocketmq::client {
namespace {

// RocketMQ: ProcessQueue.PULL_MAX_IDLE_TIME. Every queue makes a step of its pull loop at least
// each 30 s, so a longer silence means that the loop was lost; the queue is started anew.
constexpr int64_t kSilenceMaxMs = 120'000;

// How long a concurrent member leaves a queue to the one that had it before: a second longer than
// that one waits for its listeners. A member that was killed cannot hold up the others for longer.
constexpr int64_t kHeldBackMaxMs = 3000;

}  // namespace

PushRebalance::PushRebalance(PushContext& context, ConsumeService& service, QueueTable& queues,
                             PullLoop& pulls, bool orderly)
    : context_(context),
      service_(service),
      queues_(queues),
      pulls_(pulls),
      queries_(*context.instance, context.calls,
               {.group = context.group,
                .name_space = context.config.name_space,
                .allocate = context.config.allocate_strategy,
                .from_where = context.config.consume_from_where,
                .consume_timestamp = context.config.consume_timestamp}),
      locks_(context),
      lock_use_(context.isBroadcasting() ? LockUse::kNone
                : orderly                ? LockUse::kRequired
                                         : LockUse::kPolite) {}

RebalanceGaps PushRebalance::run() {
  RebalanceGaps gaps;
  queries_.beginRun();
  std::vector<MessageQueue> wanted;
  const std::vector<std::string> topics = context_.subscriptions->topics();
  for (const std::string& topic : topics) {
    if (context_.calls.cancelled()) {
      return {};
    }
    const Outcome<TopicRoutePtr> route = queries_.route(topic);
    if (!route.ok()) {
      log::debug("group {} cannot consume topic {} yet: {}", context_.group, topic,
                 route.error().message);
      gaps.routes = isWorthWaitingFor(topic) || gaps.routes;
      continue;
    }
    const std::vector<MessageQueue>& all = route.value()->subscribe_queues;
    const std::optional<std::vector<MessageQueue>> mine =
        context_.isBroadcasting() ? all : queries_.allocate(topic, all);
    gaps.queues = !mine || !update(topic, *mine, wanted) || gaps.queues;
  }
  for (const auto& queue : queues_.all()) {
    if (std::find(topics.begin(), topics.end(), queue->queue().topic) == topics.end()) {
      drop(queue);
    }
  }
  handOverIdle();
  // Of all topics together: the queues of a broker that does not answer come after all others.
  gaps.queues = !addQueues(std::move(wanted)) || gaps.queues;
  return gaps;
}

// A broker makes the group's retry topic when it hears of the group, so it is there soon or, where
// the group's retryQueueNums is 0, never: the group lacks nothing then, and should the topic come
// after all, a regular run finds it.
bool PushRebalance::isWorthWaitingFor(const std::string& topic) {
  return !isRetryTopic(topic) || ++runs_without_retry_topic_ <= RebalanceRetry::kQuickRetries;
}

bool PushRebalance::update(const std::string& topic, const std::vector<MessageQueue>& mine,
                           std::vector<MessageQueue>& wanted) {
  const int64_t now_ms = context_.uptimeMs();
  for (const auto& queue : queues_.all()) {
    if (queue->queue().topic != topic) {
      continue;
    }
    const bool is_mine = std::find(mine.begin(), mine.end(), queue->queue()) != mine.end();
    const bool is_lost = now_ms - queue->last_pull_ms.load() > kSilenceMaxMs && !queue->dropped();
    if (is_lost) {
      log::error("[BUG] {} was not pulled for 2 minutes, it is started anew",
                 queue->queue().toString());
    }
    if (!is_mine || is_lost) {
      drop(queue);
    }
  }
  handOverIdle();
  std::set<MessageQueue> free;
  bool all_free = true;
  for (const MessageQueue& queue : mine) {
    if (queues_.find(queue) != nullptr) {
      continue;
    }
    if (const auto leaving = leaving_.find(queue); leaving != leaving_.end()) {
      const QueuePtr left = leaving->second;
      handOverReleased(left);
    }
    if (leaving_.contains(queue)) {
      all_free = false;
    } else {
      free.insert(queue);
    }
  }
  std::erase_if(refused_since_ms_, [&](const auto& entry) {
    return entry.first.topic == topic && !free.contains(entry.first);
  });
  const auto topic_queues = static_cast<int32_t>(mine.size());
  topic_queues_[topic] = topic_queues;
  for (const auto& queue : queues_.all()) {
    if (queue->queue().topic == topic) {
      queue->topic_queues.store(topic_queues);
    }
  }
  wanted.insert(wanted.end(), free.begin(), free.end());
  return all_free;
}

bool PushRebalance::addQueues(std::vector<MessageQueue> wanted) {
  const size_t silent = std::erase_if(
      wanted, [this](const MessageQueue& queue) { return queries_.isSilent(queue.broker_name); });
  QueueLocks::Answer locks;
  if (lock_use_ != LockUse::kNone && !wanted.empty()) {
    locks = locks_.lock(wanted);
  }
  std::vector<MessageQueue> free;
  for (const MessageQueue& queue : wanted) {
    if (locks.granted.contains(queue) || mayStartUnlocked(queue, locks.refused.contains(queue))) {
      context_.offsets->remove(queue);
      context_.offsets->add(queue);
      free.push_back(queue);
    } else {
      log::debug("{} is still locked by another member of group {}", queue.toString(),
                 context_.group);
    }
  }
  const bool all_known =
      queries_.startQueues(*context_.offsets, free, [&](const MessageQueue& queue, int64_t offset) {
        addQueue(queue, offset, locks.granted.contains(queue));
        refused_since_ms_.erase(queue);
        locks.granted.erase(queue);
      });
  for (const MessageQueue& queue : free) {
    if (queues_.find(queue) == nullptr) {
      context_.offsets->remove(queue);
    }
  }
  if (!locks.granted.empty()) {
    locks_.unlock({locks.granted.begin(), locks.granted.end()});
  }
  return all_known && free.size() == wanted.size() && silent == 0;
}

bool PushRebalance::mayStartUnlocked(const MessageQueue& queue, bool refused) {
  switch (lock_use_) {
    case LockUse::kNone:
      return true;
    case LockUse::kRequired:
      return false;
    case LockUse::kPolite:
      break;
  }
  const int64_t now_ms = context_.uptimeMs();
  return !refused ||
         now_ms - refused_since_ms_.try_emplace(queue, now_ms).first->second >= kHeldBackMaxMs;
}

void PushRebalance::addQueue(const MessageQueue& queue, int64_t offset, bool locked) {
  const std::shared_ptr<ProcessQueue> added = service_.makeQueue(queue);
  added->start_offset.store(offset);
  added->next_offset.store(offset);
  added->topic_queues.store(topic_queues_[queue.topic]);
  if (locked) {
    added->setLocked(true, context_.uptimeMs());
  }
  queues_.add(added);
  if (context_.offsets->isMoved(queue)) {
    // Since it was asked for; who moved it may not have found the queue yet.
    added->drop(ProcessQueue::DropReason::kMoved);
    context_.on_start_anew(added);
    return;
  }
  log::debug("group {} starts with {} at offset {}", context_.group, queue.toString(), offset);
  pulls_.start(added);
}

void PushRebalance::drop(const QueuePtr& queue) {
  queue->drop(ProcessQueue::DropReason::kGivenUp);
  letGo(queue);
  log::debug("group {} gives up {}", context_.group, queue->queue().toString());
}

void PushRebalance::letGo(const QueuePtr& queue) {
  queues_.remove(queue);
  leaving_[queue->queue()] = queue;
  if (service_.release(queue) || queue->released()) {
    idle_.push_back(queue);
  }
}

void PushRebalance::handOverIdle() { handOver(std::exchange(idle_, {})); }

void PushRebalance::handOverReleased(const QueuePtr& queue) {
  const auto found = leaving_.find(queue->queue());
  if (found != leaving_.end() && found->second == queue && queue->released()) {
    handOver({queue});
  }
}

// A member that stood still, or was cut off, for longer than its lock was good for may not know
// that others have had the queue: what it has consumed counts only if it is further than they are.
bool PushRebalance::mayStoreOffset(const ProcessQueue& queue) {
  if (lock_use_ == LockUse::kNone || queue.holdsLock(context_.uptimeMs())) {
    return true;
  }
  const StoredOffset stored = context_.offsets->load(queue.queue());
  return stored.kind == StoredOffset::Kind::kNone ||
         (stored.kind == StoredOffset::Kind::kFound &&
          context_.offsets->cached(queue.queue()).value_or(-1) > stored.offset);
}

void PushRebalance::handOver(const std::vector<QueuePtr>& queues) {
  if (queues.empty()) {
    return;
  }
  std::vector<MessageQueue> names;
  std::vector<MessageQueue> consumed;
  for (const QueuePtr& queue : queues) {
    names.push_back(queue->queue());
    if (queue->moved() || mayStoreOffset(*queue)) {
      consumed.push_back(queue->queue());
    }
  }
  const std::optional<ClientError> error = context_.offsets->persistNow(consumed);
  if (context_.calls.cancelled()) {
    return;  // The consumer stops: it stores all offsets once more, then calls dropAll().
  }
  if (error) {
    log::warn("the last offsets of {} queues that group {} gives up may not have arrived: {}",
              consumed.size(), context_.group, error->message);
  }
  for (const MessageQueue& name : names) {
    context_.offsets->remove(name);
    leaving_.erase(name);
  }
  if (lock_use_ != LockUse::kNone) {
    locks_.unlock(names);
  }
}

void PushRebalance::giveBackStrayLock(const MessageQueue& queue) {
  if (queues_.find(queue) == nullptr && !leaving_.contains(queue)) {
    locks_.unlock({queue});
  }
}

bool PushRebalance::dropAll(std::chrono::steady_clock::time_point deadline) {
  std::vector<MessageQueue> free;
  bool all_free = false;
  for (const QueuePtr& queue : queues_.all()) {
    queue->drop(ProcessQueue::DropReason::kGivenUp);
    queues_.remove(queue);
    leaving_[queue->queue()] = queue;
  }
  {
    // A worker that leaves a queue now must find it in late_, or be seen here to have left.
    MutexLock lock(late_mutex_);
    for (const auto& [name, queue] : leaving_) {
      if (service_.release(queue) || queue->released()) {
        free.push_back(name);
      } else {
        late_.insert(queue);
      }
    }
    all_free = late_.empty();
  }
  sayFarewell(free, deadline);
  return all_free;
}

void PushRebalance::handOverLate(const QueuePtr& queue,
                                 std::chrono::steady_clock::time_point deadline) {
  {
    MutexLock lock(late_mutex_);
    if (late_.erase(queue) == 0) {
      return;  // dropAll() finds it released, or has done so.
    }
  }
  if (lock_use_ == LockUse::kRequired && !queue->holdsLock(context_.uptimeMs())) {
    context_.offsets->remove(queue->queue());  // Nobody renews locks by now: others may be further.
  }
  sayFarewell({queue->queue()}, deadline);
}

// In this order: who gets a queue next must find its offset, and nobody may store it after that.
void PushRebalance::sayFarewell(const std::vector<MessageQueue>& queues,
                                std::chrono::steady_clock::time_point deadline) {
  context_.offsets->persistFinally(deadline);
  for (const MessageQueue& queue : queues) {
    context_.offsets->remove(queue);
  }
  if (lock_use_ != LockUse::kNone) {
    locks_.unlock(queues);
  }
}

void PushRebalance::giveUpDropped(const QueuePtr& queue) {
  if (queues_.find(queue->queue()) != queue) {
    return;  // It went to another member meanwhile.
  }
  if (!queue->moved()) {
    log::warn("group {} has lost the lock of {} and starts it anew", context_.group,
              queue->queue().toString());
  }
  letGo(queue);
  handOverIdle();
}

}  // namespace rocketmq::client
