#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/group/byte_budget.h"
#include "common/model/subscription_data.h"

namespace rocketmq::broker {

/// The versions in which a group's members have sent their subscriptions last, by topic: they tell
/// whether whoever has made the group's subscription of a topic is still there.
///
/// Life: longer than its members. Threads: one at a time.
class SentVersions {
  using Counts = std::map<int64_t, size_t>;
  using Topics = std::map<std::string, Counts, std::less<>>;

 public:
  /// What one member has sent; nothing any more when it goes.
  class OfMember {
   public:
    OfMember() = default;
    ~OfMember() { clear(); }
    OfMember(const OfMember&) = delete;
    OfMember& operator=(const OfMember&) = delete;

   private:
    friend class SentVersions;
    using Sent = std::pair<Topics::iterator, int64_t>;

    void clear() {
      for (const auto& [topic, version] : sent_) {
        owner_->discount(topic, version);
      }
      sent_.clear();
    }
    bool has(std::string_view topic, int64_t version) const {
      return std::any_of(sent_.begin(), sent_.end(), [&](const Sent& sent) {
        return sent.second == version && sent.first->first == topic;
      });
    }

    SentVersions* owner_ = nullptr;
    std::vector<Sent> sent_;
    ByteCharge charge_;
  };

  /// About what a member takes that sends these.
  static size_t bytesOf(const std::vector<model::SubscriptionData>& subscriptions) {
    constexpr size_t kNodeBytes = 160;
    size_t bytes = 0;
    for (const model::SubscriptionData& subscription : subscriptions) {
      bytes += kNodeBytes + subscription.topic.size();
    }
    return bytes;
  }

  /// Whether the member has sent just these, in this order.
  static bool areOf(const OfMember& member,
                    const std::vector<model::SubscriptionData>& subscriptions) {
    return std::equal(member.sent_.begin(), member.sent_.end(), subscriptions.begin(),
                      subscriptions.end(), [](const auto& sent, const auto& subscription) {
                        return sent.second == subscription.sub_version &&
                               sent.first->first == subscription.topic;
                      });
  }

  /// The member sends these now, and nothing else. `charge`: for bytesOf() them.
  void replace(OfMember& member, const std::vector<model::SubscriptionData>& subscriptions,
               ByteCharge charge) {
    OfMember now;
    now.owner_ = this;
    for (const model::SubscriptionData& subscription : subscriptions) {
      const auto topic = topics_.try_emplace(subscription.topic).first;
      ++topic->second[subscription.sub_version];
      now.sent_.emplace_back(topic, subscription.sub_version);
    }
    std::swap(now.owner_, member.owner_);
    std::swap(now.sent_, member.sent_);
    member.charge_ = std::move(charge);
  }

  /// The largest that any other member has sent; nullopt: none subscribes to the topic.
  std::optional<int64_t> newestOfOthers(std::string_view topic, const OfMember* member) const {
    const auto counts = topics_.find(topic);
    if (counts == topics_.end()) {
      return std::nullopt;
    }
    for (auto version = counts->second.rbegin(); version != counts->second.rend(); ++version) {
      const bool is_own = member != nullptr && member->has(topic, version->first);
      if (version->second > (is_own ? 1 : 0)) {
        return version->first;
      }
    }
    return std::nullopt;
  }
  std::optional<int64_t> newest(std::string_view topic) const {
    return newestOfOthers(topic, nullptr);
  }

 private:
  void discount(Topics::iterator topic, int64_t version) {
    const auto count = topic->second.find(version);
    if (--count->second == 0) {
      topic->second.erase(count);
    }
    if (topic->second.empty()) {
      topics_.erase(topic);
    }
  }

  Topics topics_;
};

}  // namespace rocketmq::broker
