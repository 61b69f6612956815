#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "client/instance/guard.h"
#include "common/model/message_queue.h"
#include "remoting/protocol/bodies/consumer_running_info.h"
#include "remoting/protocol/bodies/heartbeat.h"
#include "rocketmq/message.h"

namespace rocketmq::client {

/// A consumer as its client instance sees it (RocketMQ: MQConsumerInner). The functions are called
/// on the event loop, so they do not block; none is called once guard() is closed.
class GroupMember {
 public:
  virtual ~GroupMember() = default;

  virtual const Guard& guard() const = 0;

  /// What heartbeats say about it.
  virtual remoting::ConsumerData heartbeatData() const = 0;

  /// Topics whose routes it needs.
  virtual std::vector<std::string> topics() const = 0;

  /// Members, subscriptions or routes may have changed: divide the queues anew.
  virtual void rebalanceSoon() = 0;

  /// An administrator has set the group's offsets in a topic (220).
  virtual void resetOffsets(const std::string& topic,
                            std::map<model::MessageQueue, int64_t> offsets) = 0;

  /// How far it is in a topic (221).
  virtual std::map<model::MessageQueue, int64_t> offsets(const std::string& topic) const = 0;

  virtual remoting::ConsumerRunningInfo runningInfo() const = 0;

  /// Consumes one message now, for an administrator (309); `done` may be called later.
  virtual void consumeDirectly(
      MessageExt message, std::function<void(remoting::ConsumeMessageDirectlyResult)> done) = 0;
};

}  // namespace rocketmq::client
