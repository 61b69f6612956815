#include "broker/group/subscription_groups.h"

#include <array>
#include <optional>
#include <utility>

#include "broker/change_on_slave.h"
#include "broker/table/config_length.h"
#include "broker/topic/topic_table.h"
#include "common/log.h"
#include "common/validate.h"

namespace rocketmq::broker {

namespace {

/// Groups that every broker knows from the start.
constexpr std::array<std::string_view, 7> kPredefinedGroups = {
    "TOOLS_CONSUMER",  "FILTERSRV_CONSUMER",    "SELF_TEST_C_GROUP", "CID_ONS-HTTP-PROXY",
    "CID_ONSAPI_PULL", "CID_ONSAPI_PERMISSION", "CID_ONSAPI_OWNER"};

model::SubscriptionGroupConfig defaultConfig(std::string_view group) {
  model::SubscriptionGroupConfig config;
  config.group_name = group;
  return config;
}

}  // namespace

SubscriptionGroups::SubscriptionGroups(const LiveSettings& settings, std::unique_ptr<Table> table)
    : settings_(settings), table_(std::move(table)) {}

Result<std::unique_ptr<SubscriptionGroups>> SubscriptionGroups::open(std::string path,
                                                                     const LiveSettings& settings,
                                                                     const Clock& clock) {
  const auto addPredefined = [](model::SubscriptionGroupTable& table) {
    for (const std::string_view name : kPredefinedGroups) {
      table.subscription_group_table.try_emplace(std::string(name), defaultConfig(name));
    }
  };
  ROCKETMQ_ASSIGN_OR_RETURN(
      auto table,
      Table::open({.path = std::move(path), .what = "consumer groups", .complete = addPredefined},
                  clock));
  return std::unique_ptr<SubscriptionGroups>(new SubscriptionGroups(settings, std::move(table)));
}

bool SubscriptionGroups::canCreate(std::string_view group) const {
  const auto settings = settings_.load();
  if (!(settings->auto_create_group || isSystemGroup(group)) || !validateGroup(group).isOk()) {
    return false;
  }
  const int32_t groups_max = settings->auto_created_groups_max;
  if (table_->size() < static_cast<size_t>(groups_max)) {
    return true;
  }
  full_log_.warn("consumer group {} is not created: there are maxAutoCreatedGroups={} already",
                 group, groups_max);
  return false;
}

GroupConfigPtr SubscriptionGroups::findOrCreate(std::string_view group) {
  if (GroupConfigPtr config = find(group)) {
    return config;
  }
  if (!canCreate(group)) {
    return nullptr;
  }
  const auto [config, is_new] =
      table_->change(group, [group](const model::SubscriptionGroupConfig* known) {
        return known == nullptr ? std::optional(defaultConfig(group)) : std::nullopt;
      });
  if (is_new) {
    log::info("consumer group {} created", group);
  }
  table_->awaitSaved();
  return config;
}

bool SubscriptionGroups::takeOver(model::SubscriptionGroupTable table) {
  const bool is_change = table_->takeOver(std::move(table));
  table_->awaitSaved();
  return is_change;
}

Status SubscriptionGroups::update(const model::SubscriptionGroupConfig& config) {
  if (settings_.load()->isSlave()) {
    return changeOnSlave();
  }
  ROCKETMQ_RETURN_IF_ERROR(validateGroup(config.group_name));
  if (config.retry_queue_nums > TopicTable::kQueuesMax) {
    return Status::invalidArgument("a retry topic has at most " +
                                   std::to_string(TopicTable::kQueuesMax) +
                                   " queues, see retryQueueNums");
  }
  ROCKETMQ_RETURN_IF_ERROR(checkLength("group", config));
  table_->change(config.group_name, [&config](const model::SubscriptionGroupConfig*) {
    return std::optional(config);
  });
  table_->awaitSaved();
  return Status::ok();
}

Result<bool> SubscriptionGroups::remove(std::string_view group) {
  if (settings_.load()->isSlave()) {
    return changeOnSlave();
  }
  const bool is_change = table_->remove(group);
  table_->awaitSaved();
  return is_change;
}

}  // namespace rocketmq::broker
