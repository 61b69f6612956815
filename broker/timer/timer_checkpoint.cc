#include "broker/timer/timer_checkpoint.h"

#include <optional>

#include "common/bytes.h"
#include "common/hash.h"
#include "common/log.h"

namespace rocketmq::broker {

namespace {

/// RocketMQ maps a page.
constexpr int64_t kFileBytes = 4096;
constexpr size_t kJavaBytes = 56;
/// "TMRCPP02"
constexpr int64_t kOwnMagic = 0x544D524350503032;
/// Magic, newest (5), the rest of safe (3), checksum.
constexpr size_t kOwnBytes = 8 * 10;

int64_t onGrid(TimestampMs time, int64_t precision_ms) {
  return (time + precision_ms - 1) / precision_ms * precision_ms;
}

}  // namespace

std::string TimerCheckpoint::encode(int64_t precision_ms) const {
  std::string bytes;
  bytes.reserve(kJavaBytes + kOwnBytes);
  ByteWriter writer(bytes);
  writer.write<int64_t>(onGrid(safe.read_ms, precision_ms));  // lastReadTimeMs
  // lastTimerLogFlushPos: RocketMQ makes its wheel from everything behind this position, so that it
  // needs no wheel file of ours.
  writer.write<int64_t>(0);
  writer.write<int64_t>(safe.queue_offset);  // lastTimerQueueOffset
  writer.write<int64_t>(safe.queue_offset);  // masterTimerQueueOffset
  for (int i = 0; i < 3; ++i) {
    writer.write<int64_t>(0);  // A version: state, time, counter.
  }
  writer.write<int64_t>(kOwnMagic);
  writer.write<int64_t>(newest.read_ms);
  writer.write<int64_t>(newest.done_offset);
  writer.write<int64_t>(newest.queue_offset);
  writer.write<int64_t>(newest.log_end);
  writer.write<int64_t>(newest.timer_log_end);
  writer.write<int64_t>(safe.done_offset);
  writer.write<int64_t>(safe.read_ms);
  writer.write<int64_t>(safe.timer_log_end);
  writer.write<int64_t>(static_cast<int64_t>(crc32(bytes)));
  return bytes;
}

Result<TimerCheckpoint> TimerCheckpoint::decode(std::string_view bytes) {
  if (bytes.size() < kJavaBytes) {
    return Status::corruption("a timer checkpoint has " + std::to_string(kJavaBytes) +
                              " bytes, this one " + std::to_string(bytes.size()));
  }
  ByteReader reader(bytes);
  TimerCheckpoint checkpoint;
  checkpoint.safe.read_ms = reader.read<int64_t>();
  reader.skip(8);
  checkpoint.safe.queue_offset = reader.read<int64_t>();
  reader.skip(8 * 4);
  checkpoint.newest = checkpoint.safe;
  const size_t checked = kJavaBytes + kOwnBytes - 8;
  if (bytes.size() < kJavaBytes + kOwnBytes || reader.read<int64_t>() != kOwnMagic ||
      loadBigEndian<int64_t>(bytes.data() + checked) !=
          static_cast<int64_t>(crc32(bytes.substr(0, checked)))) {
    return checkpoint;
  }
  checkpoint.newest.read_ms = reader.read<int64_t>();
  checkpoint.newest.done_offset = reader.read<int64_t>();
  checkpoint.newest.queue_offset = reader.read<int64_t>();
  checkpoint.newest.log_end = reader.read<int64_t>();
  checkpoint.newest.timer_log_end = reader.read<int64_t>();
  checkpoint.safe.done_offset = reader.read<int64_t>();
  checkpoint.safe.read_ms = reader.read<int64_t>();
  checkpoint.safe.timer_log_end = reader.read<int64_t>();
  return checkpoint;
}

Result<TimerCheckpointFile> TimerCheckpointFile::open(FileSystem& files, const std::string& path) {
  ROCKETMQ_ASSIGN_OR_RETURN(auto file, files.open(path));
  return TimerCheckpointFile(std::move(file));
}

Result<std::optional<TimerCheckpoint>> TimerCheckpointFile::load() const {
  ROCKETMQ_ASSIGN_OR_RETURN(const std::string bytes, file_->read(0, kFileBytes));
  if (bytes.empty()) {
    return std::optional<TimerCheckpoint>();
  }
  auto checkpoint = TimerCheckpoint::decode(bytes);
  if (!checkpoint.ok()) {
    log::warn("{}; timers are put in order from their queue", checkpoint.status().message());
    return std::optional<TimerCheckpoint>();
  }
  return std::optional(std::move(*checkpoint));
}

Status TimerCheckpointFile::save(const TimerCheckpoint& checkpoint, int64_t precision_ms) {
  return file_->write(0, checkpoint.encode(precision_ms));
}

}  // namespace rocketmq::broker
