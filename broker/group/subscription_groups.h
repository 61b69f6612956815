#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "broker/settings.h"
#include "broker/table/versioned_table.h"
#include "common/clock.h"
#include "common/log_limiter.h"
#include "common/model/config_tables.h"
#include "common/model/data_version.h"
#include "common/model/subscription_group_config.h"
#include "common/status.h"

namespace rocketmq::broker {

using GroupConfigPtr = std::shared_ptr<const model::SubscriptionGroupConfig>;

/// The consumer groups of this broker, kept in subscriptionGroup.json (RocketMQ:
/// SubscriptionGroupManager). Threads and durability as TopicTable: who looks for a group waits for
/// nobody, writers wait for the disk before they return and belong on a lane.
class SubscriptionGroups {
 public:
  /// Corruption when neither the file nor its .bak can be read.
  static Result<std::unique_ptr<SubscriptionGroups>> open(std::string path,
                                                          const LiveSettings& settings,
                                                          const Clock& clock);

  /// nullptr when the group is unknown; see findOrCreate().
  GroupConfigPtr find(std::string_view group) const { return table_->find(group); }
  size_t size() const { return table_->size(); }
  /// Grows with every change, after it; does not wait.
  uint64_t changes() const { return table_->changes(); }

  /// True when findOrCreate() would make the group; does not block.
  bool canCreate(std::string_view group) const;

  /// The group, created with RocketMQ's defaults when it is missing and its name is legal and
  /// autoCreateSubscriptionGroup is on (system groups always); else nullptr.
  GroupConfigPtr findOrCreate(std::string_view group);

  /// Creates or replaces a group by request. InvalidArgument for an illegal name, and on a slave.
  Status update(const model::SubscriptionGroupConfig& config);
  /// Forgets a group by request; false when it was unknown. InvalidArgument on a slave.
  Result<bool> remove(std::string_view group);

  /// For a slave: becomes what the master has, its version included. True when that was a change.
  bool takeOver(model::SubscriptionGroupTable table);

  /// Everything with its version.
  std::shared_ptr<const model::SubscriptionGroupTable> snapshot() const {
    return table_->snapshot();
  }
  model::DataVersion dataVersion() const { return table_->dataVersion(); }

 private:
  using Table = VersionedTable<model::SubscriptionGroupTable, model::SubscriptionGroupConfig,
                               &model::SubscriptionGroupTable::subscription_group_table>;

  SubscriptionGroups(const LiveSettings& settings, std::unique_ptr<Table> table);

  const LiveSettings& settings_;
  const std::unique_ptr<Table> table_;
  mutable LogLimiter full_log_{1};
};

}  // namespace rocketmq::broker
