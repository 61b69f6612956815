#include "broker/acl/access_needs.h"

#include "common/json/decode.h"
#include "common/validate.h"

namespace rocketmq::broker {

using remoting::RequestCode;

bool AccessNeeds::isForAdmins(RequestCode code) {
  switch (code) {
    case RequestCode::kUpdateAndCreateTopic:
    case RequestCode::kUpdateBrokerConfig:
    case RequestCode::kDeleteTopicInBroker:
    case RequestCode::kUpdateAndCreateSubscriptionGroup:
    case RequestCode::kDeleteSubscriptionGroup:
    // Not so in RocketMQ, where these lead around the ones above.
    case RequestCode::kUpdateAndCreateTopicList:
    case RequestCode::kUpdateAndCreateSubscriptionGroupList:
    case RequestCode::kUpdateAndCreateAclConfig:
    case RequestCode::kDeleteAclConfig:
    case RequestCode::kGetBrokerClusterAclInfo:
    case RequestCode::kUpdateGlobalWhiteAddrsConfig:
    case RequestCode::kGetBrokerClusterAclConfig:
      return true;
    default:
      return false;
  }
}

/// Absent and empty names, which some clients send, ask for nothing.
void AccessNeeds::needTopic(const std::string_view* name, AclPermission permission) {
  if (name == nullptr || name->empty()) {
    return;
  }
  if (name->starts_with(kRetryTopicPrefix)) {
    const std::string_view group = name->substr(kRetryTopicPrefix.size());
    needGroup(&group);
    return;
  }
  list_.push_back({AccessNeed::Kind::kTopic, *name, permission});
}

void AccessNeeds::needGroup(const std::string_view* name) {
  if (name != nullptr && !name->empty()) {
    list_.push_back({AccessNeed::Kind::kGroup, *name, AclPermission::kSub});
  }
}

Status AccessNeeds::readHeartbeat(std::string_view body) {
  auto heartbeat = json::decode<remoting::HeartbeatData>(body);
  if (!heartbeat.ok()) {
    return heartbeat.status().withContext("the heartbeat cannot be read");
  }
  heartbeat_ = std::move(*heartbeat);
  for (const remoting::ConsumerData& consumer : heartbeat_->consumer_data_set) {
    const std::string_view group = consumer.group_name;
    needGroup(&group);
    for (const model::SubscriptionData& subscription : consumer.subscription_data_set) {
      const std::string_view topic = subscription.topic;
      needTopic(&topic, AclPermission::kSub);
    }
  }
  return Status::ok();
}

Status AccessNeeds::readFrom(const remoting::CommandView& request) {
  const auto field = [&request](std::string_view name) { return request.ext_fields.find(name); };
  switch (static_cast<RequestCode>(request.code)) {
    case RequestCode::kSendMessage:
    case RequestCode::kSendReplyMessage:  // Not so in RocketMQ, though the broker stores replies.
    case RequestCode::kRecallMessage:
      needTopic(field("topic"), AclPermission::kPub);
      break;
    case RequestCode::kSendMessageV2:
    case RequestCode::kSendBatchMessage:
    case RequestCode::kSendReplyMessageV2:
      needTopic(field("b"), AclPermission::kPub);
      break;
    case RequestCode::kConsumerSendMessageBack:
      needGroup(field("group"));
      break;
    case RequestCode::kPullMessage:
    case RequestCode::kLitePullMessage:
    case RequestCode::kUpdateConsumerOffset:
      needTopic(field("topic"), AclPermission::kSub);
      needGroup(field("consumerGroup"));
      break;
    case RequestCode::kQueryMessage:
      needTopic(field("topic"), AclPermission::kSub);
      break;
    case RequestCode::kHeartbeat:
      return readHeartbeat(request.body);
    case RequestCode::kUnregisterClient:
    case RequestCode::kGetConsumerListByGroup:
      needGroup(field("consumerGroup"));
      break;
    default:
      break;
  }
  return Status::ok();
}

}  // namespace rocketmq::broker
