#pragma once

#include <cstdint>
#include <string>

#include "tools/mqbench/report.h"

namespace rocketmq::bench {

// What this machine can do with bytes, without a protocol or a store. All take some `seconds`.

/// Records of `record_bytes` copied one after the other into a mapping of a file in `folder`.
Report runMemcpy(const std::string& folder, int32_t record_bytes, double seconds);

/// Writes of `record_bytes` to a file in `folder`, each followed by fdatasync. The file has been
/// written before, so that no sync has to wait for the file system's own tables.
Report runFdatasync(const std::string& folder, int32_t record_bytes, double seconds);

/// Records of a mapped file written to `connections` loopback sockets, `records` in each gather
/// write, as fast as readers in a process of their own take them.
Report runGatherStream(const std::string& folder, int32_t record_bytes, int32_t records,
                       int32_t connections, double seconds);

/// The same bytes by sendfile(2).
Report runSendfile(const std::string& folder, int32_t record_bytes, int32_t records,
                   int32_t connections, double seconds);

}  // namespace rocketmq::bench
