#pragma once

#include "broker/group/client_registry.h"
#include "broker/group/subscription_groups.h"
#include "broker/topic/topic_table.h"
#include "common/clock.h"
#include "remoting/protocol/bodies/heartbeat.h"
#include "remoting/router.h"

namespace rocketmq::broker {

/// What a heartbeat does to this broker (RocketMQ: ClientManageProcessor.heartBeat): creates the
/// configs and retry topics of new consumer groups, then registers the client in all its groups.
///
/// Most heartbeats repeat the connection's last one byte for byte while nothing that matters to
/// them has changed: those are not even parsed, see repeats().
/// Threads: any, but where a method says otherwise.
class HeartbeatService {
 public:
  /// Everything is borrowed.
  HeartbeatService(ClientRegistry& clients, SubscriptionGroups& groups, TopicTable& topics,
                   const Clock& clock);

  /// To be taken before anything else is done with a heartbeat: what changes from then on makes its
  /// repetition count as new.
  HeartbeatPrint printOf(const remoting::RequestContext& heartbeat) const;

  /// True when the heartbeat repeats what remember() knows; it has done its work then.
  bool repeats(const remoting::RequestContext& heartbeat, const HeartbeatPrint& print) {
    return clients_.refresh(heartbeat.connection->id(), print);
  }

  /// True when accept() would have to create something, which blocks, or to compile an expression,
  /// which takes a while.
  bool needsBlocking(const remoting::HeartbeatData& heartbeat) const;

  /// InvalidArgument: a name or an expression is longer than any that works; accept() must not see
  /// such a heartbeat.
  static Status check(const remoting::HeartbeatData& heartbeat);

  /// `client` names the connection it came over. In force when it returns; members of changed
  /// groups have been notified by then. With `print` its repetitions are recognised from now on;
  /// only on the connection's thread, where the client cannot leave a group meanwhile. False: there
  /// was no room for some of it, and the rest is in force.
  bool accept(const remoting::HeartbeatData& heartbeat, ClientInfo client,
              const HeartbeatPrint* print = nullptr);

 private:
  bool hasNewExpression(const remoting::ConsumerData& consumer) const;
  /// False when the group or its retry topic is still missing afterwards.
  bool prepareGroup(const remoting::ConsumerData& consumer);

  ClientRegistry& clients_;
  SubscriptionGroups& groups_;
  TopicTable& topics_;
  const Clock& clock_;
};

}  // namespace rocketmq::broker
