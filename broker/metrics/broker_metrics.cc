#include "broker/metrics/broker_metrics.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "broker/metrics/metric_names.h"
#include "common/text.h"
#include "common/validate.h"

namespace rocketmq::broker {
namespace {

using metrics::Page;

constexpr std::chrono::milliseconds kAgesBudget{300};
constexpr std::array<std::string_view, TopicTraffic::kTypes> kTypeNames{"normal", "fifo", "delay",
                                                                        "transaction"};

std::string_view textOf(bool value) { return value ? "true" : "false"; }

std::string_view systemText(std::string_view topic, std::string_view group = {}) {
  return textOf(isSystemTopic(topic) || (!group.empty() && isSystemGroup(group)));
}

/// Of a slave.
struct Lag {
  int64_t bytes = 0;
  int64_t messages = 0;
};

}  // namespace

struct BrokerMetrics::Progress {
  std::string group;
  std::string topic;
  int64_t consumed = 0;  ///< Positions, added up.
  int64_t lag = 0;
  int64_t ready = 0;
  /// Store times; nullopt when nothing waits, or when there was no time to look.
  std::optional<TimestampMs> oldest_not_consumed = {};
  std::optional<TimestampMs> oldest_not_fetched = {};
};

metrics::MetricList BrokerMetrics::all() {
  using namespace metric;
  return {&kWatermark,
          &kRpcLatency,
          &kPermission,
          &kTopicNumber,
          &kGroupNumber,
          &kBrokerTps,
          &kBrokerQps,
          &kStorageSize,
          &kFlushBehind,
          &kDispatchBehind,
          &kReserveTime,
          &kHaSlaves,
          &kHaLag,
          &kHaLagMessages,
          &kHaConnected,
          &kHaTablesAge,
          &kMessagesIn,
          &kThroughputIn,
          &kMessageSize,
          &kCommits,
          &kRollbacks,
          &kProducerTps,
          &kProducerSize,
          &kProducerOffset,
          &kHalfMessages,
          &kTimingMessages,
          &kTimerEnqueueLag,
          &kTimerDequeueLatency,
          &kTimerEnqueued,
          &kTimerDequeued,
          &kMessagesOut,
          &kThroughputOut,
          &kConsumerTps,
          &kConsumerSize,
          &kToDlq,
          &kSendBack,
          &kConsumerConnections,
          &kLagMessages,
          &kInflight,
          &kReady,
          &kLagLatency,
          &kQueueingLatency,
          &kConsumerOffset,
          &kGroupDiff,
          &metrics::kDroppedSeries};
}

std::string BrokerMetrics::page() const {
  const auto settings = parts_.settings.load();
  Page page(
      {.cluster = settings->cluster_name, .node_type = "broker", .node_id = settings->broker_name},
      static_cast<size_t>(settings->metrics_series_max));
  addBroker(page);
  addStorage(page);
  addReplication(page);
  addTopics(page);
  addWaiting(page);
  addGroups(page);
  addConnections(page);
  addProgress(page);
  return page.finish();
}

void BrokerMetrics::addBroker(Page& page) const {
  page.begin(metric::kWatermark);
  page.add(static_cast<int64_t>(parts_.lanes.queueSize(remoting::Lane::kQuery)), {"query"});
  page.add(static_cast<int64_t>(parts_.lanes.queueSize(remoting::Lane::kIndex)), {"index"});
  page.add(static_cast<int64_t>(parts_.lanes.queueSize(remoting::Lane::kClient)), {"client"});
  page.add(static_cast<int64_t>(parts_.lanes.queueSize(remoting::Lane::kSend)), {"send"});
  page.add(static_cast<int64_t>(parts_.lanes.queueSize(remoting::Lane::kAdmin)), {"admin"});
  addRequests(page);
  page.single(metric::kPermission, parts_.settings.load()->broker_permission);
  page.single(metric::kTopicNumber, static_cast<double>(parts_.topics.size()));
  page.single(metric::kGroupNumber, static_cast<double>(parts_.groups.size()));
  page.single(metric::kBrokerTps, parts_.stats.puts().view().minute.tps);
  page.single(metric::kBrokerQps, parts_.stats.gets().view().minute.tps);
}

void BrokerMetrics::addRequests(Page& page) const {
  using remoting::RpcLatency;
  const auto lower = [](std::string name) {
    std::ranges::transform(name, name.begin(), toLower);
    return name;
  };
  page.begin(metric::kRpcLatency);
  const std::vector<double> limits(RpcLatency::kLimitsMs.begin(), RpcLatency::kLimitsMs.end());
  for (const RpcLatency::Series& series : parts_.rpc_latency.series()) {
    const RpcLatency::Key& key = series.key;
    const std::string request =
        key.request_code == RpcLatency::kOtherCode
            ? "other"
            : lower(toString(static_cast<remoting::RequestCode>(key.request_code)));
    page.addHistogram({.limits = limits,
                       .counts = series.counts,
                       .sum = static_cast<double>(series.sum_us) / 1000},
                      {"remoting", request, lower(toString(key.response_code)),
                       textOf(key.kind == RpcLatency::Kind::kLongPolling),
                       key.kind == RpcLatency::Kind::kOneway ? "oneway" : "success"});
  }
}

void BrokerMetrics::addStorage(Page& page) const {
  const Page::LabelValues local{"local", "disk"};
  const int64_t end = parts_.store.commitLogMaxOffset();
  const auto value = [&](const metrics::Metric& metric, int64_t bytes) {
    page.begin(metric);
    page.add(std::max<int64_t>(bytes, 0), local);
  };
  value(metric::kStorageSize, end - parts_.store.commitLogMinOffset());
  value(metric::kFlushBehind, end - parts_.store.flushedOffset());
  value(metric::kDispatchBehind, parts_.store.dispatchBehindBytes());
  const TimestampMs now = parts_.clock.nowMs();
  value(metric::kReserveTime, now - parts_.store.earliestStoreTime().value_or(now));
}

void BrokerMetrics::addReplication(Page& page) const {
  const remoting::HaStatus status = parts_.ha.status();
  if (!status.master) {
    page.single(metric::kHaConnected, status.ha_client_runtime_info.activated ? 1 : 0);
    page.single(metric::kHaTablesAge, static_cast<double>(parts_.ha.tablesAge().count()));
    return;
  }
  page.single(metric::kHaSlaves, status.in_sync_slave_nums);
  // By host: with its port, a slave that connects again and again would begin a series each time.
  std::map<std::string, Lag> lags;
  for (const remoting::HaConnectionInfo& slave : status.ha_connection_info) {
    Lag& lag = lags[slave.address.substr(0, slave.address.rfind(':'))];
    lag.bytes = std::max(lag.bytes, slave.diff);
    lag.messages = std::max(lag.messages, slave.diff_messages);
  }
  page.begin(metric::kHaLag);
  for (const auto& [host, lag] : lags) {
    page.add(lag.bytes, {host});
  }
  page.begin(metric::kHaLagMessages);
  for (const auto& [host, lag] : lags) {
    page.add(lag.messages, {host});
  }
}

void BrokerMetrics::addTopics(Page& page) const {
  const auto ofType = [&](const metrics::Metric& metric, auto count) {
    page.begin(metric);
    parts_.stats.topics().forEach([&](std::string_view topic, const TopicTraffic& traffic) {
      for (size_t type = 0; type < kTypeNames.size(); ++type) {
        if (const int64_t sum = count(traffic, static_cast<MessageType>(type)); sum > 0) {
          page.add(sum, {topic, kTypeNames[type], systemText(topic)});
        }
      }
    });
  };
  ofType(metric::kMessagesIn,
         [](const TopicTraffic& traffic, MessageType type) { return traffic.messages(type); });
  ofType(metric::kThroughputIn,
         [](const TopicTraffic& traffic, MessageType type) { return traffic.bytes(type); });

  page.begin(metric::kMessageSize);
  const std::vector<double> limits(TopicTraffic::kSizeLimits.begin(),
                                   TopicTraffic::kSizeLimits.end());
  parts_.stats.topics().forEach([&](std::string_view topic, const TopicTraffic& traffic) {
    const auto sizes = traffic.sizes();
    page.addHistogram(
        {.limits = limits, .counts = sizes, .sum = static_cast<double>(traffic.bytes())},
        {topic, systemText(topic)});
  });

  const auto ofTopic = [&](const metrics::Metric& metric, auto read) {
    page.begin(metric);
    parts_.stats.topics().forEach([&](std::string_view topic, const TopicTraffic& traffic) {
      page.add(read(traffic), {topic});
    });
  };
  ofTopic(metric::kCommits, [](const TopicTraffic& traffic) { return traffic.commits(); });
  ofTopic(metric::kRollbacks, [](const TopicTraffic& traffic) { return traffic.rollbacks(); });
  ofTopic(metric::kProducerTps,
          [](const TopicTraffic& traffic) { return traffic.history().messagesPerSecond(); });
  ofTopic(metric::kProducerSize,
          [](const TopicTraffic& traffic) { return traffic.history().bytesPerSecond(); });

  page.begin(metric::kProducerOffset);
  const auto topics = parts_.topics.snapshot();
  for (const auto& [topic, config] : topics->topic_config_table) {
    int64_t sum = 0;
    for (int32_t queue = 0; queue < config.write_queue_nums; ++queue) {
      sum += parts_.store.maxOffset(topic, queue);
    }
    page.add(sum, {topic});
  }
}

void BrokerMetrics::addWaiting(Page& page) const {
  if (parts_.transactions != nullptr) {
    page.single(metric::kHalfMessages, static_cast<double>(parts_.transactions->openCount()));
  }
  if (parts_.timers != nullptr) {
    const TimerService::Numbers numbers = parts_.timers->numbers();
    page.single(metric::kTimerEnqueueLag, static_cast<double>(numbers.offset_behind));
    page.single(metric::kTimerDequeueLatency, static_cast<double>(numbers.read_behind_ms));
    addTimers(page);
  }
}

void BrokerMetrics::addTimers(Page& page) const {
  const TimerTopics::View view = parts_.timers->topics().view();
  const auto topics = parts_.topics.snapshot();
  const auto ofTopic = [&](const metrics::Metric& metric, auto read) {
    page.begin(metric);
    for (const auto& [topic, config] : topics->topic_config_table) {
      const auto counts = view.by_hash.find(javaHash(topic));
      if (counts != view.by_hash.end()) {
        page.add(read(counts->second), {topic});
      }
    }
  };
  using Counts = TimerTopics::Counts;
  ofTopic(metric::kTimingMessages, [](const Counts& counts) { return counts.waiting; });
  ofTopic(metric::kTimerEnqueued, [](const Counts& counts) { return counts.enqueued; });
  ofTopic(metric::kTimerDequeued, [](const Counts& counts) { return counts.dequeued; });
}

void BrokerMetrics::addGroups(Page& page) const {
  const auto total = [&](const metrics::Metric& metric, auto read) {
    page.begin(metric);
    parts_.stats.groups().forEach([&](std::string_view key, const GroupTraffic& traffic) {
      const auto [topic, group] = BrokerStats::splitKey(key);
      page.add(read(traffic),
               {topic, group, textOf(isRetryTopic(topic)), systemText(topic, group)});
    });
  };
  total(metric::kMessagesOut, [](const GroupTraffic& traffic) { return traffic.messages(); });
  total(metric::kThroughputOut, [](const GroupTraffic& traffic) { return traffic.bytes(); });

  const auto rate = [&](const metrics::Metric& metric, const auto& table, auto read) {
    page.begin(metric);
    table.forEach([&](std::string_view key, const auto& entry) {
      const auto [topic, group] = BrokerStats::splitKey(key);
      page.add(read(entry), {topic, group});
    });
  };
  rate(metric::kConsumerTps, parts_.stats.groups(),
       [](const GroupTraffic& traffic) { return traffic.history().messagesPerSecond(); });
  rate(metric::kConsumerSize, parts_.stats.groups(),
       [](const GroupTraffic& traffic) { return traffic.history().bytesPerSecond(); });
  rate(metric::kSendBack, parts_.stats.sendBacks(),
       [](const StatsItem& item) { return item.view().minute.tps; });

  page.begin(metric::kToDlq);
  parts_.stats.deadLetters().forEach([&](std::string_view key, const StatsItem& item) {
    const auto [topic, group] = BrokerStats::splitKey(key);
    page.add(item.value(), {topic, group, systemText(topic, group)});
  });
}

void BrokerMetrics::addConnections(Page& page) const {
  page.begin(metric::kConsumerConnections);
  for (const std::string& group : parts_.clients.consumerGroups()) {
    page.add(static_cast<int64_t>(parts_.clients.consumerIds(group).size()), {group});
  }
}

void BrokerMetrics::measure(Progress& progress, int32_t queues, bool with_ages) const {
  const auto note = [&](std::optional<TimestampMs>& oldest, int32_t queue, int64_t offset) {
    const auto time = parts_.store.storeTime(progress.topic, queue, offset);
    if (time && (!oldest || *time < *oldest)) {
      oldest = time;
    }
  };
  for (int32_t queue = 0; queue < queues; ++queue) {
    const int64_t end = parts_.store.maxOffset(progress.topic, queue);
    const int64_t consumed = std::clamp<int64_t>(
        parts_.offsets.find(progress.group, progress.topic, queue).value_or(0), 0, end);
    const int64_t fetched = std::clamp(
        parts_.stats.readOffset(progress.group, progress.topic, queue).value_or(consumed), consumed,
        end);
    progress.consumed += consumed;
    progress.lag += end - consumed;
    progress.ready += end - fetched;
    if (with_ages && consumed < end) {
      note(progress.oldest_not_consumed, queue, consumed);
    }
    if (with_ages && fetched < end) {
      note(progress.oldest_not_fetched, queue, fetched);
    }
  }
}

std::vector<BrokerMetrics::Progress> BrokerMetrics::progress() const {
  const auto limit = static_cast<size_t>(parts_.settings.load()->metrics_series_max);
  const auto deadline = parts_.clock.monotonic() + kAgesBudget;
  std::vector<Progress> all;
  for (const std::string& group : parts_.offsets.groups()) {
    const auto online = parts_.clients.consumerGroup(group);
    for (const std::string& topic : parts_.offsets.topicsOf(group)) {
      const TopicConfigPtr config = parts_.topics.find(topic);
      // As consumerProgress: old offsets of a topic that an online group has left are no lag.
      if (config == nullptr || (online && !online->subscriptions.contains(topic))) {
        continue;
      }
      Progress& row = all.emplace_back(Progress{.group = group, .topic = topic});
      measure(row, config->read_queue_nums, parts_.clock.monotonic() < deadline);
      if (all.size() > limit) {
        return all;
      }
    }
  }
  return all;
}

void BrokerMetrics::addProgress(Page& page) const {
  const std::vector<Progress> rows = progress();
  const TimestampMs now = parts_.clock.nowMs();
  const auto add = [&](const Progress& row, int64_t value) {
    page.add(value, {row.group, row.topic, textOf(isRetryTopic(row.topic)),
                     systemText(row.topic, row.group)});
  };
  const auto messages = [&](const metrics::Metric& metric, auto count) {
    page.begin(metric);
    for (const Progress& row : rows) {
      add(row, count(row));
    }
  };
  messages(metric::kLagMessages, [](const Progress& row) { return row.lag; });
  messages(metric::kInflight, [](const Progress& row) { return row.lag - row.ready; });
  messages(metric::kReady, [](const Progress& row) { return row.ready; });

  const auto ages = [&](const metrics::Metric& metric, auto oldest, auto waiting) {
    page.begin(metric);
    for (const Progress& row : rows) {
      if (const std::optional<TimestampMs> time = row.*oldest) {
        add(row, std::max<int64_t>(now - *time, 0));
      } else if (row.*waiting == 0) {
        add(row, 0);
      }
    }
  };
  ages(metric::kLagLatency, &Progress::oldest_not_consumed, &Progress::lag);
  ages(metric::kQueueingLatency, &Progress::oldest_not_fetched, &Progress::ready);

  const auto exporters = [&](const metrics::Metric& metric, auto value) {
    page.begin(metric);
    for (const Progress& row : rows) {
      page.add(row.*value, {row.topic, row.group});
    }
  };
  exporters(metric::kConsumerOffset, &Progress::consumed);
  exporters(metric::kGroupDiff, &Progress::lag);
}

}  // namespace rocketmq::broker
