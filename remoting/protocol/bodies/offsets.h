#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "common/fields.h"
#include "common/model/message_queue.h"
#include "common/status.h"

namespace rocketmq::remoting {

/// Body of RESET_CONSUMER_CLIENT_OFFSET and answer to INVOKE_BROKER_TO_RESET_OFFSET: the new
/// offset of each queue. As JSON it is the form with object keys.
struct ResetOffsetBody {
  std::map<model::MessageQueue, int64_t> offset_table;

  friend bool operator==(const ResetOffsetBody&, const ResetOffsetBody&) = default;

  static constexpr auto fields() {
    return std::tuple{optional("offsetTable", &ResetOffsetBody::offset_table)};
  }
};

/// One entry of the list form (RocketMQ: MessageQueueForC).
struct QueueWithOffset {
  std::string broker_name;
  int64_t offset = 0;
  int32_t queue_id = 0;
  std::string topic;

  friend bool operator==(const QueueWithOffset&, const QueueWithOffset&) = default;

  static constexpr auto fields() {
    using Q = QueueWithOffset;
    return std::tuple{optional("brokerName", &Q::broker_name), optional("offset", &Q::offset),
                      optional("queueId", &Q::queue_id), optional("topic", &Q::topic)};
  }
};

/// The list form of ResetOffsetBody, the only one that C++ clients understand (RocketMQ:
/// ResetOffsetBodyForC).
struct ResetOffsetListBody {
  std::vector<QueueWithOffset> offset_table;

  friend bool operator==(const ResetOffsetListBody&, const ResetOffsetListBody&) = default;

  static constexpr auto fields() {
    return std::tuple{optional("offsetTable", &ResetOffsetListBody::offset_table)};
  }
};

ResetOffsetListBody toListForm(const ResetOffsetBody& body);

/// Takes both forms.
Result<ResetOffsetBody> decodeResetOffsetBody(std::string_view text);

/// Answer of a client to GET_CONSUMER_STATUS_FROM_CLIENT, which fills message_queue_table, and of a
/// broker to INVOKE_BROKER_TO_GET_CONSUMER_STATUS, which fills consumer_table by client id.
struct GetConsumerStatusBody {
  using Offsets = std::map<model::MessageQueue, int64_t>;

  Offsets message_queue_table;
  std::map<std::string, Offsets> consumer_table;

  friend bool operator==(const GetConsumerStatusBody&, const GetConsumerStatusBody&) = default;

  static constexpr auto fields() {
    using G = GetConsumerStatusBody;
    return std::tuple{optional("consumerTable", &G::consumer_table),
                      optional("messageQueueTable", &G::message_queue_table)};
  }
};

/// Answer to QUERY_CORRECTION_OFFSET, by queue id.
struct QueryCorrectionOffsetBody {
  std::map<int32_t, int64_t> correction_offsets;

  friend bool operator==(const QueryCorrectionOffsetBody&,
                         const QueryCorrectionOffsetBody&) = default;

  static constexpr auto fields() {
    return std::tuple{
        optional("correctionOffsets", &QueryCorrectionOffsetBody::correction_offsets)};
  }
};

}  // namespace rocketmq::remoting
