#pragma once

#include "broker/group/client_registry.h"
#include "broker/group/subscription_groups.h"
#include "broker/topic/topic_table.h"
#include "remoting/protocol/bodies/heartbeat.h"

namespace rocketmq::broker {

/// What a heartbeat does to this broker (RocketMQ: ClientManageProcessor.heartBeat): creates the
/// configs and retry topics of new consumer groups, then registers the client in all its groups.
/// Threads: any.
class HeartbeatService {
 public:
  /// Everything is borrowed.
  HeartbeatService(ClientRegistry& clients, SubscriptionGroups& groups, TopicTable& topics);

  /// True when accept() would have to create something, which blocks, or to compile an expression,
  /// which takes a while.
  bool needsBlocking(const remoting::HeartbeatData& heartbeat) const;

  /// `client` names the connection it came over. In force when it returns; members of changed
  /// groups have been notified by then.
  void accept(const remoting::HeartbeatData& heartbeat, const ClientInfo& client);

 private:
  bool hasNewExpression(const remoting::ConsumerData& consumer) const;
  void prepareGroup(const remoting::ConsumerData& consumer);

  ClientRegistry& clients_;
  SubscriptionGroups& groups_;
  TopicTable& topics_;
};

}  // namespace rocketmq::broker
