// PushConsumerCore: what it tells brokers about itself, and what they ask of it.

#include <utility>

#include "client/consumer/push_consumer_core.h"
#include "client/consumer/queue_convert.h"
#include "common/log.h"
#include "remoting/protocol/codes.h"

namespace rocketmq::client {
namespace {

constexpr int64_t kMiB = 1 << 20;

model::ConsumeFromWhere toModel(ConsumeFromWhere from_where) {
  switch (from_where) {
    case ConsumeFromWhere::kLastOffset:
      return model::ConsumeFromWhere::kLastOffset;
    case ConsumeFromWhere::kFirstOffset:
      return model::ConsumeFromWhere::kFirstOffset;
    case ConsumeFromWhere::kTimestamp:
      return model::ConsumeFromWhere::kTimestamp;
  }
  return model::ConsumeFromWhere::kLastOffset;
}

model::MessageModel toModel(MessageModel message_model) {
  return message_model == MessageModel::kBroadcasting ? model::MessageModel::kBroadcasting
                                                      : model::MessageModel::kClustering;
}

}  // namespace

remoting::ConsumerData PushConsumerCore::heartbeatData() const {
  remoting::ConsumerData data;
  data.group_name = group_;
  data.consume_type = model::ConsumeType::kPassively;
  data.message_model = toModel(config_.message_model);
  data.consume_from_where = toModel(config_.consume_from_where);
  data.unit_mode = !config_.unit_name.empty();
  for (const SubscriptionPtr& subscription : subscriptions_->all()) {
    data.subscription_data_set.push_back(*subscription);
  }
  return data;
}

std::vector<std::string> PushConsumerCore::topics() const { return subscriptions_->topics(); }

// A queue that is about to leave us is moved, too: what its last listener commits would take the
// group back. And before the table is read, so that a queue that is just being started is either
// found there or found moved by who starts it.
void PushConsumerCore::resetOffsets(const std::string& topic,
                                    std::map<model::MessageQueue, int64_t> offsets) {
  log::info("an administrator resets the offsets of topic {} for group {}", topic, group_);
  std::erase_if(offsets, [&](const auto& entry) { return entry.first.topic != topic; });
  for (const auto& [queue, offset] : offsets) {
    context_->offsets->move(client::fromModel(queue), offset);
  }
  for (const auto& queue : queues_.all()) {
    if (offsets.contains(client::toModel(queue->queue()))) {
      queue->drop(ProcessQueue::DropReason::kMoved);
      context_->on_start_anew(queue);
    }
  }
}

std::map<model::MessageQueue, int64_t> PushConsumerCore::offsets(const std::string& topic) const {
  std::map<model::MessageQueue, int64_t> table;
  for (const auto& [queue, offset] : context_->offsets->all()) {
    if (queue.topic == topic) {
      table.emplace(client::toModel(queue), offset);
    }
  }
  return table;
}

remoting::ConsumerRunningInfo PushConsumerCore::runningInfo() const {
  using Info = remoting::ConsumerRunningInfo;
  Info info;
  const auto set = [&info](std::string_view name, std::string value) {
    info.properties[std::string(name)] = std::move(value);
  };
  set(Info::kNameServerAddress, context_->instance->nameServers());
  set(Info::kConsumeType, "CONSUME_PASSIVELY");
  set(Info::kConsumeOrderly, isOrderly() ? "true" : "false");
  set(Info::kThreadPoolCoreSize, std::to_string(threads_.load()));
  set(Info::kClientVersion, remoting::versionName(remoting::kAnnouncedVersion));
  set(Info::kStartTimestamp, std::to_string(started_ms_));
  set("consumerGroup", group_);
  set("messageModel", std::string(json::nameOf(toModel(config_.message_model))));
  set("consumeFromWhere", std::string(json::nameOf(toModel(config_.consume_from_where))));
  set("consumeThreadMax", std::to_string(threads_.load()));
  set("consumeMessageBatchMaxSize", std::to_string(config_.consume_message_batch_max_size));
  set("pullBatchSize", std::to_string(config_.pull_batch_size));
  set("pullThresholdForQueue", std::to_string(config_.pull_threshold_for_queue));
  set("maxReconsumeTimes", std::to_string(config_.max_reconsume_times));
  for (const SubscriptionPtr& subscription : subscriptions_->all()) {
    info.subscription_set.push_back(*subscription);
  }
  for (const auto& queue : queues_.all()) {
    const CachedAmount cached = queue->cached();
    remoting::ProcessQueueInfo& entry = info.mq_table[client::toModel(queue->queue())];
    entry.commit_offset = context_->offsets->cached(queue->queue()).value_or(-1);
    entry.cached_msg_count = static_cast<int32_t>(cached.messages);
    entry.cached_msg_min_offset = cached.min_offset;
    entry.cached_msg_max_offset = cached.max_offset;
    entry.cached_msg_size_mib = static_cast<int32_t>(cached.bytes / kMiB);
    entry.locked = queue->holdsLock(context_->uptimeMs());
    entry.last_lock_timestamp = context_->wallMs(queue->lastLockMs());
    entry.dropped = queue->dropped();
    entry.last_pull_timestamp = context_->wallMs(queue->last_pull_ms.load());
    entry.last_consume_timestamp = context_->wallMs(queue->last_consume_ms.load());
  }
  info.status_table = context_->stats.status();
  return info;
}

void PushConsumerCore::consumeDirectly(
    MessageExt message, std::function<void(remoting::ConsumeMessageDirectlyResult)> done) {
  service_->consumeDirectly(std::move(message), std::move(done));
}

}  // namespace rocketmq::client
