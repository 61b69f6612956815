#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace rocketmq::broker {

/// How far a connection has come in a group's pending reset of a queue, see ConsumerOffsets.
enum class ResetStep : uint8_t {
  kAsked,      ///< Without an answer; its client may know no such request.
  kCommitted,  ///< Of its own accord: it may be on its way past the position.
  kTold,
  kThere,
};

/// Connections of members that are being asked to go to a new position, in ascending order. The
/// resets of all queues of a topic share one list as long as the members are the same.
class AskedConnections {
 public:
  /// `counted` is borrowed; all that live are counted there.
  AskedConnections(const std::set<uint64_t>& connections, size_t& counted);
  ~AskedConnections() { counted_ -= connections_.size(); }
  AskedConnections(const AskedConnections&) = delete;
  AskedConnections& operator=(const AskedConnections&) = delete;

  bool contains(uint64_t connection_id) const;
  bool isEqualTo(const std::set<uint64_t>& connections) const;

 private:
  const std::vector<uint64_t> connections_;
  size_t& counted_;
};
using AskedConnectionsPtr = std::shared_ptr<const AskedConnections>;

/// A group's pending reset of one queue.
struct PendingReset {
  int64_t offset = 0;
  AskedConnectionsPtr asked;  ///< Null: nobody.
  /// Of connections that have committed or pulled since. Only ResetSteps changes them.
  std::map<uint64_t, ResetStep> steps;
};

/// Who has come how far in the pending resets of a shard of groups. Steps go with their connection,
/// and with their reset.
///
/// Threads: one at a time.
/// Bound:   kStepsMax steps, of some 120 bytes; a connection that is asked takes as much room as a
///          step.
class ResetSteps {
 public:
  static constexpr size_t kStepsMax = 128u << 10;

  /// What the connections of `wanted` are asked by: `known`, if it is the same ones. Null when
  /// nobody is, or there is no room for them.
  AskedConnectionsPtr ask(const std::set<uint64_t>& wanted, const AskedConnectionsPtr& known);

  /// nullopt: it is not known to the reset.
  static std::optional<ResetStep> of(const PendingReset& reset, uint64_t connection_id);
  /// `reset` stays where it is until clear(). False: there is no room.
  bool set(PendingReset& reset, uint64_t connection_id, ResetStep step);

  /// The reset is over.
  void clear(PendingReset& reset);
  void forgetConnection(uint64_t connection_id);

  size_t size() const { return steps_; }

 private:
  std::unordered_map<uint64_t, std::unordered_set<PendingReset*>> by_connection_;
  size_t steps_ = 0;
};

}  // namespace rocketmq::broker
