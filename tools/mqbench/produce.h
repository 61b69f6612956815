#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>

#include "rocketmq/transaction_mq_producer.h"
#include "tools/mqbench/histogram.h"
#include "tools/mqbench/workload.h"

namespace rocketmq::bench {

/// Sends a workload's messages from its threads through one producer; shared by `produce` and
/// `latency`.
class LoadGenerator {
 public:
  explicit LoadGenerator(const Workload& workload);

  /// Throws the client's exceptions when the producer cannot start.
  void start();
  /// Sends one message and waits for the answer.
  void sendProbe();
  /// Sends until the workload's count or time is reached, then waits for what is in flight.
  void run();

  int64_t sent() const { return sent_.load(std::memory_order_relaxed); }
  int64_t failed() const { return failed_.load(std::memory_order_relaxed); }
  /// Text of one failure, to tell what is wrong; empty without failures.
  std::string firstError() const;
  const Histogram& latency() const { return latency_; }

 private:
  void sendLoop(int32_t thread_index, int64_t start_ns, int64_t end_ns, Histogram& latency);
  void sendOne(Message& message, int64_t due_ns, Histogram& latency);
  void sendAsync(Message message, int64_t due_ns);
  void sendBatch(const Message& message, int64_t due_ns, Histogram& latency);
  void countFailure(const std::string& what, int64_t messages);
  bool takeTicket(int64_t messages);

  const Workload workload_;
  TransactionMQProducer producer_;
  std::atomic<int64_t> tickets_{0};
  std::atomic<int64_t> sent_{0};
  std::atomic<int64_t> failed_{0};
  std::atomic<int64_t> in_flight_{0};
  mutable std::mutex mutex_;
  std::string first_error_;  // Guarded by mutex_.
  Histogram async_latency_;  // Guarded by mutex_.
  Histogram latency_;
};

}  // namespace rocketmq::bench
