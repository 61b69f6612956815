#include "broker/handlers/timer_handlers.h"

#include <optional>
#include <string>
#include <string_view>

#include "broker/handler_options.h"
#include "common/json/encode.h"
#include "remoting/protocol/commands/slave_sync.h"

namespace rocketmq::broker {

namespace {

using remoting::Answer;
using remoting::NoFields;
using remoting::ResponseCode;

Answer<NoFields> noTimers(std::string_view what) {
  return {ResponseCode::kSystemError,
          std::string(what) + " is null: timerWheelEnable of this broker is false"};
}

Answer<NoFields> checkpointOf(const TimerParts& parts) {
  std::optional<TimerCheckpoint> checkpoint;
  if (parts.timers != nullptr) {
    checkpoint = parts.timers->checkpoint();
  } else if (parts.copy != nullptr) {
    checkpoint = parts.copy->checkpoint().value_or(TimerCheckpoint{});
  }
  if (!checkpoint) {
    return noTimers("The checkpoint");
  }
  return Answer<NoFields>::ofBody(checkpoint->encode(parts.settings.load()->timer_precision_ms));
}

/// Topics by name, of which the timer service knows the hashes only.
remoting::TimerMetricsTable tableOf(const TimerTopics::View& view, const TopicTable& topics) {
  remoting::TimerMetricsTable table;
  table.data_version = view.version;
  const auto snapshot = topics.snapshot();
  for (const auto& [name, config] : snapshot->topic_config_table) {
    const auto counts = view.by_hash.find(javaHash(name));
    if (counts != view.by_hash.end()) {
      table.timing_count[name] = {.count = counts->second.waiting,
                                  .time_stamp = counts->second.changed_ms};
    }
  }
  return table;
}

Answer<NoFields> metricsOf(const TimerParts& parts) {
  if (parts.timers != nullptr) {
    return Answer<NoFields>::ofBody(
        json::encode(tableOf(parts.timers->topics().view(), parts.topics)));
  }
  return parts.copy != nullptr ? Answer<NoFields>::ofBody(json::encode(parts.copy->metrics()))
                               : noTimers("The timer message store");
}

}  // namespace

void registerTimerHandlers(remoting::Router& router, const TimerParts& parts) {
  router.handle<remoting::GetTimerCheckPoint>(
      kAdminRead, [parts](const auto&, const auto&) { return checkpointOf(parts); });
  router.handle<remoting::GetTimerMetrics>(
      kAdminTable, [parts](const auto&, const auto&) { return metricsOf(parts); });
}

}  // namespace rocketmq::broker
