#pragma once

namespace rocketmq::test {

/// Whether this build checks its memory or threads: times and sizes say nothing then.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kIsSanitized = true;
#else
inline constexpr bool kIsSanitized = false;
#endif

}  // namespace rocketmq::test
