// asio's own code, compiled once for the whole product (ASIO_SEPARATE_COMPILATION).
#include <asio/impl/src.hpp>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ROCKETMQ_WITH_ASAN
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define ROCKETMQ_WITH_ASAN
#endif

#ifdef ROCKETMQ_WITH_ASAN
/// asio 1.22 allocates what its handlers need with aligned_alloc() and gives some of it back with
/// operator delete, which is the same to the C library.
extern "C" const char* __asan_default_options();
extern "C" const char* __asan_default_options() { return "alloc_dealloc_mismatch=0"; }
#endif
