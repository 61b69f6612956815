#include "broker/group/active_subscription.h"

#include <algorithm>
#include <functional>
#include <set>
#include <string_view>
#include <utility>

#include "broker/pull/tag_filter.h"

namespace rocketmq::broker {

namespace {

using FilterPtr = std::shared_ptr<const store::MessageFilter>;

/// `filter`, which keeps `charge` for as long as anybody keeps it.
FilterPtr charged(FilterPtr filter, const std::shared_ptr<const ByteCharge>& charge) {
  if (filter == nullptr) {
    return nullptr;
  }
  using Both = std::pair<FilterPtr, std::shared_ptr<const ByteCharge>>;
  const auto both = std::make_shared<const Both>(std::move(filter), charge);
  return {both, both->first.get()};
}

void activateExpression(const std::string& group, ActiveSubscription& active,
                        const ActiveSubscription* known, ConsumerFilters& filters) {
  const model::SubscriptionData& data = active.data;
  const bool was_expression =
      known != nullptr && !model::isTagExpression(known->data.expression_type);
  const bool is_repeated = was_expression && known->data.expression_type == data.expression_type &&
                           known->data.sub_string == data.sub_string;
  if (is_repeated && !known->filter_fault.empty()) {
    active.filter_fault = known->filter_fault;  // A group's members repeat each other's fault.
  } else {
    auto entered = filters.enter({.group = group,
                                  .topic = data.topic,
                                  .type = data.expression_type,
                                  .expression = data.sub_string},
                                 data.sub_version);
    if (entered.ok()) {
      active.expression = std::move(*entered);
      active.filter = charged(active.expression, active.charge);
      active.filter_version = data.sub_version;
      return;
    }
    active.filter_fault = entered.status().message();
  }
  if (was_expression) {
    active.expression = known->expression;
    active.filter = known->filter;
    active.filter_version = known->filter_version;
  }
}

void markDead(const ActiveSubscription& subscription, TimestampMs now_ms) {
  if (subscription.expression != nullptr) {
    subscription.expression->markDead(now_ms);
  }
}

void markAlive(const ActiveSubscription& subscription) {
  if (subscription.expression != nullptr) {
    subscription.expression->markAlive();
  }
}

}  // namespace

ActiveSubscriptionPtr activate(const std::string& group, const model::SubscriptionData& sent,
                               const ActiveSubscription* known, ConsumerFilters& filters,
                               ByteCharge charge) {
  auto active = std::make_shared<ActiveSubscription>();
  active->data = sent;
  active->charge = std::make_shared<const ByteCharge>(std::move(charge));
  // The codes that clients send are not to be trusted (see SubscriptionData): the text counts.
  if (model::isTagExpression(sent.expression_type)) {
    auto parsed = model::parseSubscription(sent.topic, sent.sub_string, sent.expression_type,
                                           sent.sub_version);
    if (parsed.ok()) {
      active->data = std::move(*parsed);
      active->data.class_filter_mode = sent.class_filter_mode;
    }
    active->filter = charged(TagFilter::of(active->data), active->charge);
  } else {
    activateExpression(group, *active, known, filters);
  }
  return active;
}

size_t activeBytes(const model::SubscriptionData& sent) {
  // Nodes of the two sets and the code in the filter, and a compiled expression's share of its
  // text.
  constexpr size_t kTagBytes = 144;
  constexpr size_t kExpressionFactor = 32;
  constexpr size_t kTableBytes = 256;
  const size_t fixed = sizeof(ActiveSubscription) + kTableBytes + 2 * sent.topic.size() +
                       sent.expression_type.size() + sent.sub_string.size();
  if (model::isTagExpression(sent.expression_type)) {
    const auto bars = std::count(sent.sub_string.begin(), sent.sub_string.end(), '|');
    return fixed + sent.sub_string.size() + (static_cast<size_t>(bars) / 2 + 1) * kTagBytes;
  }
  size_t sent_tags = (sent.tags_set.size() + sent.code_set.size()) * kTagBytes;
  for (const std::string& tag : sent.tags_set) {
    sent_tags += tag.size();
  }
  return fixed + sent_tags + sent.sub_string.size() * kExpressionFactor;
}

MergeOutcome mergeSubscriptions(const std::vector<ActiveSubscriptionPtr>& sent, TimestampMs now_ms,
                                const TakesOver& takes_over, ActiveSubscriptions& table) {
  MergeOutcome outcome;
  std::set<std::string_view> topics;
  for (const ActiveSubscriptionPtr& subscription : sent) {
    const std::string& topic = subscription->data.topic;
    topics.insert(topic);
    const auto known = table.find(topic);
    if (known == table.end()) {
      table.emplace(topic, subscription);
      markAlive(*subscription);
      outcome.topics_changed = true;
    } else if (takes_over(subscription->data, known->second->data)) {
      // RocketMQ parity: a newer version is no change that consumers need to hear of.
      markDead(*known->second, now_ms);
      markAlive(*subscription);
      if (subscription->data.sub_string != known->second->data.sub_string ||
          subscription->data.expression_type != known->second->data.expression_type) {
        outcome.other_expressions.push_back(topic);
      }
      known->second = subscription;
      outcome.is_changed = true;
    }
  }
  const size_t gone = std::erase_if(table, [&](const auto& entry) {
    const bool is_gone = !topics.contains(entry.first);
    if (is_gone) {
      markDead(*entry.second, now_ms);
    }
    return is_gone;
  });
  outcome.topics_changed = outcome.topics_changed || gone > 0;
  outcome.is_changed = outcome.is_changed || outcome.topics_changed;
  return outcome;
}

void markDead(const ActiveSubscriptions& table, TimestampMs now_ms) {
  for (const auto& [topic, subscription] : table) {
    markDead(*subscription, now_ms);
  }
}

}  // namespace rocketmq::broker
