#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace rocketmq::broker {

/// The low half of MurmurHash3 x64 128 with seed 0.
uint64_t murmur3(std::string_view bytes);

/// Where names set their bits in a bit map of fixed length, as RocketMQ computes it
/// (org.apache.rocketmq.filter.util.BloomFilter), so that either broker can use the other's maps.
/// Immutable; threads: any.
class BloomFilter {
 public:
  /// The map is long enough for `names_expected` names at an error rate of `error_percent`, 1
  /// to 99.
  BloomFilter(int32_t error_percent, int32_t names_expected);

  /// Bits of a map; a multiple of 8.
  int32_t bits() const { return bits_; }
  int32_t bytes() const { return bits_ / 8; }

  /// One for each hash function; a position may come twice.
  std::vector<int32_t> positionsOf(std::string_view name) const;

  // Bit i is bit i % 8, from the lowest on, of byte i / 8. `map` has bytes() bytes.

  static void set(std::span<const int32_t> positions, std::span<char> map);
  static bool areSet(std::span<const int32_t> positions, std::string_view map);

 private:
  int32_t functions_ = 0;
  int32_t bits_ = 0;
};

}  // namespace rocketmq::broker
