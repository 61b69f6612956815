#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace rocketmq::client {

// What producers and consumers report about single messages, and its text form: fields separated by
// 0x01, records ended by 0x02, an absent text written as "null" (RocketMQ: TraceDataEncoder, access
// channel LOCAL). Dashboards and `mqadmin queryMsgTraceById` read it.

/// A message that was sent (RocketMQ: TraceType.Pub).
struct PubTrace {
  /// RocketMQ: MessageType, by its ordinal.
  enum class Kind : uint8_t { kNormal, kHalf, kCommit, kDelay, kOrder };

  int64_t timestamp_ms = 0;  ///< When the try began.
  std::string region_id;
  std::string group;
  std::string topic;
  std::string message_id;
  std::string tags;
  std::string keys;
  std::string store_host;  ///< "ip:port" of the broker.
  int64_t body_length = 0;
  int64_t cost_ms = 0;
  Kind kind = Kind::kNormal;
  std::string offset_message_id;
  bool success = false;
};

/// A message that a listener is about to get.
struct SubBeforeTrace {
  int64_t timestamp_ms = 0;
  std::string region_id;
  std::string group;
  std::string request_id;  ///< The same in the SubAfterTrace of this run.
  std::string message_id;
  int32_t retry_times = 0;
  std::string keys;
};

/// How a listener ended (RocketMQ: ConsumeReturnType, by its ordinal).
enum class ConsumeReturn : uint8_t { kSuccess, kTimeOut, kException, kReturnNull, kFailed };

/// A message that a listener has had.
struct SubAfterTrace {
  std::string request_id;
  std::string message_id;
  int64_t cost_ms = 0;  ///< For each message of the batch.
  bool success = false;
  std::string keys;
  ConsumeReturn result = ConsumeReturn::kSuccess;
  int64_t timestamp_ms = 0;  ///< 0 and no group in records of very old clients.
  std::string group;
};

/// The end of a transaction, as a producer told it to a broker.
struct EndTransactionTrace {
  int64_t timestamp_ms = 0;
  std::string region_id;
  std::string group;
  std::string topic;
  std::string message_id;
  std::string tags;
  std::string keys;
  std::string store_host;
  std::string transaction_id;
  std::string state;  ///< "COMMIT_MESSAGE", "ROLLBACK_MESSAGE" or "UNKNOW".
  bool from_check = false;
};

using TraceRecord = std::variant<PubTrace, SubBeforeTrace, SubAfterTrace, EndTransactionTrace>;

/// One record with the 0x02 at its end.
std::string encodeTrace(const TraceRecord& record);

/// The records of a trace message's body, in order. What is cut short, has a number that is none,
/// or is of a kind not named above is left out.
std::vector<TraceRecord> decodeTraces(std::string_view body);

}  // namespace rocketmq::client
