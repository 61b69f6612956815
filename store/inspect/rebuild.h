#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/file_system.h"
#include "common/status.h"
#include "store/inspect/delivery_times.h"
#include "store/inspect/finding.h"
#include "store/inspect/queue_builder.h"
#include "store/inspect/store_layout.h"

namespace rocketmq::store::inspect {

struct RebuildOptions {
  LayoutOptions layout;
  /// Setting messageDelayLevel in ms, for the delivery times in SCHEDULE_TOPIC_XXXX. Empty: nobody
  /// knows, and DeliveryTimes finds out.
  std::vector<int64_t> delay_level_ms;
  /// Those of the store that was salvaged; borrowed. Null: those of this one.
  DeliveryTimes* delivery_times = nullptr;
  /// Leaves the old folders as consumequeue.old and index.old.
  bool keep_old = false;
  /// Offsets that queues must end at or behind, beside those that the store itself tells of.
  std::map<QueueName, int64_t> queue_ends;
};

struct RebuildReport {
  int64_t records = 0;
  int64_t deleted_records = 0;  ///< Of deleted topics, which stay deleted.
  int64_t damaged_bytes = 0;
  int64_t queues = 0;
  int64_t queues_taken_over = 0;  ///< All of whose messages have expired.
  int64_t entries = 0;
  int64_t missing_entries = 0;
  int64_t rejected_records = 0;
  int64_t index_files = 0;
  int64_t index_entries = 0;
  TimestampMs newest_ms = 0;      ///< Store time of the last record.
  TimestampMs index_full_ms = 0;  ///< Of the last entry of the last full index file.
};

/// Makes the consume queues and the index of a store anew from its commit log. The old ones stay
/// until the new ones are complete and on the disk; then they change places. Interrupted at any
/// moment it leaves a store that a broker opens: in the worst one without queues, which the broker
/// makes itself.
///
/// Records behind damage are used; offsets that the log lacks become pre-blank entries, also at the
/// ends of queues (givenEnds()). Queues whose messages have expired are taken over as they are.
/// Damage and gaps go to `sink`. The file `queueends` stays: it is true of the new queues, and the
/// only one to tell where offsets go on when the queues are gone in the middle of a swap.
///
/// Busy/Io: a broker has the store open. InvalidArgument: among others when nothing tells when
/// delayed messages are due. The store is as it was then.
Result<RebuildReport> rebuild(FileSystem& files, const std::string& root,
                              const RebuildOptions& options, const FindingSink& sink,
                              const Progress& progress);

}  // namespace rocketmq::store::inspect
