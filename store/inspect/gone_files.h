#pragma once

#include "common/file_system.h"
#include "store/inspect/finding.h"
#include "store/inspect/store_layout.h"

namespace rocketmq::store::inspect {

/// `sink` without faults of files, or of queues' folders, that `layout` lists and that have gone
/// since: in a store at work retention and deletions take them. All else is passed on. The
/// arguments must outlive what is returned.
FindingSink withoutGoneFiles(FileSystem& files, const StoreLayout& layout, const FindingSink& sink);

}  // namespace rocketmq::store::inspect
