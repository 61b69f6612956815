#include "client/trace/produce_trace.h"

#include <algorithm>
#include <chrono>
#include <string_view>
#include <vector>

#include "client/instance/name_space.h"
#include "common/clock.h"
#include "common/message/properties.h"
#include "common/message/sys_flag.h"

namespace rocketmq::client {
namespace {

constexpr const char* kDefaultRegion = "DefaultRegion";

PubTrace::Kind kindOf(const OutgoingMessage& outgoing, std::string_view properties) {
  if ((outgoing.header.sys_flag & sys_flag::kTransactionPrepared) != 0) {
    return PubTrace::Kind::kHalf;
  }
  return findProperty(properties, property::kDelayLevel).empty() ? PubTrace::Kind::kNormal
                                                                 : PubTrace::Kind::kDelay;
}

std::vector<std::string> splitIds(std::string_view ids) {
  std::vector<std::string> split;
  while (true) {
    const size_t end = ids.find(',');
    split.emplace_back(ids.substr(0, end));
    if (end == std::string_view::npos) {
      return split;
    }
    ids.remove_prefix(end + 1);
  }
}

}  // namespace

void traceSend(TraceDispatcher& dispatcher, const std::string& group, const SendCall& call,
               const SendResult& result, const std::string& address) {
  const std::string& topic = result.message_queue.topic;
  if (!result.trace_on || result.region_id.empty() || !dispatcher.covers(topic)) {
    return;
  }
  const std::string& properties = call.outgoing.header.properties.value_or("");
  PubTrace trace;
  trace.cost_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                      std::chrono::steady_clock::now() - call.attempt_start)
                      .count();
  trace.timestamp_ms = SystemClock::instance().nowMs() - trace.cost_ms;
  trace.region_id = result.region_id;
  trace.group = group;
  trace.topic = topic;
  trace.tags = findProperty(properties, property::kTags);
  trace.keys = findProperty(properties, property::kKeys);
  trace.store_host = address;
  trace.body_length = static_cast<int64_t>(call.outgoing.body.size());
  trace.kind = kindOf(call.outgoing, properties);
  trace.success = result.status == SendStatus::kSendOk;

  // Java writes one record for a batch, under all ids joined, by which nobody would look for it.
  const std::vector<std::string> ids = splitIds(result.msg_id);
  const std::vector<std::string> offset_ids = splitIds(result.offset_msg_id);
  for (size_t i = 0; i < ids.size(); ++i) {
    trace.message_id = ids[i];
    trace.offset_message_id = offset_ids[std::min(i, offset_ids.size() - 1)];
    dispatcher.append(trace, trace.message_id, trace.keys);
  }
}

void traceEndTransaction(TraceDispatcher& dispatcher, const std::string& group,
                         const Message& message, const remoting::EndTransaction& end,
                         LocalTransactionState state, const std::string& address) {
  const std::string region = message.property(property::kMsgRegion);
  dispatcher.append(EndTransactionTrace{.timestamp_ms = SystemClock::instance().nowMs(),
                                        .region_id = region.empty() ? kDefaultRegion : region,
                                        .group = group,
                                        .topic = message.topic(),
                                        .message_id = end.message_id,
                                        .tags = message.tags(),
                                        .keys = message.keys(),
                                        .store_host = address,
                                        .transaction_id = end.transaction_id.value_or(""),
                                        .state = toString(state),
                                        .from_check = end.from_transaction_check},
                    end.message_id, message.keys());
}

}  // namespace rocketmq::client
