#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "common/snapshot.h"

namespace rocketmq::broker {

/// A Snapshot for what every request reads and hardly anybody changes: each thread keeps the
/// version it has seen last, and takes a new one only when there is one. Reading costs one atomic
/// load then; an old version lives until every thread that read it has read again, or ended.
///
/// Threads: any; writers serialise themselves.
template <class T>
class CachedSnapshot {
 public:
  explicit CachedSnapshot(std::shared_ptr<const T> initial)
      : current_(std::move(initial)), version_(nextVersion()) {}

  /// Valid until this thread's next load() of a CachedSnapshot<T>.
  const T& load() const {
    static thread_local Seen seen;
    // Acquire: whoever sees a version sees what was stored before it.
    const uint64_t version = version_.load(std::memory_order_acquire);
    if (seen.version != version) {
      seen = {version, current_.load()};
    }
    return *seen.value;
  }

  /// Grows with every store(). Whoever sees a version loads what was stored with it, or later.
  uint64_t version() const { return version_.load(std::memory_order_acquire); }

  void store(std::shared_ptr<const T> next) {
    current_.store(std::move(next));
    version_.store(nextVersion(), std::memory_order_release);
  }

 private:
  struct Seen {
    uint64_t version = 0;
    std::shared_ptr<const T> value;
  };

  /// Never the same for two of them: a thread has one cache for all.
  static uint64_t nextVersion() {
    static std::atomic<uint64_t> last{0};
    return last.fetch_add(1, std::memory_order_relaxed) + 1;
  }

  Snapshot<T> current_;
  std::atomic<uint64_t> version_;
};

}  // namespace rocketmq::broker
