#pragma once

#include <any>
#include <cstdint>
#include <memory>
#include <string>

#include "rocketmq/default_mq_producer.h"

namespace rocketmq {

/// How a local transaction ended.
enum class LocalTransactionState {
  kCommitMessage,    ///< Consumers get the message.
  kRollbackMessage,  ///< Nobody gets it.
  kUnknow,           ///< Not known yet: the broker will ask. (RocketMQ's spelling.)
};

/// "COMMIT_MESSAGE", "ROLLBACK_MESSAGE", "UNKNOW".
const char* toString(LocalTransactionState state);

/// The application's side of a transaction (RocketMQ: TransactionListener). An exception counts as
/// kUnknow.
class TransactionListener {
 public:
  virtual ~TransactionListener() = default;

  /// Runs the local transaction for a message that the broker holds back. Called once per
  /// sendMessageInTransaction(), on the caller's thread, with the caller's argument.
  virtual LocalTransactionState executeLocalTransaction(const Message& message,
                                                        const std::any& argument) = 0;

  /// Says how the transaction of a message ended that the broker has waited for in vain: because
  /// the outcome was kUnknow, or got lost. Any producer of the group may be asked, also one that
  /// did not send the message, and more than once; Message::uniqueKey() is the transaction's id.
  /// Called on the producer's check pool, several at a time.
  virtual LocalTransactionState checkLocalTransaction(const MessageExt& message) = 0;
};

/// Where a half message was stored and what became of its local transaction.
struct TransactionSendResult : SendResult {
  LocalTransactionState local_transaction_state = LocalTransactionState::kUnknow;
};

/// Settings of a transaction producer besides those of every producer; defaults are RocketMQ's.
struct TransactionProducerConfig : ProducerConfig {
  /// Threads that answer the broker's questions (checkThreadPoolMaxSize), at least 1.
  int32_t check_threads = 1;
  /// Questions that wait for a thread (checkRequestHoldMax), at least 1. More are dropped; the
  /// broker asks again at its next check.
  int32_t check_request_hold_max = 2000;
};

/// A producer whose messages become visible when a local transaction has been committed (RocketMQ:
/// TransactionMQProducer). It can do all that DefaultMQProducer can.
///
/// Life:    as DefaultMQProducer. Brokers ask only producers that have sent something to them since
///          they started. shutdown() waits for checks that run and drops those that wait; a check
///          may itself shut its producer down or destroy it.
/// Threads: any number may send at the same time.
class TransactionMQProducer : public DefaultMQProducer {
 public:
  /// Throws MQClientException when `listener` is null.
  TransactionMQProducer(std::string producer_group, std::shared_ptr<TransactionListener> listener);
  TransactionMQProducer(TransactionProducerConfig config,
                        std::shared_ptr<TransactionListener> listener);

  /// Sends a half message, runs the local transaction and tells the broker its outcome. A message
  /// that was stored less safely than the broker's mode promises (any status but kSendOk) is rolled
  /// back without running the transaction.
  ///
  /// The message's delay level is removed: a transaction cannot be delayed. Throws as send() does
  /// when the half message was not stored; the transaction was then not run. Once it has run
  /// nothing is thrown: an outcome that does not reach the broker is asked for later.
  TransactionSendResult sendMessageInTransaction(Message& message, const std::any& argument = {});

 private:
  LocalTransactionState execute(const Message& message, const std::any& argument);

  const std::shared_ptr<TransactionListener> listener_;
};

}  // namespace rocketmq
