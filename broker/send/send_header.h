#pragma once

#include <optional>

#include "remoting/protocol/commands/send_message.h"

namespace rocketmq::broker {

/// The same send header with its texts in another form: views of one that owns its texts, or a copy
/// that owns what were views.
template <class To, class From>
remoting::SendMessageHeader<To> convertSendHeader(const remoting::SendMessageHeader<From>& from) {
  const auto text = [](const std::optional<From>& value) {
    return value ? std::optional<To>(To(*value)) : std::nullopt;
  };
  remoting::SendMessageHeader<To> to;
  to.producer_group = To(from.producer_group);
  to.topic = To(from.topic);
  to.default_topic = To(from.default_topic);
  to.default_topic_queue_nums = from.default_topic_queue_nums;
  to.queue_id = from.queue_id;
  to.sys_flag = from.sys_flag;
  to.born_timestamp_ms = from.born_timestamp_ms;
  to.flag = from.flag;
  to.properties = text(from.properties);
  to.reconsume_times = from.reconsume_times;
  to.unit_mode = from.unit_mode;
  to.max_reconsume_times = from.max_reconsume_times;
  to.batch = from.batch;
  to.broker_name = text(from.broker_name);
  return to;
}

}  // namespace rocketmq::broker
