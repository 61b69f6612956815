#pragma once

#include "common/sanitizers.h"

namespace rocketmq::test {

/// Whether this build checks its memory or threads: times and sizes say nothing then.
#if defined(ROCKETMQ_ADDRESS_SANITIZER) || defined(ROCKETMQ_THREAD_SANITIZER)
inline constexpr bool kIsSanitized = true;
#else
inline constexpr bool kIsSanitized = false;
#endif

/// By what bounds of memory grow: what is freed stays in quarantine, every allocation has a shadow.
inline constexpr int kMemoryFactor = kIsSanitized ? 8 : 1;
/// By what bounds of time grow.
inline constexpr int kTimeFactor = kIsSanitized ? 10 : 1;

}  // namespace rocketmq::test
