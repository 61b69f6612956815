#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "remoting/unique_function.h"

namespace rocketmq::remoting {

/// Where a handler runs.
enum class Lane : uint8_t {
  kInline,  ///< On the connection's own thread; must not block.
  kQuery,   ///< Reads that may touch a cold disk: queries by key, pulls of cold data.
  kAdmin,   ///< Scans over many topics or groups, settings files.
};

/// Bounded worker pools for handlers that may block.
///
/// Bound: each lane holds at most `queue_max` waiting tasks with `queue_bytes_max` bytes; run()
/// refuses more, and the router answers SYSTEM_BUSY. Life: stop() finishes what is queued, then
/// joins. Threads: any, stop() and the destructor not from a lane.
class Lanes {
 public:
  struct LaneOptions {
    size_t threads = 1;
    size_t queue_max = 10000;
    size_t queue_bytes_max = 256u << 20;
  };
  struct Options {
    LaneOptions query{.threads = 2, .queue_max = 20000};
    LaneOptions admin{.threads = 1, .queue_max = 10000};
  };

  explicit Lanes(Options options);
  ~Lanes();
  Lanes(const Lanes&) = delete;
  Lanes& operator=(const Lanes&) = delete;

  /// False when the lane is full or stopped; an idle lane takes a task of any size. `bytes`: what
  /// the task keeps in memory while it waits. Precondition: lane != kInline.
  bool run(Lane lane, UniqueFunction<void()> task, size_t bytes = 0);

  /// Tasks waiting now, and the age of the oldest; for the broker's runtime info.
  size_t queueSize(Lane lane) const;
  int64_t headWaitMs(Lane lane) const;

  void stop();

 private:
  class Pool;
  Pool& pool(Lane lane) const;

  std::array<std::unique_ptr<Pool>, 2> pools_;
};

}  // namespace rocketmq::remoting
