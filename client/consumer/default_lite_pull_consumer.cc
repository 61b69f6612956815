#include "rocketmq/default_lite_pull_consumer.h"

#include <utility>

#include "client/consumer/lite_pull_core.h"
#include "client/instance/life_cycle.h"
#include "client/instance/name_space.h"

namespace rocketmq {
namespace {

void throwIf(const std::optional<client::ClientError>& error) {
  if (error) {
    client::throwError(*error);
  }
}

void throwIfRefused(const Status& status) {
  if (!status.isOk()) {
    throw MQClientException(-1, status.message());
  }
}

}  // namespace

class DefaultLitePullConsumer::Impl {
 public:
  explicit Impl(LitePullConsumerConfig consumer_config) : config(std::move(consumer_config)) {}

  std::shared_ptr<client::LitePullCore> core() const { return life.running("consumer"); }

  LitePullConsumerConfig config;
  const std::shared_ptr<client::LiteSelection> selection =
      std::make_shared<client::LiteSelection>();
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
    throwIfRefused(impl_->selection->setNamespace(impl_->config.name_space));
    return std::make_shared<client::LitePullCore>(impl_->config, impl_->selection);
  });
  if (const auto core = impl_->life.current()) {
    core->catchUp();
  }
}

void DefaultLitePullConsumer::shutdown() { impl_->life.shutdown(); }

void DefaultLitePullConsumer::subscribe(const std::string& topic, const std::string& tags) {
  subscribe(topic, MessageSelector::byTag(tags));
}

void DefaultLitePullConsumer::subscribe(const std::string& topic, const MessageSelector& selector) {
  throwIfRefused(impl_->selection->subscribe(topic, selector));
  if (const auto core = impl_->life.current()) {
    core->subscriptionsChanged();
  }
}

void DefaultLitePullConsumer::unsubscribe(const std::string& topic) {
  impl_->selection->unsubscribe(topic);
  if (const auto core = impl_->life.current()) {
    core->subscriptionsChanged();
  }
}

void DefaultLitePullConsumer::assign(const std::vector<MessageQueue>& queues) {
  if (queues.empty()) {
    throw MQClientException(-1, "Message queues can not be null or empty.");
  }
  throwIfRefused(impl_->selection->assign(queues));
  if (const auto core = impl_->life.current()) {
    core->queuesAssigned();
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
