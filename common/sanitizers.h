#pragma once

/// Which sanitizers this build is made with. GCC says it by macros, clang by features.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ROCKETMQ_ADDRESS_SANITIZER
#endif
#if __has_feature(thread_sanitizer)
#define ROCKETMQ_THREAD_SANITIZER
#endif
#endif

#if defined(__SANITIZE_ADDRESS__)
#define ROCKETMQ_ADDRESS_SANITIZER
#endif
#if defined(__SANITIZE_THREAD__)
#define ROCKETMQ_THREAD_SANITIZER
#endif
