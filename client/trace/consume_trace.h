#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "client/trace/trace_dispatcher.h"
#include "rocketmq/message.h"

namespace rocketmq::client {

/// The traces of one run of a listener: the constructor writes that the messages are handed out,
/// end() what became of them (RocketMQ: ConsumeMessageTraceHookImpl). Does nothing without a
/// dispatcher. Messages of brokers with traceOn=false are left out.
class ConsumeTrace {
 public:
  /// `dispatcher` may be null. `group` as the application wrote it. `messages` must outlive this.
  ConsumeTrace(TraceDispatcher* dispatcher, const std::string& group,
               const std::vector<MessageExt>& messages);

  /// `success`: the listener has consumed the batch.
  void end(bool success, ConsumeReturn result) const;

 private:
  bool isTraced(const MessageExt& message) const;

  TraceDispatcher* const dispatcher_;
  const std::string& group_;
  const std::vector<MessageExt>& messages_;
  int64_t start_ms_ = 0;
  std::string request_id_;
};

}  // namespace rocketmq::client
