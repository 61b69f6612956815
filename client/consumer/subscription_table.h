#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/model/subscription_data.h"
#include "common/mutex.h"
#include "common/status.h"
#include "rocketmq/message_selector.h"

namespace rocketmq::client {

using SubscriptionPtr = std::shared_ptr<const model::SubscriptionData>;

/// What a consumer subscribes to, by topic as brokers know it. Threads: any; entries are immutable.
class SubscriptionTable {
 public:
  /// Puts the topics into a namespace, those that are here in place of an earlier one, and those
  /// that are added or removed from now on. InvalidArgument when a name becomes too long.
  Status setNamespace(const std::string& name_space);

  /// InvalidArgument for a topic name or a tag expression that cannot be, and for no expression;
  /// others are the broker's to judge. Replaces an earlier subscription of the topic. Its version
  /// is `now_ms`, or what makes it larger than all before: brokers take only larger ones, and two
  /// may come in one millisecond, or the clock be set back.
  Status add(const std::string& name, const MessageSelector& selector, int64_t now_ms);
  void remove(const std::string& name);

  /// By the topic's full name. Nullptr when the topic is not subscribed.
  SubscriptionPtr find(const std::string& topic) const;
  std::vector<SubscriptionPtr> all() const;
  std::vector<std::string> topics() const;
  /// How often it has been changed.
  int64_t changes() const;

 private:
  mutable Mutex mutex_;
  std::string name_space_ ROCKETMQ_GUARDED_BY(mutex_);
  std::map<std::string, SubscriptionPtr> entries_ ROCKETMQ_GUARDED_BY(mutex_);
  int64_t changes_ ROCKETMQ_GUARDED_BY(mutex_) = 0;
  int64_t last_version_ ROCKETMQ_GUARDED_BY(mutex_) = -1;
};

/// True when a message with this tag is wanted. The broker's filter knows only hashes of tags, so
/// the text is compared again by clients.
bool wantsTag(const model::SubscriptionData& subscription, std::string_view tag);

}  // namespace rocketmq::client
