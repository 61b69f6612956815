#include "broker/stats/broker_stats.h"

#include <ctime>
#include <utility>

namespace rocketmq::broker {
namespace {

constexpr TimestampMs kMinuteSampleMs = 10'000;
constexpr TimestampMs kHourSampleMs = 10 * 60'000;
constexpr TimestampMs kDaySampleMs = 60 * 60'000;

/// A number that changes at local midnight.
int64_t localDay(TimestampMs now) {
  const std::time_t seconds = now / 1000;
  std::tm local{};
  localtime_r(&seconds, &local);
  return int64_t{local.tm_year} * 1000 + local.tm_yday;
}

/// "topic@group" without an allocation for most names.
class TopicAtGroup {
 public:
  TopicAtGroup(std::string_view topic, std::string_view group) {
    text_.reserve(topic.size() + group.size() + 1);
    text_.append(topic).append("@").append(group);
  }
  operator std::string_view() const { return text_; }

 private:
  std::string text_;
};

}  // namespace

void StatsSet::add(std::string_view key, int64_t value, int64_t times) {
  Shard& shard = shardOf(key);
  std::shared_ptr<StatsItem> item;
  {
    MutexLock lock(shard.mutex);
    auto found = shard.items.find(key);
    if (found == shard.items.end()) {
      if (keys_.load(std::memory_order_relaxed) >= kKeysMax) {
        return;
      }
      keys_.fetch_add(1, std::memory_order_relaxed);
      found = shard.items.emplace(std::string(key), std::make_shared<StatsItem>()).first;
    }
    found->second->add(value, times);
  }
}

std::shared_ptr<const StatsItem> StatsSet::find(std::string_view key) const {
  const Shard& shard = shardOf(key);
  MutexLock lock(shard.mutex);
  const auto found = shard.items.find(key);
  return found == shard.items.end() ? nullptr : found->second;
}

void StatsSet::forEach(const std::function<void(StatsItem&)>& visit) {
  for (Shard& shard : shards_) {
    MutexLock lock(shard.mutex);
    for (auto& [key, item] : shard.items) {
      visit(*item);
    }
  }
}

void StatsSet::removeIf(const std::function<bool(std::string_view)>& gone) {
  for (Shard& shard : shards_) {
    MutexLock lock(shard.mutex);
    keys_.fetch_sub(
        std::erase_if(shard.items, [&](const auto& entry) { return gone(entry.first); }),
        std::memory_order_relaxed);
  }
}

const std::array<BrokerStats::Named, 8> BrokerStats::kSets{
    {{"TOPIC_PUT_NUMS", &BrokerStats::topic_put_nums_},
     {"TOPIC_PUT_SIZE", &BrokerStats::topic_put_size_},
     {"GROUP_GET_NUMS", &BrokerStats::group_get_nums_},
     {"GROUP_GET_SIZE", &BrokerStats::group_get_size_},
     {"SNDBCK_PUT_NUMS", &BrokerStats::send_back_nums_},
     {"DLQ_PUT_NUMS", &BrokerStats::dead_letter_nums_},
     {"BROKER_PUT_NUMS", &BrokerStats::broker_put_nums_},
     {"BROKER_GET_NUMS", &BrokerStats::broker_get_nums_}}};

BrokerStats::BrokerStats(std::string cluster_name, TimestampMs now)
    : cluster_name_(std::move(cluster_name)),
      next_minute_(now),
      next_hour_(now),
      next_day_(now),
      local_day_(localDay(now)) {}

void BrokerStats::onPut(const Put& put) {
  topic_put_nums_.add(put.topic, put.messages);
  topic_put_size_.add(put.topic, put.bytes);
  broker_put_nums_.add(cluster_name_, put.messages);
  put_total_.fetch_add(put.messages, std::memory_order_relaxed);
}

void BrokerStats::onGet(const Get& get) {
  const TopicAtGroup key(get.topic, get.group);
  group_get_nums_.add(key, get.messages);
  group_get_size_.add(key, get.bytes);
  broker_get_nums_.add(cluster_name_, get.messages);
  get_total_.fetch_add(get.messages, std::memory_order_relaxed);
}

void BrokerStats::onSendBack(std::string_view group, std::string_view topic) {
  send_back_nums_.add(TopicAtGroup(topic, group), 1);
}

void BrokerStats::onDeadLetter(std::string_view group, std::string_view topic) {
  dead_letter_nums_.add(TopicAtGroup(topic, group), 1);
}

void BrokerStats::sample(TimestampMs now) {
  bool minute = false;
  bool hour = false;
  bool day = false;
  const auto takeDue = [now](TimestampMs& next, TimestampMs period) {
    if (now < next) {
      return false;
    }
    next = now + period;
    return true;
  };
  {
    MutexLock lock(mutex_);
    minute = takeDue(next_minute_, kMinuteSampleMs);
    hour = takeDue(next_hour_, kHourSampleMs);
    day = takeDue(next_day_, kDaySampleMs);
    if (const int64_t today = localDay(now); today != local_day_) {
      local_day_ = today;
      put_days_.yesterday_morning =
          std::exchange(put_days_.today_morning, put_total_.load(std::memory_order_relaxed));
      get_days_.yesterday_morning =
          std::exchange(get_days_.today_morning, get_total_.load(std::memory_order_relaxed));
    }
  }
  for (const Named& named : kSets) {
    (this->*named.set).forEach([&](StatsItem& item) {
      if (minute) {
        item.sampleMinute(now);
      }
      if (hour) {
        item.sampleHour(now);
      }
      if (day) {
        item.sampleDay(now);
      }
    });
  }
}

std::optional<BrokerStats::View> BrokerStats::view(std::string_view name,
                                                   std::string_view key) const {
  for (const Named& named : kSets) {
    if (named.name == name) {
      const std::shared_ptr<const StatsItem> item = (this->*named.set).find(key);
      if (item != nullptr) {
        return View{.minute = item->minute(), .hour = item->hour(), .day = item->day()};
      }
    }
  }
  return std::nullopt;
}

double BrokerStats::groupGetTps(std::string_view group, std::string_view topic) const {
  const auto item = group_get_nums_.find(TopicAtGroup(topic, group));
  return item == nullptr ? 0 : item->minute().tps;
}

DayTotals BrokerStats::putTotals() const {
  MutexLock lock(mutex_);
  DayTotals totals = put_days_;
  totals.now = put_total_.load(std::memory_order_relaxed);
  return totals;
}

DayTotals BrokerStats::getTotals() const {
  MutexLock lock(mutex_);
  DayTotals totals = get_days_;
  totals.now = get_total_.load(std::memory_order_relaxed);
  return totals;
}

void BrokerStats::forgetTopic(std::string_view topic) {
  const std::string prefix = std::string(topic) + "@";
  const auto isTopic = [&](std::string_view key) {
    return key == topic || key.starts_with(prefix);
  };
  for (StatsSet BrokerStats::*set :
       {&BrokerStats::topic_put_nums_, &BrokerStats::topic_put_size_, &BrokerStats::group_get_nums_,
        &BrokerStats::group_get_size_, &BrokerStats::send_back_nums_,
        &BrokerStats::dead_letter_nums_}) {
    (this->*set).removeIf(isTopic);
  }
}

void BrokerStats::forgetGroup(std::string_view group) {
  const std::string suffix = "@" + std::string(group);
  const auto isGroup = [&](std::string_view key) { return key.ends_with(suffix); };
  for (StatsSet BrokerStats::*set :
       {&BrokerStats::group_get_nums_, &BrokerStats::group_get_size_, &BrokerStats::send_back_nums_,
        &BrokerStats::dead_letter_nums_}) {
    (this->*set).removeIf(isGroup);
  }
}

}  // namespace rocketmq::broker
