#include "broker/handlers/admin_offset_handlers.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <limits>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "broker/change_on_slave.h"
#include "broker/handler_options.h"
#include "common/excerpt.h"
#include "common/json/decode.h"
#include "common/json/encode.h"
#include "common/local_time.h"
#include "remoting/protocol/bodies/consume_time_span.h"
#include "remoting/protocol/bodies/offsets.h"
#include "remoting/protocol/bodies/stats.h"
#include "remoting/protocol/commands/commands.h"

namespace rocketmq::broker {
namespace {

using remoting::Answer;
using remoting::NoFields;
using remoting::RequestContext;
using remoting::ResponseCode;

Answer<NoFields> unknownTopic(const std::string& topic) {
  return {ResponseCode::kTopicNotExist, "topic[" + excerpt(topic) + "] not exist"};
}

/// "2026-01-02#03:04:05:678", local time.
std::string timeText(TimestampMs time) {
  const std::tm local = localTime(time);
  char text[32];
  const size_t size = std::strftime(text, sizeof(text), "%Y-%m-%d#%H:%M:%S", &local);
  return fmt::format("{}:{:03}", std::string_view(text, size), time % 1000);
}

std::set<std::string> splitNames(const std::string& text, char separator) {
  std::set<std::string> names;
  size_t at = 0;
  while (at < text.size()) {
    const size_t end = std::min(text.find(separator, at), text.size());
    if (end > at) {
      names.insert(text.substr(at, end - at));
    }
    at = end + 1;
  }
  return names;
}

/// Adds up what queues take in an answer, so that none is made that is too long to be sent.
class QueueBytes {
 public:
  explicit QueueBytes(size_t broker_name_bytes) : broker_name_bytes_(broker_name_bytes) {}

  /// False: they are too many.
  bool add(const std::string& topic, int32_t queues) {
    bytes_ += static_cast<size_t>(std::max(queues, 0)) *
              (kQueueBytesMin + broker_name_bytes_ + topic.size());
    return bytes_ <= remoting::kAnswerBodyBytesMax;
  }

 private:
  /// {"brokerName":"","queueId":0,"topic":""}:{"brokerOffset":0,"consumerOffset":0,...},
  static constexpr size_t kQueueBytesMin = 90;

  const size_t broker_name_bytes_;
  size_t bytes_ = 0;
};

Answer<NoFields> tooManyQueues(const char* advice) {
  return {ResponseCode::kSystemError,
          fmt::format("the queues are too many for one answer of {} bytes; {}",
                      remoting::kAnswerBodyBytesMax, advice)};
}

class AdminOffsetHandlers {
 public:
  explicit AdminOffsetHandlers(const AdminOffsetParts& parts) : parts_(parts) {}

  Answer<NoFields> consumeStats(const remoting::GetConsumeStats& request) const {
    std::set<std::string> topics;
    if (request.topic && !request.topic->empty()) {
      topics.insert(*request.topic);
    } else if (request.topic_list && !request.topic_list->empty()) {
      topics = splitNames(*request.topic_list, ';');
    } else {
      topics = parts_.offsets.topicsOf(request.consumer_group);
    }
    const auto online = parts_.clients.consumerGroup(request.consumer_group);
    remoting::ConsumeStats stats;
    QueueBytes bytes(parts_.settings.load()->broker_name.size());
    for (const std::string& topic : topics) {
      const TopicConfigPtr config = parts_.topics.find(topic);
      // RocketMQ parity: a topic the group no longer subscribes to is left out while the group is
      // online; its old offsets would show a lag that nobody will ever work off.
      const bool abandoned = online && !online->subscriptions.contains(topic);
      if (config == nullptr || abandoned) {
        continue;
      }
      if (!bytes.add(topic, config->read_queue_nums)) {
        return tooManyQueues("ask for one topic at a time");
      }
      addQueues(request.consumer_group, topic, config->read_queue_nums, stats);
    }
    return Answer<NoFields>::ofBody(json::encode(stats));
  }

  Answer<NoFields> brokerConsumeStats(const remoting::GetBrokerConsumeStats& request) const {
    const auto settings = parts_.settings.load();
    remoting::BrokerConsumeStats all;
    all.broker_addr = settings->advertisedAddress();
    QueueBytes bytes(settings->broker_name.size());
    const auto groups = parts_.groups.snapshot();
    for (const auto& [group, config] : groups->subscription_group_table) {
      std::vector<remoting::ConsumeStats> of_group;
      for (const std::string& topic : parts_.offsets.topicsOf(group)) {
        const TopicConfigPtr topic_config = parts_.topics.find(topic);
        if (topic_config == nullptr || topic_config->order != request.is_order) {
          continue;
        }
        if (!bytes.add(topic, topic_config->write_queue_nums)) {
          return tooManyQueues("ask for one group at a time, as consumerProgress -g does");
        }
        remoting::ConsumeStats stats;
        addQueues(group, topic, topic_config->write_queue_nums, stats);
        for (const auto& [queue, offset] : stats.offset_table) {
          all.total_diff += offset.broker_offset - offset.consumer_offset;
        }
        of_group.push_back(std::move(stats));
      }
      all.consume_stats_list.push_back({{group, std::move(of_group)}});
    }
    return Answer<NoFields>::ofBody(json::encode(all));
  }

  Answer<NoFields> timeSpan(const remoting::QueryConsumeTimeSpan& request) const {
    const TopicConfigPtr config = parts_.topics.find(request.topic);
    if (config == nullptr) {
      return unknownTopic(request.topic);
    }
    remoting::QueryConsumeTimeSpanBody body;
    for (int32_t queue = 0; queue < config->write_queue_nums; ++queue) {
      body.consume_time_span_set.push_back(spanOf(request.group, request.topic, queue));
    }
    return Answer<NoFields>::ofBody(json::encode(body));
  }

  /// Per queue the least offset of all groups but the filtered ones; the largest number there is
  /// where the compared group is behind that.
  Answer<NoFields> correctionOffsets(const remoting::QueryCorrectionOffset& request) const {
    const std::set<std::string> left_out =
        splitNames(request.filter_groups.value_or(std::string()), ',');
    remoting::QueryCorrectionOffsetBody body;
    for (const std::string& group : parts_.offsets.groupsOf(request.topic)) {
      if (left_out.contains(group)) {
        continue;
      }
      for (const auto& [queue, offset] : parts_.offsets.queues(group, request.topic)) {
        const auto [entry, is_new] = body.correction_offsets.emplace(queue, offset);
        entry->second = std::min(entry->second, offset);
      }
    }
    for (const auto& [queue, offset] :
         parts_.offsets.queues(request.compare_group, request.topic)) {
      const auto found = body.correction_offsets.find(queue);
      if (found != body.correction_offsets.end() && found->second > offset) {
        found->second = std::numeric_limits<int64_t>::max();
      }
    }
    return Answer<NoFields>::ofBody(json::encode(body));
  }

  Answer<NoFields> reset(const remoting::InvokeBrokerToResetOffset& request) const {
    const auto settings = parts_.settings.load();
    if (settings->isSlave()) {
      return offsetsOnSlave();
    }
    const TopicConfigPtr config = parts_.topics.find(request.topic);
    if (config == nullptr) {
      return unknownTopic(request.topic);
    }
    if (parts_.groups.find(request.group) == nullptr) {
      return {ResponseCode::kSubscriptionGroupNotExist,
              "subscription group [" + excerpt(request.group) + "] not exist"};
    }
    const Result<remoting::ResetOffsetBody> targets = resetTargets(request, *config);
    if (!targets.ok()) {
      return targets.status();
    }
    if (!settings->server_side_reset_offset) {
      return resetInClients(request, *targets);
    }
    return resetHere(request, *targets, static_cast<size_t>(settings->consumer_positions_max));
  }

 private:
  /// Where the queues of the request are to go.
  Result<remoting::ResetOffsetBody> resetTargets(const remoting::InvokeBrokerToResetOffset& request,
                                                 const model::TopicConfig& config) const {
    int32_t first = 0;
    int32_t last = config.read_queue_nums - 1;
    if (request.queue_id >= 0) {
      if (request.queue_id > last) {
        return Status::invalidArgument(
            fmt::format("queue {} of topic {} does not exist; it has {} queues", request.queue_id,
                        request.topic, config.read_queue_nums));
      }
      first = last = request.queue_id;
    }
    const std::string broker_name = parts_.settings.load()->broker_name;
    remoting::ResetOffsetBody body;
    for (int32_t queue = first; queue <= last; ++queue) {
      const int64_t min = parts_.store.minOffset(request.topic, queue);
      const int64_t max = parts_.store.maxOffset(request.topic, queue);
      ROCKETMQ_ASSIGN_OR_RETURN(const int64_t target, targetOf(request, queue, max));
      if (request.offset && *request.offset >= 0 && (target < min || target > max + 1)) {
        return Status::invalidArgument(
            fmt::format("offset {} of queue {} is outside of {} to {}", target, queue, min, max));
      }
      body.offset_table[{.topic = request.topic, .broker_name = broker_name, .queue_id = queue}] =
          target;
    }
    return body;
  }

  /// RocketMQ 5's reset on the server's side: the group's next pull in each queue is sent to the
  /// new offset, whether it is online or not, and whatever its client is. Members are asked to go
  /// there besides, as in RocketMQ 4: one that has pulled as much as it may hold, or that reads
  /// from a slave, may not pull here for long.
  Answer<NoFields> resetHere(const remoting::InvokeBrokerToResetOffset& request,
                             const remoting::ResetOffsetBody& targets, size_t positions_max) const {
    const auto group = parts_.clients.consumerGroup(request.group);
    const std::set<uint64_t> asked = group ? obeyingMembers(*group) : std::set<uint64_t>{};
    ConsumerOffsets::QueueOffsets offsets;
    for (const auto& [queue, offset] : targets.offset_table) {
      offsets.emplace(queue.queue_id, offset);
    }
    if (!parts_.offsets.assignReset(request.group, request.topic, offsets, asked, positions_max)) {
      return {ResponseCode::kSystemError, kTooManyPositions};
    }
    if (group) {
      tellMembers(*group, request, targets);
    }
    // A pull that is held would not notice before its time is over. Whoever obeys has dropped it
    // by then.
    parts_.held_pulls.wakeGroup(request.topic, request.group);
    return Answer<NoFields>::ofBody(json::encode(targets));
  }

  /// Connections of members that go where they are asked to go: those of pull consumers do not.
  static std::set<uint64_t> obeyingMembers(const ConsumerGroupView& group) {
    std::set<uint64_t> connections;
    if (group.traits.consume_type == model::ConsumeType::kPassively) {
      for (const ClientInfo& member : group.members) {
        if (member.version >= remoting::kVersion3_0_7) {
          connections.insert(member.connection->id());
        }
      }
    }
    return connections;
  }

  /// RocketMQ 4's: the members go to the new offsets and commit them. An administrator's tool takes
  /// "not online" as the word to set them itself.
  Answer<NoFields> resetInClients(const remoting::InvokeBrokerToResetOffset& request,
                                  const remoting::ResetOffsetBody& targets) const {
    const auto group = parts_.clients.consumerGroup(request.group);
    if (!group || group->members.empty()) {
      return {ResponseCode::kConsumerNotOnline,
              fmt::format("Consumer not online, so can not reset offset, Group: {} Topic: {} "
                          "Timestamp: {}",
                          excerpt(request.group), excerpt(request.topic), request.timestamp_ms)};
    }
    for (const ClientInfo& member : group->members) {
      if (member.version < remoting::kVersion3_0_7) {
        return {ResponseCode::kSystemError,
                fmt::format("client {} cannot be asked to reset its offsets, its version is {}",
                            member.client_id, remoting::versionName(member.version))};
      }
    }
    tellMembers(*group, request, targets);
    return Answer<NoFields>::ofBody(json::encode(targets));
  }

  static void tellMembers(const ConsumerGroupView& group,
                          const remoting::InvokeBrokerToResetOffset& request,
                          const remoting::ResetOffsetBody& targets) {
    remoting::ResetConsumerClientOffset order;
    static_cast<remoting::ResetOffsetHeader&>(order) = request;
    // Written once each, however many members there are.
    remoting::Payload as_list;
    remoting::Payload as_map;
    for (const ClientInfo& member : group.members) {
      if (member.version < remoting::kVersion3_0_7) {
        continue;
      }
      const bool takes_list = member.language == remoting::Language::kCpp;
      remoting::Payload& body = takes_list ? as_list : as_map;
      if (body.empty()) {
        body = takes_list ? json::encode(remoting::toListForm(targets)) : json::encode(targets);
      }
      member.connection->oneway(order, body);
    }
  }

  Result<int64_t> targetOf(const remoting::InvokeBrokerToResetOffset& request, int32_t queue,
                           int64_t max) const {
    if (request.offset && *request.offset >= 0) {
      return *request.offset;
    }
    constexpr TimestampMs kEnd = -1;
    int64_t found = max;
    if (request.timestamp_ms != kEnd) {
      ROCKETMQ_ASSIGN_OR_RETURN(
          found, parts_.store.offsetByTime(request.topic, queue, request.timestamp_ms,
                                           store::TimeBoundary::kLower));
    }
    if (request.is_force) {
      return found;
    }
    const auto current = parts_.offsets.find(request.group, request.topic, queue);
    return current ? std::min(*current, found) : found;
  }

  void addQueues(const std::string& group, const std::string& topic, int32_t queues,
                 remoting::ConsumeStats& stats) const {
    const std::string broker_name = parts_.settings.load()->broker_name;
    for (int32_t queue = 0; queue < queues; ++queue) {
      remoting::OffsetWrapper& offset =
          stats.offset_table[{.topic = topic, .broker_name = broker_name, .queue_id = queue}];
      offset.broker_offset = parts_.store.maxOffset(topic, queue);
      offset.consumer_offset =
          std::max<int64_t>(parts_.offsets.find(group, topic, queue).value_or(0), 0);
      offset.last_timestamp =
          parts_.store.storeTime(topic, queue, offset.consumer_offset - 1).value_or(0);
    }
    stats.consume_tps += parts_.stats.groupGetTps(group, topic);
  }

  remoting::QueueTimeSpan spanOf(const std::string& group, const std::string& topic,
                                 int32_t queue) const {
    const int64_t min = parts_.store.minOffset(topic, queue);
    const int64_t max = parts_.store.maxOffset(topic, queue);
    const auto timeAt = [&](int64_t offset) {
      return parts_.store.storeTime(topic, queue, offset).value_or(0);
    };
    remoting::QueueTimeSpan span;
    span.message_queue = {
        .topic = topic, .broker_name = parts_.settings.load()->broker_name, .queue_id = queue};
    span.min_timestamp = timeAt(min);
    span.max_timestamp = timeAt(max - 1);
    const int64_t consumed = parts_.offsets.find(group, topic, queue).value_or(0);
    span.consume_timestamp = consumed > 0 ? timeAt(consumed - 1) : span.min_timestamp;
    if (consumed < max) {
      const TimestampMs next = timeAt(consumed);
      span.delay_ms = next > 0 ? parts_.clock.nowMs() - next : 0;
    }
    span.min_timestamp_text = timeText(span.min_timestamp);
    span.max_timestamp_text = timeText(span.max_timestamp);
    span.consume_timestamp_text = timeText(span.consume_timestamp);
    return span;
  }

  const AdminOffsetParts parts_;
};

}  // namespace

void registerAdminOffsetHandlers(remoting::Router& router, const AdminOffsetParts& parts) {
  const auto handlers = std::make_shared<const AdminOffsetHandlers>(parts);
  router.handle<remoting::GetConsumeStats>(
      kAdminRead,
      [handlers](const auto& request, const auto&) { return handlers->consumeStats(request); });
  router.handle<remoting::GetBrokerConsumeStats>(kAdminRead,
                                                 [handlers](const auto& request, const auto&) {
                                                   return handlers->brokerConsumeStats(request);
                                                 });
  router.handle<remoting::QueryConsumeTimeSpan>(
      kAdminRead,
      [handlers](const auto& request, const auto&) { return handlers->timeSpan(request); });
  router.handle<remoting::QueryCorrectionOffset>(kAdminRead,
                                                 [handlers](const auto& request, const auto&) {
                                                   return handlers->correctionOffsets(request);
                                                 });
  router.handle<remoting::InvokeBrokerToResetOffset>(
      kAdmin, [handlers](const auto& request, const auto&) { return handlers->reset(request); });
}

}  // namespace rocketmq::broker
