#pragma once

#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "common/fields.h"
#include "common/model/message_queue.h"
#include "common/model/subscription_data.h"

namespace rocketmq::remoting {

/// Answer to GET_CONSUMER_LIST_BY_GROUP: the client ids of the group's members, in any order.
struct ConsumerIdList {
  std::vector<std::string> consumer_id_list;

  friend bool operator==(const ConsumerIdList&, const ConsumerIdList&) = default;

  static constexpr auto fields() {
    return std::tuple{optional("consumerIdList", &ConsumerIdList::consumer_id_list)};
  }
};

/// Body of LOCK_BATCH_MQ and UNLOCK_BATCH_MQ (RocketMQ: LockBatchRequestBody,
/// UnlockBatchRequestBody, which have the same members).
struct LockBatchBody {
  std::string client_id;
  std::string consumer_group;
  std::set<model::MessageQueue> mq_set;
  /// 5.x: true for calls between the brokers of one name.
  std::optional<bool> only_this_broker = {};

  friend bool operator==(const LockBatchBody&, const LockBatchBody&) = default;

  static constexpr auto fields() {
    using L = LockBatchBody;
    return std::tuple{required("clientId", &L::client_id),
                      required("consumerGroup", &L::consumer_group), optional("mqSet", &L::mq_set),
                      optional("onlyThisBroker", &L::only_this_broker)};
  }
};

/// Answer to LOCK_BATCH_MQ: the queues that the client owns now.
struct LockBatchReplyBody {
  std::set<model::MessageQueue> lock_ok_mq_set;

  friend bool operator==(const LockBatchReplyBody&, const LockBatchReplyBody&) = default;

  static constexpr auto fields() {
    return std::tuple{optional("lockOKMQSet", &LockBatchReplyBody::lock_ok_mq_set)};
  }
};

/// Body of CHECK_CLIENT_CONFIG: a subscription that the broker is asked to compile.
struct CheckClientConfigBody {
  std::string client_id;
  std::string group;
  std::optional<std::string> name_space = {};
  model::SubscriptionData subscription_data;

  friend bool operator==(const CheckClientConfigBody&, const CheckClientConfigBody&) = default;

  static constexpr auto fields() {
    using C = CheckClientConfigBody;
    return std::tuple{optional("clientId", &C::client_id), optional("group", &C::group),
                      optional("namespace", &C::name_space),
                      required("subscriptionData", &C::subscription_data)};
  }
};

}  // namespace rocketmq::remoting
