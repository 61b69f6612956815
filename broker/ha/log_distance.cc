#include "broker/ha/log_distance.h"

#include <algorithm>
#include <string_view>

#include "common/bytes.h"
#include "common/message/record.h"
#include "store/log/record_walker.h"

namespace rocketmq::broker {
namespace {

constexpr int64_t kPieceBytes = 256 << 10;
/// Size and magic number, with which a record and the end of a file begin.
constexpr int64_t kPrefixBytes = 8;
/// Where a record says at which log offset it lies, and how much must be there to see that.
constexpr size_t kOwnOffsetAt = 28;
constexpr size_t kHeadBytes = kOwnOffsetAt + sizeof(int64_t);

/// Whether a record, or the blank end of a file, begins with these bytes, which lie at `offset`.
bool beginsRecord(std::string_view bytes, int64_t offset) {
  return store::isBlank(bytes) || (bytes.size() >= kHeadBytes &&
                                   loadBigEndian<int64_t>(bytes.data() + kOwnOffsetAt) == offset);
}

}  // namespace

int64_t firstRecordFrom(const store::MessageStore& store, int64_t offset, int64_t log_end) {
  while (offset < log_end) {
    const Result<store::LogPiece> piece = store.logBytes(offset, kPieceBytes);
    const size_t size = piece.ok() ? piece->bytes.size() : 0;
    if (size == 0) {
      break;
    }
    for (size_t skipped = 0; skipped < size; ++skipped) {
      const int64_t at = offset + static_cast<int64_t>(skipped);
      if (beginsRecord(piece->bytes.substr(skipped), at)) {
        return at;
      }
    }
    // The head of a record may be cut where the piece is.
    offset += static_cast<int64_t>(size < kHeadBytes ? size : size - kHeadBytes + 1);
  }
  return log_end;
}

int64_t messagesBetween(const store::MessageStore& store, int64_t from, int64_t to) {
  int64_t messages = 0;
  from = firstRecordFrom(store, std::max(from, store.commitLogMinOffset()), to);
  int64_t at = from;
  while (at < to && messages < kMessagesCountedMax) {
    const Result<store::LogPiece> piece = store.logBytes(at, kPieceBytes);
    const auto piece_end = at + (piece.ok() ? std::ssize(piece->bytes) : 0);
    if (piece_end - at < kPrefixBytes) {
      break;
    }
    for (const int64_t begin = at;
         at < to && at + kPrefixBytes <= piece_end && messages < kMessagesCountedMax;) {
      const char* const prefix = piece->bytes.data() + (at - begin);
      const auto bytes = loadBigEndian<int32_t>(prefix);
      if (bytes < kPrefixBytes) {
        return messages;
      }
      messages += store::isBlank({prefix, kPrefixBytes}) ? 0 : 1;
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
