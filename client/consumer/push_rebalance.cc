#include "client/consumer/push_rebalance.h"

#include <algorithm>
#include <utility>

#include "common/log.h"

namespace rocketmq::client {
namespace {

// RocketMQ: ProcessQueue.PULL_MAX_IDLE_TIME. Every queue makes a step of its pull loop at least
// each 30 s, so a longer silence means that the loop was lost; the queue is started anew.
constexpr int64_t kSilenceMaxMs = 120'000;

}  // namespace

PushRebalance::PushRebalance(PushContext& context, ConsumeService& service, QueueTable& queues,
                             PullLoop& pulls, bool orderly)
    : context_(context),
      service_(service),
      queues_(queues),
      pulls_(pulls),
      queries_(*context.instance, context.calls,
               {.group = context.group,
                .allocate = context.config.allocate_strategy,
                .from_where = context.config.consume_from_where,
                .consume_timestamp = context.config.consume_timestamp}),
      locks_(context),
      needs_lock_(orderly && !context.isBroadcasting()) {}

bool PushRebalance::run() {
  bool balanced = true;
  const std::vector<std::string> topics = context_.subscriptions->topics();
  for (const std::string& topic : topics) {
    if (context_.calls.cancelled()) {
      return true;
    }
    const Outcome<TopicRoutePtr> route = queries_.route(topic);
    if (!route.ok()) {
      log::debug("group {} cannot consume topic {} yet: {}", context_.group, topic,
                 route.error().message);
      balanced = false;
      continue;
    }
    const std::vector<MessageQueue>& all = route.value()->subscribe_queues;
    const std::optional<std::vector<MessageQueue>> mine =
        context_.isBroadcasting() ? all : queries_.allocate(topic, all);
    balanced = mine && update(topic, *mine) && balanced;
  }
  for (const auto& queue : queues_.all()) {
    if (std::find(topics.begin(), topics.end(), queue->queue().topic) == topics.end()) {
      drop(queue);
    }
  }
  return balanced;
}

bool PushRebalance::update(const std::string& topic, const std::vector<MessageQueue>& mine) {
  const int64_t now_ms = context_.nowMs();
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
  std::vector<MessageQueue> wanted;
  bool all_free = true;
  for (const MessageQueue& queue : mine) {
    if (queues_.find(queue) != nullptr) {
      continue;
    }
    const auto leaving = leaving_.find(queue);
    if (leaving != leaving_.end()) {
      if (!leaving->second->released()) {
        all_free = false;
        continue;
      }
      leaving_.erase(leaving);
    }
    wanted.push_back(queue);
  }
  const auto topic_queues = static_cast<int32_t>(mine.size());
  for (const auto& queue : queues_.all()) {
    if (queue->queue().topic == topic) {
      queue->topic_queues.store(topic_queues);
    }
  }
  return addQueues(wanted, topic_queues) && all_free;
}

bool PushRebalance::addQueues(const std::vector<MessageQueue>& wanted, int32_t topic_queues) {
  std::set<MessageQueue> locked;
  if (needs_lock_ && !wanted.empty()) {
    locked = locks_.lock(wanted);
  }
  bool all_added = true;
  for (const MessageQueue& queue : wanted) {
    if (needs_lock_ && !locked.contains(queue)) {
      log::debug("{} is still locked by another member of group {}", queue.toString(),
                 context_.group);
      all_added = false;
      continue;
    }
    if (!addQueue(queue, topic_queues)) {
      all_added = false;
      if (needs_lock_) {
        locks_.unlock({queue});
      }
    }
  }
  return all_added;
}

bool PushRebalance::addQueue(const MessageQueue& queue, int32_t topic_queues) {
  context_.offsets->remove(queue);
  const std::optional<int64_t> offset = queries_.firstOffset(*context_.offsets, queue);
  if (!offset) {
    return false;
  }
  const std::shared_ptr<ProcessQueue> added = service_.makeQueue(queue);
  added->next_offset.store(*offset);
  added->topic_queues.store(topic_queues);
  if (needs_lock_) {
    added->setLocked(true, context_.nowMs());
  }
  queues_.add(added);
  log::debug("group {} starts with {} at offset {}", context_.group, queue.toString(), *offset);
  pulls_.start(added);
  return true;
}

void PushRebalance::drop(const std::shared_ptr<ProcessQueue>& queue) {
  queue->drop(ProcessQueue::DropReason::kGivenUp);
  queues_.remove(queue);
  if (!needs_lock_) {
    context_.offsets->persist(queue->queue());
    context_.offsets->remove(queue->queue());
  }
  service_.release(queue);
  if (!queue->released()) {
    leaving_[queue->queue()] = queue;
  }
  log::debug("group {} gives up {}", context_.group, queue->queue().toString());
}

void PushRebalance::dropAll() {
  for (const auto& queue : queues_.all()) {
    queue->drop(ProcessQueue::DropReason::kGivenUp);
    queues_.remove(queue);
    service_.release(queue);
  }
  for (const auto& [name, queue] : leaving_) {
    service_.release(queue);
  }
}

void PushRebalance::moveOffset(const std::shared_ptr<ProcessQueue>& queue, int64_t offset) {
  if (queues_.find(queue->queue()) != queue) {
    return;  // It went to another member meanwhile.
  }
  context_.offsets->update(queue->queue(), offset, false);
  if (!context_.offsets->persistNow(queue->queue())) {
    log::warn("the new offset {} of {} may not have arrived", offset, queue->queue().toString());
  }
  context_.offsets->remove(queue->queue());
  queues_.remove(queue);
  service_.release(queue);
  if (!queue->released()) {
    leaving_[queue->queue()] = queue;
  }
}

}  // namespace rocketmq::client
