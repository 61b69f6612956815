#include "rocketmq/default_mq_pull_consumer.h"

#include <utility>

#include "client/consumer/pull_consumer_core.h"
#include "client/instance/life_cycle.h"
#include "client/instance/name_space.h"

namespace rocketmq {

class DefaultMQPullConsumer::Impl {
 public:
  explicit Impl(PullConsumerConfig consumer_config) : config(std::move(consumer_config)) {}

  std::shared_ptr<client::PullConsumerCore> core() const { return life.running("consumer"); }

  PullConsumerConfig config;
  client::LifeCycle<client::PullConsumerCore> life;
};

DefaultMQPullConsumer::DefaultMQPullConsumer(std::string consumer_group)
    : DefaultMQPullConsumer([&] {
        PullConsumerConfig config;
        config.consumer_group = std::move(consumer_group);
        return config;
      }()) {}

DefaultMQPullConsumer::DefaultMQPullConsumer(PullConsumerConfig config)
    : impl_(std::make_unique<Impl>(std::move(config))) {}

DefaultMQPullConsumer::~DefaultMQPullConsumer() { shutdown(); }

PullConsumerConfig& DefaultMQPullConsumer::config() { return impl_->config; }

void DefaultMQPullConsumer::start() {
  impl_->life.start("consumer", [this] {
    impl_->config.name_space = client::namespaceOf(impl_->config);
    return std::make_shared<client::PullConsumerCore>(impl_->config);
  });
}

void DefaultMQPullConsumer::shutdown() { impl_->life.shutdown(); }

std::vector<MessageQueue> DefaultMQPullConsumer::fetchSubscribeMessageQueues(
    const std::string& topic) {
  return impl_->core()->subscribeQueues(topic).valueOrThrow();
}

PullResult DefaultMQPullConsumer::pull(const MessageQueue& queue, const std::string& tags,
                                       int64_t offset, int32_t max_nums) {
  return pull(queue, MessageSelector::byTag(tags), offset, max_nums);
}

PullResult DefaultMQPullConsumer::pull(const MessageQueue& queue, const MessageSelector& selector,
                                       int64_t offset, int32_t max_nums) {
  return impl_->core()->pull(queue, selector, offset, max_nums, false).valueOrThrow();
}

PullResult DefaultMQPullConsumer::pullBlockIfNotFound(const MessageQueue& queue,
                                                      const std::string& tags, int64_t offset,
                                                      int32_t max_nums) {
  return pullBlockIfNotFound(queue, MessageSelector::byTag(tags), offset, max_nums);
}

PullResult DefaultMQPullConsumer::pullBlockIfNotFound(const MessageQueue& queue,
                                                      const MessageSelector& selector,
                                                      int64_t offset, int32_t max_nums) {
  return impl_->core()->pull(queue, selector, offset, max_nums, true).valueOrThrow();
}

int64_t DefaultMQPullConsumer::fetchConsumeOffset(const MessageQueue& queue, bool from_store) {
  return impl_->core()->consumeOffset(queue, from_store).valueOrThrow();
}

void DefaultMQPullConsumer::updateConsumeOffset(const MessageQueue& queue, int64_t offset) {
  if (offset < 0) {
    throw MQClientException(-1, "offset < 0");
  }
  impl_->core()->updateConsumeOffset(queue, offset);
}

int64_t DefaultMQPullConsumer::minOffset(const MessageQueue& queue) {
  return impl_->core()->minOffset(queue).valueOrThrow();
}

int64_t DefaultMQPullConsumer::maxOffset(const MessageQueue& queue) {
  return impl_->core()->maxOffset(queue).valueOrThrow();
}

int64_t DefaultMQPullConsumer::searchOffset(const MessageQueue& queue, int64_t timestamp_ms) {
  return impl_->core()->searchOffset(queue, timestamp_ms).valueOrThrow();
}

std::string DefaultMQPullConsumer::clientId() const {
  const auto core = impl_->life.current();
  return core == nullptr ? std::string() : core->clientId();
}

}  // namespace rocketmq
