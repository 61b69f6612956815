#include "client/consumer/expression_check.h"

#include <utility>
#include <vector>

#include "common/json/encode.h"
#include "remoting/protocol/bodies/membership.h"
#include "remoting/protocol/commands/client_membership.h"

namespace rocketmq::client {

std::optional<ClientError> checkExpressions(ClientInstance& instance, CancellableCalls& calls,
                                            const std::string& group,
                                            const SubscriptionTable& subscriptions) {
  for (const SubscriptionPtr& subscription : subscriptions.all()) {
    if (model::isTagExpression(subscription->expression_type)) {
      continue;
    }
    const std::vector<BrokerAddress> brokers = instance.routes().brokersOf(subscription->topic);
    if (brokers.empty()) {
      continue;
    }
    remoting::CheckClientConfigBody body;
    body.client_id = instance.clientId();
    body.group = group;
    body.subscription_data = *subscription;
    const std::string& address = brokers.front().address;
    const auto result =
        calls.call(instance.remoting(), address, remoting::CheckClientConfig{}, json::encode(body),
                   remoting::deadlineAfter(instance.config().api_timeout));
    if (!result.ok()) {
      return instance.describe(result.status(), address);
    }
    if (!result->success()) {
      return ClientError::client("broker " + address + " refuses the subscription of topic " +
                                     subscription->topic + ": " + result->remark,
                                 static_cast<int32_t>(result->code));
    }
  }
  return std::nullopt;
}

}  // namespace rocketmq::client
