#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "broker/settings.h"
#include "broker/table/versioned_table.h"
#include "common/clock.h"
#include "common/log_limiter.h"
#include "common/model/config_tables.h"
#include "common/model/data_version.h"
#include "common/model/topic_config.h"
#include "common/status.h"

namespace rocketmq::broker {

using TopicConfigPtr = std::shared_ptr<const model::TopicConfig>;

/// The topics of this broker, kept in topics.json (RocketMQ: TopicConfigManager).
///
/// Life:       open() reads the file and adds the system topics, in memory only.
/// Threads:    find() any, without waiting for writers. Writers are serialised; they wait for the
///             disk before they return, so they block and belong on a lane, never on an I/O thread.
///             createForSend() does not wait for the disk; who answers the send does, with
///             whenSaved(). snapshot() may take some ms.
/// Durability: a change that was reported as done is on the disk. When it cannot be written it is
///             in force all the same, as in RocketMQ, and the failure is logged. See TableFile.
class TopicTable {
 public:
  /// More in one topic are a slip of the pen.
  static constexpr int32_t kQueuesMax = 65'535;

  /// Corruption when neither topics.json nor its .bak can be read. `settings` and `clock` are
  /// borrowed.
  static Result<std::unique_ptr<TopicTable>> open(std::string path, const LiveSettings& settings,
                                                  const Clock& clock);

  /// Called after every change but a removal, on the writer's thread, under the writers' lock: must
  /// be quick and must not call a writer. Is told the name of a topic that was put; any other
  /// change has none. Set before the first change. RocketMQ parity: removals are left to the next
  /// periodic registration. A name server keeps a topic that a registration lacks; who deletes it
  /// tells the name servers himself (DELETE_TOPIC_IN_NAMESRV).
  void setChangeListener(std::function<void(std::string_view)> on_change) {
    table_->setChangeListener(std::move(on_change));
  }

  /// nullptr when the topic is unknown.
  TopicConfigPtr find(std::string_view topic) const { return table_->find(topic); }
  size_t size() const { return table_->size(); }
  /// Whether topics.json told at open() what topics there are: see VersionedTable::isOfOwnFile().
  bool knowsAllTopics() const { return table_->isOfOwnFile(); }
  /// Grows with every change, after it; does not wait.
  uint64_t changes() const { return table_->changes(); }

  /// What a send asks for when its topic is unknown.
  struct SendTarget {
    std::string_view topic;
    std::string_view default_topic;
    int32_t default_topic_queues = 0;
    bool is_unit = false;
    std::string_view remote = {};  ///< For the log.
  };
  /// True when createForSend() would make the topic; does not block.
  bool canCreateForSend(const SendTarget& target) const { return templateFor(target) != nullptr; }

  /// False when clients have made so many topics that they may make no more, see
  /// maxAutoCreatedTopics; says so in the log, once a second at most.
  bool hasRoomForSend() const;
  /// The topic, made after the template `default_topic` when that may be inherited and automatic
  /// creation is on (RocketMQ: createTopicInSendMessageMethod); nullptr when it must not be made.
  TopicConfigPtr createForSend(const SendTarget& target);
  /// Calls `done` once every topic made so far is on the disk, or that has failed; on a thread of
  /// the table's file, or at once. Does not wait.
  void whenSaved(std::function<void()> done) { table_->whenSaved(std::move(done)); }

  /// The topic, created with read and write permission when missing: for retry and dead-letter
  /// topics (RocketMQ: createTopicInSendMessageBackMethod). InvalidArgument for a name that is too
  /// long for a record, or fewer than one queue; Busy when there are too many topics.
  Result<TopicConfigPtr> createInternal(std::string_view topic, int32_t queues,
                                        int32_t sys_flag = 0);

  /// Creates or replaces a topic by request; false when it was just so already. InvalidArgument for
  /// illegal names, system topics and impossible numbers, in RocketMQ's order, and on a slave.
  Result<bool> update(const model::TopicConfig& config);

  /// Forgets a topic by request; false when it was unknown. InvalidArgument for blank names and
  /// system topics, and on a slave.
  Result<bool> remove(std::string_view topic);

  /// A topic that may not be changed by request: RocketMQ's, and those named after this cluster and
  /// broker.
  bool isSystem(std::string_view topic) const;
  std::set<std::string> systemTopics() const;

  /// For a slave: becomes what the master has, its version included. True when that was a change.
  bool takeOver(model::TopicConfigTable table);

  /// Everything with its version, for GET_ALL_TOPIC_CONFIG and registration.
  std::shared_ptr<const model::TopicConfigTable> snapshot() const { return table_->snapshot(); }
  model::DataVersion dataVersion() const { return table_->dataVersion(); }

  /// Makes name servers take the topics anew although none has changed (for instance after a change
  /// of brokerPermission).
  void bumpDataVersion();

 private:
  using Table = VersionedTable<model::TopicConfigTable, model::TopicConfig,
                               &model::TopicConfigTable::topic_config_table>;

  explicit TopicTable(const LiveSettings& settings);

  /// The topic after which one may be made for a send; nullptr when it must not be made.
  TopicConfigPtr templateFor(const SendTarget& target) const;

  const LiveSettings& settings_;
  std::set<std::string, std::less<>> system_topics_;  ///< Fixed after open().
  std::unique_ptr<Table> table_;
  mutable LogLimiter full_log_{1};
};

}  // namespace rocketmq::broker
