#include "rocketmq/default_mq_push_consumer.h"

#include <utility>

#include "client/consumer/push_consumer_core.h"
#include "client/instance/life_cycle.h"
#include "client/instance/name_space.h"
#include "common/clock.h"

namespace rocketmq {

class DefaultMQPushConsumer::Impl {
 public:
  explicit Impl(PushConsumerConfig consumer_config) : config(std::move(consumer_config)) {}

  void tellCore() {
    if (const auto core = life.current()) {
      core->subscriptionsChanged();
    }
  }

  PushConsumerConfig config;
  const std::shared_ptr<client::SubscriptionTable> subscriptions =
      std::make_shared<client::SubscriptionTable>();
  client::AnyListener listener;
  client::LifeCycle<client::PushConsumerCore> life;
};

DefaultMQPushConsumer::DefaultMQPushConsumer(std::string consumer_group)
    : DefaultMQPushConsumer([&] {
        PushConsumerConfig config;
        config.consumer_group = std::move(consumer_group);
        return config;
      }()) {}

DefaultMQPushConsumer::DefaultMQPushConsumer(PushConsumerConfig config)
    : impl_(std::make_unique<Impl>(std::move(config))) {}

DefaultMQPushConsumer::~DefaultMQPushConsumer() { impl_->life.end(); }

PushConsumerConfig& DefaultMQPushConsumer::config() { return impl_->config; }

void DefaultMQPushConsumer::subscribe(const std::string& topic, const std::string& tags) {
  subscribe(topic, MessageSelector::byTag(tags));
}

void DefaultMQPushConsumer::subscribe(const std::string& topic, const MessageSelector& selector) {
  const Status status = impl_->subscriptions->add(topic, selector, SystemClock::instance().nowMs());
  if (!status.isOk()) {
    throw MQClientException(-1, "subscription exception: " + status.message());
  }
  impl_->tellCore();
}

void DefaultMQPushConsumer::unsubscribe(const std::string& topic) {
  impl_->subscriptions->remove(topic);
  impl_->tellCore();
}

void DefaultMQPushConsumer::registerMessageListener(MessageListenerConcurrently listener) {
  impl_->listener = std::move(listener);
}

void DefaultMQPushConsumer::registerMessageListener(MessageListenerOrderly listener) {
  impl_->listener = std::move(listener);
}

void DefaultMQPushConsumer::start() {
  impl_->life.start("consumer", [this] {
    impl_->config.name_space = client::namespaceOf(impl_->config);
    const Status status = impl_->subscriptions->setNamespace(impl_->config.name_space);
    if (!status.isOk()) {
      throw MQClientException(-1, "subscription exception: " + status.message());
    }
    return std::make_shared<client::PushConsumerCore>(impl_->config, impl_->subscriptions,
                                                      impl_->listener);
  });
}

void DefaultMQPushConsumer::shutdown() { impl_->life.shutdown(); }

void DefaultMQPushConsumer::suspend() { impl_->life.running("consumer")->pause(); }

void DefaultMQPushConsumer::resume() { impl_->life.running("consumer")->resume(); }

void DefaultMQPushConsumer::setConsumeThreads(int32_t threads) {
  const Status status = impl_->life.running("consumer")->setThreads(threads);
  if (!status.isOk()) {
    throw MQClientException(-1, status.message());
  }
}

std::string DefaultMQPushConsumer::clientId() const {
  const auto core = impl_->life.current();
  return core == nullptr ? std::string() : core->clientId();
}

}  // namespace rocketmq
