#include "tests/unit/client/fake_cluster.h"

#include <utility>

#include "common/json/encode.h"
#include "common/model/topic_route.h"
#include "common/validate.h"
#include "remoting/protocol/commands/namesrv_route.h"

namespace rocketmq::client {

using remoting::Answer;
using remoting::NoFields;
using remoting::RequestContext;
using remoting::ResponseCode;

FakeCluster::FakeCluster(size_t brokers) {
  router_.handleLater<remoting::GetRouteInfoByTopic>(
      {}, [this](const remoting::GetRouteInfoByTopic& request, const RequestContext&,
                 remoting::Responder<remoting::GetRouteInfoByTopic> responder) {
        std::optional<std::string> route;
        {
          MutexLock lock(mutex_);
          ++route_requests_;
          if (swallow_routes_) {
            auto kept = std::make_shared<remoting::Responder<remoting::GetRouteInfoByTopic>>(
                std::move(responder));
            swallowed_.push_back([kept] {});
            return;
          }
          route = routeOf(request.topic);
        }
        if (route) {
          responder(Answer<NoFields>::ofBody(std::move(*route)));
        } else {
          responder({ResponseCode::kTopicNotExist, "No topic route info in name server"});
        }
      });
  remoting::Server::Options options;
  options.bind_address = "127.0.0.1";
  name_server_ = std::move(*remoting::Server::start(pool_, router_, std::move(options)));
  for (size_t i = 0; i < brokers; ++i) {
    brokers_.push_back(std::make_unique<FakeBroker>(pool_, "b" + std::to_string(i)));
  }
}

FakeCluster::~FakeCluster() {
  std::vector<std::function<void()>> swallowed;
  {
    MutexLock lock(mutex_);
    swallowed.swap(swallowed_);
  }
  swallowed.clear();
  name_server_->stop(std::chrono::milliseconds(0));
  brokers_.clear();
  pool_.stop();
}

std::string FakeCluster::nameServer() const {
  return "127.0.0.1:" + std::to_string(name_server_->port());
}

void FakeCluster::createTopic(const std::string& topic, int32_t queues, int32_t perm) {
  MutexLock lock(mutex_);
  topics_[topic] = {.queues = queues, .perm = perm, .addresses = {}};
}

void FakeCluster::createTopicAt(const FakeBroker& broker, const std::string& topic) {
  MutexLock lock(mutex_);
  topics_[topic].only_broker = broker.name();
}

void FakeCluster::createTopicWithSlave(const std::string& topic, const FakeBroker& master,
                                       const FakeBroker& slave) {
  MutexLock lock(mutex_);
  topics_[topic].only_broker = master.name();
  topics_[topic].slave_address = slave.address();
}

void FakeCluster::lieAbout(const std::string& topic,
                           const std::map<std::string, std::string>& addresses) {
  MutexLock lock(mutex_);
  topics_[topic].addresses = addresses;
}

void FakeCluster::loseMasters(const std::string& topic, bool ordered) {
  MutexLock lock(mutex_);
  topics_[topic].has_masters = false;
  topics_[topic].ordered = ordered;
}

void FakeCluster::swallowRoutes(bool swallow) {
  MutexLock lock(mutex_);
  swallow_routes_ = swallow;
}

void FakeCluster::hideRetryTopics() {
  MutexLock lock(mutex_);
  hide_retry_topics_ = true;
}

int64_t FakeCluster::routeRequests() const {
  MutexLock lock(mutex_);
  return route_requests_;
}

std::optional<std::string> FakeCluster::routeOf(const std::string& topic) {
  const auto found = topics_.find(topic);
  if (found == topics_.end() && (hide_retry_topics_ || !isRetryTopic(topic))) {
    return std::nullopt;
  }
  const Topic described = found == topics_.end() ? Topic{} : found->second;
  model::TopicRouteData route;
  for (const auto& broker : brokers_) {
    if (!described.only_broker.empty() && described.only_broker != broker->name()) {
      continue;
    }
    model::QueueData queue;
    queue.broker_name = broker->name();
    queue.read_queue_nums = described.queues;
    queue.write_queue_nums = described.queues;
    queue.perm = described.perm;
    route.queue_datas.push_back(queue);
    model::BrokerData data;
    data.cluster = "fake";
    data.broker_name = broker->name();
    const auto lie = described.addresses.find(broker->name());
    data.broker_addrs[described.has_masters ? 0 : 1] =
        lie == described.addresses.end() ? broker->address() : lie->second;
    if (!described.slave_address.empty()) {
      data.broker_addrs[1] = described.slave_address;
    }
    route.broker_datas.push_back(data);
    if (described.ordered) {
      route.order_topic_conf = route.order_topic_conf.value_or("") + broker->name() + ":" +
                               std::to_string(described.queues) + ";";
    }
  }
  return json::encode(route, json::Style::kStrict);
}

}  // namespace rocketmq::client
