#pragma once

#include <functional>
#include <utility>

#include "rocketmq/transaction_mq_producer.h"

namespace rocketmq::client {

/// Does something of the test's when a broker asks about a transaction, then commits it.
class CheckingListener : public TransactionListener {
 public:
  explicit CheckingListener(std::function<void()> act) : act_(std::move(act)) {}
  LocalTransactionState executeLocalTransaction(const Message&, const std::any&) override {
    return LocalTransactionState::kUnknow;
  }
  LocalTransactionState checkLocalTransaction(const MessageExt&) override {
    act_();
    return LocalTransactionState::kCommitMessage;
  }

 private:
  const std::function<void()> act_;
};

}  // namespace rocketmq::client
