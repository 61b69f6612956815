#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "common/fields.h"
#include "common/json/enum_names.h"
#include "common/model/message_queue.h"
#include "common/model/subscription_data.h"

// What a client tells about itself. A broker passes these bodies on as it got them: C++ clients
// write text that is not always JSON.

namespace rocketmq::remoting {

/// A push consumer's cache of one queue.
struct ProcessQueueInfo {
  int64_t commit_offset = 0;
  int64_t cached_msg_min_offset = 0;
  int64_t cached_msg_max_offset = 0;
  int32_t cached_msg_count = 0;
  int32_t cached_msg_size_mib = 0;
  int64_t transaction_msg_min_offset = 0;
  int64_t transaction_msg_max_offset = 0;
  int32_t transaction_msg_count = 0;
  bool locked = false;
  int64_t try_unlock_times = 0;
  int64_t last_lock_timestamp = 0;
  bool dropped = false;
  int64_t last_pull_timestamp = 0;
  int64_t last_consume_timestamp = 0;

  friend bool operator==(const ProcessQueueInfo&, const ProcessQueueInfo&) = default;

  static constexpr auto fields() {
    using P = ProcessQueueInfo;
    return std::tuple{optional("cachedMsgCount", &P::cached_msg_count),
                      optional("cachedMsgMaxOffset", &P::cached_msg_max_offset),
                      optional("cachedMsgMinOffset", &P::cached_msg_min_offset),
                      optional("cachedMsgSizeInMiB", &P::cached_msg_size_mib),
                      optional("commitOffset", &P::commit_offset),
                      optional("droped", &P::dropped),
                      optional("lastConsumeTimestamp", &P::last_consume_timestamp),
                      optional("lastLockTimestamp", &P::last_lock_timestamp),
                      optional("lastPullTimestamp", &P::last_pull_timestamp),
                      optional("locked", &P::locked),
                      optional("transactionMsgCount", &P::transaction_msg_count),
                      optional("transactionMsgMaxOffset", &P::transaction_msg_max_offset),
                      optional("transactionMsgMinOffset", &P::transaction_msg_min_offset),
                      optional("tryUnlockTimes", &P::try_unlock_times)};
  }
};

/// A POP consumer's view of one queue (5.x).
struct PopProcessQueueInfo {
  bool dropped = false;
  int64_t last_pop_timestamp = 0;
  int32_t wait_ack_count = 0;

  friend bool operator==(const PopProcessQueueInfo&, const PopProcessQueueInfo&) = default;

  static constexpr auto fields() {
    using P = PopProcessQueueInfo;
    return std::tuple{optional("droped", &P::dropped),
                      optional("lastPopTimestamp", &P::last_pop_timestamp),
                      optional("waitAckCount", &P::wait_ack_count)};
  }
};

/// A consumer's counters for one topic.
struct ConsumeStatus {
  double pull_rt_ms = 0;
  double pull_tps = 0;
  double consume_rt_ms = 0;
  double consume_ok_tps = 0;
  double consume_failed_tps = 0;
  int64_t consume_failed_msgs = 0;

  friend bool operator==(const ConsumeStatus&, const ConsumeStatus&) = default;

  static constexpr auto fields() {
    using C = ConsumeStatus;
    return std::tuple{optional("consumeFailedMsgs", &C::consume_failed_msgs),
                      optional("consumeFailedTPS", &C::consume_failed_tps),
                      optional("consumeOKTPS", &C::consume_ok_tps),
                      optional("consumeRT", &C::consume_rt_ms),
                      optional("pullRT", &C::pull_rt_ms),
                      optional("pullTPS", &C::pull_tps)};
  }
};

/// Answer of a client to GET_CONSUMER_RUNNING_INFO.
struct ConsumerRunningInfo {
  /// Names in `properties` that administrators need besides the consumer's settings.
  static constexpr std::string_view kNameServerAddress = "PROP_NAMESERVER_ADDR";
  static constexpr std::string_view kConsumeType = "PROP_CONSUME_TYPE";
  static constexpr std::string_view kConsumeOrderly = "PROP_CONSUMEORDERLY";
  static constexpr std::string_view kThreadPoolCoreSize = "PROP_THREADPOOL_CORE_SIZE";
  static constexpr std::string_view kClientVersion = "PROP_CLIENT_VERSION";
  static constexpr std::string_view kStartTimestamp = "PROP_CONSUMER_START_TIMESTAMP";

  std::map<std::string, std::string> properties;
  std::vector<model::SubscriptionData> subscription_set;
  std::map<model::MessageQueue, ProcessQueueInfo> mq_table;
  std::map<std::string, ConsumeStatus> status_table;  ///< By topic.
  std::optional<std::string> jstack = {};             ///< When it was asked for.
  std::optional<std::map<model::MessageQueue, PopProcessQueueInfo>> mq_pop_table = {};  ///< 5.x.
  std::optional<std::map<std::string, std::string>> user_consumer_info = {};            ///< 5.x.

  friend bool operator==(const ConsumerRunningInfo&, const ConsumerRunningInfo&) = default;

  static constexpr auto fields() {
    using C = ConsumerRunningInfo;
    return std::tuple{optional("jstack", &C::jstack),
                      optional("mqPopTable", &C::mq_pop_table),
                      optional("mqTable", &C::mq_table),
                      optional("properties", &C::properties),
                      optional("statusTable", &C::status_table),
                      optional("subscriptionSet", &C::subscription_set),
                      optional("userConsumerInfo", &C::user_consumer_info)};
  }
};

/// What came of a message that a client consumed on an administrator's request.
enum class DirectConsumeResult : uint8_t {
  kSuccess,
  kLater,
  kRollback,
  kCommit,
  kThrowException,
  kReturnNull,
};

/// Answer of a client to CONSUME_MESSAGE_DIRECTLY.
struct ConsumeMessageDirectlyResult {
  bool order = false;
  bool auto_commit = true;
  DirectConsumeResult consume_result = DirectConsumeResult::kSuccess;
  std::optional<std::string> remark = {};
  int64_t spent_time_ms = 0;

  friend bool operator==(const ConsumeMessageDirectlyResult&,
                         const ConsumeMessageDirectlyResult&) = default;

  static constexpr auto fields() {
    using C = ConsumeMessageDirectlyResult;
    return std::tuple{optional("autoCommit", &C::auto_commit),
                      optional("consumeResult", &C::consume_result), optional("order", &C::order),
                      optional("remark", &C::remark),
                      optional("spentTimeMills", &C::spent_time_ms)};
  }
};

}  // namespace rocketmq::remoting

namespace rocketmq::json {

template <>
struct EnumNames<remoting::DirectConsumeResult> {
  static constexpr std::array<std::string_view, 6> kNames = {
      "CR_SUCCESS", "CR_LATER", "CR_ROLLBACK", "CR_COMMIT", "CR_THROW_EXCEPTION", "CR_RETURN_NULL"};
};

}  // namespace rocketmq::json
