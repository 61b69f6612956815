#include "client/consumer/pull_request.h"

#include <utility>

#include "client/message_decoder.h"
#include "common/log_limiter.h"
#include "common/message/properties.h"
#include "remoting/protocol/commands/pull_message.h"

namespace rocketmq::client {
namespace {

using remoting::ResponseCode;
using Clock = std::chrono::steady_clock;

// A broker that holds a pull takes longer than this; one that does not answers faster.
constexpr std::chrono::milliseconds kHeldLeast{50};

remoting::PullMessage wireRequest(const PullRequest& request, bool from_slave) {
  remoting::PullMessage wire;
  wire.consumer_group = request.group;
  wire.topic = request.queue.topic;
  wire.queue_id = request.queue.queue_id;
  wire.queue_offset = request.offset;
  wire.max_messages = request.messages_max;
  // Offsets are the master's business.
  if (request.commit_offset >= 0 && !from_slave) {
    wire.sys_flag |= remoting::kPullFlagCommitOffset;
    wire.commit_offset = request.commit_offset;
  }
  if (request.suspend.count() > 0) {
    wire.sys_flag |= remoting::kPullFlagSuspend;
    wire.suspend_timeout_ms = request.suspend.count();
  }
  if (request.with_expression) {
    wire.sys_flag |= remoting::kPullFlagSubscription;
    wire.subscription = request.subscription->sub_string;
  } else {
    wire.subscription_version = request.subscription->sub_version;
  }
  if (request.lite) {
    wire.sys_flag |= remoting::kPullFlagLitePull;
  }
  wire.expression_type = request.subscription->expression_type;
  return wire;
}

Outcome<PullAnswer> readAnswer(const PullRequest& request,
                               remoting::CallReply<remoting::PullMessage>&& reply,
                               const std::string& address, Clock::time_point asked_at) {
  const std::optional<PullStatus> status = pullStatusOf(reply.code);
  if (!status) {
    return ClientError::broker(reply.code, reply.remark, address);
  }
  PullAnswer answer{.status = *status,
                    .next_offset = reply.header.next_begin_offset,
                    .min_offset = reply.header.min_offset,
                    .max_offset = reply.header.max_offset,
                    .suggested_broker_id = reply.header.suggest_which_broker_id,
                    .remark = *status == PullStatus::kOffsetIllegal ? reply.remark : std::string(),
                    .in_vain = false,
                    .messages = {}};
  DecodedMessages decoded = decodePacked(
      std::make_shared<const PackedMessages>(
          PackedMessages{.records = std::move(reply.body),
                         .broker_name = request.queue.broker_name,
                         .min_offset = std::to_string(answer.min_offset),
                         .max_offset = std::to_string(answer.max_offset)}),
      [&request](const MessageRecord& record) {
        return wantsTag(*request.subscription, findProperty(record.properties, property::kTags));
      });
  if (!decoded.rest.isOk()) {
    if (decoded.end_offset < 0) {
      return ClientError::client("pull of " + request.queue.toString() + " from " + address + ": " +
                                 decoded.rest.message());
    }
    // What can be read is consumed, and the rest asked for again: nothing is skipped silently.
    static LogLimiter limiter;
    limiter.error("pull of {} from {}: {}", request.queue.toString(), address,
                  decoded.rest.message());
    answer.next_offset = decoded.end_offset;
  }
  answer.messages = std::move(decoded.messages);
  answer.in_vain = answer.messages.empty() && answer.next_offset == request.offset &&
                   answer.suggested_broker_id == request.broker_id &&
                   Clock::now() - asked_at < kHeldLeast;
  return answer;
}

}  // namespace

std::optional<PullStatus> pullStatusOf(ResponseCode code) {
  switch (code) {
    case ResponseCode::kSuccess:
      return PullStatus::kFound;
    case ResponseCode::kPullNotFound:
      return PullStatus::kNoNewMessage;
    case ResponseCode::kPullRetryImmediately:
      return PullStatus::kNoMatchedMessage;
    case ResponseCode::kPullOffsetMoved:
      return PullStatus::kOffsetIllegal;
    default:
      return std::nullopt;
  }
}

void pullMessages(ClientInstance& instance, const PullRequest& request, PullCallback callback) {
  const std::optional<BrokerAddress> broker =
      instance.routes().reader(request.queue.broker_name, request.broker_id);
  if (!broker) {
    callback(ClientError::client("The broker[" + request.queue.broker_name + "] not exist",
                                 ClientErrorCode::kBrokerNotExist));
    return;
  }
  instance.remoting().call(
      broker->address, wireRequest(request, broker->isSlave()), {},
      remoting::deadlineAfter(request.timeout),
      [&instance, request, broker = *broker, asked_at = Clock::now(),
       callback = std::move(callback)](remoting::CallResult<remoting::PullMessage>&& result) {
        if (result.ok()) {
          callback(readAnswer(request, std::move(*result), broker.address, asked_at));
        } else {
          instance.noteSilent(broker);
          callback(instance.describe(result.status(), broker.address));
        }
      });
}

}  // namespace rocketmq::client
