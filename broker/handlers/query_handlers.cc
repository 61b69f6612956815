#include "broker/handlers/query_handlers.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "common/message/properties.h"
#include "common/message/record.h"
#include "remoting/protocol/commands/query_message.h"

namespace rocketmq::broker {

using remoting::Answer;
using remoting::NoFields;
using remoting::QueryMessage;
using remoting::QueryMessageReply;
using remoting::RequestContext;
using remoting::ResponseCode;

namespace {

/// RocketMQ's maxMsgsNumBatch: no query by key returns more.
constexpr int32_t kMessagesMax = 64;

bool hasWord(std::string_view words, std::string_view word) {
  while (!words.empty()) {
    const size_t end = words.find(' ');
    if (words.substr(0, end) == word) {
      return true;
    }
    words.remove_prefix(end == std::string_view::npos ? words.size() : end + 1);
  }
  return false;
}

/// The index knows hashes only: whether the record really has that key.
bool hasKey(std::string_view bytes, const QueryMessage& request) {
  const Result<MessageRecord> record = decodeRecord(bytes);
  return record.ok() && record->topic == request.topic &&
         (findProperty(record->properties, property::kUniqueKey) == request.key ||
          hasWord(findProperty(record->properties, property::kKeys), request.key));
}

Answer<QueryMessageReply> queryMessage(const store::MessageStore& store,
                                       const BrokerSettings& settings,
                                       const QueryMessage& request) {
  const int32_t wanted =
      request.unique_key.value_or(false) ? settings.query_messages_max : request.max_messages;
  store::KeyQueryResult found =
      store.queryByKey(request.topic, request.key, std::clamp(wanted, 1, kMessagesMax),
                       request.begin_ms, request.end_ms);
  Answer<QueryMessageReply> answer(
      QueryMessageReply{.index_last_update_ms = found.index_updated_ms,
                        .index_last_update_offset = found.index_physical_offset});
  for (store::LogSlice& record : found.records) {
    if (hasKey(record.bytes, request)) {
      answer.body.add(record.bytes, std::move(record.owner));
    }
  }
  if (answer.body.empty()) {
    answer.code = ResponseCode::kQueryNotFound;
    answer.remark = "can not find message, maybe time range not correct";
  }
  return answer;
}

Answer<NoFields> viewMessage(const store::MessageStore& store, int64_t offset) {
  Result<store::LogSlice> record = store.recordAt(offset);
  if (!record.ok()) {
    return {ResponseCode::kSystemError, record.status().message()};
  }
  remoting::Payload body;
  body.add(record->bytes, std::move(record->owner));
  return Answer<NoFields>::ofBody(std::move(body));
}

}  // namespace

void registerQueryHandlers(remoting::Router& router, store::MessageStore& store,
                           const LiveSettings& settings) {
  router.handle<QueryMessage>(
      {.lane = remoting::Lane::kIndex, .only_reads = true},
      [&store, &settings](const QueryMessage& request, const RequestContext&) {
        return queryMessage(store, *settings.load(), request);
      });
  router.handle<remoting::ViewMessageById>(
      {.lane = remoting::Lane::kQuery, .only_reads = true},
      [&store](const remoting::ViewMessageById& request, const RequestContext&) {
        return viewMessage(store, request.offset);
      });
}

}  // namespace rocketmq::broker
