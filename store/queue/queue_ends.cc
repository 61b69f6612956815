#include "store/queue/queue_ends.h"

#include <algorithm>
#include <tuple>
#include <utility>
#include <vector>

#include "common/fields.h"
#include "common/hash.h"
#include "common/log.h"
#include "store/crc_json.h"
#include "store/log/record_walker.h"

namespace rocketmq::store {
namespace {

constexpr int64_t kLogTailBytes = 4096;
/// Further places of the log: so many bytes each, the first at the end, each of the others twice as
/// far in front of it as the one before. A lost page of the system's cache takes four of them.
constexpr int64_t kPlaceBytes = 512;
constexpr int kPlaces = 11;
/// For one that lies in front of the log or says nothing, as it is all zero.
constexpr int64_t kNoPlace = -1;

/// Queue id -> min, max, physical end.
using Queues = std::map<int32_t, std::vector<int64_t>>;

struct Content {
  int64_t log_min = 0;
  int64_t log_end = 0;
  int64_t log_tail_crc = 0;
  std::vector<int64_t> log_place_crcs;  // None in a file that an earlier version wrote.
  int64_t log_ms = 0;
  int64_t queues_ms = 0;
  std::map<std::string, Queues> queues;
  std::optional<std::map<std::string, Queues>> noted;
  /// Of the text without it. None in a file that an earlier version wrote.
  std::optional<int64_t> crc;

  static constexpr auto fields() {
    return std::tuple{required("logMin", &Content::log_min),
                      required("logEnd", &Content::log_end),
                      required("logTailCrc", &Content::log_tail_crc),
                      optional("logPlaceCrcs", &Content::log_place_crcs),
                      required("logTimestamp", &Content::log_ms),
                      required("queuesTimestamp", &Content::queues_ms),
                      required("queues", &Content::queues),
                      optional("noted", &Content::noted),
                      optional("crc", &Content::crc)};
  }
};

/// Of up to `bytes` bytes in front of `end`, in one file. nullopt when the log does not reach so
/// far.
Result<std::optional<std::string>> bytesInFront(const CommitLog& log, int64_t end, int64_t bytes) {
  if (end < log.minOffset() || end > log.maxOffset()) {
    return std::optional<std::string>();
  }
  const int64_t file_base = end - end % log.fileBytes();
  const int64_t begin = std::max(file_base, end - bytes);
  if (begin == end) {
    return std::optional<std::string>("");
  }
  ROCKETMQ_ASSIGN_OR_RETURN(const LogView view, log.read(begin));
  return view.contains(begin, end - begin) ? std::optional<std::string>(view.from(begin).substr(
                                                 0, static_cast<size_t>(end - begin)))
                                           : std::nullopt;
}

/// Of the last bytes in front of `end`. nullopt when the log does not reach so far.
Result<std::optional<int64_t>> tailCrc(const CommitLog& log, int64_t end) {
  ROCKETMQ_ASSIGN_OR_RETURN(const auto tail, bytesInFront(log, end, kLogTailBytes));
  return tail ? std::optional<int64_t>(crc32(*tail)) : std::nullopt;
}

/// Of places further and further in front of `end`.
Result<std::vector<int64_t>> placeCrcs(const CommitLog& log, int64_t end) {
  std::vector<int64_t> crcs;
  for (int place = 0; place < kPlaces; ++place) {
    const int64_t distance = place == 0 ? 0 : kPlaceBytes << (place - 1);
    ROCKETMQ_ASSIGN_OR_RETURN(const auto bytes, bytesInFront(log, end - distance, kPlaceBytes));
    const bool tells = bytes && bytes->find_first_not_of('\0') != std::string::npos;
    crcs.push_back(tells ? crc32(*bytes) : kNoPlace);
  }
  return crcs;
}

/// Whether a record may begin at `offset`, or the log end there.
Result<bool> mayBeBoundary(const CommitLog& log, int64_t offset) {
  ROCKETMQ_ASSIGN_OR_RETURN(const LogView view, log.read(offset));
  if (!view.contains(offset, kBlankBytes)) {
    return true;
  }
  const std::string_view head = view.from(offset).substr(0, kBlankBytes);
  return head.find_first_not_of('\0') == std::string_view::npos || isBlank(head) ||
         recordIn(view, offset, CrcCheck::kVerify).ok();
}

/// Whether the log is the one that the file was written with, as far as it has not been damaged.
Result<bool> isOfLog(const Content& content, const CommitLog& log, const std::string& path) {
  ROCKETMQ_ASSIGN_OR_RETURN(const auto tail, tailCrc(log, content.log_end));
  if (!tail || *tail == content.log_tail_crc) {
    return tail.has_value();
  }
  ROCKETMQ_ASSIGN_OR_RETURN(const auto places, placeCrcs(log, content.log_end));
  bool found = false;
  for (size_t i = 0; i < std::min(places.size(), content.log_place_crcs.size()); ++i) {
    found |= places[i] != kNoPlace && places[i] == content.log_place_crcs[i];
  }
  ROCKETMQ_ASSIGN_OR_RETURN(const bool is_boundary, mayBeBoundary(log, content.log_end));
  if (found && is_boundary) {
    log::error(
        "the commit log in front of {} is not what {} was written with: it has been damaged since. "
        "`mqstore verify` shows what is wrong, `mqstore salvage` copies what is intact",
        content.log_end, path);
  }
  return found && is_boundary;
}

/// Corruption when a queue is not described by three numbers that can be.
Result<QueueEnds::Topics> decodeEnds(const std::map<std::string, Queues>& written) {
  QueueEnds::Topics topics;
  for (const auto& [topic, queues] : written) {
    auto& ends = topics[topic];
    for (const auto& [id, numbers] : queues) {
      if (numbers.size() != 3 || numbers[0] < 0 || numbers[1] < numbers[0] || numbers[2] < 0) {
        return Status::corruption("queue " + topic + "/" + std::to_string(id) +
                                  " is described wrongly");
      }
      ends[id] = {.min = numbers[0], .max = numbers[1], .physical_end = numbers[2]};
    }
  }
  return topics;
}

std::map<std::string, Queues> encodeEnds(const QueueEnds::Topics& topics) {
  std::map<std::string, Queues> written;
  for (const auto& [topic, ends] : topics) {
    auto& queues = written[topic];
    for (const auto& [id, end] : ends) {
      queues[id] = {end.min, end.max, end.physical_end};
    }
  }
  return written;
}

Result<QueueEnds::Snapshot> toSnapshot(const Content& content) {
  QueueEnds::Snapshot snapshot{
      .log_min = content.log_min, .log_end = content.log_end, .topics = {}};
  ROCKETMQ_ASSIGN_OR_RETURN(snapshot.topics, decodeEnds(content.queues));
  if (content.noted) {
    ROCKETMQ_ASSIGN_OR_RETURN(snapshot.noted, decodeEnds(*content.noted));
  }
  return snapshot;
}

/// True when something of `gone` was there; see QueueEnds::forget().
bool erase(std::map<std::string, Queues>& written,
           const std::map<std::string, std::set<int32_t>>& gone, int64_t log_end) {
  bool was_there = false;
  for (const auto& [topic, ids] : gone) {
    const auto queues = written.find(topic);
    if (queues == written.end()) {
      continue;
    }
    if (ids.empty()) {
      written.erase(queues);
      was_there = true;
      continue;
    }
    const auto is_gone = [&ids = ids, log_end](const auto& queue) {
      return ids.contains(queue.first) && queue.second.back() <= log_end;
    };
    was_there = std::erase_if(queues->second, is_gone) > 0 || was_there;
  }
  return was_there;
}

/// Whether a program that knows nothing of the file has worked on the store since.
bool wentOn(const CheckpointTimes& checkpoint, const Content& content) {
  return checkpoint.log_ms > content.log_ms || checkpoint.queues_ms > content.queues_ms;
}

/// The file as it is, and what it says of the queues.
struct Written {
  Content content;
  QueueEnds::Snapshot snapshot;
};

/// Nullopt when there is none.
Result<std::optional<Written>> readEnds(FileSystem& files, const std::string& path) {
  ROCKETMQ_ASSIGN_OR_RETURN(const auto text, readWhole(files, path));
  if (!text) {
    return std::optional<Written>();
  }
  ROCKETMQ_ASSIGN_OR_RETURN(Content content, decodeWithCrc<Content>(*text));
  ROCKETMQ_ASSIGN_OR_RETURN(QueueEnds::Snapshot snapshot, toSnapshot(content));
  return std::optional(Written{std::move(content), std::move(snapshot)});
}

}  // namespace

Result<std::optional<QueueEnds::Snapshot>> QueueEnds::given(FileSystem& files,
                                                            const std::string& path,
                                                            const CheckpointTimes& checkpoint,
                                                            TimestampMs now_ms) {
  auto written = readEnds(files, path);
  if (written.status().code() == StatusCode::kIo) {
    return written.status();
  }
  if (!written.ok()) {
    log::warn("{} is ignored: {}", path, written.status().message());
    return std::optional<Snapshot>();
  }
  if (!*written || (wentOn(checkpoint, (*written)->content) && !isAhead(checkpoint, now_ms))) {
    return std::optional<Snapshot>();
  }
  return std::optional(std::move((*written)->snapshot));
}

Result<QueueEnds::Loaded> QueueEnds::load(const CommitLog& log, const Checkpoint& checkpoint) {
  auto written = readEnds(files_, path_);
  if (!written.ok()) {
    log::warn("{} is ignored, every queue is looked at instead: {}", path_,
              written.status().message());
    return Loaded{};
  }
  if (!*written) {
    return Loaded{};
  }
  auto& [content, snapshot] = **written;
  if (log.segments().empty() || content.log_end < 0) {
    const bool counts = log.segments().empty() || !wentOn(checkpoint.times(), content);
    return counts ? Loaded{.known = {}, .given = std::move(snapshot), .topics = {}} : Loaded{};
  }
  ROCKETMQ_ASSIGN_OR_RETURN(const bool is_of_log, isOfLog(content, log, path_));
  Loaded loaded;
  if (is_of_log) {
    for (const auto& [topic, queues] : snapshot.topics) {
      loaded.topics.insert(topic);
    }
  }
  const CheckpointTimes& found = checkpoint.found();
  if (content.log_ms != found.log_ms || content.queues_ms != found.queues_ms) {
    log::info("{} is not of the store's last checkpoint: every queue is looked at", path_);
    if (!wentOn(checkpoint.times(), content)) {
      loaded.given = std::move(snapshot);
    }
  } else if (!is_of_log) {
    log::warn("{} is of another commit log, or one that was longer: every queue is looked at",
              path_);
    loaded.given = std::move(snapshot);
  } else {
    loaded.known = std::move(snapshot);
  }
  return loaded;
}

Status QueueEnds::save(const std::function<Snapshot()>& look, const CommitLog& log,
                       const CheckpointTimes& checkpoint) {
  MutexLock lock(mutex_);
  const Snapshot snapshot = look();
  // A checkpoint of later times alone voids the file too.
  const bool is_known = saved_end_ == snapshot.log_end && saved_min_ == snapshot.log_min &&
                        saved_times_.log_ms == checkpoint.log_ms &&
                        saved_times_.queues_ms == checkpoint.queues_ms;
  if (is_known) {
    return Status::ok();
  }
  const auto tail = tailCrc(log, snapshot.log_end);
  auto places = placeCrcs(log, snapshot.log_end);
  if (!tail || !*tail || !places) {
    return Status::ok();  // Retention has just taken the file, or the next checkpoint can read it.
  }
  Content content;
  content.log_min = snapshot.log_min;
  content.log_end = snapshot.log_end;
  content.queues = encodeEnds(snapshot.topics);
  content.log_tail_crc = **tail;
  content.log_place_crcs = std::move(*places);
  content.log_ms = checkpoint.log_ms;
  content.queues_ms = checkpoint.queues_ms;
  ROCKETMQ_RETURN_IF_ERROR(files_.replace(path_, encodeWithCrc(std::move(content))));
  saved_end_ = snapshot.log_end;
  saved_min_ = snapshot.log_min;
  saved_times_ = checkpoint;
  return Status::ok();
}

Status QueueEnds::note(const Topics& noted, const Checkpoint& checkpoint) {
  MutexLock lock(mutex_);
  auto written = readEnds(files_, path_);
  Content content;
  if (written.ok() && *written && !wentOn(checkpoint.times(), (*written)->content)) {
    content = std::move((*written)->content);
  } else {
    content.log_end = -1;
    content.log_ms = checkpoint.found().log_ms;
    content.queues_ms = checkpoint.found().queues_ms;
  }
  content.noted = encodeEnds(noted);
  saved_end_ = -1;
  return files_.replace(path_, encodeWithCrc(std::move(content)));
}

Status QueueEnds::forget(const std::map<std::string, std::set<int32_t>>& queues, int64_t end) {
  MutexLock lock(mutex_);
  auto written = readEnds(files_, path_);
  if (!written.ok()) {
    return remove();
  }
  if (!*written) {
    return Status::ok();
  }
  Content& content = (*written)->content;
  const bool was_known = erase(content.queues, queues, end);
  const bool was_noted = content.noted && erase(*content.noted, queues, end);
  if (!was_known && !was_noted) {
    return Status::ok();
  }
  const Status replaced = files_.replace(path_, encodeWithCrc(std::move(content)));
  return replaced.isOk() ? replaced : remove();
}

Status QueueEnds::drop() {
  MutexLock lock(mutex_);
  return remove();
}

Status QueueEnds::remove() {
  saved_end_ = -1;
  ROCKETMQ_RETURN_IF_ERROR(files_.remove(path_));
  return files_.syncDirectory(path_.substr(0, path_.rfind('/')));
}

}  // namespace rocketmq::store
