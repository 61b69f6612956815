#include "rocketmq/default_lite_pull_consumer.h"

#include <utility>

#include "client/consumer/lite_pull_core.h"
#include "client/instance/life_cycle.h"
#include "client/instance/name_space.h"
#include "common/clock.h"

namespace rocketmq {
namespace {

void throwIf(const std::optional<client::ClientError>& error) {
  if (error) {
    client::throwError(*error);
  }
}

}  // namespace

class DefaultLitePullConsumer::Impl {
 public:
  explicit Impl(LitePullConsumerConfig consumer_config) : config(std::move(consumer_config)) {}

  std::shared_ptr<client::LitePullCore> core() const { return life.running("consumer"); }
  std::string fullTopic(const std::string& topic) const {
    return client::wrapNamespace(client::namespaceOf(config), topic);
  }

  LitePullConsumerConfig config;
  Mutex mutex;
  client::LiteSelection selection ROCKETMQ_GUARDED_BY(mutex);
  client::LifeCycle<client::LitePullCore> life;
};

DefaultLitePullConsumer::DefaultLitePullConsumer(std::string consumer_group)
    : DefaultLitePullConsumer([&] {
        LitePullConsumerConfig config;
        config.consumer_group = std::move(consumer_group);
        return config;
      }()) {}

DefaultLitePullConsumer::DefaultLitePullConsumer(LitePullConsumerConfig config)
    : impl_(std::make_unique<Impl>(std::move(config))) {}

DefaultLitePullConsumer::~DefaultLitePullConsumer() { impl_->life.end(); }

LitePullConsumerConfig& DefaultLitePullConsumer::config() { return impl_->config; }

void DefaultLitePullConsumer::start() {
  impl_->life.start("consumer", [this] {
    impl_->config.name_space = client::namespaceOf(impl_->config);
    MutexLock lock(impl_->mutex);
    return std::make_shared<client::LitePullCore>(impl_->config, impl_->selection);
  });
}

void DefaultLitePullConsumer::shutdown() { impl_->life.shutdown(); }

void DefaultLitePullConsumer::subscribe(const std::string& topic, const std::string& tags) {
  subscribe(topic, MessageSelector::byTag(tags));
}

void DefaultLitePullConsumer::subscribe(const std::string& topic, const MessageSelector& selector) {
  {
    MutexLock lock(impl_->mutex);
    if (impl_->selection.assigned) {
      throw MQClientException(-1,
                              "Cannot select two subscription types at the same time: queues "
                              "are assigned already");
    }
    const Status status = impl_->selection.subscriptions->add(impl_->fullTopic(topic), selector,
                                                              SystemClock::instance().nowMs());
    if (!status.isOk()) {
      throw MQClientException(-1, "subscribe exception: " + status.message());
    }
  }
  if (const auto core = impl_->life.current()) {
    core->subscriptionsChanged();
  }
}

void DefaultLitePullConsumer::unsubscribe(const std::string& topic) {
  {
    MutexLock lock(impl_->mutex);
    impl_->selection.subscriptions->remove(impl_->fullTopic(topic));
  }
  if (const auto core = impl_->life.current()) {
    core->subscriptionsChanged();
  }
}

void DefaultLitePullConsumer::assign(const std::vector<MessageQueue>& queues) {
  if (queues.empty()) {
    throw MQClientException(-1, "Message queues can not be null or empty.");
  }
  std::vector<MessageQueue> full = queues;
  for (MessageQueue& queue : full) {
    queue.topic = impl_->fullTopic(queue.topic);
  }
  {
    MutexLock lock(impl_->mutex);
    if (!impl_->selection.subscriptions->topics().empty()) {
      throw MQClientException(-1,
                              "Cannot select two subscription types at the same time: topics "
                              "are subscribed already");
    }
    impl_->selection.assigned = full;
  }
  if (const auto core = impl_->life.current()) {
    core->assign(std::move(full));
  }
}

std::vector<MessageExt> DefaultLitePullConsumer::poll() { return poll(impl_->config.poll_timeout); }

std::vector<MessageExt> DefaultLitePullConsumer::poll(std::chrono::milliseconds timeout) {
  return impl_->core()->poll(timeout);
}

void DefaultLitePullConsumer::seek(const MessageQueue& queue, int64_t offset) {
  throwIf(impl_->core()->seek(queue, offset));
}

void DefaultLitePullConsumer::seekToBegin(const MessageQueue& queue) {
  throwIf(impl_->core()->seekToEdge(queue, false));
}

void DefaultLitePullConsumer::seekToEnd(const MessageQueue& queue) {
  throwIf(impl_->core()->seekToEdge(queue, true));
}

void DefaultLitePullConsumer::seekToTimestamp(const MessageQueue& queue, int64_t timestamp_ms) {
  throwIf(impl_->core()->seekToTimestamp(queue, timestamp_ms));
}

void DefaultLitePullConsumer::registerTopicMessageQueueChangeListener(
    const std::string& topic, TopicMessageQueueChangeListener listener) {
  throwIf(impl_->core()->listenToQueues(topic, std::move(listener)));
}

void DefaultLitePullConsumer::pause(const std::vector<MessageQueue>& queues) {
  impl_->core()->setPaused(queues, true);
}

void DefaultLitePullConsumer::resume(const std::vector<MessageQueue>& queues) {
  impl_->core()->setPaused(queues, false);
}

void DefaultLitePullConsumer::commitSync() { throwIf(impl_->core()->commit()); }

int64_t DefaultLitePullConsumer::committed(const MessageQueue& queue) {
  return impl_->core()->committed(queue).valueOrThrow();
}

std::vector<MessageQueue> DefaultLitePullConsumer::fetchMessageQueues(const std::string& topic) {
  return impl_->core()->messageQueues(topic).valueOrThrow();
}

int64_t DefaultLitePullConsumer::offsetForTimestamp(const MessageQueue& queue,
                                                    int64_t timestamp_ms) {
  return impl_->core()->offsetForTimestamp(queue, timestamp_ms).valueOrThrow();
}

std::string DefaultLitePullConsumer::clientId() const {
  const auto core = impl_->life.current();
  return core == nullptr ? std::string() : core->clientId();
}

}  // namespace rocketmq
