#include "client/consumer/queue_locks.h"

#include <map>
#include <utility>

#include "client/consumer/queue_convert.h"
#include "common/json/decode.h"
#include "common/json/encode.h"
#include "common/log.h"
#include "common/outage_log.h"
#include "remoting/protocol/bodies/membership.h"
#include "remoting/protocol/commands/client_membership.h"
#include "remoting/protocol/commands/offsets.h"

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
    static OutageLog& outages = *new OutageLog;  // Static consumers still ask when they end.
    if (outages.admit(address)) {
      log::warn("broker {} does not answer for locks: {}", address,
                result.ok() ? result->remark : result.status().message());
    }
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
      if (context_.calls.cancelled()) {
        continue;  // Our own shutdown; the broker has not failed.
      }
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
  const auto answers = std::make_shared<Countdown>(std::move(done));
  for (auto& [address, group] : groups) {
    std::set<model::MessageQueue> wanted;
    for (const auto& queue : group) {
      wanted.insert(toModel(queue->queue()));
    }
    answers->expect();
    context_.instance->remoting().call(
        address, remoting::LockBatchQueues{}, remoting::Payload(lockBody(context_, wanted)),
        remoting::deadlineAfter(kLockTimeout),
        context_.guard.wrap([&context = context_, address, group = std::move(group), answers](
                                const remoting::CallResult<remoting::LockBatchQueues>& result) {
          // A broker that does not answer may still have the lock for us: it stays good until its
          // time is over.
          if (result.ok() && result->success()) {
            const std::set<model::MessageQueue> ours = granted(result, address);
            for (const auto& queue : group) {
              const bool is_ours = ours.contains(toModel(queue->queue()));
              take(context, queue, is_ours, address, answers);
              // The question may have left behind the unlock of a queue that was given up just
              // now: nobody would give this lock back.
              if (is_ours && queue->released()) {
                context.on_stray_lock(queue->queue());
              }
            }
          }
          answers->countDown();
        }));
  }
  answers->countDown();
}

void QueueLocks::take(PushContext& context, const QueuePtr& queue, bool granted,
                      const std::string& address, const CountdownPtr& answers) {
  if (queue->dropped()) {
    return;
  }
  switch (queue->takeRenewal(granted, context.uptimeMs())) {
    case ProcessQueue::Renewal::kDone:
      return;
    case ProcessQueue::Renewal::kLate:
      askWhoIsFurther(context, queue, address, answers);
      return;
    case ProcessQueue::Renewal::kLost:
      lose(context, queue);
      return;
  }
}

void QueueLocks::lose(PushContext& context, const QueuePtr& queue) {
  queue->drop(ProcessQueue::DropReason::kGivenUp);
  context.on_start_anew(queue);
}

// A broker that was away for longer than a lock is good for has given the queue to nobody. A member
// that was away is to find out whether others have had it: then the group's offset has gone on.
void QueueLocks::askWhoIsFurther(PushContext& context, const QueuePtr& queue,
                                 const std::string& address, const CountdownPtr& answers) {
  remoting::QueryConsumerOffset request;
  request.consumer_group = context.group;
  request.topic = queue->queue().topic;
  request.queue_id = queue->queue().queue_id;
  answers->expect();
  context.instance->remoting().call(
      address, std::move(request), {}, remoting::deadlineAfter(kLockTimeout),
      context.guard.wrap([&context, queue, answers](
                             const remoting::CallResult<remoting::QueryConsumerOffset>& result) {
        const bool is_new = result.ok() && result->code == remoting::ResponseCode::kQueryNotFound;
        // Without an answer the next renewal asks again.
        if (!queue->dropped() && (is_new || (result.ok() && result->success()))) {
          const int64_t ours =
              context.offsets->cached(queue->queue()).value_or(queue->start_offset.load());
          if (is_new || result->header.offset <= ours) {
            queue->confirmLock(context.uptimeMs());
          } else {
            lose(context, queue);
          }
        }
        answers->countDown();
      }));
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
