#include "broker/group/consumer_offsets.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "broker/config_file.h"
#include "common/json/encode.h"
#include "common/log.h"

namespace rocketmq::broker {

namespace {

/// Between topic and group in the keys of the file; legal names do not contain it.
constexpr char kSeparator = '@';

std::string keyOf(const std::string& topic, const std::string& group) {
  return topic + kSeparator + group;
}

}  // namespace

Result<std::unique_ptr<ConsumerOffsets>> ConsumerOffsets::open(std::string path) {
  ROCKETMQ_ASSIGN_OR_RETURN(const auto table, loadConfigFile<model::ConsumerOffsetTable>(path));
  auto offsets = std::unique_ptr<ConsumerOffsets>(new ConsumerOffsets(std::move(path)));
  offsets->load(table);
  offsets->count(table);
  return offsets;
}

void ConsumerOffsets::load(const model::ConsumerOffsetTable& table) {
  for (const auto& [key, queues] : table.offset_table) {
    const size_t split = key.find(kSeparator);
    if (split == std::string::npos) {
      log::warn("{}: \"{}\" is not topic@group and is left out", path_, key);
      continue;
    }
    const std::string_view topic = std::string_view(key).substr(0, split);
    const std::string_view group = std::string_view(key).substr(split + 1);
    Shard& shard = shardOf(group);
    MutexLock lock(shard.mutex);
    TopicOffsets& offsets = entry(shard, group, topic);
    for (const auto& [queue_id, offset] : queues) {
      if (offset >= 0 && !offsets.for_master.contains(queue_id)) {
        offsets.committed.insert_or_assign(queue_id, offset);
      }
    }
  }
}

void ConsumerOffsets::dropUnknownTo(const model::ConsumerOffsetTable& master) {
  for (Shard& shard : shards_) {
    MutexLock lock(shard.mutex);
    for (auto& [group, topics] : shard.groups) {
      for (auto& [topic, offsets] : topics) {
        const auto known = master.offset_table.find(keyOf(topic, group));
        std::erase_if(offsets.committed, [&, &here = offsets](const auto& position) {
          return !here.for_master.contains(position.first) &&
                 (known == master.offset_table.end() || !known->second.contains(position.first));
        });
      }
      std::erase_if(topics, [](const auto& entry) {
        return entry.second.committed.empty() && entry.second.resets.empty();
      });
    }
    std::erase_if(shard.groups, [](const auto& entry) { return entry.second.empty(); });
  }
}

void ConsumerOffsets::takeOver(const model::ConsumerOffsetTable& master) {
  dropUnknownTo(master);
  load(master);
  noteChange();
}

size_t ConsumerOffsets::cutToEnds(const std::function<int64_t(std::string_view, int32_t)>& end) {
  size_t cut = 0;
  for (Shard& shard : shards_) {
    MutexLock lock(shard.mutex);
    for (auto& [group, topics] : shard.groups) {
      for (auto& [topic, offsets] : topics) {
        for (auto& [queue_id, offset] : offsets.committed) {
          if (const int64_t queue_end = end(topic, queue_id); offset > queue_end) {
            offset = queue_end;
            ++cut;
          }
        }
      }
    }
  }
  if (cut > 0) {
    noteChange();
  }
  return cut;
}

void ConsumerOffsets::markForMaster(LastConsumed last_consumed) {
  last_consumed_ = std::move(last_consumed);
  marks_for_master_.store(true, std::memory_order_release);
}

std::vector<ConsumerOffsets::Position> ConsumerOffsets::aheadOf(
    const model::ConsumerOffsetTable& master) {
  const auto masterHas = [&master](const Position& position) {
    const auto queues = master.offset_table.find(keyOf(position.topic, position.group));
    if (queues == master.offset_table.end()) {
      return false;
    }
    const auto offset = queues->second.find(position.queue_id);
    return offset != queues->second.end() && offset->second >= position.offset;
  };
  std::vector<Position> ahead;
  for (Shard& shard : shards_) {
    MutexLock lock(shard.mutex);
    for (auto& [group, topics] : shard.groups) {
      for (auto& [topic, offsets] : topics) {
        for (auto mark = offsets.for_master.begin(); mark != offsets.for_master.end();) {
          const auto& [queue_id, last_consumed] = *mark;
          Position position{group, topic, queue_id, offsets.committed[queue_id], last_consumed};
          if (masterHas(position)) {
            mark = offsets.for_master.erase(mark);
          } else {
            ahead.push_back(std::move(position));
            ++mark;
          }
        }
      }
    }
  }
  return ahead;
}

void ConsumerOffsets::raise(model::ConsumerOffsetTable& master, const Position& position) {
  master.offset_table[keyOf(position.topic, position.group)][position.queue_id] = position.offset;
}

void ConsumerOffsets::unmarkGroup(std::string_view group) {
  Shard& shard = shardOf(group);
  MutexLock lock(shard.mutex);
  if (const auto topics = shard.groups.find(group); topics != shard.groups.end()) {
    for (auto& [topic, offsets] : topics->second) {
      offsets.for_master.clear();
    }
  }
}

void ConsumerOffsets::unmark(const Position& position) {
  Shard& shard = shardOf(position.group);
  MutexLock lock(shard.mutex);
  TopicOffsets& offsets = entry(shard, position.group, position.topic);
  const auto committed = offsets.committed.find(position.queue_id);
  if (committed != offsets.committed.end() && committed->second == position.offset) {
    offsets.for_master.erase(position.queue_id);
  }
}

ConsumerOffsets::TopicOffsets& ConsumerOffsets::entry(Shard& shard, std::string_view group,
                                                      std::string_view topic) {
  auto topics = shard.groups.find(group);
  if (topics == shard.groups.end()) {
    topics = shard.groups.emplace(std::string(group), GroupOffsets{}).first;
  }
  auto offsets = topics->second.find(topic);
  if (offsets == topics->second.end()) {
    offsets = topics->second.emplace(std::string(topic), TopicOffsets{}).first;
  }
  return offsets->second;
}

template <class AnyShard>
auto ConsumerOffsets::findEntry(AnyShard& shard, std::string_view group, std::string_view topic) {
  const auto topics = shard.groups.find(group);
  using Entry = decltype(&topics->second.find(topic)->second);
  if (topics == shard.groups.end()) {
    return Entry(nullptr);
  }
  const auto offsets = topics->second.find(topic);
  return offsets == topics->second.end() ? Entry(nullptr) : &offsets->second;
}

template <class AnyShard>
auto ConsumerOffsets::findReset(AnyShard& shard, std::string_view group, std::string_view topic,
                                int32_t queue_id) {
  auto* const offsets = findEntry(shard, group, topic);
  using Found = decltype(&offsets->resets.find(queue_id)->second);
  if (offsets == nullptr) {
    return Found(nullptr);
  }
  const auto reset = offsets->resets.find(queue_id);
  return reset == offsets->resets.end() ? Found(nullptr) : &reset->second;
}

bool ConsumerOffsets::endsReset(Shard& shard, PendingReset& reset, int64_t offset,
                                uint64_t connection_id) {
  if (offset != reset.offset || connection_id == 0) {
    return false;
  }
  const auto step = ResetSteps::of(reset, connection_id);
  if (!step) {
    shard.reset_steps.set(reset, connection_id, ResetStep::kCommitted);
    return false;
  }
  return *step != ResetStep::kCommitted;
}

void ConsumerOffsets::setReset(Shard& shard, TopicOffsets& offsets, int32_t queue_id,
                               int64_t offset, const AskedConnectionsPtr& asked) {
  PendingReset& reset = offsets.resets[queue_id];
  shard.reset_steps.clear(reset);
  reset.offset = offset;
  reset.asked = asked;
}

void ConsumerOffsets::endReset(Shard& shard, TopicOffsets& offsets, int32_t queue_id) {
  if (const auto reset = offsets.resets.find(queue_id); reset != offsets.resets.end()) {
    shard.reset_steps.clear(reset->second);
    offsets.resets.erase(reset);
  }
}

void ConsumerOffsets::endResets(Shard& shard, TopicOffsets& offsets) {
  for (auto& [queue_id, reset] : offsets.resets) {
    shard.reset_steps.clear(reset);
  }
  offsets.resets.clear();
}

bool ConsumerOffsets::commit(std::string_view group, std::string_view topic, int32_t queue_id,
                             int64_t offset, uint64_t connection_id, size_t positions_max) {
  if (offset < 0) {
    return true;
  }
  const bool is_marked = marks_for_master_.load(std::memory_order_acquire);
  const int64_t last_consumed = is_marked ? last_consumed_(topic, queue_id, offset) : -1;
  Shard& shard = shardOf(group);
  MutexLock lock(shard.mutex);
  if (positions_.load(std::memory_order_relaxed) >= positions_max) {
    const TopicOffsets* const known = findEntry(shard, group, topic);
    if (known == nullptr || !known->committed.contains(queue_id)) {
      return false;
    }
  }
  TopicOffsets& offsets = entry(shard, group, topic);
  if (const auto reset = offsets.resets.find(queue_id); reset != offsets.resets.end()) {
    if (!endsReset(shard, reset->second, offset, connection_id)) {
      return true;
    }
    endReset(shard, offsets, queue_id);
  }
  if (is_marked) {
    offsets.for_master.insert_or_assign(queue_id, last_consumed);
  }
  const auto [place, is_new] = offsets.committed.try_emplace(queue_id, offset);
  if (!is_new && place->second != offset) {
    if (offset < place->second) {
      log::debug("group {} went back in {} queue {}: {} to {}", group, topic, queue_id,
                 place->second, offset);
    }
    place->second = offset;
    noteChange();
  } else if (is_new) {
    const bool is_first = offsets.committed.size() == 1;
    positions_.fetch_add(weightOf(group, topic, is_first, 1), std::memory_order_relaxed);
    noteChange();
  }
  return true;
}

void ConsumerOffsets::count(const model::ConsumerOffsetTable& table) {
  size_t positions = 0;
  for (const auto& [key, queues] : table.offset_table) {
    positions += queues.size() + key.size() / kNameBytesOfPosition;
  }
  positions_.store(positions, std::memory_order_relaxed);
}

bool ConsumerOffsets::hasRoomFor(std::string_view group, size_t groups_max) const {
  const Shard& shard = shardOf(group);
  MutexLock lock(shard.mutex);
  return shard.groups.size() <= groups_max / shards_.size() ||
         shard.groups.find(group) != shard.groups.end();
}

std::optional<int64_t> ConsumerOffsets::find(std::string_view group, std::string_view topic,
                                             int32_t queue_id) const {
  const Shard& shard = shardOf(group);
  MutexLock lock(shard.mutex);
  const TopicOffsets* const offsets = findEntry(shard, group, topic);
  if (offsets == nullptr) {
    return std::nullopt;
  }
  const auto offset = offsets->committed.find(queue_id);
  return offset == offsets->committed.end() ? std::nullopt : std::optional(offset->second);
}

ConsumerOffsets::QueueOffsets ConsumerOffsets::queues(std::string_view group,
                                                      std::string_view topic) const {
  const Shard& shard = shardOf(group);
  MutexLock lock(shard.mutex);
  const TopicOffsets* const offsets = findEntry(shard, group, topic);
  return offsets == nullptr ? QueueOffsets{} : offsets->committed;
}

std::set<std::string> ConsumerOffsets::topicsOf(std::string_view group) const {
  std::set<std::string> topics;
  const Shard& shard = shardOf(group);
  MutexLock lock(shard.mutex);
  if (const auto offsets = shard.groups.find(group); offsets != shard.groups.end()) {
    for (const auto& [topic, queues] : offsets->second) {
      topics.insert(topic);
    }
  }
  return topics;
}

std::set<std::string> ConsumerOffsets::groupsOf(std::string_view topic) const {
  std::set<std::string> groups;
  for (const Shard& shard : shards_) {
    MutexLock lock(shard.mutex);
    for (const auto& [group, topics] : shard.groups) {
      if (topics.contains(topic)) {
        groups.insert(group);
      }
    }
  }
  return groups;
}

std::set<std::string> ConsumerOffsets::groups() const {
  std::set<std::string> groups;
  for (const Shard& shard : shards_) {
    MutexLock lock(shard.mutex);
    for (const auto& [group, topics] : shard.groups) {
      groups.insert(group);
    }
  }
  return groups;
}

bool ConsumerOffsets::assignReset(std::string_view group, std::string_view topic,
                                  const QueueOffsets& targets, const std::set<uint64_t>& asked,
                                  size_t positions_max) {
  if (targets.empty()) {
    return true;
  }
  Shard& shard = shardOf(group);
  MutexLock lock(shard.mutex);
  const TopicOffsets* const known = findEntry(shard, group, topic);
  const auto count = std::ranges::count_if(targets, [known](const auto& target) {
    return known == nullptr || !known->committed.contains(target.first);
  });
  if (count > 0) {
    const bool is_first = known == nullptr || known->committed.empty();
    const size_t added = weightOf(group, topic, is_first, static_cast<size_t>(count));
    if (positions_.load(std::memory_order_relaxed) + added > positions_max) {
      return false;
    }
    positions_.fetch_add(added, std::memory_order_relaxed);
  }
  TopicOffsets& offsets = entry(shard, group, topic);
  const AskedConnectionsPtr asked_by = shard.reset_steps.ask(
      asked, offsets.resets.empty() ? nullptr : offsets.resets.begin()->second.asked);
  for (const auto& [queue_id, offset] : targets) {
    setReset(shard, offsets, queue_id, offset, asked_by);
    offsets.committed.insert_or_assign(queue_id, offset);
  }
  any_reset_.store(true, std::memory_order_release);
  noteChange();
  return true;
}

bool ConsumerOffsets::isResetPending(std::string_view group, std::string_view topic,
                                     int32_t queue_id) const {
  if (!any_reset_.load(std::memory_order_acquire)) {
    return false;
  }
  const Shard& shard = shardOf(group);
  MutexLock lock(shard.mutex);
  return findReset(shard, group, topic, queue_id) != nullptr;
}

bool ConsumerOffsets::isResetPendingFor(std::string_view group, std::string_view topic,
                                        int32_t queue_id, uint64_t connection_id) const {
  if (!any_reset_.load(std::memory_order_acquire)) {
    return false;
  }
  const Shard& shard = shardOf(group);
  MutexLock lock(shard.mutex);
  const PendingReset* const reset = findReset(shard, group, topic, queue_id);
  return reset != nullptr && ResetSteps::of(*reset, connection_id) != ResetStep::kThere;
}

std::optional<int64_t> ConsumerOffsets::resetFor(std::string_view group, std::string_view topic,
                                                 int32_t queue_id, int64_t asked_offset,
                                                 uint64_t connection_id,
                                                 const std::set<uint64_t>& members) {
  Shard& shard = shardOf(group);
  MutexLock lock(shard.mutex);
  TopicOffsets* const offsets = findEntry(shard, group, topic);
  PendingReset* const reset = findReset(shard, group, topic, queue_id);
  if (reset == nullptr) {
    return std::nullopt;
  }
  const int64_t offset = reset->offset;
  const auto known = ResetSteps::of(*reset, connection_id);
  const ResetStep step = known.value_or(ResetStep::kAsked);
  // Members of a broadcasting group commit nothing that could take others back.
  const bool goes_by_itself = !members.empty() && known == ResetStep::kAsked;
  const bool has_left_nothing =
      asked_offset == offset && (step == ResetStep::kCommitted || goes_by_itself);
  if (step < ResetStep::kTold && !has_left_nothing) {
    if (!shard.reset_steps.set(*reset, connection_id, ResetStep::kTold)) {
      endReset(shard, *offsets, queue_id);
    }
    return offset;
  }
  const bool is_noted = shard.reset_steps.set(*reset, connection_id, ResetStep::kThere);
  const bool is_done =
      !is_noted || std::all_of(members.begin(), members.end(), [reset](uint64_t member) {
        return ResetSteps::of(*reset, member) == ResetStep::kThere;
      });
  if (is_done) {
    endReset(shard, *offsets, queue_id);
  }
  return std::nullopt;
}

void ConsumerOffsets::forgetConnection(uint64_t connection_id) {
  if (!any_reset_.load(std::memory_order_acquire)) {
    return;
  }
  for (Shard& shard : shards_) {
    MutexLock lock(shard.mutex);
    shard.reset_steps.forgetConnection(connection_id);
  }
}

void ConsumerOffsets::dropReset(std::string_view group, std::string_view topic, int32_t queue_id) {
  Shard& shard = shardOf(group);
  MutexLock lock(shard.mutex);
  if (TopicOffsets* const offsets = findEntry(shard, group, topic)) {
    endReset(shard, *offsets, queue_id);
  }
}

void ConsumerOffsets::removeGroup(std::string_view group) {
  Shard& shard = shardOf(group);
  MutexLock lock(shard.mutex);
  if (const auto topics = shard.groups.find(group); topics != shard.groups.end()) {
    for (auto& [topic, offsets] : topics->second) {
      endResets(shard, offsets);
    }
    shard.groups.erase(topics);
    noteChange();
  }
}

void ConsumerOffsets::removeTopic(std::string_view topic) {
  for (Shard& shard : shards_) {
    MutexLock lock(shard.mutex);
    for (auto group = shard.groups.begin(); group != shard.groups.end();) {
      if (const auto offsets = group->second.find(topic); offsets != group->second.end()) {
        endResets(shard, offsets->second);
        group->second.erase(offsets);
        noteChange();
      }
      group = group->second.empty() ? shard.groups.erase(group) : std::next(group);
    }
  }
}

bool ConsumerOffsets::clone(const std::string& from, const std::string& to,
                            const std::optional<std::string>& topic, size_t positions_max) {
  // Copied out first: both groups may live in the same shard.
  const std::set<std::string> topics = topic ? std::set{*topic} : topicsOf(from);
  for (const std::string& name : topics) {
    for (const auto& [queue_id, offset] : queues(from, name)) {
      dropReset(to, name, queue_id);
      if (!commit(to, name, queue_id, offset, 0, positions_max)) {
        return false;
      }
    }
  }
  return true;
}

model::ConsumerOffsetTable ConsumerOffsets::table() const {
  model::ConsumerOffsetTable table;
  for (const Shard& shard : shards_) {
    MutexLock lock(shard.mutex);
    for (const auto& [group, topics] : shard.groups) {
      for (const auto& [topic, offsets] : topics) {
        table.offset_table.emplace(keyOf(topic, group), offsets.committed);
      }
    }
  }
  return table;
}

std::string ConsumerOffsets::encode() const {
  // Read before the table: a version may have a newer table, not an older one.
  const uint64_t changes = changes_.load(std::memory_order_acquire);
  model::ConsumerOffsetTable all = table();
  // RocketMQ parity: slaves of 5.x cannot take a table without one.
  all.data_version = {.counter = static_cast<int64_t>(changes), .state_version = 0};
  return json::encode(all);
}

Status ConsumerOffsets::persist() {
  MutexLock lock(persist_mutex_);
  // Read before the table: what changes meanwhile is written the next time.
  const uint64_t changes = changes_.load(std::memory_order_acquire);
  if (changes == persisted_changes_) {
    return Status::ok();
  }
  const model::ConsumerOffsetTable all = table();
  count(all);
  ROCKETMQ_RETURN_IF_ERROR(saveConfigFile(path_, all));
  persisted_changes_ = changes;
  return Status::ok();
}

}  // namespace rocketmq::broker
