// asio's own code, compiled once for the whole product (ASIO_SEPARATE_COMPILATION).
#include <asio/impl/src.hpp>

#include "common/sanitizers.h"

#ifdef ROCKETMQ_ADDRESS_SANITIZER
/// asio 1.22 allocates what its handlers need with aligned_alloc() and gives some of it back with
/// operator delete, which is the same to the C library.
extern "C" const char* __asan_default_options();
extern "C" const char* __asan_default_options() { return "alloc_dealloc_mismatch=0"; }
#endif
