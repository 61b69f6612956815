#include "namesrv/route_snapshot.h"

#include <algorithm>

#include "common/check.h"
#include "common/text.h"

namespace rocketmq::namesrv {

namespace {

size_t bytesOf(const std::string& text) { return sizeof(text) + text.capacity(); }

}  // namespace

TopicRoute::~TopicRoute() {
  for (const auto* const slot : {&fastjson_, &strict_}) {
    if (const std::string* const text = slot->load(std::memory_order_acquire)) {
      budget_->giveBack(bytesOf(*text));
      delete text;
    }
  }
}

TopicRoute::Text TopicRoute::json(json::Style style) const {
  ROCKETMQ_CHECK(style == json::Style::kFastjson || style == json::Style::kStrict);
  std::atomic<const std::string*>& slot = style == json::Style::kStrict ? strict_ : fastjson_;
  if (const std::string* const ready = slot.load(std::memory_order_acquire)) {
    return {.view = *ready, .made = nullptr};
  }
  std::string text = json::encode(data(), style);
  text.shrink_to_fit();
  auto fresh = std::make_unique<const std::string>(std::move(text));
  if (budget_ == nullptr || !budget_->take(bytesOf(*fresh))) {
    const std::string_view view = *fresh;
    return {.view = view, .made = std::move(fresh)};
  }
  // Whoever asks at the same time may write the text too; the first one's stays.
  const std::string* others = nullptr;
  if (slot.compare_exchange_strong(others, fresh.get(), std::memory_order_acq_rel)) {
    return {.view = *fresh.release(), .made = nullptr};
  }
  budget_->giveBack(bytesOf(*fresh));
  return {.view = *others, .made = nullptr};
}

std::string TopicRoute::jsonWithOrder(json::Style style, std::string order_topic_conf) const {
  model::TopicRouteData route = data();
  route.order_topic_conf = std::move(order_topic_conf);
  return json::encode(route, style);
}

model::TopicRouteData TopicRoute::data() const {
  model::TopicRouteData route;
  for (const Part& part : parts_) {
    route.broker_datas.push_back(*part.brokers);
    route.queue_datas.push_back({.broker_name = part.brokers->broker_name,
                                 .read_queue_nums = part.queues.read_queue_nums,
                                 .write_queue_nums = part.queues.write_queue_nums,
                                 .perm = part.queues.perm,
                                 .topic_sys_flag = part.queues.topic_sys_flag});
  }
  return route;
}

TopicRoutePtr TopicRoute::inZone(std::string_view zone) const {
  std::vector<Part> kept;
  for (const Part& part : parts_) {
    const bool has_master = part.brokers->broker_addrs.contains(0);
    const std::string_view zone_of_part =
        part.brokers->zone_name ? std::string_view(*part.brokers->zone_name) : std::string_view();
    if (!has_master || equalsIgnoreCase(zone_of_part, zone)) {
      kept.push_back(part);
    }
  }
  return std::make_shared<const TopicRoute>(std::move(kept));
}

TopicRoutePtr RouteSnapshot::find(std::string_view topic) const {
  const Shard* const shard = shardAt(shardOf(topic));
  if (shard == nullptr) {
    return nullptr;
  }
  const auto found = shard->find(topic);
  return found == shard->end() ? nullptr : found->second;
}

template <class Predicate>
std::vector<std::string> RouteSnapshot::topicsWhere(Predicate predicate) const {
  std::vector<std::string> names;
  for (size_t index = 0; index < kShards; ++index) {
    const Shard* const shard = shardAt(index);
    if (shard == nullptr) {
      continue;
    }
    for (const auto& [name, route] : *shard) {
      if (predicate(route->parts())) {
        names.push_back(name);
      }
    }
  }
  return names;
}

std::vector<std::string> RouteSnapshot::topics() const {
  return topicsWhere([](const auto&) { return true; });
}

std::vector<std::string> RouteSnapshot::topicsOfCluster(std::string_view cluster) const {
  return topicsWhere([&](const std::vector<TopicRoute::Part>& parts) {
    return std::ranges::any_of(
        parts, [&](const TopicRoute::Part& part) { return part.brokers->cluster == cluster; });
  });
}

std::vector<std::string> RouteSnapshot::topicsWithFlags(int32_t mask, int32_t bits) const {
  return topicsWhere([&](const std::vector<TopicRoute::Part>& parts) {
    // RocketMQ parity: one broker's flags speak for the topic.
    return (parts.front().queues.topic_sys_flag & mask) == bits;
  });
}

const RouteSnapshot::Shard* RouteSnapshot::shardAt(size_t index) const {
  const Node* const node = nodes_[index / kNodeShards].get();
  return node == nullptr ? nullptr : (*node)[index % kNodeShards].get();
}

std::shared_ptr<const RouteSnapshot> RouteSnapshot::with(std::vector<Change> changes) const {
  auto next = std::make_shared<RouteSnapshot>(*this);
  std::unordered_map<size_t, std::shared_ptr<Shard>> copied;
  for (auto& [topic, route] : changes) {
    const size_t index = shardOf(topic);
    std::shared_ptr<Shard>& shard = copied[index];
    if (shard == nullptr) {
      const Shard* const before = shardAt(index);
      shard = before == nullptr ? std::make_shared<Shard>() : std::make_shared<Shard>(*before);
    }
    next->topic_count_ -= shard->size();
    if (route == nullptr) {
      shard->erase(topic);
    } else {
      shard->insert_or_assign(std::move(topic), std::move(route));
    }
    next->topic_count_ += shard->size();
  }
  next->replaceShards(std::move(copied));
  return next;
}

void RouteSnapshot::replaceShards(std::unordered_map<size_t, std::shared_ptr<Shard>> shards) {
  std::array<std::shared_ptr<Node>, kNodes> copied;
  for (auto& [index, shard] : shards) {
    std::shared_ptr<Node>& node = copied[index / kNodeShards];
    if (node == nullptr) {
      const auto& before = nodes_[index / kNodeShards];
      node = before == nullptr ? std::make_shared<Node>() : std::make_shared<Node>(*before);
    }
    (*node)[index % kNodeShards] = shard->empty() ? nullptr : std::move(shard);
  }
  for (size_t i = 0; i < kNodes; ++i) {
    if (copied[i] != nullptr) {
      nodes_[i] = std::move(copied[i]);
    }
  }
}

}  // namespace rocketmq::namesrv
