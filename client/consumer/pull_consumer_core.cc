#include "client/consumer/pull_consumer_core.h"

#include <utility>

#include "client/consumer/queue_convert.h"
#include "client/instance/config_check.h"
#include "client/instance/name_space.h"
#include "client/message_decoder.h"
#include "client/producer/outgoing_message.h"
#include "common/clock.h"

namespace rocketmq::client {
namespace {

using std::chrono::milliseconds;

constexpr const char* kReservedGroup = "DEFAULT_CONSUMER";
constexpr milliseconds kFarewellTimeout{400};

}  // namespace

PullConsumerCore::PullConsumerCore(const PullConsumerConfig& config)
    : config_(withBoundedTimes(config)),
      group_(wrapNamespace(config.name_space, config.consumer_group)) {}

PullConsumerCore::~PullConsumerCore() { shutdown(); }

std::optional<ClientError> PullConsumerCore::join() {
  Outcome<std::shared_ptr<OffsetStore>> offsets =
      openOffsetStore(*instance_, calls_, group_, config_.message_model);
  if (!offsets.ok()) {
    return offsets.error();
  }
  offsets_ = std::move(offsets.value());
  return instance_->addConsumer(group_, *this);
}

std::optional<ClientError> PullConsumerCore::start() {
  for (const Status& status :
       {checkGroup(config_.consumer_group, config_.name_space, kReservedGroup),
        checkConsumerConfig(config_),
        checkLongPolling(config_.broker_suspend_max_time, config_.consumer_timeout_when_suspend)}) {
    if (!status.isOk()) {
      return ClientError::client(status.message());
    }
  }
  Outcome<std::shared_ptr<ClientInstance>> instance = ClientInstance::acquire(
      config_, makeClientId(config_, config_.message_model == MessageModel::kBroadcasting));
  if (!instance.ok()) {
    return instance.error();
  }
  instance_ = std::move(instance.value());
  started_ms_ = SystemClock::instance().nowMs();
  queries_ = std::make_unique<ConsumerQueries>(
      *instance_, calls_,
      ConsumerQueries::Setting{.group = group_,
                               .name_space = config_.name_space,
                               .allocate = config_.allocate_strategy,
                               .from_where = ConsumeFromWhere::kLastOffset,
                               .consume_timestamp = {}});
  if (std::optional<ClientError> error = join()) {
    guard_.close();
    ClientInstance::release(instance_);
    return error;
  }
  timers_ = std::make_unique<Timers>(instance_->pool());
  timers_->every(config_.persist_consumer_offset_interval, config_.persist_consumer_offset_interval,
                 [this] { worker_.post([this] { offsets_->persistAll(); }); });
  running_ = true;
  return std::nullopt;
}

void PullConsumerCore::shutdown() {
  if (!std::exchange(running_, false)) {
    return;
  }
  timers_->stop();
  calls_.cancel();
  worker_.stop(false, std::chrono::steady_clock::time_point::max());
  guard_.close();
  offsets_->persistFinally(remoting::deadlineAfter(kFarewellTimeout));
  instance_->removeConsumer(group_, remoting::deadlineAfter(kFarewellTimeout));
  ClientInstance::release(instance_);
}

MessageQueue PullConsumerCore::full(const MessageQueue& queue) const {
  return {wrapNamespace(config_.name_space, queue.topic), queue.broker_name, queue.queue_id};
}

Outcome<std::vector<MessageQueue>> PullConsumerCore::subscribeQueues(const std::string& topic) {
  Outcome<std::vector<MessageQueue>> queues =
      queries_->readableQueues(wrapNamespace(config_.name_space, topic), topic);
  if (queues.ok() && queues.value().empty()) {
    return ClientError::client("Can not find Message Queue for this topic, " + topic +
                               ": it has no queue that can be read");
  }
  return queues;
}

std::optional<ClientError> PullConsumerCore::ensureRoute(const MessageQueue& queue) {
  if (instance_->routes().reader(queue.broker_name, 0)) {
    return std::nullopt;
  }
  const Outcome<TopicRoutePtr> route =
      instance_->fetchRouteSync(queue.topic, remoting::deadlineAfter(config_.api_timeout));
  return route.ok() ? std::nullopt : std::optional(route.error());
}

int64_t PullConsumerCore::suggestedBrokerId(const MessageQueue& queue) {
  MutexLock lock(mutex_);
  const auto suggested = suggested_broker_ids_.find(queue);
  return suggested == suggested_broker_ids_.end() ? 0 : suggested->second;
}

void PullConsumerCore::noteSuggestion(const MessageQueue& queue, int64_t broker_id) {
  MutexLock lock(mutex_);
  suggested_broker_ids_[queue] = broker_id;
}

Outcome<PullResult> PullConsumerCore::pull(const MessageQueue& queue,
                                           const MessageSelector& selector, int64_t offset,
                                           int32_t messages_max, bool wait_at_broker) {
  const MessageQueue full_queue = full(queue);
  if (offset < 0 || messages_max <= 0) {
    return ClientError::client(offset < 0 ? "offset < 0" : "max_nums <= 0");
  }
  Result<model::SubscriptionData> subscription =
      model::parseSubscription(full_queue.topic, selector.expression(), selector.type(), 0);
  if (!subscription.ok()) {
    return ClientError::client("parse subscription error: " + subscription.status().message());
  }
  if (std::optional<ClientError> error = ensureRoute(full_queue)) {
    return std::move(*error);
  }
  // RocketMQ: subscriptionAutomatically(); heartbeats then tell brokers what this group reads.
  if (subscriptions_.find(full_queue.topic) == nullptr) {
    const Status status = subscriptions_.add(full_queue.topic, MessageSelector::byTag("*"),
                                             SystemClock::instance().nowMs());
    if (!status.isOk()) {
      return ClientError::client(status.message());
    }
  }
  PullRequest request{
      .queue = full_queue,
      .group = group_,
      .subscription = std::make_shared<const model::SubscriptionData>(std::move(*subscription)),
      .offset = offset,
      .messages_max = messages_max,
      .timeout = config_.consumer_pull_timeout,
      .broker_id = suggestedBrokerId(full_queue)};
  if (wait_at_broker) {
    request.suspend = config_.broker_suspend_max_time;
    request.timeout = config_.consumer_timeout_when_suspend;
  }
  std::optional<Outcome<PullAnswer>> answer = calls_.await<Outcome<PullAnswer>>(
      [&](auto done) { pullMessages(*instance_, request, std::move(done)); });
  if (!answer) {
    return ClientError::client("the consumer was shut down");
  }
  if (!answer->ok()) {
    return answer->error();
  }
  PullAnswer& taken = answer->value();
  noteSuggestion(full_queue, taken.suggested_broker_id);
  for (MessageExt& message : taken.messages) {
    unpackOrLog(message);
    message.setTopic(withoutNamespace(config_.name_space, message.topic()));
  }
  return PullResult{taken.status, taken.next_offset, taken.min_offset, taken.max_offset,
                    std::move(taken.messages)};
}

Outcome<int64_t> PullConsumerCore::consumeOffset(const MessageQueue& queue, bool from_store) {
  const MessageQueue full_queue = full(queue);
  if (const std::optional<int64_t> known = offsets_->cached(full_queue); known && !from_store) {
    return *known;
  }
  if (std::optional<ClientError> error = ensureRoute(full_queue)) {
    return std::move(*error);
  }
  StoredOffset stored = offsets_->load(full_queue);
  if (stored.error) {
    return std::move(*stored.error).withContext("the offset of " + queue.toString());
  }
  if (stored.kind == StoredOffset::Kind::kFound) {
    offsets_->remember(full_queue, stored.offset);
  }
  return stored.offset;
}

void PullConsumerCore::updateConsumeOffset(const MessageQueue& queue, int64_t offset) {
  offsets_->update(full(queue), offset, false);
}

Outcome<int64_t> PullConsumerCore::minOffset(const MessageQueue& queue) {
  return queries_->minOffset(full(queue));
}

Outcome<int64_t> PullConsumerCore::maxOffset(const MessageQueue& queue) {
  return queries_->maxOffset(full(queue));
}

Outcome<int64_t> PullConsumerCore::searchOffset(const MessageQueue& queue, int64_t timestamp_ms) {
  return queries_->searchOffset(full(queue), timestamp_ms);
}

remoting::ConsumerData PullConsumerCore::heartbeatData() const {
  remoting::ConsumerData data;
  data.group_name = group_;
  data.consume_type = model::ConsumeType::kActively;
  data.message_model = config_.message_model == MessageModel::kBroadcasting
                           ? model::MessageModel::kBroadcasting
                           : model::MessageModel::kClustering;
  data.unit_mode = !config_.unit_name.empty();
  for (const SubscriptionPtr& subscription : subscriptions_.all()) {
    data.subscription_data_set.push_back(*subscription);
  }
  return data;
}

std::map<model::MessageQueue, int64_t> PullConsumerCore::offsets(const std::string& topic) const {
  std::map<model::MessageQueue, int64_t> table;
  for (const auto& [queue, offset] : offsets_->all()) {
    if (queue.topic == topic) {
      table.emplace(toModel(queue), offset);
    }
  }
  return table;
}

}  // namespace rocketmq::client
