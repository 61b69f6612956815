#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common/json/encode.h"
#include "common/model/topic_route.h"
#include "namesrv/text_budget.h"

namespace rocketmq::namesrv {

/// How a topic's queues on one broker may be used (RocketMQ: QueueData without the broker's name).
struct QueueLayout {
  int32_t read_queue_nums = 0;
  int32_t write_queue_nums = 0;
  int32_t perm = 0;
  int32_t topic_sys_flag = 0;

  bool operator==(const QueueLayout&) const = default;
};

/// Where the queues of one topic are (RocketMQ: TopicRouteData). Immutable, any thread. Its JSON is
/// written once per style, when somebody first asks for it, so that brokers with many topics can
/// register without paying for routes that nobody wants. Texts that the budget has no room for are
/// written for each who asks.
class TopicRoute {
 public:
  /// The topic's queues on the brokers of one name.
  struct Part {
    std::shared_ptr<const model::BrokerData> brokers;  ///< Shared by all routes that lead there.
    QueueLayout queues;
  };

  struct Text {
    std::string_view view;
    std::shared_ptr<const std::string> made;  ///< Null: it is the route's and lives as long.
  };

  /// Precondition: no part without brokers. Without a `budget` no text is kept.
  explicit TopicRoute(std::vector<Part> parts, std::shared_ptr<TextBudget> budget = nullptr)
      : parts_(std::move(parts)), budget_(std::move(budget)) {}
  ~TopicRoute();
  TopicRoute(const TopicRoute&) = delete;
  TopicRoute& operator=(const TopicRoute&) = delete;

  const std::vector<Part>& parts() const { return parts_; }

  /// The route's JSON. Precondition: kFastjson or kStrict.
  Text json(json::Style style) const;

  /// The same with orderTopicConf, made for this call.
  std::string jsonWithOrder(json::Style style, std::string order_topic_conf) const;

  /// This route without the brokers that a client of `zone` should not use: those of another zone,
  /// unless they have no master (RocketMQ: ZoneRouteRPCHook).
  std::shared_ptr<const TopicRoute> inZone(std::string_view zone) const;

 private:
  model::TopicRouteData data() const;

  const std::vector<Part> parts_;
  const std::shared_ptr<TextBudget> budget_;  ///< The texts below have been taken from it.
  // Owned; each is set once, from null. Stored with release once the text is complete, so a reader
  // that loads it with acquire may use it without a lock.
  mutable std::atomic<const std::string*> fastjson_{nullptr};
  mutable std::atomic<const std::string*> strict_{nullptr};
};

using TopicRoutePtr = std::shared_ptr<const TopicRoute>;

/// All routes at one moment: what queries read while registrations go on. Immutable, any thread.
/// A new version shares with the one before it whatever has not changed: topics are spread over
/// many small shards, those over nodes, and only the shards of changed topics, and their nodes, are
/// copied.
class RouteSnapshot {
 public:
  /// A topic and its new route, null when the topic has gone.
  using Change = std::pair<std::string, TopicRoutePtr>;

  /// Null when nobody has the topic.
  TopicRoutePtr find(std::string_view topic) const;

  size_t topicCount() const { return topic_count_; }

  std::vector<std::string> topics() const;
  std::vector<std::string> topicsOfCluster(std::string_view cluster) const;
  /// Topics whose flags, under `mask`, are `bits` (see model::kTopicUnit).
  std::vector<std::string> topicsWithFlags(int32_t mask, int32_t bits) const;

  std::shared_ptr<const RouteSnapshot> with(std::vector<Change> changes) const;

  /// Topics of one shard that change together cost one copy of it.
  static size_t shardOf(std::string_view topic) { return TextHash{}(topic) % kShards; }

 private:
  struct TextHash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  using Shard = std::unordered_map<std::string, TopicRoutePtr, TextHash, std::equal_to<>>;
  static constexpr size_t kNodes = 128;
  static constexpr size_t kNodeShards = 128;
  static constexpr size_t kShards = kNodes * kNodeShards;  ///< 122 topics each when it is full.
  using Node = std::array<std::shared_ptr<const Shard>, kNodeShards>;

  template <class Predicate>
  std::vector<std::string> topicsWhere(Predicate predicate) const;

  /// Null when nobody has a topic of it.
  const Shard* shardAt(size_t index) const;
  void replaceShards(std::unordered_map<size_t, std::shared_ptr<Shard>> shards);

  std::array<std::shared_ptr<const Node>, kNodes> nodes_;
  size_t topic_count_ = 0;
};

}  // namespace rocketmq::namesrv
