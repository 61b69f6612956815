#include "store/inspect/delivery_times.h"

#include <algorithm>
#include <string>
#include <utility>

#include "common/delay_setting.h"
#include "common/json/decode.h"
#include "common/model/config_tables.h"
#include "store/dispatch/dispatch_rules.h"
#include "store/queue/queue_entry.h"

namespace rocketmq::store::inspect {
namespace {

/// So many entries of a level are looked at for one that is intact.
constexpr int64_t kLookBackEntries = 1000;
/// Longer delays are believed to be damage.
constexpr int64_t kDelayMaxMs = int64_t{366} * 24 * 3600 * 1000;

bool isPlausible(int64_t delay_ms) { return delay_ms >= 0 && delay_ms <= kDelayMaxMs; }

int64_t defaultDelayMs(int32_t queue_id) {
  static const auto levels = parseDelayLevels(kDefaultDelayLevels);
  const auto last = static_cast<int32_t>(levels->size()) - 1;
  return (*levels)[static_cast<size_t>(std::clamp(queue_id, 0, last))];
}

/// How far delivery has come; RocketMQ falls back to .bak likewise.
std::map<int32_t, int64_t> readDelivered(FileSystem& files, const std::string& root) {
  for (const char* name : {"/config/delayOffset.json", "/config/delayOffset.json.bak"}) {
    const auto text = readWhole(files, root + name);
    if (text && *text) {
      if (auto table = json::decode<model::DelayOffsetTable>(**text)) {
        return std::move(table->offset_table);
      }
    }
  }
  return {};
}

}  // namespace

DeliveryTimes::DeliveryTimes(FileSystem& files, const StoreLayout& layout)
    : delivered_(readDelivered(files, layout.root)) {
  LogReader log(files, layout);
  for (const QueueFolder& folder : layout.queues) {
    if (folder.topic == kScheduleTopic) {
      const auto added =
          queues_.try_emplace(folder.queue_id, files, folder, layout.queue_file_bytes);
      learn(folder.queue_id, added.first->second, log);
    }
  }
  are_defaults_ = !delays_ms_.empty() &&
                  std::all_of(delays_ms_.begin(), delays_ms_.end(), [](const auto& level) {
                    return level.second == defaultDelayMs(level.first);
                  });
}

void DeliveryTimes::learn(int32_t queue_id, QueueReader& queue, LogReader& log) {
  const int64_t end = queue.findEnd();
  for (int64_t index = end - 1; index >= std::max(queue.first(), end - kLookBackEntries); --index) {
    const auto entry = queue.at(index);
    if (!entry || isPreBlank(*entry)) {
      continue;
    }
    const auto record = log.recordAt(entry->physical_offset, CrcCheck::kVerify);
    if (!record || record->topic != kScheduleTopic || record->queue_id != queue_id ||
        record->queue_offset != index) {
      continue;
    }
    if (const int64_t delay_ms = entry->tags_code - record->store_timestamp_ms;
        isPlausible(delay_ms)) {
      delays_ms_[queue_id] = delay_ms;
      return;
    }
  }
}

std::optional<TimestampMs> DeliveryTimes::of(const MessageRecord& record) {
  if (const auto queue = queues_.find(record.queue_id); queue != queues_.end()) {
    // Not by its place in the log, which a salvaged record has left.
    const auto entry = queue->second.at(record.queue_offset);
    if (entry && entry->record_bytes == record.total_size &&
        isPlausible(entry->tags_code - record.store_timestamp_ms)) {
      return entry->tags_code;
    }
  }
  const auto delay_ms = delayOf(record);
  return delay_ms ? std::optional(record.store_timestamp_ms + *delay_ms) : std::nullopt;
}

std::optional<int64_t> DeliveryTimes::delayOf(const MessageRecord& record) const {
  if (const auto known = delays_ms_.find(record.queue_id); known != delays_ms_.end()) {
    return known->second;
  }
  return are_defaults_ || isDelivered(record) ? std::optional(defaultDelayMs(record.queue_id))
                                              : std::nullopt;
}

bool DeliveryTimes::isDelivered(const MessageRecord& record) const {
  const auto next = delivered_.find(record.queue_id + 1);
  return next != delivered_.end() && record.queue_offset < next->second;
}

Status DeliveryTimes::unknown() {
  return Status::invalidArgument(
      "messages wait in SCHEDULE_TOPIC_XXXX, and the old queues do not tell when they are due; "
      "give "
      "the broker's settings (-c broker.conf) or its --messageDelayLevel, which is \"" +
      std::string(kDefaultDelayLevels) + "\" unless broker.conf has another");
}

}  // namespace rocketmq::store::inspect
