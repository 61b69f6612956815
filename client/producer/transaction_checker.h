#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "client/instance/guard.h"
#include "client/instance/transaction_check.h"
#include "client/instance/worker_pool.h"
#include "client/trace/trace_dispatcher.h"
#include "rocketmq/transaction_mq_producer.h"

namespace rocketmq::client {

/// Answers brokers' questions on a pool of the user's size (RocketMQ:
/// DefaultMQProducerImpl.checkTransactionState).
///
/// Threads: take() on the event loop, the listener on the pool.
/// Bound:   check_request_hold_max questions wait; more are dropped with a log line.
class TransactionChecker {
 public:
  /// `group`: as brokers know it.
  TransactionChecker(const TransactionProducerConfig& config, std::string group,
                     std::shared_ptr<TransactionListener> listener);

  /// Works until stop(), whatever becomes of this object.
  TransactionCheckHandler handler();

  /// Traces answers from now on; `trace`, which may be null, must outlive the last answer.
  void traceTo(TraceDispatcher* trace) { trace_.store(trace); }

  /// Takes no more questions, drops those that wait and waits, at most until `until`, for those
  /// that are being answered.
  void stop(std::chrono::steady_clock::time_point until);

  /// True inside the listener, when it answers a question.
  bool onOwnThread() const { return pool_.onOwnThread(); }

 private:
  void take(TransactionCheck check);
  void answer(TransactionCheck& check);

  const std::string name_space_;
  const std::string group_;
  const std::string traced_group_;  ///< Without namespace.
  const int32_t waiting_max_;
  const std::shared_ptr<TransactionListener> listener_;
  std::atomic<TraceDispatcher*> trace_{nullptr};
  std::atomic<int32_t> waiting_{0};
  Guard guard_;
  WorkerPool pool_;
};

/// The value of END_TRANSACTION's commitOrRollback for an outcome.
int32_t decisionOf(LocalTransactionState state);

}  // namespace rocketmq::client
