#include "client/consumer/queue_locks.h"

#include <atomic>
#include <map>
#include <utility>

#include "client/consumer/queue_convert.h"
#include "common/json/decode.h"
#include "common/json/encode.h"
#include "common/log.h"
#include "remoting/protocol/bodies/membership.h"
#include "remoting/protocol/commands/client_membership.h"

namespace rocketmq::client {
namespace {

// RocketMQ: DefaultMQPushConsumer asks with this; a lock that comes later is of no use.
constexpr std::chrono::milliseconds kLockTimeout{1000};

/// Only masters hold locks. Queues by their master's address.
template <class Queue, class NameOf>
std::map<std::string, std::vector<Queue>> byMaster(const ClientInstance& instance,
                                                   const std::vector<Queue>& queues,
                                                   NameOf broker_name) {
  std::map<std::string, std::vector<Queue>> groups;
  for (const Queue& queue : queues) {
    if (const auto master = instance.routes().master(broker_name(queue))) {
      groups[*master].push_back(queue);
    }
  }
  return groups;
}

std::string lockBody(const PushContext& context, const std::set<model::MessageQueue>& queues) {
  remoting::LockBatchBody body;
  body.client_id = context.instance->clientId();
  body.consumer_group = context.group;
  body.mq_set = queues;
  return json::encode(body);
}

/// The queues that an answer grants.
std::set<model::MessageQueue> granted(const remoting::CallResult<remoting::LockBatchQueues>& result,
                                      const std::string& address) {
  if (!result.ok() || !result->success()) {
    log::warn("broker {} does not answer for locks: {}", address,
              result.ok() ? result->remark : result.status().message());
    return {};
  }
  Result<remoting::LockBatchReplyBody> body =
      json::decode<remoting::LockBatchReplyBody>(result->body);
  if (!body.ok()) {
    log::warn("locks from broker {}: {}", address, body.status().message());
    return {};
  }
  return std::move(body->lock_ok_mq_set);
}

}  // namespace

QueueLocks::Answer QueueLocks::lock(const std::vector<MessageQueue>& queues) {
  Answer answer;
  const auto groups = byMaster(*context_.instance, queues,
                               [](const MessageQueue& queue) { return queue.broker_name; });
  for (const auto& [address, group] : groups) {
    std::set<model::MessageQueue> wanted;
    for (const MessageQueue& queue : group) {
      wanted.insert(toModel(queue));
    }
    const auto result = context_.calls.call(
        context_.instance->remoting(), address, remoting::LockBatchQueues{},
        remoting::Payload(lockBody(context_, wanted)), remoting::deadlineAfter(kLockTimeout));
    if (!result.ok()) {
      // A grant that nobody waits for any more would keep the other members out for a minute.
      unlock(group);
    }
    const std::set<model::MessageQueue> ours = granted(result, address);
    for (const MessageQueue& queue : group) {
      if (ours.contains(toModel(queue))) {
        answer.granted.insert(queue);
      } else if (result.ok() && result->success()) {
        answer.refused.insert(queue);
      }
    }
  }
  return answer;
}

void QueueLocks::renew(const std::vector<std::shared_ptr<ProcessQueue>>& queues,
                       std::function<void()> done) {
  auto groups = byMaster(*context_.instance, queues,
                         [](const auto& queue) { return queue->queue().broker_name; });
  // One more than there are answers, so that `done` waits for the loop to have ended.
  auto outstanding = std::make_shared<std::atomic<size_t>>(groups.size() + 1);
  const auto countDown = [outstanding, done = std::move(done)] {
    if (outstanding->fetch_sub(1) == 1 && done) {
      done();
    }
  };
  for (auto& [address, group] : groups) {
    std::set<model::MessageQueue> wanted;
    for (const auto& queue : group) {
      wanted.insert(toModel(queue->queue()));
    }
    context_.instance->remoting().call(
        address, remoting::LockBatchQueues{}, remoting::Payload(lockBody(context_, wanted)),
        remoting::deadlineAfter(kLockTimeout),
        context_.guard.wrap([&context = context_, address, group = std::move(group), countDown](
                                const remoting::CallResult<remoting::LockBatchQueues>& result) {
          // A broker that does not answer may still have the lock for us: it stays good until its
          // time is over.
          if (result.ok() && result->success()) {
            const std::set<model::MessageQueue> ours = granted(result, address);
            for (const auto& queue : group) {
              const bool is_ours = ours.contains(toModel(queue->queue()));
              if (!queue->dropped() && !queue->takeRenewal(is_ours, context.nowMs())) {
                queue->drop(ProcessQueue::DropReason::kGivenUp);
                context.on_lock_lost(queue);
              }
              // The question may have left behind the unlock of a queue that was given up just
              // now: nobody would give this lock back.
              if (is_ours && queue->released()) {
                context.on_stray_lock(queue->queue());
              }
            }
          }
          countDown();
        }));
  }
  countDown();
}

void QueueLocks::unlock(const std::vector<MessageQueue>& queues) {
  const auto groups = byMaster(*context_.instance, queues,
                               [](const MessageQueue& queue) { return queue.broker_name; });
  for (const auto& [address, group] : groups) {
    std::set<model::MessageQueue> given_up;
    for (const MessageQueue& queue : group) {
      given_up.insert(toModel(queue));
    }
    context_.instance->remoting().oneway(address, remoting::UnlockBatchQueues{},
                                         remoting::Payload(lockBody(context_, given_up)),
                                         remoting::deadlineAfter(kLockTimeout));
  }
}

}  // namespace rocketmq::client
