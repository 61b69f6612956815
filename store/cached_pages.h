#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string_view>

#include "common/file_system.h"

namespace rocketmq::store {

/// Tells whether parts of mapped files can be read without waiting for the disk, and remembers a
/// yes for a second: asking the system costs microseconds, and neighbours are read together. A part
/// that the system drops within that second makes its reader wait, nothing worse.
///
/// Bound: 32 KiB, enough to remember 256 MiB. Threads: any, without locks.
class CachedPages {
 public:
  /// `bytes`: what is to be read. `readable`: all of the file around it that is in use; what lies
  /// behind may be a hole. Both are parts of `file`.
  bool hold(const MappedFile& file, std::string_view readable, std::string_view bytes,
            std::chrono::steady_clock::time_point now);

 private:
  static constexpr uintptr_t kChunkBytes = 64 * 1024;
  static constexpr size_t kSlots = 4096;

  bool holdChunk(const MappedFile& file, std::string_view readable, uintptr_t chunk,
                 uint32_t now_ms);

  /// By chunk of addresses: a number for it and its file in the upper half, and in the lower the
  /// milliseconds at which it was seen.
  std::array<std::atomic<uint64_t>, kSlots> seen_{};
};

}  // namespace rocketmq::store
