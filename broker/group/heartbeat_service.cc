#include "broker/group/heartbeat_service.h"

#include <algorithm>
#include <string>

#include "common/log.h"
#include "common/validate.h"

namespace rocketmq::broker {

namespace {

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
                                   TopicTable& topics)
    : clients_(clients), groups_(groups), topics_(topics) {}

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

void HeartbeatService::prepareGroup(const remoting::ConsumerData& consumer) {
  const GroupConfigPtr group = groups_.findOrCreate(consumer.group_name);
  if (group == nullptr || group->retry_queue_nums <= 0) {
    return;
  }
  const auto created =
      topics_.createInternal(retryTopicOf(consumer.group_name), group->retry_queue_nums,
                             consumer.unit_mode ? model::kTopicUnitSubscription : 0);
  if (!created.ok()) {
    log::warn("no retry topic for consumer group {}: {}", consumer.group_name,
              created.status().message());
  }
}

void HeartbeatService::accept(const remoting::HeartbeatData& heartbeat, const ClientInfo& client) {
  for (const remoting::ConsumerData& consumer : heartbeat.consumer_data_set) {
    prepareGroup(consumer);
    clients_.registerConsumer(consumer.group_name, client, subscriptionOf(heartbeat, consumer));
  }
  for (const remoting::ProducerData& producer : heartbeat.producer_data_set) {
    clients_.registerProducer(producer.group_name, client);
  }
  // A heartbeat that was handled on a lane may outlive its connection, whose removal from the
  // registry then came too early.
  if (!client.connection->isOpen()) {
    clients_.removeConnection(client.connection->id());
  }
}

}  // namespace rocketmq::broker
