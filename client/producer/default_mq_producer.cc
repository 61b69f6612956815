#include "rocketmq/default_mq_producer.h"

#include <functional>
#include <random>
#include <utility>

#include "client/instance/name_space.h"
#include "client/producer/default_mq_producer_impl.h"
#include "common/hash.h"

namespace rocketmq {

using client::SendMode;
using client::SendTarget;

MessageQueueSelector selectQueueByHash(std::string key) {
  return [key = std::move(key)](const std::vector<MessageQueue>& queues, const Message&) {
    const auto hash = static_cast<int64_t>(javaStringHash(key));
    return queues[static_cast<size_t>(hash < 0 ? -hash : hash) % queues.size()];
  };
}

MessageQueueSelector selectQueueByRandom() {
  return [](const std::vector<MessageQueue>& queues, const Message&) {
    thread_local std::minstd_rand random{std::random_device{}()};
    return queues[random() % queues.size()];
  };
}

DefaultMQProducer::DefaultMQProducer(std::string producer_group)
    : DefaultMQProducer([&] {
        ProducerConfig config;
        config.producer_group = std::move(producer_group);
        return config;
      }()) {}

DefaultMQProducer::DefaultMQProducer(ProducerConfig config)
    : impl_(std::make_unique<Impl>(std::move(config))) {}

DefaultMQProducer::~DefaultMQProducer() {
  impl_->life.end();
  // Also where a callback destroys its own producer, no other comes after this.
  if (const auto core = impl_->life.current()) {
    core->finishCallbacks();
  }
}

ProducerConfig& DefaultMQProducer::config() { return impl_->config; }

void DefaultMQProducer::start() {
  impl_->life.start("producer", [this] {
    impl_->config.name_space = client::namespaceOf(impl_->config);
    return std::make_shared<client::ProducerCore>(
        impl_->config, impl_->make_checker ? impl_->make_checker() : nullptr);
  });
}

void DefaultMQProducer::shutdown() { impl_->life.shutdown(); }

SendResult DefaultMQProducer::send(Message& message, Timeout timeout) {
  return impl_->send(impl_->prepare(message), client::AnyQueue{}, timeout);
}

SendResult DefaultMQProducer::send(Message& message, const MessageQueue& queue, Timeout timeout) {
  impl_->checkTopics(message, queue);
  return impl_->send(impl_->prepare(message), queue, timeout);
}

SendResult DefaultMQProducer::send(Message& message, const MessageQueueSelector& selector,
                                   Timeout timeout) {
  auto prepared = impl_->prepare(message);
  return impl_->send(std::move(prepared), client::SelectedQueue{selector, message}, timeout);
}

SendResult DefaultMQProducer::send(std::vector<Message>& batch, Timeout timeout) {
  return impl_->send(impl_->prepare(batch), client::AnyQueue{}, timeout);
}

SendResult DefaultMQProducer::send(std::vector<Message>& batch, const MessageQueue& queue,
                                   Timeout timeout) {
  auto prepared = impl_->prepare(batch);
  impl_->checkTopics(batch.front(), queue);
  return impl_->send(std::move(prepared), queue, timeout);
}

void DefaultMQProducer::send(Message message, SendCallback callback, Timeout timeout) {
  impl_->send(impl_->prepare(std::move(message)), client::AnyQueue{}, std::move(callback), timeout);
}

void DefaultMQProducer::send(Message message, const MessageQueue& queue, SendCallback callback,
                             Timeout timeout) {
  impl_->checkTopics(message, queue);
  impl_->send(impl_->prepare(std::move(message)), queue, std::move(callback), timeout);
}

void DefaultMQProducer::send(Message message, const MessageQueueSelector& selector,
                             SendCallback callback, Timeout timeout) {
  auto prepared = impl_->prepare(message);
  impl_->send(std::move(prepared), client::SelectedQueue{selector, std::move(message)},
              std::move(callback), timeout);
}

void DefaultMQProducer::send(std::vector<Message>& batch, SendCallback callback, Timeout timeout) {
  impl_->send(impl_->prepare(batch), client::AnyQueue{}, std::move(callback), timeout);
}

void DefaultMQProducer::send(std::vector<Message>& batch, const MessageQueue& queue,
                             SendCallback callback, Timeout timeout) {
  auto prepared = impl_->prepare(batch);
  impl_->checkTopics(batch.front(), queue);
  impl_->send(std::move(prepared), queue, std::move(callback), timeout);
}

void DefaultMQProducer::sendOneway(Message& message) {
  impl_->send(impl_->prepare(message), client::AnyQueue{}, std::nullopt, SendMode::kOneway);
}

void DefaultMQProducer::sendOneway(Message& message, const MessageQueue& queue) {
  impl_->checkTopics(message, queue);
  impl_->send(impl_->prepare(message), queue, std::nullopt, SendMode::kOneway);
}

void DefaultMQProducer::sendOneway(Message& message, const MessageQueueSelector& selector) {
  auto prepared = impl_->prepare(message);
  impl_->send(std::move(prepared), client::SelectedQueue{selector, message}, std::nullopt,
              SendMode::kOneway);
}

Message DefaultMQProducer::request(Message& message, std::chrono::milliseconds timeout) {
  return impl_->request(message, client::AnyQueue{}, timeout);
}

Message DefaultMQProducer::request(Message& message, const MessageQueue& queue,
                                   std::chrono::milliseconds timeout) {
  impl_->checkTopics(message, queue);
  return impl_->request(message, queue, timeout);
}

Message DefaultMQProducer::request(Message& message, const MessageQueueSelector& selector,
                                   std::chrono::milliseconds timeout) {
  return impl_->request(message, client::SelectedQueue{selector, message}, timeout);
}

void DefaultMQProducer::request(Message message, RequestCallback callback,
                                std::chrono::milliseconds timeout) {
  impl_->request(message, client::AnyQueue{}, std::move(callback), timeout);
}

void DefaultMQProducer::request(Message message, const MessageQueue& queue,
                                RequestCallback callback, std::chrono::milliseconds timeout) {
  impl_->checkTopics(message, queue);
  impl_->request(message, queue, std::move(callback), timeout);
}

void DefaultMQProducer::request(Message message, const MessageQueueSelector& selector,
                                RequestCallback callback, std::chrono::milliseconds timeout) {
  client::SelectedQueue target{selector, message};
  impl_->request(message, std::move(target), std::move(callback), timeout);
}

std::string DefaultMQProducer::recallMessage(const std::string& topic,
                                             const std::string& recall_handle) {
  const auto core = impl_->core();
  return core->recallSync(topic, recall_handle, core->config().send_msg_timeout).valueOrThrow();
}

std::vector<MessageQueue> DefaultMQProducer::fetchPublishMessageQueues(const std::string& topic) {
  return impl_->core()->publishQueues(topic).valueOrThrow();
}

std::string DefaultMQProducer::clientId() const {
  const auto core = impl_->life.current();
  return core == nullptr ? std::string() : core->clientId();
}

}  // namespace rocketmq
