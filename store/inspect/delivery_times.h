#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "common/clock.h"
#include "common/file_system.h"
#include "common/message/record.h"
#include "common/status.h"
#include "store/inspect/log_reader.h"
#include "store/inspect/queue_reader.h"
#include "store/inspect/store_layout.h"

namespace rocketmq::store::inspect {

/// When the messages of SCHEDULE_TOPIC_XXXX are due, for entries that are made anew while nobody
/// says which messageDelayLevel the broker had. A wrong time is worse than none: messages of hours
/// would be delivered at once. Threads: one.
class DeliveryTimes {
 public:
  /// Learns each level's delay from the newest intact entries of its queue. Both are borrowed.
  DeliveryTimes(FileSystem& files, const StoreLayout& layout);

  /// What the record's own entry says, else the store time and what other entries say of the level,
  /// else RocketMQ's default when all that is known of levels agrees with it, or when the message
  /// has been delivered. nullopt when nothing tells.
  std::optional<TimestampMs> of(const MessageRecord& record);

  /// What to say when of() has no answer.
  static Status unknown();

 private:
  void learn(int32_t queue_id, QueueReader& queue, LogReader& log);
  std::optional<int64_t> delayOf(const MessageRecord& record) const;
  bool isDelivered(const MessageRecord& record) const;

  std::map<int32_t, QueueReader> queues_;
  std::map<int32_t, int64_t> delays_ms_;  // By queue id, which is the level less 1.
  std::map<int32_t, int64_t> delivered_;  // By level: the next offset to deliver.
  bool are_defaults_ = false;             // As far as is known; false when nothing is.
};

}  // namespace rocketmq::store::inspect
