#include "broker/handlers/offset_handlers.h"

#include <algorithm>
#include <optional>

#include "common/excerpt.h"
#include "common/text.h"
#include "common/validate.h"
#include "remoting/protocol/commands/offsets.h"

namespace rocketmq::broker {

using remoting::Answer;
using remoting::Lane;
using remoting::NoFields;
using remoting::OffsetReply;
using remoting::RequestContext;
using remoting::ResponseCode;

namespace {

/// A group without a position starts at 0 as long as the queue is young: its first message is still
/// there and recent, or it never had one. RocketMQ parity: whatever consumeFromWhere says.
bool startsAtZero(const store::MessageStore& store, const remoting::QueryConsumerOffset& request) {
  return request.set_zero_if_not_found.value_or(true) &&
         store.minOffset(request.topic, request.queue_id) <= 0 &&
         (store.maxOffset(request.topic, request.queue_id) <= 0 ||
          store.isInMemory(request.topic, request.queue_id, 0));
}

Answer<OffsetReply> queryConsumerOffset(const ConsumerOffsets& offsets,
                                        const store::MessageStore& store,
                                        const remoting::QueryConsumerOffset& request) {
  if (const auto stored = offsets.find(request.consumer_group, request.topic, request.queue_id)) {
    return OffsetReply{.offset = *stored};
  }
  if (startsAtZero(store, request)) {
    return OffsetReply{.offset = 0};
  }
  return {ResponseCode::kQueryNotFound,
          "Not found, V3_0_6_SNAPSHOT maybe this group consumer boot first"};
}

store::TimeBoundary boundaryOf(const remoting::SearchOffsetByTimestamp& request) {
  return request.boundary_type && equalsIgnoreCase(*request.boundary_type, "UPPER")
             ? store::TimeBoundary::kUpper
             : store::TimeBoundary::kLower;
}

/// RocketMQ 5 keeps positions of groups and topics that exist, 4.9 keeps any, which lets a client
/// fill the memory with names. Here the topic and its queue must exist, and groups that do not may
/// have positions up to a bound: some consumers commit before they say who they are. A queue that
/// the topic has no more, but that has had messages, is still its consumers': who hands it over has
/// not committed there yet, perhaps.
Answer<NoFields> updateConsumerOffset(const OffsetHandlerParts& parts,
                                      const remoting::UpdateConsumerOffset& request,
                                      uint64_t connection_id) {
  const TopicConfigPtr topic = parts.topics.find(request.topic);
  if (topic == nullptr) {
    return {ResponseCode::kTopicNotExist, "topic[" + excerpt(request.topic) + "] not exist"};
  }
  const auto settings = parts.settings.load();
  const auto groups_max = static_cast<size_t>(settings->auto_created_groups_max);
  const bool is_group = parts.groups.find(request.consumer_group) != nullptr;
  if (!is_group) {
    if (const Status valid = validateGroup(request.consumer_group); !valid.isOk()) {
      return valid;
    }
    if (!parts.offsets.hasRoomFor(request.consumer_group, groups_max)) {
      return {ResponseCode::kSubscriptionGroupNotExist,
              "subscription group[" + excerpt(request.consumer_group) + "] not exist"};
    }
  }
  const int32_t queues = std::max(topic->read_queue_nums, topic->write_queue_nums);
  const bool is_queue = request.queue_id >= 0 && request.queue_id < queues;
  if (!is_queue && parts.store.maxOffset(request.topic, request.queue_id) <= 0 &&
      !parts.offsets.find(request.consumer_group, request.topic, request.queue_id).has_value()) {
    return {ResponseCode::kInvalidParameter, "topic[" + excerpt(request.topic) + "] has no queue " +
                                                 std::to_string(request.queue_id)};
  }
  const auto positions_max = static_cast<size_t>(settings->consumer_positions_max);
  if (!parts.offsets.commit(request.consumer_group, request.topic, request.queue_id,
                            request.commit_offset, connection_id,
                            is_group ? positions_max : positions_max / 4)) {
    return {ResponseCode::kSystemError, kTooManyPositions};
  }
  return Answer<NoFields>(NoFields{});
}

void registerConsumerOffsets(remoting::Router& router, const OffsetHandlerParts& parts) {
  router.handle<remoting::QueryConsumerOffset>(
      {}, [parts](const remoting::QueryConsumerOffset& request, const RequestContext&) {
        return queryConsumerOffset(parts.offsets, parts.store, request);
      });
  router.handle<remoting::UpdateConsumerOffset>(
      {}, [parts](const remoting::UpdateConsumerOffset& request, const RequestContext& context) {
        return updateConsumerOffset(parts, request, context.connection->id());
      });
}

void registerQueueOffsets(remoting::Router& router, store::MessageStore& store) {
  router.handle<remoting::GetMaxOffset>(
      {}, [&store](const remoting::GetMaxOffset& request, const RequestContext&) {
        return Answer<OffsetReply>({.offset = store.maxOffset(request.topic, request.queue_id)});
      });
  router.handle<remoting::GetMinOffset>(
      {}, [&store](const remoting::GetMinOffset& request, const RequestContext&) {
        return Answer<OffsetReply>({.offset = store.minOffset(request.topic, request.queue_id)});
      });
  // These two read records, which may have to come from the disk.
  router.handle<remoting::SearchOffsetByTimestamp>(
      {.lane = Lane::kQuery, .only_reads = true},
      [&store](const remoting::SearchOffsetByTimestamp& request, const RequestContext&) {
        const auto offset = store.offsetByTime(request.topic, request.queue_id,
                                               request.timestamp_ms, boundaryOf(request));
        return offset.ok() ? Answer<OffsetReply>({.offset = *offset})
                           : Answer<OffsetReply>(offset.status());
      });
  router.handle<remoting::GetEarliestMessageStoreTime>(
      {.lane = Lane::kQuery, .only_reads = true},
      [&store](const remoting::GetEarliestMessageStoreTime& request, const RequestContext&) {
        const auto stored_ms = store.storeTime(request.topic, request.queue_id,
                                               store.minOffset(request.topic, request.queue_id));
        return Answer<remoting::GetEarliestMessageStoreTimeReply>(
            {.timestamp_ms = stored_ms.value_or(-1)});
      });
}

}  // namespace

void registerOffsetHandlers(remoting::Router& router, const OffsetHandlerParts& parts) {
  registerConsumerOffsets(router, parts);
  registerQueueOffsets(router, parts.store);
}

}  // namespace rocketmq::broker
