#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "client/consumer/consume_service.h"
#include "client/consumer/push_context.h"
#include "client/consumer/queue_locks.h"
#include "client/consumer/send_back.h"
#include "client/instance/worker_pool.h"
#include "client/trace/trace_record.h"

namespace rocketmq::client {

/// Runs the listener on one batch of a queue at a time, in order, and only while this client holds
/// the broker's lock on the queue (RocketMQ: ConsumeMessageOrderlyService).
class OrderlyService final : public ConsumeService {
 public:
  OrderlyService(PushContext& context, MessageListenerOrderly listener);

  std::shared_ptr<ProcessQueue> makeQueue(const MessageQueue& queue) const override;
  void consume(const std::shared_ptr<ProcessQueue>& queue,
               std::vector<MessageExt> messages) override;
  bool release(const std::shared_ptr<ProcessQueue>& queue) override;
  void consumeDirectly(MessageExt message,
                       std::function<void(remoting::ConsumeMessageDirectlyResult)> done) override;
  void checkTimeouts(const std::vector<std::shared_ptr<ProcessQueue>>& queues) override;
  bool onOwnThread() const override { return workers_.onOwnThread(); }
  void setThreads(size_t threads) override { workers_.resize(threads); }
  bool stop(std::chrono::steady_clock::time_point until) override;

 private:
  using QueuePtr = std::shared_ptr<OrderlyProcessQueue>;

  void post(const QueuePtr& queue);
  void run(const QueuePtr& queue);
  void consumeInTurn(const QueuePtr& queue);
  /// True when the worker may go on with the queue at once.
  bool consumeBatch(const QueuePtr& queue, std::vector<MessageExt> messages);
  ConsumeOrderlyStatus callListener(const std::vector<MessageExt>& messages,
                                    ConsumeOrderlyContext& context, std::string& failure) const;
  ConsumeReturn returnOf(ConsumeOrderlyStatus status, const std::string& failure,
                         int64_t cost_ms) const;
  bool takeFailure(const QueuePtr& queue, std::vector<MessageExt> messages, int64_t suspend_ms);
  struct GivingUp;
  void giveUpOn(const QueuePtr& queue, const std::shared_ptr<GivingUp>& giving_up,
                const std::vector<size_t>& used_up);
  void goOnWithout(const QueuePtr& queue, GivingUp& giving_up);
  void retryLater(const QueuePtr& queue, std::vector<MessageExt> messages, int64_t suspend_ms);
  void commit(const QueuePtr& queue);
  void lockLater(const QueuePtr& queue);
  void parkFor(const QueuePtr& queue, std::chrono::milliseconds delay);
  void giveAway(const QueuePtr& queue);
  int32_t maxReconsumeTimes() const;
  bool mayConsume(const ProcessQueue& queue) const;

  PushContext& context_;
  const MessageListenerOrderly listener_;
  const SendBack send_back_;
  QueueLocks locks_;
  std::atomic<bool> stopping_{false};
  WorkerPool workers_;  // Last: its tasks use the others until it has gone.
};

}  // namespace rocketmq::client
