#include "broker/handlers/admin_group_handlers.h"

#include <memory>
#include <string>
#include <utility>

#include "broker/change_on_slave.h"
#include "broker/handler_options.h"
#include "common/excerpt.h"
#include "common/json/decode.h"
#include "common/json/encode.h"
#include "common/validate.h"
#include "remoting/protocol/bodies/config_tables.h"
#include "remoting/protocol/bodies/connections.h"
#include "remoting/protocol/commands/commands.h"

namespace rocketmq::broker {
namespace {

using remoting::Answer;
using remoting::NoFields;
using remoting::RequestContext;
using remoting::ResponseCode;

remoting::ConnectionInfo connectionInfo(const ClientInfo& client) {
  return {.client_addr = client.connection->remote().toString(),
          .client_id = client.client_id,
          .language = client.language,
          .version = client.version};
}

Answer<NoFields> unknownGroup(const std::string& group) {
  return {ResponseCode::kSubscriptionGroupNotExist,
          "subscription group [" + excerpt(group) + "] not exist"};
}

class AdminGroupHandlers {
 public:
  explicit AdminGroupHandlers(const AdminGroupParts& parts) : parts_(parts) {}

  Answer<NoFields> update(const RequestContext& context) const {
    const auto config = json::decode<model::SubscriptionGroupConfig>(context.body());
    if (!config.ok()) {
      return config.status();
    }
    const Status updated = parts_.groups.update(*config);
    return updated.isOk() ? Answer<NoFields>(NoFields{}) : Answer<NoFields>(updated);
  }

  Answer<NoFields> updateList(const RequestContext& context) const {
    const auto list = json::decode<remoting::SubscriptionGroupList>(context.body());
    if (!list.ok()) {
      return list.status();
    }
    for (const model::SubscriptionGroupConfig& config : list->group_config_list) {
      const Status updated = parts_.groups.update(config);
      if (!updated.isOk()) {
        return updated;
      }
    }
    return NoFields{};
  }

  Answer<NoFields> one(const remoting::GetSubscriptionGroupConfig& request) const {
    const GroupConfigPtr config = parts_.groups.find(request.group);
    if (config == nullptr) {
      return unknownGroup(request.group);
    }
    return Answer<NoFields>::ofBody(json::encode(*config));
  }

  Answer<NoFields> all() const {
    return Answer<NoFields>::ofBody(json::encode(*parts_.groups.snapshot()));
  }

  /// RocketMQ parity: success also when the group was unknown.
  Answer<NoFields> remove(const remoting::DeleteSubscriptionGroup& request) const {
    const Result<bool> removed = parts_.groups.remove(request.group_name);
    if (!removed.ok()) {
      return removed.status();
    }
    if (request.wantsOffsetsRemoved()) {
      parts_.offsets.removeGroup(request.group_name);
    }
    parts_.stats.forgetGroup(request.group_name);
    return NoFields{};
  }

  Answer<NoFields> consumers(const remoting::GetConsumerConnectionList& request) const {
    const auto group = parts_.clients.consumerGroup(request.consumer_group);
    if (!group) {
      return {ResponseCode::kConsumerNotOnline,
              "the consumer group[" + excerpt(request.consumer_group) + "] not online"};
    }
    remoting::ConsumerConnection connection{.connection_set = {},
                                            .consume_from_where = group->traits.consume_from,
                                            .consume_type = group->traits.consume_type,
                                            .message_model = group->traits.message_model,
                                            .subscription_table = group->subscriptions};
    for (const ClientInfo& member : group->members) {
      connection.connection_set.push_back(connectionInfo(member));
    }
    return Answer<NoFields>::ofBody(json::encode(connection));
  }

  Answer<NoFields> producers(const remoting::GetProducerConnectionList& request) const {
    remoting::ProducerConnection connection;
    for (const ClientInfo& producer : parts_.clients.producers().clients(request.producer_group)) {
      connection.connection_set.push_back(connectionInfo(producer));
    }
    if (connection.connection_set.empty()) {
      return {ResponseCode::kSystemError,
              "the producer group[" + excerpt(request.producer_group) + "] not exist"};
    }
    return Answer<NoFields>::ofBody(json::encode(connection));
  }

  Answer<NoFields> allProducers() const {
    remoting::ProducerTable table;
    for (const auto& [group, producers] : parts_.clients.producers().all()) {
      for (const ClientInfo& producer : producers) {
        table.data[group].push_back({.client_id = producer.client_id,
                                     .language = producer.language,
                                     .last_update_timestamp = producer.updatedMs(),
                                     .remote_ip = "/" + producer.connection->remote().toString(),
                                     .version = producer.version});
      }
    }
    return Answer<NoFields>::ofBody(json::encode(table));
  }

  Answer<NoFields> cloneOffsets(const remoting::CloneGroupOffset& request) const {
    const auto settings = parts_.settings.load();
    if (settings->isSlave()) {
      return offsetsOnSlave();
    }
    // A group may be gone, or never have been made, and its positions be there all the same.
    if (parts_.groups.find(request.source_group) == nullptr &&
        parts_.offsets.topicsOf(request.source_group).empty()) {
      return unknownGroup(request.source_group);
    }
    if (const Status valid = validateGroup(request.destination_group); !valid.isOk()) {
      return valid;
    }
    const auto positions_max = static_cast<size_t>(settings->consumer_positions_max);
    if (!parts_.offsets.clone(request.source_group, request.destination_group, request.topic,
                              positions_max)) {
      return {ResponseCode::kSystemError, kTooManyPositions};
    }
    return NoFields{};
  }

  Answer<NoFields> allOffsets() const { return Answer<NoFields>::ofBody(parts_.offsets.encode()); }

  Answer<NoFields> delayOffsets() const { return Answer<NoFields>::ofBody(parts_.delays.encode()); }

 private:
  const AdminGroupParts parts_;
};

}  // namespace

void registerAdminGroupHandlers(remoting::Router& router, const AdminGroupParts& parts) {
  const auto handlers = std::make_shared<const AdminGroupHandlers>(parts);
  router.handle<remoting::UpdateAndCreateSubscriptionGroup>(
      kAdminSmallBody,
      [handlers](const auto&, const auto& context) { return handlers->update(context); });
  router.handle<remoting::UpdateAndCreateSubscriptionGroupList>(
      kAdminAnyBody,
      [handlers](const auto&, const auto& context) { return handlers->updateList(context); });
  router.handle<remoting::GetSubscriptionGroupConfig>(
      kAdminRead, [handlers](const auto& request, const auto&) { return handlers->one(request); });
  router.handle<remoting::GetAllSubscriptionGroupConfig>(
      kAdminTable, [handlers](const auto&, const auto&) { return handlers->all(); });
  router.handle<remoting::DeleteSubscriptionGroup>(
      kAdmin, [handlers](const auto& request, const auto&) { return handlers->remove(request); });
  router.handle<remoting::GetConsumerConnectionList>(
      kAdminRead,
      [handlers](const auto& request, const auto&) { return handlers->consumers(request); });
  router.handle<remoting::GetProducerConnectionList>(
      kAdminRead,
      [handlers](const auto& request, const auto&) { return handlers->producers(request); });
  router.handle<remoting::GetAllProducerInfo>(
      kAdminRead, [handlers](const auto&, const auto&) { return handlers->allProducers(); });
  router.handle<remoting::CloneGroupOffset>(kAdmin, [handlers](const auto& request, const auto&) {
    return handlers->cloneOffsets(request);
  });
  router.handle<remoting::GetAllConsumerOffset>(
      kAdminTable, [handlers](const auto&, const auto&) { return handlers->allOffsets(); });
  router.handle<remoting::GetAllDelayOffset>(
      kAdminTable, [handlers](const auto&, const auto&) { return handlers->delayOffsets(); });
  router.handle<remoting::GetAllMessageRequestMode>(kAdminRead, [](const auto&, const auto&) {
    return Answer<NoFields>::ofBody(json::encode(remoting::MessageRequestModes{}));
  });
}

}  // namespace rocketmq::broker
