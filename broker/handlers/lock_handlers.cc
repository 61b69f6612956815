#include "broker/handlers/lock_handlers.h"

#include "broker/group/name_check.h"
#include "common/json/decode.h"
#include "common/json/encode.h"
#include "remoting/protocol/bodies/membership.h"
#include "remoting/protocol/commands/client_membership.h"

namespace rocketmq::broker {

using remoting::LockBatchBody;
using remoting::RequestContext;

namespace {

using LockAnswer = remoting::Answer<remoting::NoFields>;

/// 64 KiB are some 800 queues.
constexpr remoting::HandlerOptions kOptions{.inline_body_max = 64u << 10, .body_max = 1u << 20};

Status checkNames(const LockBatchBody& request) {
  ROCKETMQ_RETURN_IF_ERROR(checkName("clientId", request.client_id));
  ROCKETMQ_RETURN_IF_ERROR(checkName("consumerGroup", request.consumer_group));
  for (const model::MessageQueue& queue : request.mq_set) {
    ROCKETMQ_RETURN_IF_ERROR(checkName("topic", queue.topic));
    ROCKETMQ_RETURN_IF_ERROR(checkName("brokerName", queue.broker_name));
  }
  return Status::ok();
}

LockAnswer lockBatch(QueueLocks& locks, const Clock& clock, std::string_view body) {
  const auto request = json::decode<LockBatchBody>(body);
  if (!request.ok()) {
    return request.status();
  }
  if (const Status checked = checkNames(*request); !checked.isOk()) {
    return checked;
  }
  remoting::LockBatchReplyBody reply;
  reply.lock_ok_mq_set = locks.lock((*request).consumer_group, (*request).client_id,
                                    (*request).mq_set, clock.monotonic());
  return LockAnswer::ofBody(json::encode(reply));
}

LockAnswer unlockBatch(QueueLocks& locks, std::string_view body) {
  const auto request = json::decode<LockBatchBody>(body);
  if (!request.ok()) {
    return request.status();
  }
  locks.unlock((*request).consumer_group, (*request).client_id, (*request).mq_set);
  return {};
}

}  // namespace

void registerLockHandlers(remoting::Router& router, QueueLocks& locks, const Clock& clock) {
  router.handle<remoting::LockBatchQueues>(
      kOptions, [&locks, &clock](const remoting::LockBatchQueues&, const RequestContext& context) {
        return lockBatch(locks, clock, context.body());
      });
  router.handle<remoting::UnlockBatchQueues>(
      kOptions, [&locks](const remoting::UnlockBatchQueues&, const RequestContext& context) {
        return unlockBatch(locks, context.body());
      });
}

}  // namespace rocketmq::broker
