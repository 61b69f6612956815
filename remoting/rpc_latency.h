#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "remoting/protocol/codes.h"

namespace rocketmq::remoting {

/// How long requests took from their dispatch to their answer, by request, answer and kind
/// (RocketMQ: RemotingMetricsManager's rpcLatency).
///
/// Threads: any. note() takes no lock: it adds to counters that only every eighth thread shares.
/// Memory:  256 KiB. Bound: kSeriesMax combinations in each eighth; further ones count together, as
///          kOtherCode.
class RpcLatency {
 public:
  /// RocketMQ's limits, in milliseconds.
  static constexpr std::array<int64_t, 9> kLimitsMs{1, 3, 5, 7, 10, 100, 1000, 2000, 3000};
  static constexpr size_t kSeriesMax = 200;
  /// Stands for requests that have no handler, and for what is beyond the bound.
  static constexpr int32_t kOtherCode = -1;

  enum class Kind : uint8_t {
    kAnswered,
    kLongPolling,  ///< Answered after it had been held.
    kOneway,       ///< Nobody waited for the answer.
  };

  struct Key {
    int32_t request_code = kOtherCode;
    ResponseCode response_code = ResponseCode::kSuccess;
    Kind kind = Kind::kAnswered;

    auto operator<=>(const Key&) const = default;
  };
  /// What was noted under one key.
  struct Series {
    Key key;
    /// How many took up to each of kLimitsMs and no less than the one before; the last: longer.
    std::array<int64_t, kLimitsMs.size() + 1> counts{};
    int64_t sum_us = 0;
  };

  RpcLatency();

  void note(const Key& key, std::chrono::nanoseconds took);

  /// In the order of their keys. What is noted meanwhile may be in it.
  std::vector<Series> series() const;

 private:
  static constexpr size_t kShards = 8;
  static constexpr size_t kSlots = 256;  ///< A power of two, above kSeriesMax.

  struct alignas(64) Slot {
    /// A packed Key, set once; 0: free.
    std::atomic<uint64_t> key{0};
    std::array<std::atomic<int64_t>, kLimitsMs.size() + 1> counts{};
    std::atomic<int64_t> sum_us{0};
  };
  struct Shard {
    std::array<Slot, kSlots> slots;
    Slot overflow;
    std::atomic<size_t> used{0};
  };

  static uint64_t pack(const Key& key);
  static Key unpack(uint64_t packed);
  static Slot* find(Shard& shard, uint64_t packed);

  const std::unique_ptr<std::array<Shard, kShards>> shards_;
};

}  // namespace rocketmq::remoting
