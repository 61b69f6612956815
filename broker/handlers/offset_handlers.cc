#include "broker/handlers/offset_handlers.h"

#include <algorithm>
#include <optional>

#include "common/json/enum_names.h"
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
  return request.boundary_type && json::equalsIgnoreCase(*request.boundary_type, "UPPER")
             ? store::TimeBoundary::kUpper
             : store::TimeBoundary::kLower;
}

void registerConsumerOffsets(remoting::Router& router, ConsumerOffsets& offsets,
                             store::MessageStore& store) {
  router.handle<remoting::QueryConsumerOffset>(
      {}, [&offsets, &store](const remoting::QueryConsumerOffset& request, const RequestContext&) {
        return queryConsumerOffset(offsets, store, request);
      });
  router.handle<remoting::UpdateConsumerOffset>(
      {}, [&offsets](const remoting::UpdateConsumerOffset& request, const RequestContext&) {
        offsets.commit(request.consumer_group, request.topic, request.queue_id,
                       request.commit_offset);
        return Answer<NoFields>(NoFields{});
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
      {.lane = Lane::kQuery},
      [&store](const remoting::SearchOffsetByTimestamp& request, const RequestContext&) {
        return Answer<OffsetReply>(
            {.offset = store.offsetByTime(request.topic, request.queue_id, request.timestamp_ms,
                                          boundaryOf(request))});
      });
  router.handle<remoting::GetEarliestMessageStoreTime>(
      {.lane = Lane::kQuery},
      [&store](const remoting::GetEarliestMessageStoreTime& request, const RequestContext&) {
        const auto stored_ms = store.storeTime(request.topic, request.queue_id,
                                               store.minOffset(request.topic, request.queue_id));
        return Answer<remoting::GetEarliestMessageStoreTimeReply>(
            {.timestamp_ms = stored_ms.value_or(-1)});
      });
}

}  // namespace

void registerOffsetHandlers(remoting::Router& router, ConsumerOffsets& offsets,
                            store::MessageStore& store) {
  registerConsumerOffsets(router, offsets, store);
  registerQueueOffsets(router, store);
}

}  // namespace rocketmq::broker
