#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "broker/settings.h"
#include "broker/topic/topic_table.h"
#include "remoting/client.h"

namespace rocketmq::broker {

/// What name servers may let clients do with a topic: a broker without a permission takes it from
/// all of them (RocketMQ 5: and-ed).
int32_t permittedTo(int32_t topic_perm, int32_t broker_permission);

/// How a name server has taken topics that were sent to it alone.
struct SingleTopicsAnswer {
  std::string failure;        ///< Of one of them; empty: it has taken all.
  bool is_understood = true;  ///< False also when it does not answer, as RocketMQ 4.9 does then.
};

/// Sends each topic to a name server with REGISTER_TOPIC_IN_NAMESRV (RocketMQ:
/// BrokerOuterAPI.registerSingleTopicAll) and calls `done` once, on a thread of `client` or, when
/// there is no topic, at once. The name server has 3 s, or registerBrokerTimeoutMills if that is
/// less.
void registerSingleTopics(remoting::Client& client, const std::string& address,
                          const std::vector<TopicConfigPtr>& topics, const BrokerSettings& settings,
                          std::function<void(const SingleTopicsAnswer&)> done);

}  // namespace rocketmq::broker
