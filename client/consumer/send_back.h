#pragma once

#include <functional>
#include <vector>

#include "client/consumer/push_context.h"

namespace rocketmq::client {

/// Gives messages that could not be consumed back to the brokers, which deliver them again later or
/// put them among the dead letters.
///
/// Threads: any. The answer comes on the event loop, at the latest after the time-outs of both
/// ways; never once the context's guard is closed.
class SendBack {
 public:
  /// True: a broker has the message.
  using Done = std::function<void(bool)>;

  explicit SendBack(PushContext& context) : context_(context) {}

  /// By CONSUMER_SEND_MSG_BACK, and if that fails by sendToRetryTopic(). `delay_level`: 0 = the
  /// broker decides, < 0 = dead letters at once.
  void giveBack(const MessageExt& message, int32_t delay_level, Done done) const;

  /// A message that has used up its tries: its copy in the retry topic becomes a dead letter. If no
  /// broker takes the copy, by CONSUMER_SEND_MSG_BACK, for which nothing has to be sent again.
  void makeDeadLetter(const MessageExt& message, Done done) const;

  /// How often a message is tried before it becomes a dead letter.
  int32_t maxReconsumeTimes() const;

 private:
  /// CONSUMER_SEND_MSG_BACK.
  void askBroker(const MessageExt& message, int32_t delay_level, Done done) const;
  /// Sends a copy to the group's retry topic, as CLIENT_INNER_PRODUCER.
  void sendToRetryTopic(const MessageExt& message, Done done) const;
  void sendCopy(const MessageExt& message, const TopicRoutePtr& route, Done done) const;
  Message copyForRetry(const MessageExt& message) const;

  PushContext& context_;
};

}  // namespace rocketmq::client
