#include "client/consumer/lite_pull_core.h"

#include <algorithm>
#include <future>
#include <utility>

#include "client/consumer/expression_check.h"
#include "client/consumer/queue_convert.h"
#include "client/consumer/start_offset.h"
#include "client/consumer/start_waits.h"
#include "client/instance/config_check.h"
#include "client/instance/name_space.h"
#include "client/producer/outgoing_message.h"
#include "common/clock.h"
#include "common/log.h"

namespace rocketmq::client {
namespace {

using std::chrono::milliseconds;

constexpr const char* kReservedGroup = "DEFAULT_CONSUMER";
constexpr const char* kTwoKinds = "Cannot select two subscription types at the same time: ";
constexpr milliseconds kFarewellTimeout{400};
constexpr milliseconds kAutoCommitPeriodMin{1000};

AssignedQueues::Limits limitsOf(const LitePullConsumerConfig& config) {
  return {.messages_max = config.pull_threshold_for_all,
          .queue_messages_max = config.pull_threshold_for_queue,
          .queue_bytes_max = static_cast<int64_t>(config.pull_threshold_size_for_queue_mib) << 20,
          .queue_span_max = config.consume_max_span};
}

Status checkLiteConfig(const LitePullConsumerConfig& config) {
  ROCKETMQ_RETURN_IF_ERROR(checkConsumerConfig(config));
  ROCKETMQ_RETURN_IF_ERROR(checkRanges({
      {"pull_batch_size", config.pull_batch_size, 1},
      {"pull_threshold_for_all", config.pull_threshold_for_all, 1},
      {"pull_threshold_for_queue", config.pull_threshold_for_queue, 1},
      {"pull_threshold_size_for_queue_mib", config.pull_threshold_size_for_queue_mib, 1},
      {"consume_max_span", config.consume_max_span, 1},
  }));
  ROCKETMQ_RETURN_IF_ERROR(
      checkLongPolling(config.broker_suspend_max_time, config.consumer_timeout_when_suspend));
  if (!config.allocate_strategy) {
    return Status::invalidArgument("allocate_strategy is empty");
  }
  return parseConsumeTimestamp(config.consume_timestamp, 0).status();
}

}  // namespace

Status LiteSelection::setNamespace(const std::string& name_space) {
  MutexLock lock(mutex_);
  if (assigned_) {
    for (MessageQueue& queue : *assigned_) {
      queue.topic = wrapNamespace(name_space, withoutNamespace(name_space_, queue.topic));
    }
  }
  name_space_ = name_space;
  return subscriptions_.setNamespace(name_space);
}

Status LiteSelection::subscribe(const std::string& topic, const MessageSelector& selector) {
  MutexLock lock(mutex_);
  if (assigned_) {
    return Status::invalidArgument(std::string(kTwoKinds) + "queues are assigned already");
  }
  return subscriptions_.add(topic, selector, SystemClock::instance().nowMs());
}

void LiteSelection::unsubscribe(const std::string& topic) { subscriptions_.remove(topic); }

Status LiteSelection::assign(std::vector<MessageQueue> queues) {
  MutexLock lock(mutex_);
  if (!subscriptions_.topics().empty()) {
    return Status::invalidArgument(std::string(kTwoKinds) + "topics are subscribed already");
  }
  for (MessageQueue& queue : queues) {
    queue.topic = wrapNamespace(name_space_, queue.topic);
  }
  ++assigns_;
  assigned_ = std::move(queues);
  return Status::ok();
}

std::optional<std::vector<MessageQueue>> LiteSelection::assigned() const {
  MutexLock lock(mutex_);
  return assigned_;
}

int64_t LiteSelection::changes() const {
  MutexLock lock(mutex_);
  return assigns_ + subscriptions_.changes();
}

LitePullCore::LitePullCore(const LitePullConsumerConfig& config,
                           std::shared_ptr<const LiteSelection> selection)
    : config_(withBoundedTimes(config)),
      group_(wrapNamespace(config.name_space, config.consumer_group)),
      selection_(std::move(selection)),
      queues_(limitsOf(config)) {}

LitePullCore::~LitePullCore() {
  shutdown();
  worker_.stop(false, std::chrono::steady_clock::time_point::max());
}

std::optional<ClientError> LitePullCore::join() {
  Outcome<std::shared_ptr<OffsetStore>> offsets =
      openOffsetStore(*instance_, calls_, group_, config_.message_model);
  if (!offsets.ok()) {
    return offsets.error();
  }
  offsets_ = std::move(offsets.value());
  return instance_->addConsumer(group_, *this);
}

std::optional<ClientError> LitePullCore::start() {
  for (const Status& status :
       {checkGroup(config_.consumer_group, config_.name_space, kReservedGroup),
        checkLiteConfig(config_)}) {
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
  changes_known_ = selection_->changes();
  started_ms_ = SystemClock::instance().nowMs();
  timers_ = std::make_unique<Timers>(instance_->pool());
  queries_ = std::make_unique<ConsumerQueries>(
      *instance_, calls_,
      ConsumerQueries::Setting{.group = group_,
                               .name_space = config_.name_space,
                               .allocate = config_.allocate_strategy,
                               .from_where = config_.consume_from_where,
                               .consume_timestamp = config_.consume_timestamp});
  if (std::optional<ClientError> error = join()) {
    timers_->stop();
    guard_.close();
    ClientInstance::release(instance_);
    return error;
  }
  running_ = true;
  trace_ = TraceDispatcher::create(config_, instance_->clientId(), config_.consumer_group,
                                   TraceDispatcher::Kind::kConsume);
  awaitRoutes(*instance_, calls_, group_, topics());
  if (std::optional<ClientError> error =
          checkExpressions(*instance_, calls_, group_, selection_->subscriptions())) {
    shutdown();
    return error;
  }
  awaitHeartbeat(*instance_, calls_);
  startTimers();
  rebalanceAndWait();
  if (calls_.cancelled()) {
    shutdown();
    return startCancelled();
  }
  return std::nullopt;
}

void LitePullCore::startTimers() {
  timers_->every(config_.rebalance_interval, config_.rebalance_interval,
                 [this] { rebalanceSoon(); });
  const milliseconds period = std::max(config_.auto_commit_interval, kAutoCommitPeriodMin);
  timers_->every(period, period, [this] { worker_.post([this] { offsets_->persistAll(); }); });
}

void LitePullCore::shutdown() {
  if (!std::exchange(running_, false)) {
    return;
  }
  queues_.close();
  timers_->stop();
  calls_.cancel();
  worker_.stop(false, WorkerPool::patience());
  guard_.close();
  if (trace_ != nullptr) {
    trace_->shutdown();
  }
  offsets_->persistFinally(remoting::deadlineAfter(kFarewellTimeout));
  instance_->removeConsumer(group_, remoting::deadlineAfter(kFarewellTimeout));
  ClientInstance::release(instance_);
}

MessageQueue LitePullCore::full(const MessageQueue& queue) const {
  return {wrapNamespace(config_.name_space, queue.topic), queue.broker_name, queue.queue_id};
}

void LitePullCore::subscriptionsChanged() {
  instance_->heartbeatSoon();
  rebalanceSoon();
}

void LitePullCore::catchUp() {
  if (selection_->changes() != changes_known_) {
    subscriptionsChanged();
  }
}

// --- Which queues.

void LitePullCore::rebalanceSoon() {
  if (!rebalance_pending_.exchange(true)) {
    worker_.post([this] { rebalance(); });
  }
}

// So that an application may seek in its queues right after start() or assign().
void LitePullCore::rebalanceAndWait() {
  if (worker_.onOwnThread()) {
    rebalanceSoon();  // A listener to changes of queues cannot wait for its own thread.
    return;
  }
  auto promise = std::make_shared<std::promise<void>>();
  std::future<void> done = promise->get_future();
  const bool posted = worker_.post([this, promise] {
    rebalance();
    promise->set_value();
  });
  if (posted) {
    done.wait_for(config_.api_timeout);
  }
}

void LitePullCore::rebalance() {
  rebalance_pending_.store(false);
  tellQueueListeners();
  queries_->beginRun();
  RebalanceGaps gaps;
  if (const std::optional<std::vector<MessageQueue>> queues = selection_->assigned()) {
    for (const std::string& topic : topics()) {
      gaps.routes = !queries_->route(topic).ok() || gaps.routes;
    }
    gaps.queues = !useQueues(*queues, std::nullopt);
  } else {
    const std::vector<std::string> subscribed = topics();
    for (const std::string& topic : subscribed) {
      rebalanceTopic(topic, gaps);
    }
    for (const MessageQueue& queue : queues_.all()) {
      if (std::find(subscribed.begin(), subscribed.end(), queue.topic) == subscribed.end()) {
        giveUp(queue);
      }
    }
  }
  pumpAll();  // What was given up has left room.
  retry_.ended(gaps);
}

void LitePullCore::rebalanceTopic(const std::string& topic, RebalanceGaps& gaps) {
  const Outcome<TopicRoutePtr> route = queries_->route(topic);
  if (!route.ok()) {
    log::debug("group {} cannot consume topic {} yet: {}", group_, topic, route.error().message);
    gaps.routes = true;
    return;
  }
  const std::vector<MessageQueue>& all = route.value()->subscribe_queues;
  const std::optional<std::vector<MessageQueue>> mine =
      config_.message_model == MessageModel::kBroadcasting ? all : queries_->allocate(topic, all);
  gaps.queues = !mine || !useQueues(*mine, topic) || gaps.queues;
}

bool LitePullCore::useQueues(const std::vector<MessageQueue>& mine,
                             const std::optional<std::string>& of_topic) {
  for (const MessageQueue& queue : queues_.all()) {
    if ((!of_topic || queue.topic == *of_topic) &&
        std::find(mine.begin(), mine.end(), queue) == mine.end()) {
      giveUp(queue);
    }
  }
  std::vector<MessageQueue> wanted;
  for (const MessageQueue& queue : mine) {
    // Applications and their strategies may name a queue twice.
    if (!queues_.contains(queue) &&
        std::find(wanted.begin(), wanted.end(), queue) == wanted.end()) {
      offsets_->remove(queue);
      wanted.push_back(queue);
    }
  }
  return queries_->startQueues(*offsets_, wanted,
                               [this](const MessageQueue& queue, int64_t offset) {
                                 queues_.add(queue, offset);
                                 pump(queue);
                               });
}

void LitePullCore::giveUp(const MessageQueue& queue) {
  queues_.remove(queue);
  offsets_->persist(queue);
  offsets_->remove(queue);
}

std::optional<ClientError> LitePullCore::listenToQueues(const std::string& topic,
                                                        TopicMessageQueueChangeListener listener) {
  const std::string full_topic = wrapNamespace(config_.name_space, topic);
  // A route that was asked for once is kept fresh, and a change of it leads to a rebalance.
  const Outcome<TopicRoutePtr> route =
      instance_->fetchRouteSync(full_topic, remoting::deadlineAfter(config_.api_timeout));
  if (!route.ok()) {
    return route.error();
  }
  {
    MutexLock lock(mutex_);
    queue_listeners_[full_topic] = {std::move(listener), {}};
  }
  rebalanceSoon();
  return std::nullopt;
}

void LitePullCore::tellQueueListeners() {
  std::vector<std::function<void()>> calls;
  {
    MutexLock lock(mutex_);
    for (auto& [topic, entry] : queue_listeners_) {
      const TopicRoutePtr route = instance_->routes().find(topic);
      if (route == nullptr || route->subscribe_queues == entry.told) {
        continue;
      }
      entry.told = route->subscribe_queues;
      std::vector<MessageQueue> shown = entry.told;
      const std::string name = withoutNamespace(config_.name_space, topic);
      for (MessageQueue& queue : shown) {
        queue.topic = name;
      }
      calls.emplace_back(
          [listener = entry.listener, name, shown = std::move(shown)] { listener(name, shown); });
    }
  }
  for (const auto& call : calls) {
    try {
      call();
    } catch (const std::exception& failure) {
      log::error("a listener to changes of queues threw: {}", failure.what());
    } catch (...) {
      log::error("a listener to changes of queues threw");
    }
  }
}

// --- What the group's brokers ask for.

std::vector<std::string> LitePullCore::topics() const {
  std::vector<std::string> names;
  if (const std::optional<std::vector<MessageQueue>> queues = selection_->assigned()) {
    for (const MessageQueue& queue : *queues) {
      if (std::find(names.begin(), names.end(), queue.topic) == names.end()) {
        names.push_back(queue.topic);
      }
    }
    return names;
  }
  return selection_->subscriptions().topics();
}

remoting::ConsumerData LitePullCore::heartbeatData() const {
  remoting::ConsumerData data;
  data.group_name = group_;
  data.consume_type = model::ConsumeType::kActively;
  data.message_model = config_.message_model == MessageModel::kBroadcasting
                           ? model::MessageModel::kBroadcasting
                           : model::MessageModel::kClustering;
  data.consume_from_where = config_.consume_from_where == ConsumeFromWhere::kFirstOffset
                                ? model::ConsumeFromWhere::kFirstOffset
                            : config_.consume_from_where == ConsumeFromWhere::kTimestamp
                                ? model::ConsumeFromWhere::kTimestamp
                                : model::ConsumeFromWhere::kLastOffset;
  data.unit_mode = !config_.unit_name.empty();
  for (const SubscriptionPtr& subscription : selection_->subscriptions().all()) {
    data.subscription_data_set.push_back(*subscription);
  }
  return data;
}

std::map<model::MessageQueue, int64_t> LitePullCore::offsets(const std::string& topic) const {
  std::map<model::MessageQueue, int64_t> table;
  for (const auto& [queue, offset] : offsets_->all()) {
    if (queue.topic == topic) {
      table.emplace(toModel(queue), offset);
    }
  }
  return table;
}

}  // namespace rocketmq::client
