#include "store/inspect/log_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "common/bytes.h"
#include "store/log/commit_log.h"

namespace rocketmq::store::inspect {
namespace {

constexpr int64_t kWindowBytes = 1 << 20;
constexpr int64_t kSectorBytes = 4096;
constexpr size_t kPhysicalOffsetAt = 28;

/// Leaves out files that begin inside the one before: their names cannot be right.
std::vector<SegmentFile> withoutOverlaps(const StoreLayout& layout) {
  std::vector<SegmentFile> kept;
  for (const SegmentFile& file : layout.log_files) {
    if (kept.empty() || file.base >= kept.back().base + layout.log_file_bytes) {
      kept.push_back(file);
    }
  }
  return kept;
}

}  // namespace

LogReader::LogReader(FileSystem& files, const StoreLayout& layout)
    : files_(files),
      log_files_(withoutOverlaps(layout)),
      file_bytes_(layout.log_file_bytes),
      begin_(layout.logBegin()),
      is_at_work_(layout.lock.is_held) {}

int64_t LogReader::end() const {
  return log_files_.empty() ? begin_ : log_files_.back().base + file_bytes_;
}

int64_t LogReader::writtenEnd() {
  const int64_t file_end = end();
  int64_t low = file_end - file_bytes_;
  if (log_files_.empty() || readableEnd(low) == low) {
    return file_end;
  }
  int64_t high = readableEnd(low);
  while (high - low > kSectorBytes) {
    const int64_t middle = low + (high - low) / 2;
    const std::string_view sector = read(middle, kSectorBytes);
    const bool is_zero = sector.find_first_not_of('\0') == std::string_view::npos;
    (is_zero ? high : low) = middle;
  }
  return high;
}

const SegmentFile* LogReader::holding(int64_t offset) const {
  auto after = std::upper_bound(log_files_.begin(), log_files_.end(), offset,
                                [](int64_t at, const SegmentFile& file) { return at < file.base; });
  if (after == log_files_.begin()) {
    return nullptr;
  }
  --after;
  return offset - after->base < file_bytes_ ? &*after : nullptr;
}

int64_t LogReader::fileEnd(int64_t offset) const {
  const SegmentFile* file = holding(offset);
  return file == nullptr ? offset : file->base + file_bytes_;
}

int64_t LogReader::readableEnd(int64_t offset) const {
  const SegmentFile* file = holding(offset);
  return file == nullptr ? offset : file->base + std::min(file->bytes, file_bytes_);
}

bool LogReader::isGone(int64_t offset) const {
  const SegmentFile* file = is_at_work_ ? holding(offset) : nullptr;
  const auto info =
      file == nullptr ? Result<std::optional<FileInfo>>(FileInfo{}) : files_.info(file->path);
  return info.ok() && !info->has_value();
}

int64_t LogReader::nextBase(int64_t offset) const {
  const auto next =
      std::lower_bound(log_files_.begin(), log_files_.end(), offset,
                       [](const SegmentFile& file, int64_t at) { return file.base < at; });
  return next == log_files_.end() ? -1 : next->base;
}

std::string_view LogReader::read(int64_t offset, int64_t bytes) {
  const SegmentFile* file = holding(offset);
  bytes = std::min(bytes, readableEnd(offset) - offset);
  if (file == nullptr || bytes <= 0) {
    return {};
  }
  const int64_t window_end = window_offset_ + static_cast<int64_t>(window_.size());
  if (offset < window_offset_ || offset + bytes > window_end) {
    fill(*file, offset, std::max(bytes, std::min(kWindowBytes, readableEnd(offset) - offset)));
  }
  return std::string_view(window_).substr(static_cast<size_t>(offset - window_offset_),
                                          static_cast<size_t>(bytes));
}

void LogReader::fill(const SegmentFile& file, int64_t offset, int64_t bytes) {
  if (open_base_ != file.base) {
    auto opened = files_.open(file.path);
    open_file_ = opened ? std::move(*opened) : nullptr;
    open_base_ = file.base;
  }
  window_offset_ = offset;
  const int64_t position = offset - file.base;
  auto content = open_file_ == nullptr ? Result<std::string>(Status::io("not open"))
                                       : open_file_->read(position, bytes);
  window_ = content ? std::move(*content) : readPiecewise(position, bytes);
  // Shorter when the file was cut meanwhile: what is gone reads as zeros.
  window_.resize(static_cast<size_t>(bytes), '\0');
}

std::string LogReader::readPiecewise(int64_t position, int64_t bytes) {
  std::string all;
  for (int64_t done = 0; done < bytes; done += kSectorBytes) {
    const int64_t piece = std::min(kSectorBytes, bytes - done);
    auto content = open_file_ == nullptr ? Result<std::string>(Status::io("not open"))
                                         : open_file_->read(position + done, piece);
    if (!content) {
      unreadable_bytes_ += piece;
    }
    all += content ? *content : std::string();
    all.resize(static_cast<size_t>(done + piece), '\0');
  }
  return all;
}

Result<MessageRecord> LogReader::recordAt(int64_t offset, CrcCheck crc_check) {
  const std::string_view head = read(offset, kPhysicalOffsetAt + sizeof(int64_t));
  if (head.size() < kPhysicalOffsetAt + sizeof(int64_t)) {
    return Status::corruption("the file ends there");
  }
  const auto size = loadBigEndian<int32_t>(head.data());
  const auto magic = loadBigEndian<uint32_t>(head.data() + 4);
  if (magic != kMessageMagicV1 && magic != kMessageMagicV2) {
    const bool is_zero = head.substr(0, 8).find_first_not_of('\0') == std::string_view::npos;
    return Status::corruption(is_zero ? "zeros where a record should begin"
                                      : fmt::format("magic 0x{:08X} is no record's", magic));
  }
  if (size < 0 || size > kRecordBytesMax || size + kBlankBytes > fileEnd(offset) - offset) {
    return Status::corruption(fmt::format("its size {} does not fit into the file", size));
  }
  const auto own_offset = loadBigEndian<int64_t>(head.data() + kPhysicalOffsetAt);
  if (own_offset != offset) {
    return Status::corruption(
        fmt::format("the record says of itself that it is at {}", own_offset));
  }
  const std::string_view bytes = read(offset, size);
  if (static_cast<int64_t>(bytes.size()) < size) {
    return Status::corruption(fmt::format("a record of {} bytes is cut off", size));
  }
  return decodeRecord(bytes, crc_check);
}

}  // namespace rocketmq::store::inspect
