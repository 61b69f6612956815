#include "broker/group/heartbeat_service.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "broker/group/name_check.h"
#include "common/log.h"
#include "common/validate.h"

namespace rocketmq::broker {

namespace {

/// Spreads a small number over all bits.
constexpr uint64_t kOddMultiplier = 0x9E3779B97F4A7C15;

/// TAG or SQL92; others are refused by who pulls with them.
constexpr size_t kExpressionTypeBytesMax = 64;

std::string retryTopicOf(const std::string& group) {
  return std::string(kRetryTopicPrefix) + group;
}

GroupSubscription subscriptionOf(const remoting::HeartbeatData& heartbeat,
                                 const remoting::ConsumerData& consumer) {
  GroupSubscription subscription;
  subscription.traits = {.consume_type = consumer.consume_type,
                         .message_model = consumer.message_model,
                         .consume_from = consumer.consume_from_where};
  subscription.subscriptions = consumer.subscription_data_set;
  subscription.keeps_subscriptions = heartbeat.without_sub.value_or(false);
  return subscription;
}

}  // namespace

HeartbeatService::HeartbeatService(ClientRegistry& clients, SubscriptionGroups& groups,
                                   TopicTable& topics, const Clock& clock)
    : clients_(clients), groups_(groups), topics_(topics), clock_(clock) {}

HeartbeatPrint HeartbeatService::printOf(const remoting::RequestContext& heartbeat) const {
  const std::string_view body = heartbeat.body();
  // Each of them only grows, so that an equal sum says that none has.
  const uint64_t state = clients_.changes() + groups_.changes() + topics_.changes();
  const auto client = static_cast<uint64_t>(heartbeat.command.version) << 8 |
                      static_cast<uint64_t>(heartbeat.command.language);
  return {.hash = std::hash<std::string_view>{}(body) ^ client * kOddMultiplier,
          .bytes = body.size(),
          .state = state};
}

bool HeartbeatService::hasNewExpression(const remoting::ConsumerData& consumer) const {
  return std::any_of(consumer.subscription_data_set.begin(), consumer.subscription_data_set.end(),
                     [&](const model::SubscriptionData& sent) {
                       if (model::isTagExpression(sent.expression_type)) {
                         return false;
                       }
                       const auto known =
                           clients_.findSubscription(consumer.group_name, sent.topic);
                       return known.subscription == nullptr ||
                              known.subscription->data.sub_string != sent.sub_string;
                     });
}

bool HeartbeatService::needsBlocking(const remoting::HeartbeatData& heartbeat) const {
  return std::any_of(heartbeat.consumer_data_set.begin(), heartbeat.consumer_data_set.end(),
                     [this](const remoting::ConsumerData& consumer) {
                       if (hasNewExpression(consumer)) {
                         return true;
                       }
                       const GroupConfigPtr group = groups_.find(consumer.group_name);
                       if (group == nullptr) {
                         return groups_.canCreate(consumer.group_name);
                       }
                       return group->retry_queue_nums > 0 &&
                              topics_.find(retryTopicOf(consumer.group_name)) == nullptr;
                     });
}

bool HeartbeatService::prepareGroup(const remoting::ConsumerData& consumer) {
  const GroupConfigPtr group = groups_.findOrCreate(consumer.group_name);
  if (group == nullptr || group->retry_queue_nums <= 0) {
    return group != nullptr;
  }
  const auto created =
      topics_.createInternal(retryTopicOf(consumer.group_name), group->retry_queue_nums,
                             consumer.unit_mode ? model::kTopicUnitSubscription : 0);
  if (!created.ok()) {
    log::warn("no retry topic for consumer group {}: {}", consumer.group_name,
              created.status().message());
  }
  return created.ok();
}

Status HeartbeatService::check(const remoting::HeartbeatData& heartbeat) {
  ROCKETMQ_RETURN_IF_ERROR(checkName("clientID in a heartbeat", heartbeat.client_id));
  for (const remoting::ProducerData& producer : heartbeat.producer_data_set) {
    ROCKETMQ_RETURN_IF_ERROR(checkName("producer group in a heartbeat", producer.group_name));
  }
  for (const remoting::ConsumerData& consumer : heartbeat.consumer_data_set) {
    ROCKETMQ_RETURN_IF_ERROR(checkName("consumer group in a heartbeat", consumer.group_name));
    for (const model::SubscriptionData& subscription : consumer.subscription_data_set) {
      ROCKETMQ_RETURN_IF_ERROR(checkName("topic in a heartbeat", subscription.topic));
      ROCKETMQ_RETURN_IF_ERROR(
          checkLength("subscription of " + subscription.topic + " in a heartbeat",
                      subscription.sub_string, model::kTagExpressionBytesMax));
      ROCKETMQ_RETURN_IF_ERROR(checkLength("expressionType in a heartbeat",
                                           subscription.expression_type, kExpressionTypeBytesMax));
    }
  }
  return Status::ok();
}

bool HeartbeatService::accept(const remoting::HeartbeatData& heartbeat, ClientInfo client,
                              const HeartbeatPrint* print) {
  client.heard = std::make_shared<LastHeard>(clock_.nowMs());
  bool is_complete = true;
  bool is_registered = true;
  for (const remoting::ConsumerData& consumer : heartbeat.consumer_data_set) {
    is_complete = prepareGroup(consumer) && is_complete;
    is_registered = clients_.registerConsumer(consumer.group_name, client,
                                              subscriptionOf(heartbeat, consumer)) &&
                    is_registered;
  }
  for (const remoting::ProducerData& producer : heartbeat.producer_data_set) {
    is_registered = clients_.registerProducer(producer.group_name, client) && is_registered;
  }
  // The memberships share this heartbeat's time now, which a repetition of an earlier one would not
  // refresh: if this one cannot be remembered, none is.
  const bool is_known = print != nullptr && is_complete && is_registered;
  clients_.remember(client.connection->id(), is_known ? *print : HeartbeatPrint{},
                    is_known ? client.heard : nullptr);
  // A heartbeat that was handled on a lane may outlive its connection, whose removal from the
  // registry then came too early.
  if (!client.connection->isOpen()) {
    clients_.removeConnection(client.connection->id());
  }
  return is_registered;
}

}  // namespace rocketmq::broker
