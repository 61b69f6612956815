#include "client/producer/transaction_checker.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "client/instance/name_space.h"
#include "client/message_decoder.h"
#include "client/trace/produce_trace.h"
#include "common/log_limiter.h"

namespace rocketmq::client {

int32_t decisionOf(LocalTransactionState state) {
  switch (state) {
    case LocalTransactionState::kCommitMessage:
      return remoting::kTransactionCommit;
    case LocalTransactionState::kRollbackMessage:
      return remoting::kTransactionRollback;
    case LocalTransactionState::kUnknow:
      break;
  }
  return remoting::kTransactionUnknown;
}

TransactionChecker::TransactionChecker(const TransactionProducerConfig& config, std::string group,
                                       std::shared_ptr<TransactionListener> listener)
    : name_space_(config.name_space),
      group_(std::move(group)),
      traced_group_(config.producer_group),
      waiting_max_(std::max(config.check_request_hold_max, 1)),
      listener_(std::move(listener)),
      pool_("rmq-check", static_cast<size_t>(std::max(config.check_threads, 1))) {}

TransactionCheckHandler TransactionChecker::handler() {
  return guard_.wrap([this](TransactionCheck check) { take(std::move(check)); });
}

void TransactionChecker::stop(std::chrono::steady_clock::time_point until) {
  guard_.close();
  pool_.stop(false, until);
}

void TransactionChecker::take(TransactionCheck check) {
  if (waiting_.fetch_add(1) >= waiting_max_) {
    waiting_.fetch_sub(1);
    static LogLimiter limiter;
    limiter.warn("transaction check of message {} is dropped: {} wait already",
                 check.request.message_id.value_or(""), waiting_max_);
    return;
  }
  auto shared = std::make_shared<TransactionCheck>(std::move(check));
  pool_.post([this, shared] {
    waiting_.fetch_sub(1);
    answer(*shared);
  });
}

void TransactionChecker::answer(TransactionCheck& check) {
  unpackOrLog(check.message);
  check.message.setTopic(withoutNamespace(name_space_, check.message.topic()));
  LocalTransactionState state = LocalTransactionState::kUnknow;
  try {
    state = listener_->checkLocalTransaction(check.message);
  } catch (const std::exception& failure) {
    static LogLimiter limiter;
    limiter.error("checkLocalTransaction threw for message {}: {}", check.message.uniqueKey(),
                  failure.what());
  } catch (...) {
    static LogLimiter limiter;
    limiter.error("checkLocalTransaction threw for message {}", check.message.uniqueKey());
  }
  remoting::EndTransaction end;
  end.producer_group = group_;
  end.transaction_state_table_offset = check.request.transaction_state_table_offset;
  end.commit_log_offset = check.request.commit_log_offset;
  end.commit_or_rollback = decisionOf(state);
  end.from_transaction_check = true;
  end.message_id = check.message.uniqueKey();
  if (end.message_id.empty()) {
    end.message_id = check.message.msgId();
  }
  end.transaction_id = check.request.transaction_id;
  end.broker_name = check.request.broker_name;
  if (TraceDispatcher* const trace = trace_.load()) {
    traceEndTransaction(*trace, traced_group_, check.message, end, state,
                        check.message.storeHost());
  }
  if (!check.connection->oneway(end)) {
    static LogLimiter limiter;
    limiter.warn("the outcome of transaction {} did not reach the broker, which will ask again",
                 end.message_id);
  }
}

}  // namespace rocketmq::client
