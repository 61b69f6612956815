#include "client/consumer/push_consumer_core.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "client/consumer/concurrent_service.h"
#include "client/consumer/expression_check.h"
#include "client/consumer/orderly_service.h"
#include "client/consumer/standstill_watch.h"
#include "client/consumer/start_offset.h"
#include "client/consumer/start_waits.h"
#include "client/instance/bounded_timeout.h"
#include "client/instance/config_check.h"
#include "client/instance/name_space.h"
#include "client/instance/system_properties.h"
#include "client/producer/outgoing_message.h"
#include "common/log.h"
#include "common/validate.h"

namespace rocketmq::client {
namespace {

using std::chrono::milliseconds;

constexpr int32_t kThreadsMin = 1;
constexpr int32_t kThreadsMax = 1000;
constexpr const char* kReservedGroup = "DEFAULT_CONSUMER";
constexpr milliseconds kFirstPersistDelay{10'000};
constexpr milliseconds kFirstLockDelay{1000};
constexpr int64_t kLockPeriodMs = 20'000;
constexpr milliseconds kTimeoutCheckPeriod{60'000};
constexpr milliseconds kFarewellTimeout{400};

}  // namespace

Status checkPushConfig(const PushConsumerConfig& config) {
  ROCKETMQ_RETURN_IF_ERROR(checkConsumerConfig(config));
  // RocketMQ: DefaultMQPushConsumerImpl.checkConfig.
  ROCKETMQ_RETURN_IF_ERROR(checkRanges({
      {"consume_thread_max", config.consume_thread_max, kThreadsMin, kThreadsMax},
      {"consume_concurrently_max_span", config.consume_concurrently_max_span, 1, 65535},
      {"pull_threshold_for_queue", config.pull_threshold_for_queue, 1, 65535},
      {"pull_threshold_size_for_queue_mib", config.pull_threshold_size_for_queue_mib, 1, 1024},
      {"pull_interval", config.pull_interval.count(), 0, 65535},
      {"consume_message_batch_max_size", config.consume_message_batch_max_size, 1, 1024},
      {"pull_batch_size", config.pull_batch_size, 1, 1024},
      {"pull_threshold_for_topic", config.pull_threshold_for_topic, -1, 6'553'500},
      {"pull_threshold_size_for_topic_mib", config.pull_threshold_size_for_topic_mib, -1, 102'400},
      {"consume_timeout", config.consume_timeout.count(), 1},
  }));
  if (!config.allocate_strategy) {
    return Status::invalidArgument("allocate_strategy is empty");
  }
  return parseConsumeTimestamp(config.consume_timestamp, 0).status();
}

PushConsumerCore::PushConsumerCore(const PushConsumerConfig& config,
                                   std::shared_ptr<SubscriptionTable> subscriptions,
                                   AnyListener listener)
    : config_(withBoundedTimes(config)),
      group_(wrapNamespace(config.name_space, config.consumer_group)),
      subscriptions_(std::move(subscriptions)),
      listener_(std::move(listener)),
      threads_(config.consume_thread_max) {}

PushConsumerCore::~PushConsumerCore() {
  shutdown();
  // Before the other parts: listeners may still be running, and what follows them uses all of
  // these.
  service_.reset();
  if (instance_kept_) {
    ClientInstance::release(context_->instance);
  }
}

std::optional<ClientError> PushConsumerCore::checkConfig() const {
  for (const Status& status :
       {checkGroup(config_.consumer_group, config_.name_space, kReservedGroup),
        checkPushConfig(config_)}) {
    if (!status.isOk()) {
      return ClientError::client(status.message());
    }
  }
  const auto* concurrent = std::get_if<MessageListenerConcurrently>(&listener_);
  const auto* orderly = std::get_if<MessageListenerOrderly>(&listener_);
  if (!(concurrent != nullptr && *concurrent) && !(orderly != nullptr && *orderly)) {
    return ClientError::client("no message listener is registered");
  }
  return std::nullopt;
}

std::optional<ClientError> PushConsumerCore::makeThreads() {
  try {
    if (const auto* concurrent = std::get_if<MessageListenerConcurrently>(&listener_)) {
      service_ = std::make_unique<ConcurrentService>(*context_, *concurrent);
    } else {
      service_ =
          std::make_unique<OrderlyService>(*context_, std::get<MessageListenerOrderly>(listener_));
    }
    worker_ = std::make_unique<WorkerPool>("rmq-consumer", 1);
  } catch (const std::system_error& failure) {
    return ClientError::system(failure);
  }
  return std::nullopt;
}

void PushConsumerCore::makeParts() {
  pulls_ = std::make_unique<PullLoop>(*context_, *service_, isOrderly());
  context_->on_progress = [this](const std::shared_ptr<ProcessQueue>& queue) {
    pulls_->roomMade(queue);
  };
  context_->on_released = [this](const std::shared_ptr<ProcessQueue>& queue) {
    if (!worker_->post([this, queue] { rebalance_->handOverReleased(queue); })) {
      rebalance_->handOverLate(queue, remoting::deadlineAfter(kFarewellTimeout));
    }
  };
  context_->on_start_anew = [this](const std::shared_ptr<ProcessQueue>& queue) {
    worker_->post([this, queue] {
      rebalance_->giveUpDropped(queue);
      // Only now: a rebalance that waits before this task would come too early.
      rebalanceSoon();
    });
  };
  context_->on_stray_lock = [this](const MessageQueue& queue) {
    worker_->post([this, queue] { rebalance_->giveBackStrayLock(queue); });
  };
  rebalance_ = std::make_unique<PushRebalance>(*context_, *service_, queues_, *pulls_, isOrderly());
}

std::optional<ClientError> PushConsumerCore::join() {
  Outcome<std::shared_ptr<OffsetStore>> offsets =
      openOffsetStore(*context_->instance, context_->calls, group_, config_.message_model);
  if (!offsets.ok()) {
    return offsets.error();
  }
  context_->offsets = std::move(offsets.value());
  if (std::optional<ClientError> error = makeThreads()) {
    return error;
  }
  makeParts();
  return context_->instance->addConsumer(group_, *this);
}

/// The first heartbeat can only reach brokers that are known, and the first rebalance needs it to
/// have arrived.
std::optional<ClientError> PushConsumerCore::becomeKnown() {
  awaitRoutes(*context_->instance, start_calls_, group_, subscriptions_->topics());
  std::optional<ClientError> error =
      checkExpressions(*context_->instance, start_calls_, group_, *subscriptions_);
  if (!error) {
    awaitHeartbeat(*context_->instance, start_calls_);
  }
  return start_calls_.cancelled() ? startCancelled() : error;
}

std::optional<ClientError> PushConsumerCore::start() {
  if (std::optional<ClientError> error = checkConfig()) {
    return error;
  }
  const bool broadcasting = config_.message_model == MessageModel::kBroadcasting;
  Outcome<std::shared_ptr<ClientInstance>> instance =
      ClientInstance::acquire(config_, makeClientId(config_, broadcasting));
  if (!instance.ok()) {
    return instance.error();
  }
  started_ms_ = SystemClock::instance().nowMs();
  if (!broadcasting) {
    const Status status = subscriptions_->add(std::string(kRetryTopicPrefix) + group_,
                                              MessageSelector::byTag("*"), started_ms_);
    ROCKETMQ_CHECK(status.isOk());
  }
  context_ = std::make_unique<PushContext>(config_, group_, subscriptions_, instance.value());
  if (std::optional<ClientError> error = join()) {
    context_->timers.stop();
    context_->guard.close();
    ClientInstance::release(instance.value());
    shut_down_ = true;
    return error;
  }
  context_->trace =
      TraceDispatcher::create(config_, context_->instance->clientId(), config_.consumer_group,
                              TraceDispatcher::Kind::kConsume);
  if (std::optional<ClientError> error = becomeKnown()) {
    shutdown();
    return error;
  }
  startTimers();
  worker_->post([this] { rebalance(); });
  return std::nullopt;
}

void PushConsumerCore::startTimers() {
  Timers& timers = context_->timers;
  timers.every(config_.rebalance_interval, config_.rebalance_interval, [this] { rebalanceSoon(); });
  const auto watch = std::make_shared<StandstillWatch>(
      std::max(kFirstPersistDelay, config_.persist_consumer_offset_interval), context_->uptimeMs());
  timers.every(kFirstPersistDelay, config_.persist_consumer_offset_interval, [this, watch] {
    // A process that stood still first hears whether it still has its queues.
    if (!watch->stoodStill(context_->uptimeMs())) {
      worker_->post([this] { context_->offsets->persistAll(); });
    }
  });
  timers.every(milliseconds(ConsumeStats::kSampleSeconds * 1000),
               milliseconds(ConsumeStats::kSampleSeconds * 1000),
               [this] { context_->stats.takeSample(); });
  timers.every(kTimeoutCheckPeriod, kTimeoutCheckPeriod,
               [this] { service_->checkTimeouts(queues_.all()); });
  if (!context_->isBroadcasting()) {
    const milliseconds period =
        boundedTimeout(milliseconds(systemNumber(system_property::kLockInterval, kLockPeriodMs)));
    timers.every(std::min(kFirstLockDelay, period), period,
                 [this] { QueueLocks(*context_).renew(queues_.all()); });
  }
}

void PushConsumerCore::shutdown() {
  if (context_ == nullptr || std::exchange(shut_down_, true)) {
    return;
  }
  context_->timers.stop();
  context_->calls.cancel();
  worker_->stop(false, std::chrono::steady_clock::time_point::max());
  if (!service_->stop(std::chrono::steady_clock::now() + config_.await_termination_on_shutdown)) {
    log::warn(
        "group {}: listeners are still running after {} ms; {}", group_,
        config_.await_termination_on_shutdown.count(),
        isOrderly() ? "their queues stay locked until they end" : "what they return is ignored");
  }
  context_->guard.close();
  if (context_->trace != nullptr) {
    context_->trace->shutdown();
  }
  instance_kept_ = !rebalance_->dropAll(remoting::deadlineAfter(kFarewellTimeout));
  context_->instance->removeConsumer(group_, remoting::deadlineAfter(kFarewellTimeout));
  if (!instance_kept_) {
    ClientInstance::release(context_->instance);
  }
}

void PushConsumerCore::pause() { pulls_->pause(); }

void PushConsumerCore::resume() {
  pulls_->resume();
  rebalanceSoon();
}

Status PushConsumerCore::setThreads(int32_t threads) {
  if (threads < kThreadsMin || threads > kThreadsMax) {
    return Status::invalidArgument("a consumer may have 1 to 1000 threads, not " +
                                   std::to_string(threads));
  }
  threads_.store(threads);
  service_->setThreads(static_cast<size_t>(threads));
  return Status::ok();
}

void PushConsumerCore::subscriptionsChanged() {
  context_->instance->heartbeatSoon();
  rebalanceSoon();
}

std::string PushConsumerCore::clientId() const { return context_->instance->clientId(); }

bool PushConsumerCore::onOwnThread() const {
  return service_ != nullptr && (service_->onOwnThread() || worker_->onOwnThread());
}

void PushConsumerCore::rebalanceSoon() {
  if (!rebalance_pending_.exchange(true)) {
    worker_->post([this] { rebalance(); });
  }
}

void PushConsumerCore::rebalance() {
  // Cleared first: what happens from here on asks for another run.
  rebalance_pending_.store(false);
  retry_.ended(rebalance_->run());
}

}  // namespace rocketmq::client
