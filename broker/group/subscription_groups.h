#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "broker/settings.h"
#include "broker/snapshot.h"
#include "broker/string_map.h"
#include "common/clock.h"
#include "common/log_limiter.h"
#include "common/model/config_tables.h"
#include "common/model/data_version.h"
#include "common/model/subscription_group_config.h"
#include "common/mutex.h"
#include "common/status.h"

namespace rocketmq::broker {

using GroupConfigPtr = std::shared_ptr<const model::SubscriptionGroupConfig>;

/// The consumer groups of this broker, kept in subscriptionGroup.json (RocketMQ:
/// SubscriptionGroupManager). Threads and durability as TopicTable: readers see snapshots, writers
/// write the file before they return and belong on the admin lane.
class SubscriptionGroups {
 public:
  /// Corruption when neither the file nor its .bak can be read.
  static Result<std::unique_ptr<SubscriptionGroups>> open(std::string path,
                                                          const LiveSettings& settings,
                                                          const Clock& clock);

  /// nullptr when the group is unknown; see findOrCreate().
  GroupConfigPtr find(std::string_view group) const;

  /// True when findOrCreate() would make the group; does not block.
  bool canCreate(std::string_view group) const;

  /// The group, created with RocketMQ's defaults when it is missing and its name is legal and
  /// autoCreateSubscriptionGroup is on (system groups always); else nullptr.
  GroupConfigPtr findOrCreate(std::string_view group);

  /// Creates or replaces a group by request. InvalidArgument for an illegal name, and on a slave.
  Status update(const model::SubscriptionGroupConfig& config);
  /// False when it was unknown.
  bool remove(std::string_view group);
  /// Switches consumption of a group on or off (RocketMQ: disableConsume); false when unknown.
  bool setConsumeEnable(std::string_view group, bool enable);

  /// For a slave: becomes what the master has, its version included. True when that was a change.
  bool takeOver(model::SubscriptionGroupTable table);

  /// Everything with its version.
  std::shared_ptr<const model::SubscriptionGroupTable> snapshot() const;
  model::DataVersion dataVersion() const { return snapshot()->data_version; }

 private:
  struct Version {
    StringMap<GroupConfigPtr> by_name;
    std::shared_ptr<const model::SubscriptionGroupTable> table;
  };

  SubscriptionGroups(std::string path, const LiveSettings& settings, const Clock& clock);

  void publish(model::SubscriptionGroupTable table) ROCKETMQ_REQUIRES(write_mutex_);
  /// The same with the version that the table has.
  void publishAsIs(model::SubscriptionGroupTable table) ROCKETMQ_REQUIRES(write_mutex_);
  static std::shared_ptr<const Version> versionOf(model::SubscriptionGroupTable table);

  const std::string path_;
  const LiveSettings& settings_;
  const Clock& clock_;

  Mutex write_mutex_;
  Snapshot<Version> current_;
  mutable LogLimiter full_log_{1};
};

}  // namespace rocketmq::broker
