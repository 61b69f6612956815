#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "common/bytes.h"
#include "common/clock.h"

namespace rocketmq::store {

/// What the consume queue's extension says of one message (RocketMQ: CqExtUnit).
struct QueueUnit {
  int64_t tags_code = 0;  ///< What the queue's entry would hold without the extension.
  TimestampMs store_timestamp_ms = 0;
  /// Which groups' filters want the message (see BitMapSource); empty: not computed.
  std::string_view bit_map;
};

/// Size 2, tags code 8, store time 8, length of the bit map 2, bit map.
inline constexpr int64_t kUnitBytesMin = 20;
inline constexpr int64_t kUnitBytesMax = 32767;
/// A file keeps so many bytes at its end for the mark that no unit follows: a size of -1.
inline constexpr int64_t kUnitTailBytes = 4;

inline int64_t unitBytes(const QueueUnit& unit) {
  return kUnitBytesMin + static_cast<int64_t>(unit.bit_map.size());
}

inline void encodeQueueUnit(const QueueUnit& unit, char* at) {
  storeBigEndian(at, static_cast<int16_t>(unitBytes(unit)));
  storeBigEndian(at + 2, unit.tags_code);
  storeBigEndian(at + 10, unit.store_timestamp_ms);
  storeBigEndian(at + 18, static_cast<int16_t>(unit.bit_map.size()));
  unit.bit_map.copy(at + kUnitBytesMin, unit.bit_map.size());
}

inline void encodeEndOfUnits(char* at) { storeBigEndian<int16_t>(at, -1); }

/// The unit that begins `bytes`, which go to the end of its file; the bit map points into them.
/// nullopt where none is: behind the last one, or in a part that a crash has lost.
inline std::optional<QueueUnit> decodeQueueUnit(std::string_view bytes) {
  if (bytes.size() < static_cast<size_t>(kUnitBytesMin)) {
    return std::nullopt;
  }
  const int16_t size = loadBigEndian<int16_t>(bytes.data());
  const int16_t map_bytes = loadBigEndian<int16_t>(bytes.data() + 18);
  if (map_bytes < 0 || size != kUnitBytesMin + map_bytes ||
      static_cast<size_t>(size) > bytes.size()) {
    return std::nullopt;
  }
  return QueueUnit{
      .tags_code = loadBigEndian<int64_t>(bytes.data() + 2),
      .store_timestamp_ms = loadBigEndian<int64_t>(bytes.data() + 10),
      .bit_map = bytes.substr(kUnitBytesMin, static_cast<size_t>(map_bytes)),
  };
}

// The address of a unit stands in the place of the tags code in the queue's entry. No tags code and
// no delivery time is as small.

inline bool isExtAddress(int64_t tags_code) {
  return tags_code < std::numeric_limits<int32_t>::min();
}

/// Offset in the stream of the extension's files.
inline int64_t unitOffset(int64_t address) { return address - std::numeric_limits<int64_t>::min(); }

inline int64_t unitAddress(int64_t offset) { return offset + std::numeric_limits<int64_t>::min(); }

}  // namespace rocketmq::store
