#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "common/status.h"
#include "remoting/protocol/commands/pull_message.h"
#include "tools/mqbench/tally.h"
#include "tools/mqbench/wire/wire_connections.h"
#include "tools/mqbench/workload.h"

namespace rocketmq::bench {

/// Pulls a topic for any number of groups, each of which gets every message: one chain of pulls for
/// each (group, queue), the next pull leaving when the answer has come. Nothing is acknowledged and
/// no offset stored, so what is measured is the broker's reading alone.
///
/// From the beginning (catch-up) it ends where the queues ended when it started, or when time is
/// up. From the end (tailing) pulls wait at the broker for messages, and their latency from when
/// they were due at the sender is measured, until time is up.
class WirePuller {
 public:
  explicit WirePuller(const Workload& workload);
  ~WirePuller() { connections_.stop(); }

  Status open() { return connections_.open(); }
  Status run();

  const Tally& tally() const { return tally_; }
  /// From the first pull, or when tailing from the first message that came, to the last message.
  std::chrono::nanoseconds elapsed() const {
    return std::chrono::nanoseconds(last_ns_.load() - first_ns_.load());
  }

 private:
  /// Touched by its connection's thread alone once run() has started it.
  struct Chain {
    remoting::Connection* connection = nullptr;
    std::string group;
    int32_t queue_id = 0;
    int64_t offset = 0;
    int64_t end_offset = 0;  ///< Catch-up ends here.
  };

  Status makeChains();
  void pull(Chain& chain);
  void onAnswer(Chain& chain, const Result<const remoting::CommandView*>& answer);
  void take(std::string_view records);
  void endChain();
  /// True while more has come than the workload's rate allows.
  bool aheadOfRate() const;
  void resumeParked();

  const Workload& workload_;
  WireConnections connections_;
  std::vector<Chain> chains_;
  Tally tally_;
  int64_t start_ns_ = 0;
  int64_t end_ns_ = 0;
  std::atomic<int64_t> first_ns_{0};  ///< 0 until there is one.
  std::atomic<int64_t> last_ns_{0};
  std::atomic<int64_t> running_{0};
  std::mutex parked_mutex_;
  std::vector<Chain*> parked_;  ///< Ahead of the rate; resumed by run(). Guarded by parked_mutex_.
};

}  // namespace rocketmq::bench
