#include "store/inspect/queue_reader.h"

#include <algorithm>
#include <utility>

#include "store/log/segment.h"

namespace rocketmq::store::inspect {
namespace {

constexpr int64_t kWindowBytes = 400 * kQueueEntryBytes;

}  // namespace

QueueReader::QueueReader(FileSystem& files, const QueueFolder& folder, int64_t file_bytes)
    : files_(files), folder_(folder), file_bytes_(file_bytes) {
  if (!folder.files.empty() && file_bytes > 0) {
    first_ = folder.files.front().base / kQueueEntryBytes;
    capacity_end_ = (folder.files.back().base + file_bytes) / kQueueEntryBytes;
  }
}

const SegmentFile* QueueReader::holding(int64_t byte) const {
  auto after = std::upper_bound(folder_.files.begin(), folder_.files.end(), byte,
                                [](int64_t at, const SegmentFile& file) { return at < file.base; });
  if (after == folder_.files.begin()) {
    return nullptr;
  }
  --after;
  return byte - after->base < std::min(file_bytes_, after->bytes) ? &*after : nullptr;
}

std::string QueueReader::readFrom(const SegmentFile& file, int64_t position) {
  const auto opened = files_.open(file.path);
  auto content = opened ? (*opened)->read(position, std::min(kWindowBytes, file_bytes_ - position))
                        : Result<std::string>(opened.status());
  if (content) {
    return std::move(*content);
  }
  // Retention of a live store may have removed it.
  if (content.status().code() != StatusCode::kNotFound && status_.isOk()) {
    status_ = content.status();
  }
  return {};
}

std::optional<QueueEntry> QueueReader::at(int64_t index) {
  if (index < first_ || index >= capacity_end_) {
    return std::nullopt;
  }
  const int64_t byte = index * kQueueEntryBytes;
  const int64_t window_end = window_byte_ + static_cast<int64_t>(window_.size());
  if (byte < window_byte_ || byte + kQueueEntryBytes > window_end) {
    const SegmentFile* file = holding(byte);
    window_ = file == nullptr ? std::string() : readFrom(*file, byte - file->base);
    window_byte_ = byte;
    if (static_cast<int64_t>(window_.size()) < kQueueEntryBytes) {
      window_.clear();
      return std::nullopt;
    }
  }
  const QueueEntry entry = decodeQueueEntry(window_.data() + (byte - window_byte_));
  return isWritten(entry) ? std::optional<QueueEntry>(entry) : std::nullopt;
}

int64_t QueueReader::findEnd() {
  for (auto file = folder_.files.rbegin(); file != folder_.files.rend(); ++file) {
    const int64_t low = file->base / kQueueEntryBytes;
    const int64_t end = lastWrittenBefore(low, low + file_bytes_ / kQueueEntryBytes);
    if (end > low) {
      return end;
    }
  }
  return first_;
}

/// Entries are written in order; where damage makes holes, this finds one of their edges.
int64_t QueueReader::lastWrittenBefore(int64_t low, int64_t high) {
  while (low < high) {
    const int64_t middle = low + (high - low) / 2;
    if (at(middle)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

QueueReader::Place QueueReader::placeOf(int64_t index) const {
  const int64_t byte = index * kQueueEntryBytes;
  const int64_t base = file_bytes_ > 0 ? byte / file_bytes_ * file_bytes_ : 0;
  return {.path = folder_.dir + "/" + segmentFileName(base), .offset = byte - base};
}

}  // namespace rocketmq::store::inspect
