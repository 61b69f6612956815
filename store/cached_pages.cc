#include "store/cached_pages.h"

#include <algorithm>

namespace rocketmq::store {
namespace {

constexpr uint32_t kRememberMs = 1000;

uintptr_t addressOf(const char* byte) { return reinterpret_cast<uintptr_t>(byte); }

}  // namespace

bool CachedPages::hold(const MappedFile& file, std::string_view readable, std::string_view bytes,
                       std::chrono::steady_clock::time_point now) {
  if (bytes.empty()) {
    return true;
  }
  const auto now_ms = static_cast<uint32_t>(now.time_since_epoch() / std::chrono::milliseconds(1));
  const uintptr_t last = addressOf(&bytes.back()) / kChunkBytes;
  for (uintptr_t chunk = addressOf(bytes.data()) / kChunkBytes; chunk <= last; ++chunk) {
    if (!holdChunk(file, readable, chunk, now_ms)) {
      return file.isCached(bytes);
    }
  }
  return true;
}

bool CachedPages::holdChunk(const MappedFile& file, std::string_view readable, uintptr_t chunk,
                            uint32_t now_ms) {
  // Small files share a chunk of addresses, hence the file too.
  const auto number =
      static_cast<uint32_t>(chunk ^ addressOf(reinterpret_cast<const char*>(&file)) >> 4);
  std::atomic<uint64_t>& slot = seen_[chunk % kSlots];
  const uint64_t seen = slot.load(std::memory_order_relaxed);
  if (seen != 0 && static_cast<uint32_t>(seen >> 32) == number &&
      now_ms - static_cast<uint32_t>(seen) < kRememberMs) {
    return true;
  }
  const uintptr_t readable_begin = addressOf(readable.data());
  const uintptr_t begin = std::max(chunk * kChunkBytes, readable_begin);
  const uintptr_t end = std::min((chunk + 1) * kChunkBytes, readable_begin + readable.size());
  if (!file.isCached(readable.substr(begin - readable_begin, end - begin))) {
    return false;
  }
  slot.store(static_cast<uint64_t>(number) << 32 | now_ms, std::memory_order_relaxed);
  return true;
}

}  // namespace rocketmq::store
