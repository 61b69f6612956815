#include "broker/registrar/single_topics.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

#include "common/json/encode.h"
#include "common/model/permission.h"
#include "common/model/topic_route.h"
#include "common/mutex.h"
#include "remoting/protocol/commands/namesrv_registration.h"

namespace rocketmq::broker {
namespace {

using remoting::CallResult;
using remoting::RegisterTopicInNameServer;
using std::chrono::milliseconds;

constexpr milliseconds kTimeout{3'000};

std::string routeTextOf(const model::TopicConfig& topic, const BrokerSettings& settings) {
  model::TopicRouteData route;
  route.queue_datas.push_back({.broker_name = settings.broker_name,
                               .read_queue_nums = topic.read_queue_nums,
                               .write_queue_nums = topic.write_queue_nums,
                               .perm = permittedTo(topic.perm, settings.broker_permission),
                               .topic_sys_flag = topic.topic_sys_flag});
  return json::encode(route);
}

/// Collects the answers.
class Collector {
 public:
  Collector(size_t expected, std::function<void(const SingleTopicsAnswer&)> done)
      : done_(std::move(done)), left_(expected) {}

  void add(const CallResult<RegisterTopicInNameServer>& result) {
    SingleTopicsAnswer all;
    {
      MutexLock lock(mutex_);
      if (!result.ok()) {
        answer_ = {.failure = result.status().message(), .is_understood = false};
      } else if (!result->success()) {
        answer_.failure = result->remark;
        answer_.is_understood = answer_.is_understood &&
                                result->code != remoting::ResponseCode::kRequestCodeNotSupported;
      }
      if (--left_ > 0) {
        return;
      }
      all = answer_;
    }
    done_(all);
  }

 private:
  const std::function<void(const SingleTopicsAnswer&)> done_;
  Mutex mutex_;
  SingleTopicsAnswer answer_ ROCKETMQ_GUARDED_BY(mutex_);
  size_t left_ ROCKETMQ_GUARDED_BY(mutex_);
};

}  // namespace

int32_t permittedTo(int32_t topic_perm, int32_t broker_permission) {
  const bool all = model::isReadable(broker_permission) && model::isWritable(broker_permission);
  return all ? topic_perm : topic_perm & broker_permission;
}

void registerSingleTopics(remoting::Client& client, const std::string& address,
                          const std::vector<TopicConfigPtr>& topics, const BrokerSettings& settings,
                          std::function<void(const SingleTopicsAnswer&)> done) {
  if (topics.empty()) {
    done({});
    return;
  }
  const auto deadline =
      remoting::deadlineAfter(std::min(kTimeout, milliseconds(settings.register_timeout_ms)));
  const auto answers = std::make_shared<Collector>(topics.size(), std::move(done));
  for (const TopicConfigPtr& topic : topics) {
    client.call(
        address, RegisterTopicInNameServer{.topic = topic->topic_name},
        remoting::Payload(routeTextOf(*topic, settings)), deadline,
        [answers](const CallResult<RegisterTopicInNameServer>& result) { answers->add(result); });
  }
}

}  // namespace rocketmq::broker
