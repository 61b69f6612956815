#include "store/queue/queue_ends.h"

#include <algorithm>
#include <tuple>
#include <utility>
#include <vector>

#include "common/fields.h"
#include "common/hash.h"
#include "common/json/decode.h"
#include "common/json/encode.h"
#include "common/log.h"

namespace rocketmq::store {
namespace {

constexpr int64_t kLogTailBytes = 4096;

/// Queue id -> min, max, physical end.
using Queues = std::map<int32_t, std::vector<int64_t>>;

struct Content {
  int64_t log_min = 0;
  int64_t log_end = 0;
  int64_t log_tail_crc = 0;
  int64_t log_ms = 0;
  int64_t queues_ms = 0;
  std::map<std::string, Queues> queues;

  static constexpr auto fields() {
    return std::tuple{required("logMin", &Content::log_min),
                      required("logEnd", &Content::log_end),
                      required("logTailCrc", &Content::log_tail_crc),
                      required("logTimestamp", &Content::log_ms),
                      required("queuesTimestamp", &Content::queues_ms),
                      required("queues", &Content::queues)};
  }
};

/// Of the bytes in front of `end` in its file: proves that this is still the same log. nullopt when
/// the log does not reach so far.
std::optional<int64_t> tailCrc(const CommitLog& log, int64_t end) {
  const int64_t file_base = end - end % log.fileBytes();
  const int64_t begin = std::max(file_base, end - kLogTailBytes);
  if (end < log.minOffset() || end > log.maxOffset()) {
    return std::nullopt;
  }
  if (begin == end) {
    return 0;
  }
  const LogView view = log.view(begin);
  if (!view.contains(begin, end - begin)) {
    return std::nullopt;
  }
  return crc32(view.from(begin).substr(0, static_cast<size_t>(end - begin)));
}

/// Corruption when a queue is not described by three numbers that can be.
Result<QueueEnds::Snapshot> toSnapshot(const Content& content) {
  QueueEnds::Snapshot snapshot{
      .log_min = content.log_min, .log_end = content.log_end, .topics = {}};
  for (const auto& [topic, queues] : content.queues) {
    auto& ends = snapshot.topics[topic];
    for (const auto& [id, numbers] : queues) {
      if (numbers.size() != 3 || numbers[0] < 0 || numbers[1] < numbers[0] || numbers[2] < 0) {
        return Status::corruption("queue " + topic + "/" + std::to_string(id) +
                                  " is described wrongly");
      }
      ends[id] = {.min = numbers[0], .max = numbers[1], .physical_end = numbers[2]};
    }
  }
  return snapshot;
}

Content toContent(const QueueEnds::Snapshot& snapshot) {
  Content content;
  content.log_min = snapshot.log_min;
  content.log_end = snapshot.log_end;
  for (const auto& [topic, ends] : snapshot.topics) {
    auto& queues = content.queues[topic];
    for (const auto& [id, end] : ends) {
      queues[id] = {end.min, end.max, end.physical_end};
    }
  }
  return content;
}

}  // namespace

std::optional<QueueEnds::Snapshot> QueueEnds::load(const CommitLog& log,
                                                   const CheckpointTimes& checkpoint) {
  const auto text = readWhole(files_, path_);
  if (text.ok() && !*text) {
    return std::nullopt;
  }
  const auto content = text.ok() ? json::decode<Content>(**text) : text.status();
  auto snapshot = content.ok() ? toSnapshot(*content) : content.status();
  if (!snapshot.ok()) {
    log::warn("{} is ignored, every queue is looked at instead: {}", path_,
              snapshot.status().message());
    return std::nullopt;
  }
  const bool is_of_checkpoint =
      content->log_ms == checkpoint.log_ms && content->queues_ms == checkpoint.queues_ms;
  if (!is_of_checkpoint || tailCrc(log, content->log_end) != content->log_tail_crc) {
    log::info("{} is not of the store's last checkpoint: every queue is looked at", path_);
    return std::nullopt;
  }
  return std::move(*snapshot);
}

Status QueueEnds::save(int64_t begun, const Snapshot& snapshot, const CommitLog& log,
                       const CheckpointTimes& checkpoint) {
  MutexLock lock(mutex_);
  const bool is_known = saved_end_ == snapshot.log_end && saved_min_ == snapshot.log_min;
  const auto crc = tailCrc(log, snapshot.log_end);
  if (begun != drops_.load(std::memory_order_acquire) || is_known || !crc) {
    return Status::ok();
  }
  Content content = toContent(snapshot);
  content.log_tail_crc = *crc;
  content.log_ms = checkpoint.log_ms;
  content.queues_ms = checkpoint.queues_ms;
  is_there_ = true;
  ROCKETMQ_RETURN_IF_ERROR(files_.replace(path_, json::encode(content)));
  saved_end_ = snapshot.log_end;
  saved_min_ = snapshot.log_min;
  return Status::ok();
}

Status QueueEnds::drop() {
  MutexLock lock(mutex_);
  drops_.fetch_add(1, std::memory_order_acq_rel);
  saved_end_ = -1;
  if (!is_there_) {
    return Status::ok();
  }
  ROCKETMQ_RETURN_IF_ERROR(files_.remove(path_));
  ROCKETMQ_RETURN_IF_ERROR(files_.syncDirectory(path_.substr(0, path_.rfind('/'))));
  is_there_ = false;
  return Status::ok();
}

}  // namespace rocketmq::store
