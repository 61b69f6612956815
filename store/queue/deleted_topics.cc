#include "store/queue/deleted_topics.h"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

#include "common/fields.h"
#include "common/log.h"
#include "store/crc_json.h"

namespace rocketmq::store {
namespace {

struct Content {
  std::map<std::string, int64_t> deleted_topics;
  std::map<std::string, std::map<int32_t, int64_t>> deleted_queues;
  std::optional<int64_t> crc;

  static constexpr auto fields() {
    return std::tuple{optional("deletedTopics", &Content::deleted_topics),
                      optional("deletedQueues", &Content::deleted_queues),
                      optional("crc", &Content::crc)};
  }
};

}  // namespace

Result<std::unique_ptr<DeletedTopics>> DeletedTopics::load(FileSystem& files, std::string path,
                                                           const LogRange& log) {
  auto topics = std::unique_ptr<DeletedTopics>(new DeletedTopics(files, std::move(path)));
  ROCKETMQ_ASSIGN_OR_RETURN(const auto own, topics->read(topics->path_, log));
  if (own != Found::kDeletions) {
    ROCKETMQ_ASSIGN_OR_RETURN(const auto copy, topics->read(topics->path_ + ".bak", log));
    if (copy == Found::kDeletions) {
      log::warn("{} is {}: its .bak is taken instead", topics->path_,
                own == Found::kDamage ? "damaged" : "missing");
    } else if (own == Found::kDamage || copy == Found::kDamage) {
      log::warn("deleted topics may come back");
    }
  }
  return topics;
}

Result<DeletedTopics::Found> DeletedTopics::read(const std::string& path, const LogRange& log) {
  const auto text = readWhole(files_, path);
  if (!text.ok() && text.status().code() != StatusCode::kCorruption) {
    return text.status();
  }
  if (text.ok() && !text->has_value()) {
    return Found::kNothing;
  }
  const Result<Content> content = text.ok() ? decodeWithCrc<Content>(**text) : text.status();
  if (!content.ok()) {
    log::warn("{} is ignored: {}", path, content.status().message());
    return Found::kDamage;
  }
  MutexLock lock(mutex_);
  ends_.topics = {content->deleted_topics.begin(), content->deleted_topics.end()};
  ends_.queues = {content->deleted_queues.begin(), content->deleted_queues.end()};
  if (!content->crc) {
    dropIf([&](const auto& entry) {
      const bool is_damaged = entry.second > log.max;
      if (is_damaged) {
        log::warn("{} is not believed where it says {}: the log does not reach so far", path,
                  entry.second);
      }
      return is_damaged;
    });
  }
  dropBefore(log.min);
  return Found::kDeletions;
}

Status DeletedTopics::add(std::span<const std::string> topics, int64_t end, int64_t log_min) {
  MutexLock lock(mutex_);
  for (const std::string& topic : topics) {
    ends_.topics[topic] = end;
  }
  dropBefore(log_min);
  return save();
}

Status DeletedTopics::addQueues(std::span<const std::shared_ptr<ConsumeQueue>> queues, int64_t end,
                                int64_t log_min) {
  MutexLock lock(mutex_);
  for (const auto& queue : queues) {
    ends_.queues[queue->topic()][queue->queueId()] = end;
  }
  dropBefore(log_min);
  return save();
}

/// The log has no records of these any more.
void DeletedTopics::dropBefore(int64_t log_min) {
  dropIf([&](const auto& entry) { return entry.second <= log_min; });
}

template <class Predicate>
void DeletedTopics::dropIf(Predicate unwanted) {
  std::erase_if(ends_.topics, unwanted);
  for (auto& [topic, queues] : ends_.queues) {
    std::erase_if(queues, unwanted);
  }
  std::erase_if(ends_.queues, [](const auto& entry) { return entry.second.empty(); });
  any_.store(!ends_.empty(), std::memory_order_release);
}

Status DeletedTopics::cutTo(int64_t log_end) {
  MutexLock lock(mutex_);
  bool changed = false;
  const auto cut = [&](int64_t& end) {
    changed = changed || end > log_end;
    end = std::min(end, log_end);
  };
  for (auto& [topic, end] : ends_.topics) {
    cut(end);
  }
  for (auto& [topic, queues] : ends_.queues) {
    for (auto& [queue_id, end] : queues) {
      cut(end);
    }
  }
  return changed ? save() : Status::ok();
}

Status DeletedTopics::save() {
  const Content content{.deleted_topics = {ends_.topics.begin(), ends_.topics.end()},
                        .deleted_queues = {ends_.queues.begin(), ends_.queues.end()},
                        .crc = {}};
  const std::string text = encodeWithCrc(content, json::Style::kPretty);
  // Twice: the copy that replace() keeps of what was there before becomes as new as the file.
  ROCKETMQ_RETURN_IF_ERROR(files_.replace(path_, text));
  return files_.replace(path_, text);
}

DeletedTopics::Ends DeletedTopics::ends() const {
  MutexLock lock(mutex_);
  return ends_;
}

bool DeletedTopics::covers(std::string_view topic, int32_t queue_id,
                           int64_t physical_offset) const {
  if (!any_.load(std::memory_order_acquire)) {
    return false;
  }
  MutexLock lock(mutex_);
  return ends_.covers(topic, queue_id, physical_offset);
}

bool DeletedTopics::Ends::covers(std::string_view topic, int32_t queue_id,
                                 int64_t physical_offset) const {
  const auto whole = topics.find(topic);
  if (whole != topics.end() && physical_offset < whole->second) {
    return true;
  }
  const auto parts = queues.find(topic);
  if (parts == queues.end()) {
    return false;
  }
  const auto part = parts->second.find(queue_id);
  return part != parts->second.end() && physical_offset < part->second;
}

}  // namespace rocketmq::store
