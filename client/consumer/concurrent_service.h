#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "client/consumer/consume_service.h"
#include "client/consumer/push_context.h"
#include "client/consumer/send_back.h"
#include "client/instance/worker_pool.h"
#include "client/trace/trace_record.h"

namespace rocketmq::client {

/// What a concurrent listener's answer means for each message of its batch.
struct BatchVerdict {
  /// Messages up to here count as consumed; -1: none.
  int64_t last_consumed = -1;
};

/// (RocketMQ: ConsumeMessageConcurrentlyService.processConsumeResult.)
BatchVerdict judge(ConsumeConcurrentlyStatus status, int32_t ack_index, size_t batch_size);

/// Runs listeners of several batches at the same time, in any order. What a listener does not
/// consume goes back to the broker; what the broker does not take is consumed again here.
class ConcurrentService final : public ConsumeService {
 public:
  ConcurrentService(PushContext& context, MessageListenerConcurrently listener);

  std::shared_ptr<ProcessQueue> makeQueue(const MessageQueue& queue) const override;
  void consume(const std::shared_ptr<ProcessQueue>& queue,
               std::vector<MessageExt> messages) override;
  /// Waits for running listeners for two seconds; what they return later has no effect.
  bool release(const std::shared_ptr<ProcessQueue>& queue) override;
  void consumeDirectly(MessageExt message,
                       std::function<void(remoting::ConsumeMessageDirectlyResult)> done) override;
  void checkTimeouts(const std::vector<std::shared_ptr<ProcessQueue>>& queues) override;
  bool onOwnThread() const override { return workers_.onOwnThread(); }
  void setThreads(size_t threads) override { workers_.resize(threads); }
  bool stop(std::chrono::steady_clock::time_point until) override;

 private:
  using QueuePtr = std::shared_ptr<ConcurrentProcessQueue>;
  struct GivingBack;

  /// Lets workers take `count` batches of the queue.
  void post(const QueuePtr& queue, size_t count);
  void run(const QueuePtr& queue);
  void leave(const QueuePtr& queue);
  ConsumeConcurrentlyStatus callListener(const std::vector<MessageExt>& messages,
                                         ConsumeConcurrentlyContext& context,
                                         std::string& failure) const;
  ConsumeReturn returnOf(ConsumeConcurrentlyStatus status, const std::string& failure,
                         int64_t cost_ms) const;
  void settle(const QueuePtr& queue, const ConsumeBatchPtr& batch, size_t consumed,
              int32_t delay_level);
  void giveBackRest(const QueuePtr& queue, const ConsumeBatchPtr& batch, size_t first,
                    int32_t delay_level);
  void takeGivenBack(const GivingBack& giving);
  void consumeAgainLater(const QueuePtr& queue, ConsumeBatchPtr again);
  void commit(const QueuePtr& queue, int64_t offset);
  void expire(const QueuePtr& queue, int64_t started_before_ms);

  PushContext& context_;
  const MessageListenerConcurrently listener_;
  const SendBack send_back_;
  std::atomic<bool> stopped_{false};
  WorkerPool workers_;  // Last: its tasks use the others until it has gone.
};

}  // namespace rocketmq::client
