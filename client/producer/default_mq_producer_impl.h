#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "client/instance/bounded_timeout.h"
#include "client/instance/life_cycle.h"
#include "client/producer/outgoing_message.h"
#include "client/producer/producer_core.h"
#include "client/producer/send_call.h"
#include "client/producer/transaction_checker.h"
#include "rocketmq/default_mq_producer.h"

namespace rocketmq {

/// What DefaultMQProducer and the producers made of it share.
class DefaultMQProducer::Impl {
 public:
  explicit Impl(ProducerConfig producer_config) : config(std::move(producer_config)) {}

  /// The running core; throws when there is none.
  std::shared_ptr<client::ProducerCore> core() const { return life.running("producer"); }

  client::OutgoingMessage prepare(Message& message) const {
    return client::makeOutgoing(message, core()->config()).valueOrThrow();
  }
  client::OutgoingMessage prepare(Message&& message) const {
    return client::makeOutgoing(std::move(message), core()->config()).valueOrThrow();
  }
  client::OutgoingMessage prepare(std::vector<Message>& batch) const {
    return client::makeOutgoingBatch(batch, core()->config()).valueOrThrow();
  }

  void checkTopics(const Message& message, const MessageQueue& queue) const {
    if (message.topic() != queue.topic) {
      throw MQClientException(
          -1, "message's topic not equal mq's topic: " + message.topic() + " and " + queue.topic);
    }
  }

  SendResult send(client::OutgoingMessage&& outgoing, client::SendTarget&& target, Timeout timeout,
                  client::SendMode mode = client::SendMode::kSync) {
    const auto running = core();
    return running
        ->sendSync(std::move(outgoing), std::move(target), mode,
                   timeout.value_or(running->config().send_msg_timeout))
        .valueOrThrow();
  }
  void send(client::OutgoingMessage&& outgoing, client::SendTarget&& target, SendCallback callback,
            Timeout timeout) {
    const auto running = core();
    running->sendAsync(std::move(outgoing), std::move(target), std::move(callback),
                       timeout.value_or(running->config().send_msg_timeout));
  }

  Message request(Message& message, client::SendTarget target, std::chrono::milliseconds timeout) {
    timeout = client::boundedTimeout(timeout);
    const auto running = core();
    const std::string id = running->makeRequest(message, timeout);
    return running->requestSync(id, prepare(message), std::move(target), timeout).valueOrThrow();
  }

  void request(Message& message, client::SendTarget target, RequestCallback callback,
               std::chrono::milliseconds timeout) {
    timeout = client::boundedTimeout(timeout);
    const auto running = core();
    const std::string id = running->makeRequest(message, timeout);
    running->requestAsync(id, prepare(message), std::move(target), timeout, std::move(callback));
  }

  /// The application's; the core has its own from the start on.
  ProducerConfig config;
  /// Makes what answers brokers' questions about transactions; null for other producers.
  std::function<std::unique_ptr<client::TransactionChecker>()> make_checker;
  client::LifeCycle<client::ProducerCore> life;
};

}  // namespace rocketmq
