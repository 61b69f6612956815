#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "common/clock.h"
#include "remoting/unique_function.h"

namespace rocketmq::remoting {

/// Where a handler runs.
enum class Lane : uint8_t {
  kInline,  ///< On the connection's own thread; must not block.
  kQuery,   ///< Reads that may touch a cold disk, as pulls of cold data.
  kIndex,   ///< Queries by key, of which each may have to look through a whole index file.
  kClient,  ///< What clients cannot go on without: a topic or group made for them, notices; at a
            ///< name server what brokers say of themselves.
  kSend,    ///< Sends with a long body, which would keep a connection's thread for too long.
  kAdmin,   ///< Scans over many topics or groups, settings files.
};

/// What a lane has to know of a task.
struct LaneLoad {
  size_t bytes = 0;  ///< What it keeps in memory while it waits.
  /// Whom it is done for: a connection, or null for the server itself. Only compared.
  const void* source = nullptr;
};

/// Bounded worker pools for handlers that may block.
///
/// Turns: sources are served in turns, each one's tasks in their order, so that who asks a lot
/// waits for himself. Bound: each lane holds at most `queue_max` waiting tasks with
/// `queue_bytes_max` bytes, and a source at most as many as are still free, so that none takes the
/// last places; run() refuses more, and the router answers SYSTEM_BUSY. Life: stop() finishes what
/// the server itself has queued, drops what waits for connections, which end, too, and joins.
/// Threads: any, stop() and the destructor not from a lane.
class Lanes {
 public:
  struct LaneOptions {
    size_t threads = 1;
    size_t queue_max = 10000;
    size_t queue_bytes_max = 256u << 20;
  };
  struct Options {
    LaneOptions query{.threads = 2, .queue_max = 20000};
    LaneOptions index{.threads = 1, .queue_max = 1000};
    LaneOptions client{.threads = 1, .queue_max = 10000};
    LaneOptions send{.threads = 1, .queue_max = 10000};
    LaneOptions admin{.threads = 1, .queue_max = 10000};
  };

  /// `clock` tells how long tasks wait; borrowed.
  explicit Lanes(Options options, const Clock& clock = SystemClock::instance());
  ~Lanes();
  Lanes(const Lanes&) = delete;
  Lanes& operator=(const Lanes&) = delete;

  /// False when the lane is full or stopped; an idle lane takes a task of any size. Precondition:
  /// lane != kInline.
  bool run(Lane lane, UniqueFunction<void()> task, LaneLoad load = {});

  /// Tasks waiting now, and the age of the oldest.
  size_t queueSize(Lane lane) const;
  int64_t headWaitMs(Lane lane) const;

  void stop();

 private:
  class Pool;
  Pool& pool(Lane lane) const;

  std::array<std::unique_ptr<Pool>, 5> pools_;  ///< In the order of Lane, without kInline.
};

}  // namespace rocketmq::remoting
