#include "broker/stats/broker_stats.h"

#include <charconv>
#include <ctime>
#include <functional>

#include "common/local_time.h"

namespace rocketmq::broker {
namespace {

constexpr TimestampMs kMinuteSampleMs = 10'000;
constexpr TimestampMs kHourSampleMs = 10 * 60'000;
constexpr TimestampMs kDaySampleMs = 60 * 60'000;

constexpr char kSeparator = '@';

/// A number that changes at local midnight.
int64_t localDay(TimestampMs now) {
  const std::tm local = localTime(now);
  return int64_t{local.tm_year} * 1000 + local.tm_yday;
}

/// "a@b", valid until this thread makes the next key: without an allocation once it has made a
/// longer one.
std::string_view joined(std::string_view a, std::string_view b) {
  thread_local std::string key;
  key.assign(a).push_back(kSeparator);
  return key.append(b);
}

/// "queue@topic" or "queue@topic@group", as above.
std::string_view queueKey(int32_t queue_id, std::string_view rest) {
  thread_local std::string key;
  char digits[16];
  const auto written = std::to_chars(std::begin(digits), std::end(digits), queue_id);
  key.assign(digits, written.ptr).push_back(kSeparator);
  return key.append(rest);
}

}  // namespace

BrokerStats::BrokerStats(std::string cluster_name, TimestampMs now)
    : cluster_name_(std::move(cluster_name)),
      next_minute_(now),
      next_hour_(now),
      next_day_(now),
      local_day_(localDay(now)) {}

void BrokerStats::onPut(const Put& put) {
  broker_puts_.add(put.messages);
  if (TopicTraffic* const topic = topics_.use(put.topic)) {
    topic->put(put);
  }
  if (StatsItem* const latency = put_latencies_.use(queueKey(put.queue_id, put.topic))) {
    latency->add(put.duration_us / 1000);
  }
}

void BrokerStats::onGet(const Get& get) {
  broker_gets_.add(get.messages);
  const std::string_view key = joined(get.topic, get.group);
  if (GroupTraffic* const group = groups_.use(key)) {
    group->get(get);
  }
  if (QueueReads* const reads = queue_reads_.use(queueKey(get.queue_id, key))) {
    reads->get(get);
  }
}

void BrokerStats::onSendBack(std::string_view group, std::string_view topic) {
  if (StatsItem* const item = send_backs_.use(joined(topic, group))) {
    item->add(1);
  }
}

void BrokerStats::onDeadLetter(std::string_view group, std::string_view topic) {
  if (StatsItem* const item = dead_letters_.use(joined(topic, group))) {
    item->add(1);
  }
}

void BrokerStats::onTransactionEnd(std::string_view topic, bool is_commit) {
  if (TopicTraffic* const traffic = topics_.use(topic)) {
    traffic->endTransaction(is_commit);
  }
}

StatsDue BrokerStats::takeDue(TimestampMs now) {
  const auto take = [now](TimestampMs& next, TimestampMs period) {
    if (now < next) {
      return false;
    }
    next = now + period;
    return true;
  };
  MutexLock lock(mutex_);
  if (const int64_t today = localDay(now); today != local_day_) {
    local_day_ = today;
    put_days_.yesterday_morning = std::exchange(put_days_.today_morning, broker_puts_.value());
    get_days_.yesterday_morning = std::exchange(get_days_.today_morning, broker_gets_.value());
  }
  return {.minute = take(next_minute_, kMinuteSampleMs),
          .hour = take(next_hour_, kHourSampleMs),
          .day = take(next_day_, kDaySampleMs)};
}

template <class Self, class Act>
void BrokerStats::forEachTable(Self& self, const Act& act) {
  act(self.topics_);
  act(self.groups_);
  act(self.send_backs_);
  act(self.dead_letters_);
  act(self.put_latencies_);
  act(self.queue_reads_);
}

void BrokerStats::sample(TimestampMs now) {
  const StatsDue due = takeDue(now);
  if (!due.minute && !due.hour && !due.day) {
    return;
  }
  forEachTable(*this, [&](auto& table) {
    table.forEach([&](std::string_view, auto& entry) { entry.sample(now, due); });
  });
  broker_puts_.sample(now, due);
  broker_gets_.sample(now, due);
}

void BrokerStats::forgetIdle(TimestampMs then) {
  forEachTable(*this, [&](auto& table) {
    table.removeIf([&](std::string_view, const auto& entry) {
      if constexpr (requires { entry.history(); }) {
        return entry.history().isIdleSince(then);
      } else {
        return entry.isIdleSince(then);
      }
    });
  });
}

std::optional<StatsView> BrokerStats::view(std::string_view name, std::string_view key) const {
  const auto ofTable = [&](const auto& table, auto read) -> std::optional<StatsView> {
    const auto entry = table.find(key);
    return entry == nullptr ? std::nullopt : std::optional(std::invoke(read, *entry));
  };
  const auto ofTotal = [&](const BrokerTotal& total) {
    return key == cluster_name_ ? std::optional(total.view()) : std::nullopt;
  };
  const auto nums = [](const auto& entry) { return entry.history().nums(); };
  const auto size = [](const auto& entry) { return entry.history().size(); };
  if (name == "TOPIC_PUT_NUMS") return ofTable(topics_, nums);
  if (name == "TOPIC_PUT_SIZE") return ofTable(topics_, size);
  if (name == "GROUP_GET_NUMS") return ofTable(groups_, nums);
  if (name == "GROUP_GET_SIZE") return ofTable(groups_, size);
  if (name == "SNDBCK_PUT_NUMS") return ofTable(send_backs_, &StatsItem::view);
  if (name == "DLQ_PUT_NUMS") return ofTable(dead_letters_, &StatsItem::view);
  if (name == "TOPIC_PUT_LATENCY") return ofTable(put_latencies_, &StatsItem::view);
  if (name == "GROUP_GET_LATENCY") return ofTable(queue_reads_, &StatsItem::view);
  if (name == "BROKER_PUT_NUMS") return ofTotal(broker_puts_);
  if (name == "BROKER_GET_NUMS") return ofTotal(broker_gets_);
  return std::nullopt;
}

double BrokerStats::groupGetTps(std::string_view group, std::string_view topic) const {
  const auto traffic = groups_.find(joined(topic, group));
  return traffic == nullptr ? 0 : traffic->history().messagesPerSecond();
}

std::optional<int64_t> BrokerStats::readOffset(std::string_view group, std::string_view topic,
                                               int32_t queue_id) const {
  const auto reads = queue_reads_.find(queueKey(queue_id, joined(topic, group)));
  return reads == nullptr ? std::nullopt : std::optional(reads->nextOffset());
}

DayTotals BrokerStats::putTotals() const {
  MutexLock lock(mutex_);
  DayTotals totals = put_days_;
  totals.now = broker_puts_.value();
  return totals;
}

DayTotals BrokerStats::getTotals() const {
  MutexLock lock(mutex_);
  DayTotals totals = get_days_;
  totals.now = broker_gets_.value();
  return totals;
}

std::pair<std::string_view, std::string_view> BrokerStats::splitKey(std::string_view key) {
  // Groups have no such character, by their names' rules; topics of other brokers' files might.
  const size_t at = key.rfind(kSeparator);
  return at == std::string_view::npos ? std::pair(key, std::string_view())
                                      : std::pair(key.substr(0, at), key.substr(at + 1));
}

void BrokerStats::forgetTopic(std::string_view topic) {
  const auto of_topic = [&](std::string_view key, const auto&) { return key == topic; };
  const std::string begin = std::string(topic) + kSeparator;
  const auto of_pair = [&](std::string_view key, const auto&) { return key.starts_with(begin); };
  const auto of_queue = [&](std::string_view key, const auto&) {
    const std::string_view rest = key.substr(key.find(kSeparator) + 1);
    return rest == topic || rest.starts_with(begin);
  };
  topics_.removeIf(of_topic);
  groups_.removeIf(of_pair);
  send_backs_.removeIf(of_pair);
  dead_letters_.removeIf(of_pair);
  put_latencies_.removeIf(of_queue);
  queue_reads_.removeIf(of_queue);
}

void BrokerStats::forgetGroup(std::string_view group) {
  const std::string end = kSeparator + std::string(group);
  const auto of_group = [&](std::string_view key, const auto&) { return key.ends_with(end); };
  groups_.removeIf(of_group);
  send_backs_.removeIf(of_group);
  dead_letters_.removeIf(of_group);
  queue_reads_.removeIf(of_group);
}

}  // namespace rocketmq::broker
