#pragma once

#include <functional>
#include <memory>
#include <string>

#include "client/consumer/consume_stats.h"
#include "client/consumer/offset_store.h"
#include "client/consumer/process_queue.h"
#include "client/consumer/subscription_table.h"
#include "client/instance/cancellable_calls.h"
#include "client/instance/client_instance.h"
#include "client/instance/guard.h"
#include "client/instance/timers.h"
#include "client/trace/trace_dispatcher.h"
#include "common/clock.h"
#include "rocketmq/default_mq_push_consumer.h"

namespace rocketmq::client {

/// What the parts of one push consumer share. Made by its core, which outlives them all.
struct PushContext {
  PushContext(const PushConsumerConfig& consumer_config, std::string group_name,
              std::shared_ptr<SubscriptionTable> subscription_table,
              std::shared_ptr<ClientInstance> client_instance)
      : config(consumer_config),
        group(std::move(group_name)),
        subscriptions(std::move(subscription_table)),
        instance(std::move(client_instance)),
        timers(instance->pool()) {}

  bool isBroadcasting() const { return config.message_model == MessageModel::kBroadcasting; }
  /// Wall time, for others to read.
  int64_t nowMs() const { return SystemClock::instance().nowMs(); }
  /// What everything is measured by here: nobody sets it, and it goes on while the machine sleeps,
  /// as a broker's does by which this member loses its locks meanwhile. Above zero.
  int64_t uptimeMs() const;
  /// The wall time at which that was; 0, which is never, stays.
  int64_t wallMs(int64_t uptime_ms) const {
    return uptime_ms == 0 ? 0 : nowMs() - (uptimeMs() - uptime_ms);
  }

  const PushConsumerConfig config;
  /// With namespace, as brokers know it.
  const std::string group;
  const std::shared_ptr<SubscriptionTable> subscriptions;
  const std::shared_ptr<ClientInstance> instance;

  Guard guard;
  Timers timers;
  /// Waiting calls of the consumer's service thread.
  CancellableCalls calls;
  std::shared_ptr<OffsetStore> offsets;
  ConsumeStats stats;
  /// Null when nothing is traced.
  std::unique_ptr<TraceDispatcher> trace;

  /// Messages of a queue were consumed: pulling may go on.
  std::function<void(const std::shared_ptr<ProcessQueue>&)> on_progress;
  /// The last worker has left a dropped queue. From any thread.
  std::function<void(const std::shared_ptr<ProcessQueue>&)> on_released;
  /// A queue was dropped that is to be started anew: its lock was lost, so that another member may
  /// have had it, or it goes on elsewhere. On the event loop.
  std::function<void(const std::shared_ptr<ProcessQueue>&)> on_start_anew;
  /// A broker has granted the lock of a queue that was released before. On the event loop.
  std::function<void(const MessageQueue&)> on_stray_lock;
};

/// Makes a pulled message what the application is to see: the original topic of a retried message,
/// names without namespace, the plain body, the time at which consuming starts.
void prepareForListener(const PushContext& context, MessageExt& message);

}  // namespace rocketmq::client
