#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/group/reset_steps.h"
#include "broker/string_map.h"
#include "common/model/config_tables.h"
#include "common/mutex.h"
#include "common/status.h"

namespace rocketmq::broker {

/// Why a position is not taken.
inline constexpr const char* kTooManyPositions =
    "there are as many positions of consumer groups as maxConsumerPositions allows; delete groups "
    "that nobody needs";

/// How far each consumer group has come in each queue: the next offset it wants, kept in
/// consumerOffset.json (RocketMQ: ConsumerOffsetManager).
///
/// Threads:    any; sharded by group. persist() takes one shard's mutex after the other, so that
///             it never stops all commits.
/// Durability: what was committed before the last persist(), which the broker calls every few
///             seconds and when it stops. After a crash messages are delivered again.
class ConsumerOffsets {
 public:
  /// Queue id -> offset.
  using QueueOffsets = std::map<int32_t, int64_t>;

  static constexpr size_t kNameBytesOfPosition = 64;
  static constexpr size_t kNoBound = std::numeric_limits<size_t>::max();

  /// Reads the file, or its .bak when the file is torn; missing files mean an empty table.
  /// Corruption when neither can be read.
  static Result<std::unique_ptr<ConsumerOffsets>> open(std::string path);

  /// Stores a position, also one that goes back. Ignored below 0, which old clients send when they
  /// have none, and while a reset of the queue is pending. `connection_id` 0: nobody's connection.
  /// False: it would be one more than about `positions_max`, of which a group's first position in a
  /// topic counts as one more for every kNameBytesOfPosition bytes of their names.
  bool commit(std::string_view group, std::string_view topic, int32_t queue_id, int64_t offset,
              uint64_t connection_id = 0, size_t positions_max = kNoBound);

  /// Whether a group's first position may be kept when about `groups_max` groups may have some;
  /// true for a group that has.
  bool hasRoomFor(std::string_view group, size_t groups_max) const;

  std::optional<int64_t> find(std::string_view group, std::string_view topic,
                              int32_t queue_id) const;

  /// Every queue of the topic in which the group has a position.
  QueueOffsets queues(std::string_view group, std::string_view topic) const;
  std::set<std::string> topicsOf(std::string_view group) const;
  std::set<std::string> groupsOf(std::string_view topic) const;
  std::set<std::string> groups() const;

  // A server-side reset (RocketMQ 5) stores a position that the group's pulls in the queue are sent
  // to; until the group is there, commits of that queue are ignored. Pending resets do not survive
  // a restart.
  //
  // A member that pulls at the very position may still have older messages, whose commits would
  // take the group back, so that each connection is sent there once, wherever it pulls. It is there
  // when it pulls after that, or has committed the position and pulls at it: nothing older is left
  // then. Who pulls elsewhere after that goes its own way; nobody is sent back for ever. An answer
  // that is lost with its connection is given again on the next one. Resets stay while nobody is
  // there: whoever comes back may not have heard of them. Where no more can be kept of who has,
  // see ResetSteps, the first that is sent to the position ends the reset.

  /// Sends the group to `targets`, all of them or, false, none: with those that it has not got yet
  /// there would be more than about `positions_max`, see commit().
  /// `asked`: connections of members that are being asked to go there
  /// (RESET_CONSUMER_CLIENT_OFFSET). They are there when they commit the position, as they may pull
  /// from a slave; those of a broadcasting group, which commit nothing, when they pull at it: sent
  /// there once more, a Java client would stop for another 10 s.
  bool assignReset(std::string_view group, std::string_view topic, const QueueOffsets& targets,
                   const std::set<uint64_t>& asked = {}, size_t positions_max = kNoBound);
  bool isResetPending(std::string_view group, std::string_view topic, int32_t queue_id) const;
  /// Whether a pull would be sent elsewhere, or show that its member is there.
  bool isResetPendingFor(std::string_view group, std::string_view topic, int32_t queue_id,
                         uint64_t connection_id) const;
  /// Where a pull at `asked_offset` is to be sent, also when it is that. The first member that is
  /// there ends the reset; with `members` (connections), those of a broadcasting group, the last of
  /// them.
  std::optional<int64_t> resetFor(std::string_view group, std::string_view topic, int32_t queue_id,
                                  int64_t asked_offset, uint64_t connection_id,
                                  const std::set<uint64_t>& members = {});

  /// It has closed, and will neither pull nor commit any more.
  void forgetConnection(uint64_t connection_id);

  void removeGroup(std::string_view group);
  void removeTopic(std::string_view topic);
  /// Gives `to` the positions that `from` has in `topic`, or in all its topics; what was pending
  /// there of resets is void. False: not all, they would be more than `positions_max`.
  bool clone(const std::string& from, const std::string& to,
             const std::optional<std::string>& topic, size_t positions_max = kNoBound);

  /// For a master that starts: sets positions beyond the end of their queue back to `end(topic,
  /// queue_id)`, and returns how many that were. They come from a log that has lost its end, and
  /// would skip what takes the lost messages' places.
  size_t cutToEnds(const std::function<int64_t(std::string_view, int32_t)>& end);

  // For a slave, to which consumers commit while their master is gone.

  /// Log offset of the last message in front of a position; -1 when it is not here.
  using LastConsumed =
      std::function<int64_t(std::string_view topic, int32_t queue_id, int64_t offset)>;

  /// From now on positions that are committed here are marked until the master has them. The marks
  /// do not survive a restart. Once, before the first commit.
  void markForMaster(LastConsumed last_consumed);

  struct Position {
    std::string group;
    std::string topic;
    int32_t queue_id = 0;
    int64_t offset = 0;
    int64_t last_consumed = -1;  ///< When it was committed: offsets of another topic of the same
                                 ///< name look just the same.
  };
  /// Forgets the marks of positions that the master has by its table. Returns the others.
  std::vector<Position> aheadOf(const model::ConsumerOffsetTable& master);

  /// Puts a position of which the master is told into its table, so that takeOver() does not set it
  /// back, however much later it comes.
  static void raise(model::ConsumerOffsetTable& master, const Position& position);

  /// Becomes what the master's table is; only positions that are marked stay as they are.
  void takeOver(const model::ConsumerOffsetTable& master);

  /// The master has been told, or must not be; removes the mark unless the position has changed
  /// since.
  void unmark(const Position& position);
  /// The master has removed the group.
  void unmarkGroup(std::string_view group);

  /// {"dataVersion":{...},"offsetTable":{"topic@group":{queue:offset}}}, in the dialect of
  /// RocketMQ's bodies. The version counts changes since this object was opened.
  std::string encode() const;

  /// Writes the file when anything has changed since it was last written. Blocks. One at a time.
  Status persist();

 private:
  struct TopicOffsets {
    QueueOffsets committed;
    std::map<int32_t, PendingReset> resets;
    /// Marked queues, with the Position::last_consumed of each.
    std::map<int32_t, int64_t> for_master;
  };
  using GroupOffsets = StringMap<TopicOffsets>;
  struct Shard {
    mutable Mutex mutex;
    ResetSteps reset_steps ROCKETMQ_GUARDED_BY(mutex);  ///< Outlives the resets.
    StringMap<GroupOffsets> groups ROCKETMQ_GUARDED_BY(mutex);
  };
  static constexpr size_t kShards = 16;

  explicit ConsumerOffsets(std::string path) : path_(std::move(path)) {}

  Shard& shardOf(std::string_view group) { return shards_[StringHash{}(group) % kShards]; }
  const Shard& shardOf(std::string_view group) const {
    return shards_[StringHash{}(group) % kShards];
  }
  /// The entry, created when missing.
  static TopicOffsets& entry(Shard& shard, std::string_view group, std::string_view topic)
      ROCKETMQ_REQUIRES(shard.mutex);
  /// nullptr when missing. Of a const shard they are const.
  template <class AnyShard>
  static auto findEntry(AnyShard& shard, std::string_view group, std::string_view topic)
      ROCKETMQ_REQUIRES(shard.mutex);
  /// Null when none is pending. Of a const shard it is const.
  template <class AnyShard>
  static auto findReset(AnyShard& shard, std::string_view group, std::string_view topic,
                        int32_t queue_id) ROCKETMQ_REQUIRES(shard.mutex);
  /// What new positions, a group's first in the topic among them, count as.
  static size_t weightOf(std::string_view group, std::string_view topic, bool is_first,
                         size_t positions) {
    return positions + (is_first ? (group.size() + topic.size()) / kNameBytesOfPosition : 0);
  }
  /// A member commits while its queue's reset is pending. True: that ends it.
  static bool endsReset(Shard& shard, PendingReset& reset, int64_t offset, uint64_t connection_id)
      ROCKETMQ_REQUIRES(shard.mutex);
  static void setReset(Shard& shard, TopicOffsets& offsets, int32_t queue_id, int64_t offset,
                       const AskedConnectionsPtr& asked) ROCKETMQ_REQUIRES(shard.mutex);
  /// Does nothing when none is pending.
  static void endReset(Shard& shard, TopicOffsets& offsets, int32_t queue_id)
      ROCKETMQ_REQUIRES(shard.mutex);
  /// Before the topic's entry goes.
  static void endResets(Shard& shard, TopicOffsets& offsets) ROCKETMQ_REQUIRES(shard.mutex);
  /// The later word of an administrator holds.
  void dropReset(std::string_view group, std::string_view topic, int32_t queue_id);
  /// Removes positions that are neither marked nor in the master's table.
  void dropUnknownTo(const model::ConsumerOffsetTable& master);
  /// Marked positions are left alone.
  void load(const model::ConsumerOffsetTable& table);
  void count(const model::ConsumerOffsetTable& table);
  model::ConsumerOffsetTable table() const;
  void noteChange() { changes_.fetch_add(1, std::memory_order_release); }

  const std::string path_;
  std::array<Shard, kShards> shards_;
  std::atomic<uint64_t> changes_{0};
  std::atomic<size_t> positions_{0};  ///< About: counted anew by persist().
  /// Set by the first reset: until then resetFor(), which every pull calls, takes no lock.
  std::atomic<bool> any_reset_{false};
  LastConsumed last_consumed_;  ///< Set before marks_for_master_ is.
  std::atomic<bool> marks_for_master_{false};

  Mutex persist_mutex_;
  uint64_t persisted_changes_ ROCKETMQ_GUARDED_BY(persist_mutex_) = 0;
};

}  // namespace rocketmq::broker
