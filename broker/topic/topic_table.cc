#include "broker/topic/topic_table.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "broker/change_on_slave.h"
#include "broker/table/config_length.h"
#include "broker/transaction/topics.h"
#include "common/excerpt.h"
#include "common/log.h"
#include "common/message/record.h"
#include "common/validate.h"

namespace rocketmq::broker {

namespace {

constexpr std::string_view kAutoCreateTopic = "TBW102";
constexpr int32_t kReadWrite = model::kPermissionRead | model::kPermissionWrite;

/// A system topic has as many queues to read as to write.
model::TopicConfig systemTopic(std::string name, int32_t queues, int32_t permission = kReadWrite) {
  model::TopicConfig config;
  config.topic_name = std::move(name);
  config.read_queue_nums = queues;
  config.write_queue_nums = queues;
  config.perm = permission;
  return config;
}

/// The permission of a topic that serves as a template when `inherit` is set.
int32_t templatePermission(bool inherit) {
  return inherit ? kReadWrite | model::kPermissionInherit : kReadWrite;
}

std::vector<model::TopicConfig> systemTopicsOf(const BrokerSettings& settings) {
  std::vector<model::TopicConfig> topics;
  topics.push_back(systemTopic("SELF_TEST_TOPIC", 1));
  if (settings.auto_create_topic) {
    topics.push_back(systemTopic(std::string(kAutoCreateTopic), settings.default_topic_queues,
                                 templatePermission(true)));
  }
  topics.push_back(systemTopic("BenchmarkTest", 1024));
  topics.push_back(
      systemTopic(settings.cluster_name, 16, templatePermission(settings.cluster_topic)));
  topics.push_back(systemTopic(settings.broker_name, 1, templatePermission(settings.broker_topic)));
  topics.push_back(systemTopic("OFFSET_MOVED_EVENT", 1));
  topics.push_back(systemTopic("SCHEDULE_TOPIC_XXXX", 18));
  if (settings.timer_wheel) {
    topics.push_back(systemTopic("rmq_sys_wheel_timer", 1));
  }
  if (settings.trace_topic) {
    topics.push_back(systemTopic(settings.trace_topic_name, 1));
  }
  topics.push_back(systemTopic(settings.replyTopic(), 1));
  topics.push_back(systemTopic(std::string(kHalfTopic), 1));
  topics.push_back(systemTopic(std::string(kOpTopic), 1));
  return topics;
}

/// For a topic that is made where it is missing.
auto unlessKnown(const model::TopicConfig& config) {
  return [&config](const model::TopicConfig* known) {
    return known == nullptr ? std::optional(config) : std::nullopt;
  };
}

Status checkNumbers(const model::TopicConfig& config) {
  const auto is_possible = [](int32_t queues) {
    return queues >= 0 && queues <= TopicTable::kQueuesMax;
  };
  if (!is_possible(config.read_queue_nums) || !is_possible(config.write_queue_nums)) {
    return Status::invalidArgument("a topic has 0 to " + std::to_string(TopicTable::kQueuesMax) +
                                   " queues");
  }
  if (!model::isValidPermission(config.perm)) {
    return Status::invalidArgument("perm " + std::to_string(config.perm) +
                                   " is not a sum of 4 (read), 2 (write) and 1 (inherit)");
  }
  return Status::ok();
}

}  // namespace

TopicTable::TopicTable(const LiveSettings& settings) : settings_(settings) {}

Result<std::unique_ptr<TopicTable>> TopicTable::open(std::string path, const LiveSettings& settings,
                                                     const Clock& clock) {
  auto topics = std::unique_ptr<TopicTable>(new TopicTable(settings));
  std::vector<model::TopicConfig> system_topics = systemTopicsOf(*settings.load());
  for (const model::TopicConfig& config : system_topics) {
    topics->system_topics_.insert(config.topic_name);
  }
  const auto addSystemTopics = [&system_topics](model::TopicConfigTable& table) {
    for (model::TopicConfig& config : system_topics) {
      // RocketMQ parity: what the file says about a system topic wins.
      std::string name = config.topic_name;
      table.topic_config_table.try_emplace(std::move(name), std::move(config));
    }
  };
  ROCKETMQ_ASSIGN_OR_RETURN(
      topics->table_,
      Table::open({.path = std::move(path), .what = "topics", .complete = addSystemTopics}, clock));
  return topics;
}

bool TopicTable::hasRoomForSend() const {
  const int32_t topics_max = settings_.load()->auto_created_topics_max;
  if (size() < static_cast<size_t>(topics_max)) {
    return true;
  }
  full_log_.warn("no topic is created for a client: there are maxAutoCreatedTopics={} already",
                 topics_max);
  return false;
}

TopicConfigPtr TopicTable::templateFor(const SendTarget& target) const {
  if (target.default_topic == kAutoCreateTopic && !settings_.load()->auto_create_topic) {
    return nullptr;
  }
  if (!hasRoomForSend()) {
    return nullptr;
  }
  TopicConfigPtr config = find(target.default_topic);
  return config != nullptr && model::isInherited(config->perm) ? config : nullptr;
}

TopicConfigPtr TopicTable::createForSend(const SendTarget& target) {
  const TopicConfigPtr origin = templateFor(target);
  if (origin == nullptr || !validateTopic(target.topic).isOk()) {
    return find(target.topic);
  }
  model::TopicConfig config;
  config.topic_name = target.topic;
  const int32_t queues =
      std::max(1, std::min(target.default_topic_queues, origin->write_queue_nums));
  config.read_queue_nums = queues;
  config.write_queue_nums = queues;
  config.perm = origin->perm & ~model::kPermissionInherit;
  config.topic_filter_type = origin->topic_filter_type;
  config.topic_sys_flag = target.is_unit ? model::kTopicUnit : 0;

  const auto [topic, is_new] = table_->change(target.topic, unlessKnown(config));
  if (is_new) {
    log::info("topic {} with {} queues created after {} for {}", target.topic, queues,
              target.default_topic, target.remote);
  }
  return topic;
}

Result<TopicConfigPtr> TopicTable::createInternal(std::string_view topic, int32_t queues,
                                                  int32_t sys_flag) {
  if (TopicConfigPtr config = find(topic)) {
    return config;
  }
  if (topic.empty() || topic.size() > kTopicLengthMaxV2 || queues < 1 || queues > kQueuesMax) {
    return Status::invalidArgument("topic[" + excerpt(topic) + "] with " + std::to_string(queues) +
                                   " queues cannot be created");
  }
  // What consumers need does not compete with what producers make up: two for each group.
  const auto settings = settings_.load();
  const size_t topics_max = static_cast<size_t>(settings->auto_created_topics_max) +
                            2 * static_cast<size_t>(settings->auto_created_groups_max);
  if (size() >= topics_max) {
    return Status::busy("topic[" + excerpt(topic) + "] is not created: there are " +
                        std::to_string(topics_max) +
                        ", see maxAutoCreatedTopics and maxAutoCreatedGroups");
  }
  model::TopicConfig config = systemTopic(std::string(topic), queues);
  config.topic_sys_flag = sys_flag;
  auto [created, is_new] = table_->change(topic, unlessKnown(config));
  if (is_new) {
    log::info("topic {} with {} queues created", topic, queues);
  }
  table_->awaitSaved();
  return std::move(created);
}

Result<bool> TopicTable::update(const model::TopicConfig& config) {
  if (settings_.load()->isSlave()) {
    return changeOnSlave();
  }
  ROCKETMQ_RETURN_IF_ERROR(validateTopic(config.topic_name));
  if (isSystem(config.topic_name)) {
    return Status::invalidArgument("The topic[" + config.topic_name +
                                   "] is conflict with system topic.");
  }
  ROCKETMQ_RETURN_IF_ERROR(checkNumbers(config));
  ROCKETMQ_RETURN_IF_ERROR(checkLength("topic", config));
  const auto next = [&config](const model::TopicConfig* known) {
    std::optional<model::TopicConfig> changed = config;
    if (known != nullptr && !changed->attributes) {
      changed->attributes = known->attributes;
    }
    return known != nullptr && *changed == *known ? std::nullopt : changed;
  };
  const bool is_change = table_->change(config.topic_name, next).second;
  table_->awaitSaved();
  return is_change;
}

Result<bool> TopicTable::remove(std::string_view topic) {
  if (settings_.load()->isSlave()) {
    return changeOnSlave();
  }
  if (topic.find_first_not_of(" \t") == std::string_view::npos) {
    return Status::invalidArgument("The specified topic is blank.");
  }
  if (isSystem(topic)) {
    return Status::invalidArgument("The topic[" + excerpt(topic) +
                                   "] is conflict with system topic.");
  }
  const bool is_change = table_->remove(topic);
  table_->awaitSaved();
  return is_change;
}

bool TopicTable::takeOver(model::TopicConfigTable table) {
  const bool is_change = table_->takeOver(std::move(table));
  table_->awaitSaved();
  return is_change;
}

bool TopicTable::isSystem(std::string_view topic) const {
  return isSystemTopic(topic) || system_topics_.contains(topic);
}

std::set<std::string> TopicTable::systemTopics() const {
  return {system_topics_.begin(), system_topics_.end()};
}

void TopicTable::bumpDataVersion() {
  table_->bumpDataVersion();
  table_->awaitSaved();
}

}  // namespace rocketmq::broker
