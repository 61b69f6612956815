#include "client/consumer/subscription_table.h"

#include <algorithm>
#include <utility>

#include "client/instance/name_space.h"
#include "common/validate.h"

namespace rocketmq::client {
namespace {

// The retry topic of a long group name may exceed what is allowed for other topics.
Status checkName(const std::string& topic) {
  return isRetryTopic(topic) ? Status::ok() : validateTopic(topic);
}

}  // namespace

Status SubscriptionTable::setNamespace(const std::string& name_space) {
  MutexLock lock(mutex_);
  std::map<std::string, SubscriptionPtr> wrapped;
  for (const auto& [topic, entry] : entries_) {
    model::SubscriptionData data = *entry;
    data.topic = wrapNamespace(name_space, withoutNamespace(name_space_, topic));
    ROCKETMQ_RETURN_IF_ERROR(checkName(data.topic));
    wrapped[data.topic] = std::make_shared<const model::SubscriptionData>(data);
  }
  entries_ = std::move(wrapped);
  name_space_ = name_space;
  return Status::ok();
}

Status SubscriptionTable::add(const std::string& name, const MessageSelector& selector,
                              int64_t now_ms) {
  MutexLock lock(mutex_);
  const std::string topic = wrapNamespace(name_space_, name);
  ROCKETMQ_RETURN_IF_ERROR(checkName(topic));
  ROCKETMQ_ASSIGN_OR_RETURN(
      model::SubscriptionData data,
      model::parseSubscription(topic, selector.expression(), selector.type(), now_ms));
  data.sub_version = last_version_ = std::max(now_ms, last_version_ + 1);
  ++changes_;
  entries_[topic] = std::make_shared<const model::SubscriptionData>(std::move(data));
  return Status::ok();
}

void SubscriptionTable::remove(const std::string& name) {
  MutexLock lock(mutex_);
  ++changes_;
  entries_.erase(wrapNamespace(name_space_, name));
}

int64_t SubscriptionTable::changes() const {
  MutexLock lock(mutex_);
  return changes_;
}

SubscriptionPtr SubscriptionTable::find(const std::string& topic) const {
  MutexLock lock(mutex_);
  const auto found = entries_.find(topic);
  return found == entries_.end() ? nullptr : found->second;
}

std::vector<SubscriptionPtr> SubscriptionTable::all() const {
  std::vector<SubscriptionPtr> entries;
  MutexLock lock(mutex_);
  for (const auto& [topic, entry] : entries_) {
    entries.push_back(entry);
  }
  return entries;
}

std::vector<std::string> SubscriptionTable::topics() const {
  std::vector<std::string> names;
  MutexLock lock(mutex_);
  for (const auto& [topic, entry] : entries_) {
    names.push_back(topic);
  }
  return names;
}

bool wantsTag(const model::SubscriptionData& subscription, std::string_view tag) {
  return subscription.tags_set.empty() || subscription.class_filter_mode ||
         subscription.tags_set.contains(std::string(tag));
}

}  // namespace rocketmq::client
