#pragma once

/// Clang's thread-safety analysis; nothing under other compilers.
#if defined(__clang__)
#define ROCKETMQ_TSA(x) __attribute__((x))
#else
#define ROCKETMQ_TSA(x)
#endif

#define ROCKETMQ_CAPABILITY(name) ROCKETMQ_TSA(capability(name))
#define ROCKETMQ_SCOPED_CAPABILITY ROCKETMQ_TSA(scoped_lockable)
#define ROCKETMQ_GUARDED_BY(mutex) ROCKETMQ_TSA(guarded_by(mutex))
#define ROCKETMQ_REQUIRES(...) ROCKETMQ_TSA(requires_capability(__VA_ARGS__))
#define ROCKETMQ_ACQUIRE(...) ROCKETMQ_TSA(acquire_capability(__VA_ARGS__))
#define ROCKETMQ_RELEASE(...) ROCKETMQ_TSA(release_capability(__VA_ARGS__))
#define ROCKETMQ_EXCLUDES(...) ROCKETMQ_TSA(locks_excluded(__VA_ARGS__))
#define ROCKETMQ_NO_TSA ROCKETMQ_TSA(no_thread_safety_analysis)
