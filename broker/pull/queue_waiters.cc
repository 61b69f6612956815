#include "broker/pull/queue_waiters.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

namespace rocketmq::broker {

namespace {

/// The codes that lead to the filter's pulls; empty: it has to be asked.
std::span<const int64_t> indexedCodes(const store::MessageFilter& filter) {
  const std::span<const int64_t> codes = filter.onlyTagsCodes();
  return codes.size() <= QueueWaiters::kIndexedCodesMax ? codes : std::span<const int64_t>();
}

/// Puts the last of `places` where `group` is. `position` says where a group keeps its place.
template <class Position>
void removeFrom(std::vector<FilterGroup*>& places, FilterGroup& group, Position position) {
  const size_t at = position(group);
  places[at] = places.back();
  position(*places[at]) = at;
  places.pop_back();
}

}  // namespace

bool QueueWaiters::hasRoomFor(const store::MessageFilter* filter) const {
  return filter == nullptr || groups_.contains(filter) || !indexedCodes(*filter).empty() ||
         asked_steps_ + filter->steps() <= kStepsMax;
}

FilterGroup& QueueWaiters::groupOf(const store::MessageFilter* filter) {
  if (filter == nullptr) {
    return unfiltered_;
  }
  const auto [found, is_new] = groups_.try_emplace(filter);
  FilterGroup& group = found->second;
  if (is_new) {
    group.filter = filter;
    link(group);
  }
  return group;
}

void QueueWaiters::link(FilterGroup& group) {
  const std::span<const int64_t> codes = indexedCodes(*group.filter);
  for (const int64_t code : codes) {
    std::vector<FilterGroup*>& places = by_code_[code];
    group.positions.push_back(places.size());
    places.push_back(&group);
  }
  if (codes.empty()) {
    group.positions.push_back(asked_.size());
    asked_.push_back(&group);
    asked_steps_ += group.filter->steps();
  }
}

void QueueWaiters::unlink(FilterGroup& group) {
  const std::span<const int64_t> codes = indexedCodes(*group.filter);
  for (const int64_t code : codes) {
    const auto places = by_code_.find(code);
    removeFrom(places->second, group, [code](FilterGroup& of) -> size_t& {
      const std::span<const int64_t> all = of.filter->onlyTagsCodes();
      const auto at = std::lower_bound(all.begin(), all.end(), code);
      return of.positions[static_cast<size_t>(std::distance(all.begin(), at))];
    });
    if (places->second.empty()) {
      by_code_.erase(places);
    }
  }
  if (codes.empty()) {
    asked_steps_ -= group.filter->steps();
    removeFrom(asked_, group, [](FilterGroup& of) -> size_t& { return of.positions.front(); });
  }
}

void QueueWaiters::add(std::unique_ptr<HeldEntry> entry) {
  FilterGroup& group = groupOf(entry->filter);
  entry->queue = this;
  entry->of = &group;
  entry->position = group.entries.size();
  group.entries.push_back(std::move(entry));
}

std::unique_ptr<HeldEntry> QueueWaiters::remove(HeldEntry& entry) {
  FilterGroup& group = *entry.of;
  const size_t at = entry.position;
  std::unique_ptr<HeldEntry> removed = std::move(group.entries[at]);
  if (at + 1 != group.entries.size()) {
    group.entries[at] = std::move(group.entries.back());
    group.entries[at]->position = at;
  }
  group.entries.pop_back();
  if (group.entries.empty() && group.filter != nullptr) {
    unlink(group);
    groups_.erase(group.filter);
  }
  return removed;
}

HeldEntry* QueueWaiters::find(const store::MessageFilter* filter, uint64_t id) {
  const auto filtered = groups_.find(filter);
  if (filter != nullptr && filtered == groups_.end()) {
    return nullptr;
  }
  const auto& entries = filter == nullptr ? unfiltered_.entries : filtered->second.entries;
  const auto found = std::find_if(entries.rbegin(), entries.rend(),
                                  [id](const auto& entry) { return entry->id == id; });
  return found == entries.rend() ? nullptr : found->get();
}

/// The group may be gone afterwards.
void QueueWaiters::takeFrom(FilterGroup& group, int64_t queue_offset,
                            std::vector<std::unique_ptr<HeldEntry>>& taken) {
  // From the back: what is removed is replaced by the last.
  for (size_t left = group.entries.size(); left > 0; --left) {
    if (HeldEntry& entry = *group.entries[left - 1]; entry.queue_offset <= queue_offset) {
      taken.push_back(remove(entry));
    }
  }
}

void QueueWaiters::takeMatching(const store::Arrival& arrival,
                                std::vector<std::unique_ptr<HeldEntry>>& taken) {
  takeFrom(unfiltered_, arrival.queue_offset, taken);
  // The low half of a queue entry's code is the hash, whatever the upper half is used for.
  const auto places = by_code_.find(static_cast<int32_t>(arrival.tags_code));
  for (size_t left = places == by_code_.end() ? 0 : places->second.size(); left > 0; --left) {
    takeFrom(*places->second[left - 1], arrival.queue_offset, taken);
  }
  for (size_t left = asked_.size(); left > 0; --left) {
    FilterGroup& group = *asked_[left - 1];
    if (group.filter->matchesTagsCode(arrival.tags_code) &&
        group.filter->matchesProperties(arrival.properties)) {
      takeFrom(group, arrival.queue_offset, taken);
    }
  }
}

void QueueWaiters::takeAll(std::vector<std::unique_ptr<HeldEntry>>& taken) {
  constexpr int64_t kAnyOffset = std::numeric_limits<int64_t>::max();
  takeFrom(unfiltered_, kAnyOffset, taken);
  while (!groups_.empty()) {
    takeFrom(groups_.begin()->second, kAnyOffset, taken);
  }
}

void QueueWaiters::takeGroup(std::string_view group,
                             std::vector<std::unique_ptr<HeldEntry>>& taken) {
  std::vector<HeldEntry*> found;
  const auto collect = [&](const FilterGroup& of) {
    for (const auto& entry : of.entries) {
      if (entry->group == group) {
        found.push_back(entry.get());
      }
    }
  };
  collect(unfiltered_);
  for (const auto& [filter, of] : groups_) {
    collect(of);
  }
  for (HeldEntry* const entry : found) {
    taken.push_back(remove(*entry));
  }
}

}  // namespace rocketmq::broker
