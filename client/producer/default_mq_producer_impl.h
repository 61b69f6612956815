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

  /// A message as it travels, and the core that it was made for, which sends it.
  struct Prepared {
    std::shared_ptr<client::ProducerCore> core;
    client::OutgoingMessage outgoing;
  };
  Prepared prepare(Message& message) const { return prepare(core(), message); }
  Prepared prepare(Message&& message) const {
    auto running = core();
    auto outgoing = client::makeOutgoing(std::move(message), running->config()).valueOrThrow();
    return {std::move(running), std::move(outgoing)};
  }
  Prepared prepare(std::vector<Message>& batch) const {
    auto running = core();
    auto outgoing = client::makeOutgoingBatch(batch, running->config()).valueOrThrow();
    return {std::move(running), std::move(outgoing)};
  }

  void checkTopics(const Message& message, const MessageQueue& queue) const {
    if (message.topic() != queue.topic) {
      throw MQClientException(
          -1, "message's topic not equal mq's topic: " + message.topic() + " and " + queue.topic);
    }
  }

  SendResult send(Prepared&& message, client::SendTarget&& target, Timeout timeout,
                  client::SendMode mode = client::SendMode::kSync) {
    const std::chrono::milliseconds time =
        timeout.value_or(message.core->config().send_msg_timeout);
    return message.core->sendSync(std::move(message.outgoing), std::move(target), mode, time)
        .valueOrThrow();
  }
  void send(Prepared&& message, client::SendTarget&& target, SendCallback callback,
            Timeout timeout) {
    const std::chrono::milliseconds time =
        timeout.value_or(message.core->config().send_msg_timeout);
    message.core->sendAsync(std::move(message.outgoing), std::move(target), std::move(callback),
                            time);
  }

  Message request(Message& message, client::SendTarget target, std::chrono::milliseconds timeout) {
    timeout = client::boundedTimeout(timeout);
    const auto running = core();
    const std::string id = running->makeRequest(message, timeout);
    return running->requestSync(id, prepare(running, message).outgoing, std::move(target), timeout)
        .valueOrThrow();
  }

  void request(Message& message, client::SendTarget target, RequestCallback callback,
               std::chrono::milliseconds timeout) {
    timeout = client::boundedTimeout(timeout);
    const auto running = core();
    const std::string id = running->makeRequest(message, timeout);
    running->requestAsync(id, prepare(running, message).outgoing, std::move(target), timeout,
                          std::move(callback));
  }

  /// The application's; the core has its own from the start on.
  ProducerConfig config;
  /// Makes what answers brokers' questions about transactions; null for other producers.
  std::function<std::unique_ptr<client::TransactionChecker>()> make_checker;
  client::LifeCycle<client::ProducerCore> life;

 private:
  static Prepared prepare(std::shared_ptr<client::ProducerCore> running, Message& message) {
    auto outgoing = client::makeOutgoing(message, running->config()).valueOrThrow();
    return {std::move(running), std::move(outgoing)};
  }
};

}  // namespace rocketmq
