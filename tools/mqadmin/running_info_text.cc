#include "tools/mqadmin/running_info_text.h"

#include <fmt/format.h>

#include <iterator>
#include <string_view>
#include <utility>

#include "tools/mqadmin/text.h"

namespace rocketmq::mqadmin {
namespace {

class Sections {
 public:
  void begin(std::string_view title) { line("\n\n#{}#", title); }

  template <class... Args>
  void line(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
    text_ += '\n';
  }

  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

std::string describe(const remoting::ProcessQueueInfo& queue) {
  return fmt::format(
      "commitOffset={}, cachedMsgMinOffset={}, cachedMsgMaxOffset={}, cachedMsgCount={}, "
      "cachedMsgSizeInMiB={}, locked={}, tryUnlockTimes={}, lastLockTimestamp={}, dropped={}, "
      "lastPullTimestamp={}, lastConsumeTimestamp={}",
      queue.commit_offset, queue.cached_msg_min_offset, queue.cached_msg_max_offset,
      queue.cached_msg_count, queue.cached_msg_size_mib, queue.locked, queue.try_unlock_times,
      formatMillis(queue.last_lock_timestamp), queue.dropped,
      formatMillis(queue.last_pull_timestamp), formatMillis(queue.last_consume_timestamp));
}

void addQueues(const remoting::ConsumerRunningInfo& info, Sections& sections) {
  sections.begin("Consumer Offset");
  sections.line("{:<64}  {:<32}  {:<4}  {:<20}", "#Topic", "#Broker Name", "#QID",
                "#Consumer Offset");
  for (const auto& [queue, state] : info.mq_table) {
    sections.line("{:<64}  {:<32}  {:<4}  {:<20}", cut(queue.topic, 64), cut(queue.broker_name, 32),
                  queue.queue_id, state.commit_offset);
  }
  sections.begin("Consumer MQ Detail");
  sections.line("{:<64}  {:<32}  {:<4}  {:<20}", "#Topic", "#Broker Name", "#QID",
                "#ProcessQueueInfo");
  for (const auto& [queue, state] : info.mq_table) {
    sections.line("{:<64}  {:<32}  {:<4}  {}", cut(queue.topic, 64), cut(queue.broker_name, 32),
                  queue.queue_id, describe(state));
  }
  if (!info.mq_pop_table || info.mq_pop_table->empty()) {
    return;
  }
  sections.begin("Consumer Pop Detail");
  for (const auto& [queue, state] : *info.mq_pop_table) {
    sections.line("{:<64}  {:<32}  {:<4}  dropped={}, lastPopTimestamp={}, waitAckCount={}",
                  cut(queue.topic, 64), cut(queue.broker_name, 32), queue.queue_id, state.dropped,
                  formatMillis(state.last_pop_timestamp), state.wait_ack_count);
  }
}

void addRates(const remoting::ConsumerRunningInfo& info, Sections& sections) {
  sections.begin("Consumer RT&TPS");
  sections.line("{:<64}  {:>14} {:>14} {:>14} {:>14} {:>18} {:>25}", "#Topic", "#Pull RT",
                "#Pull TPS", "#Consume RT", "#ConsumeOK TPS", "#ConsumeFailed TPS",
                "#ConsumeFailedMsgsInHour");
  for (const auto& [topic, status] : info.status_table) {
    sections.line("{:<64}  {:>14.2f} {:>14.2f} {:>14.2f} {:>14.2f} {:>18.2f} {:>25}",
                  cut(topic, 64), status.pull_rt_ms, status.pull_tps, status.consume_rt_ms,
                  status.consume_ok_tps, status.consume_failed_tps, status.consume_failed_msgs);
  }
}

}  // namespace

std::string runningInfoText(const remoting::ConsumerRunningInfo& info) {
  Sections sections;
  sections.line("#Consumer Properties#");
  for (const auto& [name, value] : info.properties) {
    sections.line("{:<40}: {}", name, value);
  }
  sections.begin("Consumer Subscription");
  int number = 0;
  for (const model::SubscriptionData& subscription : info.subscription_set) {
    sections.line("{:03} Topic: {:<40} ClassFilter: {:<8} SubExpression: {}", ++number,
                  subscription.topic, subscription.class_filter_mode, subscription.sub_string);
  }
  addQueues(info, sections);
  addRates(info, sections);
  if (info.user_consumer_info && !info.user_consumer_info->empty()) {
    sections.begin("User Consume Info");
    for (const auto& [name, value] : *info.user_consumer_info) {
      sections.line("{:<40}: {}", name, value);
    }
  }
  if (info.jstack) {
    sections.begin("Consumer jstack");
    sections.line("{}", *info.jstack);
  }
  return sections.take();
}

}  // namespace rocketmq::mqadmin
