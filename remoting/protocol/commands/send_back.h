#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>

#include "remoting/protocol/codes.h"
#include "remoting/protocol/field_codec.h"

namespace rocketmq::remoting {

/// Hands a message back that could not be consumed: the broker delivers it again later, or puts it
/// among the group's dead letters. Push consumers send it.
/// (RocketMQ: ConsumerSendMsgBackRequestHeader)
struct ConsumerSendMessageBack {
  static constexpr RequestCode kCode = RequestCode::kConsumerSendMessageBack;
  using Reply = NoFields;

  int64_t offset = 0;  ///< The message's place in the commit log.
  std::string group;
  int32_t delay_level = 0;  ///< 0: the broker decides; below 0: straight to the dead letters.
  std::optional<std::string> origin_message_id{};
  std::optional<std::string> origin_topic{};
  bool unit_mode = false;
  /// Honoured from peers of V3_4_9 on (kVersion3_4_9).
  std::optional<int32_t> max_reconsume_times{};

  static constexpr auto fields() {
    using C = ConsumerSendMessageBack;
    return std::tuple{required("offset", &C::offset),
                      required("group", &C::group),
                      required("delayLevel", &C::delay_level),
                      optional("originMsgId", &C::origin_message_id),
                      optional("originTopic", &C::origin_topic),
                      optional("unitMode", &C::unit_mode),
                      optional("maxReconsumeTimes", &C::max_reconsume_times)};
  }
};

}  // namespace rocketmq::remoting
