#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "broker/pull/held_pull.h"
#include "store/message_store.h"

namespace rocketmq::broker {

class QueueWaiters;

/// A pull that waits, with what HeldPulls knows of it. Its address stays.
struct HeldEntry {
  uint64_t id = 0;
  int64_t queue_offset = 0;
  std::chrono::steady_clock::time_point deadline;
  uint64_t connection_id = 0;
  std::string_view group;
  const store::MessageFilter* filter = nullptr;
  size_t filter_bytes = 0;
  std::unique_ptr<HeldPull> pull;
  size_t connection_position = 0;  ///< Among the pulls of its connection.

  // Of the queue.
  QueueWaiters* queue = nullptr;
  struct FilterGroup* of = nullptr;
  size_t position = 0;
};

/// Pulls with the same filter.
struct FilterGroup {
  const store::MessageFilter* filter = nullptr;
  std::vector<std::unique_ptr<HeldEntry>> entries;
  std::vector<size_t> positions;  ///< Its places: one per tags code, or the one among those asked.
};

/// The pulls that wait in one queue, found by what a message is: its tags code leads to the pulls
/// that want it, and a filter that looks at properties is asked once, however many pulls have it.
///
/// Threads: one at a time.
/// Bound:   a message costs a look-up and what kStepsMax steps of such filters cost, some 200
///          microseconds. hasRoomFor() says no to more.
class QueueWaiters {
 public:
  /// Filters of more codes are asked: each place takes some 64 bytes.
  static constexpr size_t kIndexedCodesMax = 16;
  static constexpr size_t kStepsMax = 16 * 1024;

  QueueWaiters() = default;
  QueueWaiters(const QueueWaiters&) = delete;
  QueueWaiters& operator=(const QueueWaiters&) = delete;

  /// Whether one more may wait with this filter.
  bool hasRoomFor(const store::MessageFilter* filter) const;
  void add(std::unique_ptr<HeldEntry> entry);
  std::unique_ptr<HeldEntry> remove(HeldEntry& entry);
  /// The entry with this filter and id, best among those that came last; null: it has gone.
  HeldEntry* find(const store::MessageFilter* filter, uint64_t id);

  /// Takes out the pulls that want the message.
  void takeMatching(const store::Arrival& arrival, std::vector<std::unique_ptr<HeldEntry>>& taken);
  /// Takes out all pulls, or those of a group.
  void takeAll(std::vector<std::unique_ptr<HeldEntry>>& taken);
  void takeGroup(std::string_view group, std::vector<std::unique_ptr<HeldEntry>>& taken);

  bool empty() const { return unfiltered_.entries.empty() && groups_.empty(); }

 private:
  FilterGroup& groupOf(const store::MessageFilter* filter);
  void link(FilterGroup& group);
  void unlink(FilterGroup& group);
  void takeFrom(FilterGroup& group, int64_t queue_offset,
                std::vector<std::unique_ptr<HeldEntry>>& taken);

  FilterGroup unfiltered_;
  std::unordered_map<const store::MessageFilter*, FilterGroup> groups_;
  std::unordered_map<int64_t, std::vector<FilterGroup*>> by_code_;
  std::vector<FilterGroup*> asked_;
  size_t asked_steps_ = 0;
};

}  // namespace rocketmq::broker
