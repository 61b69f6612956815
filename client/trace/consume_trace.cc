#include "client/trace/consume_trace.h"

#include "common/clock.h"
#include "common/message/message_id.h"
#include "common/message/properties.h"

namespace rocketmq::client {

ConsumeTrace::ConsumeTrace(TraceDispatcher* dispatcher, const std::string& group,
                           const std::vector<MessageExt>& messages)
    : dispatcher_(dispatcher), group_(group), messages_(messages) {
  if (dispatcher_ == nullptr) {
    return;
  }
  start_ms_ = SystemClock::instance().nowMs();
  request_id_ = newUniqueId();
  for (const MessageExt& message : messages_) {
    if (isTraced(message)) {
      dispatcher_->append(SubBeforeTrace{.timestamp_ms = start_ms_,
                                         .region_id = message.property(property::kMsgRegion),
                                         .group = group_,
                                         .request_id = request_id_,
                                         .message_id = message.msgId(),
                                         .retry_times = message.reconsumeTimes(),
                                         .keys = message.keys()},
                          message.msgId(), message.keys());
    }
  }
}

void ConsumeTrace::end(bool success, ConsumeReturn result) const {
  if (dispatcher_ == nullptr || messages_.empty()) {
    return;
  }
  const int64_t now_ms = SystemClock::instance().nowMs();
  const int64_t cost_ms = (now_ms - start_ms_) / static_cast<int64_t>(messages_.size());
  for (const MessageExt& message : messages_) {
    if (isTraced(message)) {
      dispatcher_->append(SubAfterTrace{.request_id = request_id_,
                                        .message_id = message.msgId(),
                                        .cost_ms = cost_ms,
                                        .success = success,
                                        .keys = message.keys(),
                                        .result = result,
                                        .timestamp_ms = now_ms,
                                        .group = group_},
                          message.msgId(), message.keys());
    }
  }
}

bool ConsumeTrace::isTraced(const MessageExt& message) const {
  return message.property(property::kTraceOn) != "false" && dispatcher_->covers(message.topic());
}

}  // namespace rocketmq::client
