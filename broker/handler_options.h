#pragma once

#include "common/atomic_file.h"
#include "remoting/lanes.h"
#include "remoting/router.h"

namespace rocketmq::broker {

// How requests of administration are handled: on the thread of their lane, one after the other.

inline constexpr remoting::HandlerOptions kAdmin{.lane = remoting::Lane::kAdmin};
/// Of those that change nothing.
inline constexpr remoting::HandlerOptions kAdminRead{.lane = remoting::Lane::kAdmin,
                                                     .only_reads = true};
/// Of tables that slaves copy, which take answers as long as a table's file can be.
inline constexpr remoting::HandlerOptions kAdminTable{
    .lane = remoting::Lane::kAdmin, .answer_body_max = kSmallFileBytesMax, .only_reads = true};
/// With settings or one group in the body.
inline constexpr remoting::HandlerOptions kAdminSmallBody{.lane = remoting::Lane::kAdmin,
                                                          .body_max = 1u << 20};
/// With a list in the body.
inline constexpr remoting::HandlerOptions kAdminAnyBody{.lane = remoting::Lane::kAdmin,
                                                        .body_max = remoting::kAnyBodyBytes};

}  // namespace rocketmq::broker
