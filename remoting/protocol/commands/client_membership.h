#pragma once

#include <optional>
#include <string>
#include <tuple>

#include "remoting/protocol/codes.h"
#include "remoting/protocol/field_codec.h"

namespace rocketmq::remoting {

/// What a broker says about heartbeats that leave out known subscriptions (5.x). 4.x brokers send
/// neither field.
struct HeartbeatReply {
  std::optional<bool> supports_heartbeat_v2{};
  std::optional<bool> subscription_changed{};

  static constexpr auto fields() {
    return std::tuple{optional("IS_SUPPORT_HEART_BEAT_V2", &HeartbeatReply::supports_heartbeat_v2),
                      optional("IS_SUB_CHANGE", &HeartbeatReply::subscription_changed)};
  }
};

/// Keeps a client's producer and consumer groups alive on a broker. Every client sends it every
/// 30 s to every broker; the body is HeartbeatData. (RocketMQ: HEART_BEAT)
struct Heartbeat : NoFields {
  static constexpr RequestCode kCode = RequestCode::kHeartbeat;
  using Reply = HeartbeatReply;
};

/// Takes one group of a client off a broker. Java and C++ clients send it when they stop, one per
/// group; C++ sends an empty group where others leave it out. Some clients write the names of all
/// three fields in their own way; as in RocketMQ such a request does nothing and succeeds.
/// (RocketMQ: UnregisterClientRequestHeader)
struct UnregisterClient {
  static constexpr RequestCode kCode = RequestCode::kUnregisterClient;
  using Reply = NoFields;

  std::optional<std::string> client_id{};
  std::optional<std::string> producer_group{};
  std::optional<std::string> consumer_group{};

  static constexpr auto fields() {
    return std::tuple{optional("clientID", &UnregisterClient::client_id),
                      optional("producerGroup", &UnregisterClient::producer_group),
                      optional("consumerGroup", &UnregisterClient::consumer_group)};
  }
};

/// Asks which clients are members of a consumer group, for rebalancing. The answer's body is
/// {"consumerIdList":[...]}. (RocketMQ: GetConsumerListByGroupRequestHeader)
struct GetConsumerListByGroup {
  static constexpr RequestCode kCode = RequestCode::kGetConsumerListByGroup;
  using Reply = NoFields;

  std::string consumer_group;

  static constexpr auto fields() {
    return std::tuple{required("consumerGroup", &GetConsumerListByGroup::consumer_group)};
  }
};

/// Tells a consumer that the members or subscriptions of its group have changed: rebalance now.
/// One-way from broker to clients. (RocketMQ: NotifyConsumerIdsChangedRequestHeader)
struct NotifyConsumerIdsChanged {
  static constexpr RequestCode kCode = RequestCode::kNotifyConsumerIdsChanged;
  using Reply = NoFields;

  std::string consumer_group;

  static constexpr auto fields() {
    return std::tuple{required("consumerGroup", &NotifyConsumerIdsChanged::consumer_group)};
  }
};

/// Asks whether a broker can evaluate a subscription. Consumers send it at start for subscriptions
/// that are not by tag; the body is CheckClientRequestBody. (RocketMQ: CHECK_CLIENT_CONFIG)
struct CheckClientConfig : NoFields {
  static constexpr RequestCode kCode = RequestCode::kCheckClientConfig;
  using Reply = NoFields;
};

/// Takes or renews the locks of queues for one client of a group. Orderly consumers send it every
/// 20 s; the body is LockBatchRequestBody, the answer's {"lockOKMQSet":[...]}.
/// (RocketMQ: LOCK_BATCH_MQ)
struct LockBatchQueues : NoFields {
  static constexpr RequestCode kCode = RequestCode::kLockBatchQueues;
  using Reply = NoFields;
};

/// Gives up the locks of queues. Orderly consumers send it, one-way or not; the body is
/// UnlockBatchRequestBody. (RocketMQ: UNLOCK_BATCH_MQ)
struct UnlockBatchQueues : NoFields {
  static constexpr RequestCode kCode = RequestCode::kUnlockBatchQueues;
  using Reply = NoFields;
};

}  // namespace rocketmq::remoting
