#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "common/mutex.h"

namespace rocketmq::broker {

/// What became of a wait for slaves (RocketMQ: part of PutMessageStatus).
enum class ReplicaOutcome : uint8_t {
  kReplicated,
  kSlaveNotAvailable,  ///< Too few slaves are connected, or they are too far behind.
  kTimeout,
};

/// Sends that wait until slaves have their messages (RocketMQ: HAService.GroupTransferService). One
/// report of a slave serves every wait below it.
///
/// Threads: any; callbacks run on the thread that calls update() or endExpired(), or in
/// whenReplicated() when there is nothing to wait for, and must be quick. Bound: at most kWaitsMax
/// wait; one more ends with kTimeout at once.
class ReplicaWaits {
 public:
  using Done = std::function<void(ReplicaOutcome)>;

  /// Settings that may change; read for each wait.
  struct Limits {
    int32_t slaves = 1;             ///< So many must have a message; 0: nobody is waited for.
    int64_t fall_behind_bytes = 0;  ///< Who is further behind is not waited for.
  };

  /// Calls `done` once `limits.slaves` slaves have everything below `end_offset`.
  void whenReplicated(int64_t end_offset, const Limits& limits,
                      std::chrono::steady_clock::time_point deadline, Done done);

  /// The ends of the logs of all connected slaves have become these. The `doubtful` may be those of
  /// slaves that are among the others already: they may be waited for, but serve no wait.
  void update(std::vector<int64_t> slave_ends, const std::vector<int64_t>& doubtful = {});

  /// How many connected slaves have the log to within less than `gap_bytes` of `log_end`.
  int32_t inSync(int64_t log_end, int64_t gap_bytes) const;

  void endExpired(std::chrono::steady_clock::time_point now);

  /// Ends all waits with kTimeout, and those that come later.
  void stop();

  static constexpr size_t kWaitsMax = 100'000;

 private:
  struct Wait {
    int32_t slaves = 1;
    std::chrono::steady_clock::time_point deadline;
    Done done;
  };

  /// Up to where `slaves` slaves have the log, as far as was ever reported.
  int64_t replicatedTo(int32_t slaves) const ROCKETMQ_REQUIRES(mutex_);

  mutable Mutex mutex_;
  /// Of the connected slaves, the furthest first.
  std::vector<int64_t> slave_ends_ ROCKETMQ_GUARDED_BY(mutex_);
  // Element n: up to where n + 1 slaves have had the log at some time; it never goes back.
  std::vector<int64_t> replicated_ ROCKETMQ_GUARDED_BY(mutex_);
  std::multimap<int64_t, Wait> waits_ ROCKETMQ_GUARDED_BY(mutex_);  // By end offset.
  bool stopped_ ROCKETMQ_GUARDED_BY(mutex_) = false;
};

}  // namespace rocketmq::broker
