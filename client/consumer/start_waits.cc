#include "client/consumer/start_waits.h"

#include <optional>
#include <utility>

#include "common/log.h"
#include "common/validate.h"

namespace rocketmq::client {

void awaitRoutes(ClientInstance& instance, CancellableCalls& calls, const std::string& group,
                 const std::vector<std::string>& topics) {
  const remoting::Deadline deadline = remoting::deadlineAfter(instance.config().api_timeout);
  for (const std::string& topic : topics) {
    const auto route = calls.await<Outcome<TopicRoutePtr>>(
        [&](auto done) { instance.fetchRoute(topic, deadline, std::move(done)); });
    if (!route) {
      return;
    }
    if (!route->ok() && !isRetryTopic(topic)) {
      log::warn("group {} cannot consume topic {} yet: {}", group, topic, route->error().message);
    }
  }
}

void awaitHeartbeat(ClientInstance& instance, CancellableCalls& calls) {
  static_cast<void>(
      calls.await<bool>([&](auto done) { instance.heartbeat([done]() mutable { done(true); }); }));
}

ClientError startCancelled() {
  return ClientError::client("the consumer was shut down while it was being started");
}

}  // namespace rocketmq::client
