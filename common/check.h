#pragma once

namespace rocketmq {

/// Prints "file:line: check failed: expression" to standard error and aborts.
[[noreturn]] void checkFailed(const char* file, int line, const char* expression);

}  // namespace rocketmq

/// Stops the process when `condition` is false, in release builds too. For our own bugs only:
/// bytes from a peer, a disk or a settings file must never reach a check.
#define ROCKETMQ_CHECK(condition)                              \
  do {                                                         \
    if (!(condition)) [[unlikely]] {                           \
      ::rocketmq::checkFailed(__FILE__, __LINE__, #condition); \
    }                                                          \
  } while (false)
