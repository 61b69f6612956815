#include "broker/group/subscription_groups.h"

#include <array>
#include <utility>

#include "broker/change_on_slave.h"
#include "broker/config_file.h"
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

SubscriptionGroups::SubscriptionGroups(std::string path, const LiveSettings& settings,
                                       const Clock& clock)
    : path_(std::move(path)),
      settings_(settings),
      clock_(clock),
      current_(versionOf(model::SubscriptionGroupTable{})) {}

Result<std::unique_ptr<SubscriptionGroups>> SubscriptionGroups::open(std::string path,
                                                                     const LiveSettings& settings,
                                                                     const Clock& clock) {
  ROCKETMQ_ASSIGN_OR_RETURN(auto table, loadConfigFile<model::SubscriptionGroupTable>(path));
  auto groups =
      std::unique_ptr<SubscriptionGroups>(new SubscriptionGroups(std::move(path), settings, clock));
  for (const std::string_view name : kPredefinedGroups) {
    table.subscription_group_table.try_emplace(std::string(name), defaultConfig(name));
  }
  if (table.data_version.timestamp == 0) {
    table.data_version.timestamp = clock.nowMs();
  }
  groups->current_.store(versionOf(std::move(table)));
  return groups;
}

std::shared_ptr<const SubscriptionGroups::Version> SubscriptionGroups::versionOf(
    model::SubscriptionGroupTable table) {
  auto version = std::make_shared<Version>();
  version->table = std::make_shared<const model::SubscriptionGroupTable>(std::move(table));
  version->by_name.reserve(version->table->subscription_group_table.size());
  for (const auto& [name, config] : version->table->subscription_group_table) {
    // Shares the table's ownership: one allocation for all of them.
    version->by_name.emplace(name, GroupConfigPtr(version->table, &config));
  }
  return version;
}

GroupConfigPtr SubscriptionGroups::find(std::string_view group) const {
  const auto version = current_.load();
  const auto config = version->by_name.find(group);
  return config == version->by_name.end() ? nullptr : config->second;
}

bool SubscriptionGroups::canCreate(std::string_view group) const {
  const auto settings = settings_.load();
  if (!(settings->auto_create_group || isSystemGroup(group)) || !validateGroup(group).isOk()) {
    return false;
  }
  const int32_t groups_max = settings->auto_created_groups_max;
  if (current_.load()->table->subscription_group_table.size() < static_cast<size_t>(groups_max)) {
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
  {
    MutexLock lock(write_mutex_);
    if (find(group) == nullptr) {
      model::SubscriptionGroupTable table = *current_.load()->table;
      table.subscription_group_table.emplace(std::string(group), defaultConfig(group));
      publish(std::move(table));
      log::info("consumer group {} created", group);
    }
  }
  return find(group);
}

void SubscriptionGroups::publish(model::SubscriptionGroupTable table) {
  table.data_version.nextVersion(clock_.nowMs());
  publishAsIs(std::move(table));
}

void SubscriptionGroups::publishAsIs(model::SubscriptionGroupTable table) {
  auto version = versionOf(std::move(table));
  current_.store(version);
  if (const Status saved = saveConfigFile(path_, *version->table); !saved.isOk()) {
    log::error("consumer groups are not saved: {}", saved.message());
  }
}

bool SubscriptionGroups::takeOver(model::SubscriptionGroupTable table) {
  MutexLock lock(write_mutex_);
  if (table.data_version == current_.load()->table->data_version) {
    return false;
  }
  publishAsIs(std::move(table));
  return true;
}

Status SubscriptionGroups::update(const model::SubscriptionGroupConfig& config) {
  if (settings_.load()->isSlave()) {
    return changeOnSlave();
  }
  ROCKETMQ_RETURN_IF_ERROR(validateGroup(config.group_name));
  MutexLock lock(write_mutex_);
  model::SubscriptionGroupTable table = *current_.load()->table;
  table.subscription_group_table.insert_or_assign(config.group_name, config);
  publish(std::move(table));
  return Status::ok();
}

bool SubscriptionGroups::remove(std::string_view group) {
  MutexLock lock(write_mutex_);
  if (find(group) == nullptr) {
    return false;
  }
  model::SubscriptionGroupTable table = *current_.load()->table;
  table.subscription_group_table.erase(std::string(group));
  if (table.forbidden_table) {
    table.forbidden_table->erase(std::string(group));
  }
  publish(std::move(table));
  return true;
}

bool SubscriptionGroups::setConsumeEnable(std::string_view group, bool enable) {
  MutexLock lock(write_mutex_);
  if (find(group) == nullptr) {
    return false;
  }
  model::SubscriptionGroupTable table = *current_.load()->table;
  table.subscription_group_table[std::string(group)].consume_enable = enable;
  publish(std::move(table));
  return true;
}

std::shared_ptr<const model::SubscriptionGroupTable> SubscriptionGroups::snapshot() const {
  return current_.load()->table;
}

}  // namespace rocketmq::broker
