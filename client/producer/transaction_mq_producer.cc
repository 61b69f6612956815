#include "rocketmq/transaction_mq_producer.h"

#include <exception>
#include <utility>

#include "client/instance/name_space.h"
#include "client/producer/default_mq_producer_impl.h"
#include "common/log_limiter.h"
#include "common/message/message_id.h"
#include "common/message/properties.h"

namespace rocketmq {

namespace {

TransactionProducerConfig configOf(std::string producer_group) {
  TransactionProducerConfig config;
  config.producer_group = std::move(producer_group);
  return config;
}

}  // namespace

const char* toString(LocalTransactionState state) {
  switch (state) {
    case LocalTransactionState::kCommitMessage:
      return "COMMIT_MESSAGE";
    case LocalTransactionState::kRollbackMessage:
      return "ROLLBACK_MESSAGE";
    case LocalTransactionState::kUnknow:
      break;
  }
  return "UNKNOW";
}

TransactionMQProducer::TransactionMQProducer(std::string producer_group,
                                             std::shared_ptr<TransactionListener> listener)
    : TransactionMQProducer(configOf(std::move(producer_group)), std::move(listener)) {}

TransactionMQProducer::TransactionMQProducer(TransactionProducerConfig config,
                                             std::shared_ptr<TransactionListener> listener)
    : DefaultMQProducer(static_cast<const ProducerConfig&>(config)),
      listener_(std::move(listener)) {
  if (listener_ == nullptr) {
    throw MQClientException(-1, "TransactionListener is null; a transaction producer needs one");
  }
  // config() may still be changed when this runs, at start().
  impl_->make_checker = [impl = impl_.get(), config = std::move(config), listener = listener_] {
    TransactionProducerConfig current = config;
    static_cast<ProducerConfig&>(current) = impl->config;
    return std::make_unique<client::TransactionChecker>(
        current, client::wrapNamespace(current.name_space, current.producer_group), listener);
  };
}

TransactionSendResult TransactionMQProducer::sendMessageInTransaction(Message& message,
                                                                      const std::any& argument) {
  const auto core = impl_->core();
  message.removeProperty(property::kDelayLevel);
  message.putProperty(property::kTransactionPrepared, "true");
  message.putProperty(
      property::kProducerGroup,
      client::wrapNamespace(core->config().name_space, core->config().producer_group));
  TransactionSendResult result{send(message), LocalTransactionState::kRollbackMessage};
  result.transaction_id = message.uniqueKey();
  if (result.status == SendStatus::kSendOk) {
    result.local_transaction_state = execute(message, argument);
  }
  const auto place = OffsetMessageId::parse(result.offset_msg_id);
  if (!place.ok()) {
    static LogLimiter limiter;
    limiter.error(
        "transaction {} cannot be ended: the broker's message id \"{}\" does not say where "
        "the message is",
        result.msg_id, result.offset_msg_id);
    return result;
  }
  remoting::EndTransaction end;
  end.producer_group = message.property(property::kProducerGroup);
  end.transaction_state_table_offset = result.queue_offset;
  end.commit_log_offset = place->physical_offset;
  end.commit_or_rollback = client::decisionOf(result.local_transaction_state);
  end.message_id = result.msg_id;
  end.transaction_id = result.transaction_id;
  end.broker_name = result.message_queue.broker_name;
  core->endTransaction(message, std::move(end), result.local_transaction_state);
  return result;
}

LocalTransactionState TransactionMQProducer::execute(const Message& message,
                                                     const std::any& argument) {
  try {
    return listener_->executeLocalTransaction(message, argument);
  } catch (const std::exception& failure) {
    static LogLimiter limiter;
    limiter.error("executeLocalTransaction threw for message {}: {}", message.uniqueKey(),
                  failure.what());
  } catch (...) {
    static LogLimiter limiter;
    limiter.error("executeLocalTransaction threw for message {}", message.uniqueKey());
  }
  return LocalTransactionState::kUnknow;
}

}  // namespace rocketmq
