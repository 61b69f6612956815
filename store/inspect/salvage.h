#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/file_system.h"
#include "common/status.h"
#include "store/inspect/finding.h"
#include "store/inspect/rebuild.h"
#include "store/inspect/store_layout.h"

namespace rocketmq::store::inspect {

struct SalvageOptions {
  LayoutOptions layout;
  std::vector<int64_t> delay_level_ms;  ///< As for a rebuild; empty: DeliveryTimes finds out.
};

struct SalvageReport {
  int64_t records = 0;
  int64_t record_bytes = 0;
  int64_t damages = 0;
  int64_t damaged_bytes = 0;
  int64_t unreadable_bytes = 0;  ///< That the disk refused to read.
  int64_t deleted_records = 0;   ///< Left out: their topics have been deleted.
  RebuildReport rebuilt;
};

/// Copies every intact record of a damaged log into a new store `out`, with queues and index made
/// from the copy and the folder config copied as it is. The source is not changed. Until it is
/// whole and on the disk the new store is `out`.partial; what an interrupted run left there, which
/// the file unfinished-salvage in it tells, is removed.
///
/// Kept are topic, queue id, queue offset, properties, body, flags, hosts and timestamps. Physical
/// offsets change behind the first damage, as a log has no holes: message ids that the broker gave
/// (offsetMsgId) before no longer find those messages, ids of producers and keys do. Offsets of
/// lost messages become pre-blank entries, also at the ends of queues as far as the old queue files
/// or `queueends` know them, so that consumers' offsets stay valid.
///
/// InvalidArgument: `out` is not empty, or inside the source; `out`.partial is not empty, and no
/// salvage left it. Busy: a broker has the source open.
Result<SalvageReport> salvage(const std::string& root, const std::string& out,
                              const SalvageOptions& options, const FindingSink& sink,
                              const Progress& progress, FileSystem& target = posixFileSystem());

}  // namespace rocketmq::store::inspect
