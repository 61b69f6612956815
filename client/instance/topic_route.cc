#include "client/instance/topic_route.h"

#include <algorithm>
#include <charconv>
#include <random>
#include <string_view>

#include "common/model/permission.h"

namespace rocketmq::client {
namespace {

// A route comes from the network: whatever it claims, this many queues of a broker are believed.
constexpr int32_t kQueuesPerBrokerMax = 65'536;

void appendQueues(const std::string& topic, const std::string& broker_name, int32_t count,
                  std::vector<MessageQueue>& out) {
  for (int32_t id = 0; id < std::min(count, kQueuesPerBrokerMax); ++id) {
    out.push_back({topic, broker_name, id});
  }
}

bool hasMaster(const model::TopicRouteData& route, const std::string& broker_name) {
  return std::any_of(route.broker_datas.begin(), route.broker_datas.end(),
                     [&](const model::BrokerData& broker) {
                       return broker.broker_name == broker_name && broker.broker_addrs.contains(0);
                     });
}

/// "broker-a:4;broker-b:4".
std::vector<MessageQueue> orderedQueues(const std::string& topic, std::string_view order) {
  std::vector<MessageQueue> queues;
  while (!order.empty()) {
    const size_t end = order.find(';');
    const std::string_view entry = order.substr(0, end);
    order = end == std::string_view::npos ? std::string_view() : order.substr(end + 1);
    const size_t split = entry.find(':');
    if (split == std::string_view::npos) {
      continue;
    }
    int32_t count = 0;
    std::from_chars(entry.data() + split + 1, entry.data() + entry.size(), count);
    appendQueues(topic, std::string(entry.substr(0, split)), count, queues);
  }
  return queues;
}

// Name servers list brokers in any order; sorted, equal routes compare equal.
model::TopicRouteData sorted(model::TopicRouteData route) {
  const auto byName = [](const auto& a, const auto& b) { return a.broker_name < b.broker_name; };
  std::sort(route.queue_datas.begin(), route.queue_datas.end(), byName);
  std::sort(route.broker_datas.begin(), route.broker_datas.end(), byName);
  return route;
}

}  // namespace

std::vector<MessageQueue> publishQueues(const std::string& topic,
                                        const model::TopicRouteData& route) {
  if (route.order_topic_conf && !route.order_topic_conf->empty()) {
    return orderedQueues(topic, *route.order_topic_conf);
  }
  std::vector<MessageQueue> queues;
  for (const model::QueueData& data : route.queue_datas) {
    if (model::isWritable(data.perm) && hasMaster(route, data.broker_name)) {
      appendQueues(topic, data.broker_name, data.write_queue_nums, queues);
    }
  }
  std::sort(queues.begin(), queues.end());
  return queues;
}

std::vector<MessageQueue> subscribeQueues(const std::string& topic,
                                          const model::TopicRouteData& route) {
  std::vector<MessageQueue> queues;
  for (const model::QueueData& data : route.queue_datas) {
    if (model::isReadable(data.perm)) {
      appendQueues(topic, data.broker_name, data.read_queue_nums, queues);
    }
  }
  std::sort(queues.begin(), queues.end());
  return queues;
}

model::TopicRouteData routeFromTemplate(model::TopicRouteData route, int32_t queue_nums_max) {
  for (model::QueueData& data : route.queue_datas) {
    const int32_t count = std::min(queue_nums_max, data.read_queue_nums);
    data.read_queue_nums = count;
    data.write_queue_nums = count;
  }
  return route;
}

TopicRoute::TopicRoute(std::string topic_name, model::TopicRouteData route, bool from_template,
                       std::string asked_name_server)
    : topic(std::move(topic_name)),
      data(sorted(std::move(route))),
      is_template(from_template),
      name_server(std::move(asked_name_server)),
      publish_queues(publishQueues(topic, data)),
      subscribe_queues(subscribeQueues(topic, data)),
      turn_(std::random_device{}()) {}

}  // namespace rocketmq::client
