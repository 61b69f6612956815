#include "broker/timer/timer_log.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "common/bytes.h"
#include "common/lost_and_found.h"
#include "common/message/record.h"

namespace rocketmq::broker {

namespace {

constexpr int32_t kMagicDefault = 1;
constexpr int32_t kMagicRoll = 2;
constexpr int32_t kMagicDelete = 4;
/// RocketMQ leaves so much free behind the last unit of a file.
constexpr int64_t kBlankBytesMin = 16;
constexpr int64_t kBlockBytes = 64 * 1024;
constexpr size_t kFileNameDigits = 20;
/// Later than any unit was written; a sum of it and a delay still fits.
constexpr TimestampMs kTimeMax = int64_t{1} << 60;

void encodeUnit(const TimerUnit& unit, std::string& out) {
  ByteWriter writer(out);
  writer.write<int32_t>(TimerLog::kUnitBytes);
  writer.write<int64_t>(unit.previous);
  writer.write<int32_t>(kMagicDefault | (unit.rolls ? kMagicRoll : 0) |
                        (unit.deletes ? kMagicDelete : 0));
  writer.write<int64_t>(unit.written_ms);
  writer.write<int32_t>(static_cast<int32_t>(unit.slot_ms - unit.written_ms));
  writer.write<int64_t>(unit.physical_offset);
  writer.write<int32_t>(unit.record_bytes);
  writer.write<int32_t>(unit.topic_hash);
  writer.write<int64_t>(0);
}

Result<TimerUnit> decodeUnit(std::string_view bytes, int64_t position) {
  ByteReader reader(bytes);
  TimerUnit unit;
  const auto size = reader.read<int32_t>();
  unit.previous = reader.read<int64_t>();
  const auto magic = reader.read<int32_t>();
  unit.written_ms = reader.read<int64_t>();
  const auto delay_ms = reader.read<int32_t>();
  unit.physical_offset = reader.read<int64_t>();
  unit.record_bytes = reader.read<int32_t>();
  unit.topic_hash = reader.read<int32_t>();
  unit.rolls = (magic & kMagicRoll) != 0;
  unit.deletes = (magic & kMagicDelete) != 0;
  const bool is_magic =
      (magic & kMagicDefault) != 0 && (magic & ~(kMagicDefault | kMagicRoll | kMagicDelete)) == 0;
  const bool is_time = unit.written_ms >= 0 && unit.written_ms <= kTimeMax;
  if (reader.failed() || size != TimerLog::kUnitBytes || !is_magic || !is_time ||
      unit.previous >= position || unit.physical_offset < 0 || unit.record_bytes <= 0) {
    return Status::corruption("no unit at position " + std::to_string(position) +
                              " of the timer log");
  }
  unit.slot_ms = unit.written_ms + delay_ms;
  return unit;
}

}  // namespace

int32_t javaHash(std::string_view text) {
  uint32_t hash = 0;
  for (const char c : text) {
    hash = hash * 31 + static_cast<unsigned char>(c);
  }
  return static_cast<int32_t>(hash);
}

Result<std::unique_ptr<TimerLog>> TimerLog::open(FileSystem& files, std::string folder,
                                                 int64_t file_bytes) {
  ROCKETMQ_RETURN_IF_ERROR(files.createDirectories(folder));
  auto log = std::unique_ptr<TimerLog>(new TimerLog(files, std::move(folder), file_bytes));
  ROCKETMQ_ASSIGN_OR_RETURN(auto entries, files.list(log->folder_));
  std::erase_if(entries, [](const DirectoryEntry& entry) {
    return entry.info.is_directory && entry.name == kLostAndFound;
  });
  for (const DirectoryEntry& entry : entries) {
    const std::string& name = entry.name;
    int64_t position = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), position);
    const bool is_file = name.size() == kFileNameDigits && error == std::errc{} &&
                         end == name.data() + name.size() && position % file_bytes == 0;
    if (is_file && entry.info.bytes < file_bytes && &entry == &entries.back()) {
      // A process that ended between making the file and giving it its length.
      ROCKETMQ_ASSIGN_OR_RETURN(const auto file, files.open(log->folder_ + "/" + name));
      ROCKETMQ_RETURN_IF_ERROR(file->write(file_bytes - 1, std::string_view("\0", 1)));
    } else if (!is_file || entry.info.bytes != file_bytes) {
      return Status::corruption(
          log->folder_ + "/" + name + " is no timer log file of " + std::to_string(file_bytes) +
          " bytes (mappedFileSizeTimerLog): set the size with which the files were made, or move "
          "the folder away, and it will be made again");
    }
    log->present_.insert(position);
  }
  return log;
}

Status TimerLog::scan(const std::function<bool(int64_t, const TimerUnit&)>& visit) {
  end_ = present_.empty() ? 0 : *present_.begin();
  while (present_.contains(fileOf(end_))) {
    if (isAtFileEnd(end_)) {
      end_ = fileOf(end_) + file_bytes_;
      continue;
    }
    const Result<TimerUnit> unit = at(end_);
    if (!unit.ok() && unit.status().code() != StatusCode::kCorruption) {
      return unit.status();
    }
    if (!unit.ok() || !visit(end_, *unit)) {
      break;
    }
    noteSlot(end_, unit->slot_ms);
    end_ += kUnitBytes;
  }
  return cutTail();
}

void TimerLog::noteSlot(int64_t position, TimestampMs slot_ms) {
  TimestampMs& latest_ms = latest_slots_ms_[fileOf(position)];
  latest_ms = std::max(latest_ms, slot_ms);
}

bool TimerLog::isAtFileEnd(int64_t position) const {
  return file_bytes_ - position % file_bytes_ < kUnitBytes + kBlankBytesMin;
}

Status TimerLog::cutTail() {
  block_position_ = -1;
  const int64_t last = fileOf(end_);
  while (!present_.empty() && *present_.rbegin() > last) {
    ROCKETMQ_RETURN_IF_ERROR(files_.remove(pathOf(*present_.rbegin())));
    present_.erase(std::prev(present_.end()));
  }
  if (!present_.contains(last)) {
    return Status::ok();
  }
  ROCKETMQ_ASSIGN_OR_RETURN(const bool is_clean, files_.isZeroFrom(pathOf(last), end_ - last));
  if (is_clean) {
    return Status::ok();
  }
  ROCKETMQ_ASSIGN_OR_RETURN(auto mapping,
                            files_.map(pathOf(last), {.bytes = file_bytes_, .create = false}));
  return mapping->zero(end_ - last, file_bytes_ - (end_ - last));
}

int64_t TimerLog::append(const TimerUnit& unit) {
  if (isAtFileEnd(end_)) {
    const int64_t left = file_bytes_ - end_ % file_bytes_;
    // RocketMQ: size, 8 bytes of zero, magic; the rest of the file stays zero.
    const size_t begin = pending_.size();
    ByteWriter writer(pending_);
    writer.write<int32_t>(static_cast<int32_t>(left));
    writer.write<int64_t>(0);
    writer.write<int32_t>(static_cast<int32_t>(kBlankMagic));
    pending_.resize(begin + static_cast<size_t>(left), '\0');
    end_ += left;
  }
  const int64_t position = end_;
  encodeUnit(unit, pending_);
  noteSlot(position, unit.slot_ms);
  end_ += kUnitBytes;
  return position;
}

Status TimerLog::flush() {
  while (!pending_.empty()) {
    const int64_t begin = end_ - static_cast<int64_t>(pending_.size());
    const int64_t file = fileOf(begin);
    const auto bytes = std::min(pending_.size(), static_cast<size_t>(file + file_bytes_ - begin));
    ROCKETMQ_ASSIGN_OR_RETURN(RandomFile* const target,
                              present_.contains(file) ? fileAt(file) : createFile(file));
    ROCKETMQ_RETURN_IF_ERROR(
        target->write(begin - file, std::string_view(pending_).substr(0, bytes)));
    if (block_position_ >= 0 && begin < block_position_ + kBlockBytes &&
        begin + static_cast<int64_t>(bytes) > block_position_) {
      block_position_ = -1;
    }
    pending_.erase(0, bytes);
  }
  return Status::ok();
}

Result<TimerUnit> TimerLog::at(int64_t position) const {
  const int64_t written = end_ - static_cast<int64_t>(pending_.size());
  if (position < 0 || (position >= written && !pending_.empty())) {
    return Status::corruption("position " + std::to_string(position) +
                              " is outside of the timer log");
  }
  ROCKETMQ_ASSIGN_OR_RETURN(const std::string_view bytes, bytesAt(position, kUnitBytes));
  return decodeUnit(bytes, position);
}

Result<std::string_view> TimerLog::bytesAt(int64_t position, int64_t bytes) const {
  const bool is_cached = block_position_ >= 0 && position >= block_position_ &&
                         position + bytes <= block_position_ + static_cast<int64_t>(block_.size());
  if (!is_cached) {
    // With one unit more than a block, none is cut in two whichever way the log is read.
    const int64_t file = fileOf(position);
    const int64_t begin = file + (position - file) / kBlockBytes * kBlockBytes;
    ROCKETMQ_ASSIGN_OR_RETURN(RandomFile* const source, fileAt(file));
    block_position_ = -1;
    ROCKETMQ_ASSIGN_OR_RETURN(block_, source->read(begin - file, kBlockBytes + kUnitBytes));
    block_position_ = begin;
  }
  const int64_t at = position - block_position_;
  if (at + bytes > static_cast<int64_t>(block_.size())) {
    return Status::corruption("the timer log ends before position " +
                              std::to_string(position + bytes));
  }
  return std::string_view(block_).substr(static_cast<size_t>(at), static_cast<size_t>(bytes));
}

std::string TimerLog::pathOf(int64_t file) const {
  std::string digits = std::to_string(file);
  return folder_ + "/" + std::string(kFileNameDigits - digits.size(), '0') + digits;
}

Result<RandomFile*> TimerLog::fileAt(int64_t file) const {
  if (open_position_ != file) {
    if (!present_.contains(file)) {
      return Status::corruption("the timer log has no file " + pathOf(file));
    }
    open_position_ = -1;
    ROCKETMQ_ASSIGN_OR_RETURN(open_file_, files_.open(pathOf(file)));
    open_position_ = file;
  }
  return open_file_.get();
}

Result<RandomFile*> TimerLog::createFile(int64_t file) {
  open_position_ = -1;
  ROCKETMQ_ASSIGN_OR_RETURN(open_file_, files_.open(pathOf(file)));
  // RocketMQ refuses files that are not of the full length.
  ROCKETMQ_RETURN_IF_ERROR(open_file_->write(file_bytes_ - 1, std::string_view("\0", 1)));
  present_.insert(file);
  open_position_ = file;
  return open_file_.get();
}

Status TimerLog::removeFiles(TimestampMs time) {
  while (present_.size() > 1) {
    const int64_t oldest = *present_.begin();
    const auto latest = latest_slots_ms_.find(oldest);
    if (latest != latest_slots_ms_.end() && latest->second >= time) {
      return Status::ok();
    }
    ROCKETMQ_RETURN_IF_ERROR(files_.remove(pathOf(oldest)));
    present_.erase(oldest);
    latest_slots_ms_.erase(oldest);
  }
  return Status::ok();
}

}  // namespace rocketmq::broker
