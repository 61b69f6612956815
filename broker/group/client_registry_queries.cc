#include <algorithm>
#include <memory>
#include <utility>

#include "broker/group/client_registry.h"
#include "common/json/encode.h"
#include "remoting/protocol/bodies/membership.h"

// What others ask of a ClientRegistry; client_registry.cc has how it changes.

namespace rocketmq::broker {

std::vector<std::string> ClientRegistry::idsOf(const ConsumerGroup& group) {
  std::vector<std::string> ids;
  ids.reserve(group.members.size());
  for (const auto& [key, member] : group.members) {
    ids.push_back(key.client_id);
  }
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

std::vector<std::string> ClientRegistry::consumerIds(std::string_view group_name) const {
  const Shard& shard = shardOf(group_name);
  MutexLock lock(shard.mutex);
  const auto group = shard.groups.find(group_name);
  return group == shard.groups.end() ? std::vector<std::string>() : idsOf(group->second);
}

std::shared_ptr<const std::string> ClientRegistry::consumerIdsBody(std::string_view group_name) {
  Shard& shard = shardOf(group_name);
  MutexLock lock(shard.mutex);
  const auto found = shard.groups.find(group_name);
  if (found == shard.groups.end()) {
    return nullptr;
  }
  ConsumerGroup& group = found->second;
  if (group.ids_body == nullptr) {
    group.ids_body = std::make_shared<const std::string>(
        json::encode(remoting::ConsumerIdList{.consumer_id_list = idsOf(group)}));
  }
  return group.ids_body;
}

std::optional<ConsumerGroupView> ClientRegistry::consumerGroup(std::string_view group_name) const {
  const Shard& shard = shardOf(group_name);
  MutexLock lock(shard.mutex);
  const auto group = shard.groups.find(group_name);
  if (group == shard.groups.end()) {
    return std::nullopt;
  }
  ConsumerGroupView view;
  view.traits = group->second.traits;
  for (const auto& [topic, subscription] : group->second.subscriptions) {
    view.subscriptions.emplace(topic, subscription->data);
  }
  for (const auto& [key, member] : group->second.members) {
    view.members.push_back(member.client);
  }
  return view;
}

std::set<std::string> ClientRegistry::consumerGroups() const {
  std::set<std::string> names;
  for (const Shard& shard : shards_) {
    MutexLock lock(shard.mutex);
    for (const auto& [name, group] : shard.groups) {
      names.insert(name);
    }
  }
  return names;
}

std::set<std::string> ClientRegistry::groupsSubscribedTo(std::string_view topic) const {
  std::set<std::string> names;
  for (const Shard& shard : shards_) {
    MutexLock lock(shard.mutex);
    for (const auto& [name, group] : shard.groups) {
      if (group.subscriptions.contains(topic)) {
        names.insert(name);
      }
    }
  }
  return names;
}

std::optional<ClientInfo> ClientRegistry::findConsumer(std::string_view group_name,
                                                       std::string_view client_id) const {
  const Shard& shard = shardOf(group_name);
  MutexLock lock(shard.mutex);
  if (const auto group = shard.groups.find(group_name); group != shard.groups.end()) {
    // The newest connection: an older one of the client may be dead without anybody knowing yet.
    const auto& members = group->second.members;
    for (auto member = members.rbegin(); member != members.rend(); ++member) {
      if (member->first.client_id == client_id) {
        return member->second.client;
      }
    }
  }
  return std::nullopt;
}

ClientRegistry::FoundSubscription ClientRegistry::findSubscription(std::string_view group_name,
                                                                   std::string_view topic) const {
  const Shard& shard = shardOf(group_name);
  MutexLock lock(shard.mutex);
  const auto group = shard.groups.find(group_name);
  if (group == shard.groups.end()) {
    return {};
  }
  FoundSubscription found;
  found.message_model = group->second.traits.message_model;
  const auto subscription = group->second.subscriptions.find(topic);
  if (subscription == group->second.subscriptions.end()) {
    found.state = SubscriptionState::kNoTopic;
    return found;
  }
  found.state = SubscriptionState::kFound;
  found.subscription = subscription->second;
  return found;
}

}  // namespace rocketmq::broker
