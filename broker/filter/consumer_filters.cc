#include "broker/filter/consumer_filters.h"

#include <algorithm>
#include <utility>

#include "broker/config_file.h"
#include "broker/filter/sql_filter.h"
#include "common/json/encode.h"
#include "common/log.h"

namespace rocketmq::broker {

namespace {

/// RocketMQ parity: what a file has alive is taken to have died so long before it is loaded.
constexpr int64_t kDeadBeforeLoadMs = 30'000;

}  // namespace

ConsumerFilters::ConsumerFilters(std::string path, BloomFilter bloom, const Clock& clock)
    : path_(std::move(path)),
      bloom_(bloom),
      clock_(clock),
      table_(std::make_shared<const Table>()) {}

Result<std::unique_ptr<ConsumerFilters>> ConsumerFilters::open(std::string path, BloomFilter bloom,
                                                               const Clock& clock) {
  ROCKETMQ_ASSIGN_OR_RETURN(const auto file, loadConfigFile<model::ConsumerFilterTable>(path));
  auto filters = std::make_unique<ConsumerFilters>(std::move(path), bloom, clock);
  filters->load(file);
  return filters;
}

void ConsumerFilters::load(const model::ConsumerFilterTable& file) {
  Filters all;
  for (const auto& [topic, groups] : file.filter_data_by_topic) {
    for (const auto& [group, data] : groups.group_filter_data) {
      const auto filter = filterOf(group, topic, data);
      if (filter == nullptr) {
        continue;
      }
      if (filter->data().bloom_filter_data != data.bloom_filter_data) {
        log::info(
            "{} is of another maxErrorRateOfBloomFilter or expectConsumerNumUseFilter and is not "
            "used: consumers' next heartbeats make it anew",
            path_);
        return;
      }
      all.push_back(filter);
    }
  }
  for (const auto& filter : all) {
    if (!put(filter)) {
      log::warn("{} has too many filters: that of group {} for topic {} is left out", path_,
                filter->group(), filter->topic());
    }
  }
}

std::shared_ptr<ConsumerFilter> ConsumerFilters::filterOf(
    std::string_view group, std::string_view topic, const model::ConsumerFilterData& data) const {
  auto compiled = SqlFilter::compile(data.expression_type, data.expression);
  if (!compiled.ok()) {
    log::warn("{}: the filter of group {} for topic {} is left out: {}", path_, group, topic,
              compiled.status().message());
    return nullptr;
  }
  auto filter =
      std::make_shared<ConsumerFilter>(ConsumerFilter::Identity{.group = group,
                                                                .topic = topic,
                                                                .type = data.expression_type,
                                                                .expression = data.expression},
                                       bloom_, std::move(*compiled), data.born_time);
  filter->setVersion(data.client_version);
  filter->markDead(data.dead_time != 0 ? data.dead_time : clock_.nowMs() - kDeadBeforeLoadMs);
  return filter;
}

bool ConsumerFilters::mark(std::string_view topic, std::string_view properties,
                           std::span<char> map) const {
  const Table& table = table_.load();
  const auto filters = table.find(topic);
  if (filters == table.end()) {
    return false;
  }
  for (const auto& filter : filters->second) {
    if (filter->matchesProperties(properties)) {
      BloomFilter::set(filter->positions(), map);
    }
  }
  return true;
}

void ConsumerFilters::useBitMaps(std::function<int64_t()> appended_offset) {
  appended_offset_ = std::move(appended_offset);
  const int64_t end = appended_offset_();
  for (const auto& [topic, filters] : table_.load()) {
    for (const auto& filter : filters) {
      filter->setBornAt(end);
    }
  }
}

std::shared_ptr<ConsumerFilter> ConsumerFilters::find(const Table& table, std::string_view topic,
                                                      std::string_view group) {
  const auto filters = table.find(topic);
  if (filters != table.end()) {
    for (const auto& filter : filters->second) {
      if (filter->group() == group) {
        return filter;
      }
    }
  }
  return nullptr;
}

std::optional<model::ConsumerFilterData> ConsumerFilters::find(std::string_view group,
                                                               std::string_view topic) const {
  const auto filter = find(table_.load(), topic, group);
  return filter == nullptr ? std::nullopt : std::optional(filter->data());
}

bool ConsumerFilters::makeRoom(Table& table, std::string_view topic) {
  size_t count = 0;
  for (const auto& [name, filters] : table) {
    count += filters.size();
  }
  const bool is_topic_full = table[std::string(topic)].size() >= kGroupsMax;
  if (!is_topic_full && count < kFiltersMax) {
    return true;
  }
  std::shared_ptr<ConsumerFilter> longest_dead;
  for (const auto& [name, filters] : table) {
    for (const auto& filter : filters) {
      const bool is_candidate = filter->deadSince() != 0 && (!is_topic_full || name == topic);
      if (is_candidate &&
          (longest_dead == nullptr || filter->deadSince() < longest_dead->deadSince())) {
        longest_dead = filter;
      }
    }
  }
  if (longest_dead == nullptr) {
    return false;
  }
  longest_dead->retire();
  std::erase(table[longest_dead->topic()], longest_dead);
  return true;
}

bool ConsumerFilters::put(const std::shared_ptr<ConsumerFilter>& filter) {
  MutexLock lock(write_mutex_);
  Table table = table_.load();
  if (const auto known = find(table, filter->topic(), filter->group())) {
    known->retire();
    std::erase(table[filter->topic()], known);
  } else if (!makeRoom(table, filter->topic())) {
    return false;
  }
  table[filter->topic()].push_back(filter);
  std::erase_if(table, [](const auto& entry) { return entry.second.empty(); });
  table_.store(std::make_shared<const Table>(std::move(table)));
  return true;
}

Result<std::shared_ptr<ConsumerFilter>> ConsumerFilters::enter(
    const ConsumerFilter::Identity& identity, int64_t version) {
  auto known = find(table_.load(), identity.topic, identity.group);
  if (known != nullptr && known->hasExpression(identity.type, identity.expression)) {
    known->setVersion(version);
    return known;
  }
  ROCKETMQ_ASSIGN_OR_RETURN(auto compiled, SqlFilter::compile(identity.type, identity.expression));
  auto filter =
      std::make_shared<ConsumerFilter>(identity, bloom_, std::move(compiled), clock_.nowMs());
  filter->setVersion(version);
  if (!put(filter)) {
    full_log_.warn(
        "the expression of group {} for topic {} is not kept and has no part in bit maps: there "
        "are {} of the topic, or {} of all, already",
        identity.group, identity.topic, kGroupsMax, kFiltersMax);
    return filter;
  }
  if (appended_offset_ != nullptr) {
    // Whatever is appended from there on is marked by the new table, or not at all.
    filter->setBornAt(appended_offset_());
    filter->setBornTime(clock_.nowMs());
  }
  new_log_.info("group {} filters topic {} by an expression", identity.group, identity.topic);
  return filter;
}

void ConsumerFilters::removeDead(std::chrono::milliseconds dead_for) {
  const TimestampMs oldest = clock_.nowMs() - dead_for.count();
  MutexLock lock(write_mutex_);
  Table table = table_.load();
  size_t removed = 0;
  for (auto& [topic, filters] : table) {
    removed += std::erase_if(filters, [oldest](const std::shared_ptr<ConsumerFilter>& filter) {
      const TimestampMs dead_ms = filter->deadSince();
      const bool is_over = dead_ms != 0 && dead_ms <= oldest;
      if (is_over) {
        filter->retire();
      }
      return is_over;
    });
  }
  if (removed > 0) {
    std::erase_if(table, [](const auto& entry) { return entry.second.empty(); });
    table_.store(std::make_shared<const Table>(std::move(table)));
    log::info("{} filters of groups that have been away for long are forgotten", removed);
  }
}

model::ConsumerFilterTable ConsumerFilters::fileContent() const {
  model::ConsumerFilterTable file;
  for (const auto& [topic, filters] : table_.load()) {
    for (const auto& filter : filters) {
      model::TopicFilterData& data = file.filter_data_by_topic[topic];
      data.topic = topic;
      data.group_filter_data.emplace(filter->group(), filter->data());
    }
  }
  return file;
}

Status ConsumerFilters::persist() {
  MutexLock lock(persist_mutex_);
  std::string content = json::encode(fileContent(), json::Style::kPretty);
  if (content == persisted_) {
    return Status::ok();
  }
  ROCKETMQ_RETURN_IF_ERROR(replaceFile(path_, content));
  persisted_ = std::move(content);
  return Status::ok();
}

}  // namespace rocketmq::broker
