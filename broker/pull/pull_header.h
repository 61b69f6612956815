#pragma once

#include <optional>

#include "remoting/protocol/commands/pull_message.h"

namespace rocketmq::broker {

/// The same pull header with its texts in another form: views of one that owns its texts, or a copy
/// that owns what were views.
template <class To, class From>
remoting::PullMessageHeader<To> convertPullHeader(const remoting::PullMessageHeader<From>& from) {
  const auto text = [](const std::optional<From>& value) {
    return value ? std::optional<To>(To(*value)) : std::nullopt;
  };
  remoting::PullMessageHeader<To> to;
  to.consumer_group = To(from.consumer_group);
  to.topic = To(from.topic);
  to.queue_id = from.queue_id;
  to.queue_offset = from.queue_offset;
  to.max_messages = from.max_messages;
  to.sys_flag = from.sys_flag;
  to.commit_offset = from.commit_offset;
  to.suspend_timeout_ms = from.suspend_timeout_ms;
  to.subscription = text(from.subscription);
  to.subscription_version = from.subscription_version;
  to.expression_type = text(from.expression_type);
  to.message_bytes_max = from.message_bytes_max;
  to.request_source = from.request_source;
  to.proxy_forward_client_id = text(from.proxy_forward_client_id);
  return to;
}

}  // namespace rocketmq::broker
