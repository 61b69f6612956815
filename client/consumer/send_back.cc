#include "client/consumer/send_back.h"

#include <utility>

#include "client/instance/name_space.h"
#include "client/producer/outgoing_message.h"
#include "client/producer/send_call.h"
#include "common/log_limiter.h"
#include "common/message/properties.h"
#include "common/validate.h"
#include "remoting/protocol/commands/send_back.h"

namespace rocketmq::client {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kSendBackTimeout{5000};
constexpr milliseconds kSendTimeout{3000};
constexpr int32_t kDefaultMaxReconsumeTimes = 16;
// RocketMQ parity: retry n waits for level 3 + n.
constexpr int32_t kFirstRetryLevel = 3;
constexpr const char* kInnerProducer = "CLIENT_INNER_PRODUCER";

std::string retryTopicOf(const std::string& group) {
  return std::string(kRetryTopicPrefix) + group;
}

}  // namespace

int32_t SendBack::maxReconsumeTimes() const {
  return context_.config.max_reconsume_times < 0 ? kDefaultMaxReconsumeTimes
                                                 : context_.config.max_reconsume_times;
}

void SendBack::giveBack(const MessageExt& message, int32_t delay_level, Done done) const {
  askBroker(message, delay_level, [this, message, done = std::move(done)](bool taken) {
    if (taken) {
      done(true);
    } else {
      sendToRetryTopic(message, done);
    }
  });
}

void SendBack::makeDeadLetter(const MessageExt& message, Done done) const {
  constexpr int32_t kAtOnce = -1;
  sendToRetryTopic(message, [this, message, done = std::move(done)](bool taken) {
    if (taken) {
      done(true);
    } else {
      askBroker(message, kAtOnce, done);
    }
  });
}

void SendBack::askBroker(const MessageExt& message, int32_t delay_level, Done done) const {
  ClientInstance& instance = *context_.instance;
  const std::string address =
      instance.routes().master(message.brokerName()).value_or(message.storeHost());

  remoting::ConsumerSendMessageBack request;
  request.offset = message.commitLogOffset();
  request.group = context_.group;
  request.delay_level = delay_level;
  request.origin_message_id = message.msgId();
  request.origin_topic = wrapNamespace(context_.config.name_space, message.topic());
  request.max_reconsume_times = maxReconsumeTimes();
  instance.remoting().call(
      address, std::move(request), {}, remoting::deadlineAfter(kSendBackTimeout),
      context_.guard.wrap(
          [id = message.msgId(), address, done = std::move(done)](
              const remoting::CallResult<remoting::ConsumerSendMessageBack>& result) {
            const bool taken = result.ok() && result->success();
            if (!taken) {
              static LogLimiter limiter;
              limiter.warn("broker {} does not take message {} back: {}", address, id,
                           result.ok() ? result->remark : result.status().message());
            }
            done(taken);
          }));
}

void SendBack::sendToRetryTopic(const MessageExt& message, Done done) const {
  context_.instance->findPublishRoute(
      retryTopicOf(context_.group), {}, remoting::deadlineAfter(kSendTimeout),
      context_.guard.wrap(
          [this, message, done = std::move(done)](const Outcome<TopicRoutePtr>& route) {
            if (!route.ok() || route.value()->publish_queues.empty()) {
              static LogLimiter limiter;
              limiter.warn("message {} cannot be sent to the retry topic: {}", message.msgId(),
                           route.ok() ? "it has no queue to write to" : route.error().message);
              done(false);
              return;
            }
            sendCopy(message, route.value(), done);
          }));
}

Message SendBack::copyForRetry(const MessageExt& message) const {
  Message copy(retryTopicOf(context_.group), message.body());
  copy.setFlag(message.flag());
  for (const auto& [name, value] : message.properties()) {
    copy.putProperty(name, value);
  }
  for (const std::string_view name : {property::kTransactionPrepared, property::kMinOffset,
                                      property::kMaxOffset, property::kConsumeStartTime}) {
    copy.removeProperty(name);
  }
  if (copy.property(property::kRetryTopic).empty()) {
    copy.putProperty(property::kRetryTopic,
                     wrapNamespace(context_.config.name_space, message.topic()));
  }
  if (copy.property(property::kOriginMessageId).empty()) {
    copy.putProperty(property::kOriginMessageId, message.msgId());
  }
  copy.putProperty(property::kReconsumeTime, std::to_string(message.reconsumeTimes() + 1));
  copy.putProperty(property::kMaxReconsumeTimes, std::to_string(maxReconsumeTimes()));
  copy.setDelayTimeLevel(kFirstRetryLevel + message.reconsumeTimes());
  return copy;
}

void SendBack::sendCopy(const MessageExt& message, const TopicRoutePtr& route, Done done) const {
  ProducerConfig config;
  config.producer_group = kInnerProducer;
  Outcome<OutgoingMessage> outgoing = makeOutgoingCopy(copyForRetry(message), config);
  const MessageQueue& queue =
      route->publish_queues[route->nextTurn() % route->publish_queues.size()];
  const std::optional<std::string> master = context_.instance->routes().master(queue.broker_name);
  if (!outgoing.ok() || !master) {
    static LogLimiter limiter;
    limiter.error(
        "message {} cannot be sent to the retry topic: {}", message.msgId(),
        master ? outgoing.error().message : "broker " + queue.broker_name + " has no master");
    done(false);
    return;
  }
  remoting::SendMessageV2 request{outgoing.value().header};
  request.queue_id = queue.queue_id;
  request.broker_name = queue.broker_name;
  request.born_timestamp_ms = context_.nowMs();
  context_.instance->remoting().call(
      *master, std::move(request), remoting::Payload(std::move(outgoing.value().body)),
      remoting::deadlineAfter(kSendTimeout),
      context_.guard.wrap([id = message.msgId(), done = std::move(done)](
                              const remoting::CallResult<remoting::SendMessageV2>& result) {
        const bool stored = result.ok() && sendStatusOf(result->code).has_value();
        if (!stored) {
          static LogLimiter limiter;
          limiter.warn("message {} was not sent to the retry topic: {}", id,
                       result.ok() ? result->remark : result.status().message());
        }
        done(stored);
      }));
}

}  // namespace rocketmq::client
