#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/model/topic_route.h"
#include "rocketmq/message_queue.h"

namespace rocketmq::client {

/// Queues that a producer may send to (RocketMQ: MQClientInstance.topicRouteData2TopicPublishInfo):
/// those of the order configuration as they stand there, else all queues of writable brokers that
/// have a master. Sorted by broker name, then queue id.
std::vector<MessageQueue> publishQueues(const std::string& topic,
                                        const model::TopicRouteData& route);

/// Queues that a consumer may read: those of readable brokers. Sorted.
std::vector<MessageQueue> subscribeQueues(const std::string& topic,
                                          const model::TopicRouteData& route);

/// The route of the template topic (TBW102) as the route of a topic that does not exist yet: at
/// most `queue_nums_max` queues on each broker.
model::TopicRouteData routeFromTemplate(model::TopicRouteData route, int32_t queue_nums_max);

/// Where one topic lives, as a name server said. Immutable but for the producer's turn; shared.
struct TopicRoute {
  TopicRoute(std::string topic_name, model::TopicRouteData route, bool from_template,
             std::string asked_name_server);

  const std::string topic;
  const model::TopicRouteData data;
  /// The topic does not exist yet; a broker will create it when something is sent.
  const bool is_template;
  /// Which name server answered.
  const std::string name_server;
  const std::vector<MessageQueue> publish_queues;
  const std::vector<MessageQueue> subscribe_queues;

  /// Takes turns over the publish queues, starting anywhere.
  uint32_t nextTurn() const { return turn_.fetch_add(1, std::memory_order_relaxed); }

  /// True when the name servers said the same.
  bool sameAs(const TopicRoute& other) const {
    return is_template == other.is_template && data == other.data;
  }

 private:
  mutable std::atomic<uint32_t> turn_;
};

using TopicRoutePtr = std::shared_ptr<const TopicRoute>;

}  // namespace rocketmq::client
