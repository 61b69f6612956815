#include <string>

#include "broker/filter/java_number.h"
#include "broker/timer/timer_plan.h"
#include "client/consumer/start_offset.h"
#include "client/instance/name_servers.h"
#include "common/check.h"
#include "common/delay_setting.h"
#include "common/message/host_address.h"
#include "common/message/message_id.h"
#include "common/message/properties.h"
#include "common/message/recall_handle.h"
#include "common/model/subscription_data.h"
#include "common/validate.h"
#include "remoting/protocol/codes.h"
#include "remoting/socket_address.h"
#include "tests/fuzz/fuzz_target.h"

// Small texts: ids, addresses, names, numbers, subscriptions.

namespace rocketmq {

ROCKETMQ_FUZZ_TARGET(text, input) {
  if (const auto id = OffsetMessageId::parse(input); id.ok()) {
    const auto again = OffsetMessageId::parse(id->toString());
    ROCKETMQ_CHECK(again.ok() && *again == *id);
  }
  if (const auto host = HostAddress::parse(input); host.ok()) {
    const auto again = HostAddress::parse(host->toString());
    ROCKETMQ_CHECK(again.ok() && *again == *host);
  }
  if (const auto handle = RecallHandle::parse(input); handle.ok()) {
    const auto again = RecallHandle::parse(handle->encode());
    ROCKETMQ_CHECK(again.ok() && *again == *handle);
  }
  // A name may be part of a path.
  if (validateTopic(input).isOk() || validateGroup(input).isOk()) {
    ROCKETMQ_CHECK(!input.empty() && input.find_first_of("/\\.") == std::string_view::npos);
  }
  static_cast<void>(remoting::HostAndPort::parse(input));
  static_cast<void>(client::parseAddressList(input));
  static_cast<void>(client::parseConsumeTimestamp(std::string(input), 0));
  static_cast<void>(parseDelayLevels(input));
  static_cast<void>(remoting::languageFromName(input));
  static_cast<void>(broker::filter::parseJavaInt(input));
  static_cast<void>(broker::filter::parseJavaLong(input));
  static_cast<void>(broker::filter::parseJavaDouble(input));
  broker::TimerAsk ask;
  for (const std::string_view name :
       {property::kTimerDelayMs, property::kTimerDelaySec, property::kTimerDeliverMs}) {
    broker::scanTimerProperty(name, input, ask);
    constexpr TimestampMs kNow = 1'700'000'000'000;
    const broker::BrokerSettings settings;
    if (const auto slot = broker::timerSlot(ask, settings, kNow); slot.ok() && *slot != 0) {
      // No later than what is allowed; before that time it is not delivered.
      ROCKETMQ_CHECK(*slot > 0 && *slot <= kNow + settings.timer_delay_max_sec * 1000);
    }
  }
  fuzz::Input parts(input);
  const std::string_view expression = parts.text();
  static_cast<void>(model::parseSubscription("T", expression, parts.text(), 0));
}

}  // namespace rocketmq
