#include "broker/ha/log_distance.h"

#include <string_view>

#include "common/bytes.h"
#include "common/message/record.h"

namespace rocketmq::broker {
namespace {

constexpr int64_t kPieceBytes = 256 << 10;
/// Size and magic number, with which a record and the end of a file begin.
constexpr int64_t kPrefixBytes = 8;

}  // namespace

int64_t messagesBetween(const store::MessageStore& store, int64_t from, int64_t to) {
  int64_t messages = 0;
  int64_t at = from;
  while (at < to && messages < kMessagesCountedMax) {
    const store::LogSlice piece = store.logBytes(at, kPieceBytes);
    const auto piece_end = at + static_cast<int64_t>(piece.bytes.size());
    if (piece_end - at < kPrefixBytes) {
      break;
    }
    for (const int64_t begin = at;
         at < to && at + kPrefixBytes <= piece_end && messages < kMessagesCountedMax;) {
      const char* const prefix = piece.bytes.data() + (at - begin);
      const auto bytes = loadBigEndian<int32_t>(prefix);
      if (bytes < kPrefixBytes) {
        return messages;
      }
      messages += loadBigEndian<uint32_t>(prefix + sizeof(bytes)) == kBlankMagic ? 0 : 1;
      at += bytes;
    }
  }
  if (messages < kMessagesCountedMax || at >= to) {
    return messages;
  }
  const double mean_bytes = static_cast<double>(at - from) / static_cast<double>(messages);
  return messages + static_cast<int64_t>(static_cast<double>(to - at) / mean_bytes);
}

}  // namespace rocketmq::broker
