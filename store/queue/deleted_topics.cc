#include "store/queue/deleted_topics.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "common/fields.h"
#include "common/json/decode.h"
#include "common/json/encode.h"
#include "common/log.h"

namespace rocketmq::store {
namespace {

struct Content {
  std::map<std::string, int64_t> deleted_topics;
  std::map<std::string, std::map<int32_t, int64_t>> deleted_queues;

  static constexpr auto fields() {
    return std::tuple{optional("deletedTopics", &Content::deleted_topics),
                      optional("deletedQueues", &Content::deleted_queues)};
  }
};

}  // namespace

Result<std::unique_ptr<DeletedTopics>> DeletedTopics::load(FileSystem& files, std::string path,
                                                           int64_t log_min) {
  auto topics = std::unique_ptr<DeletedTopics>(new DeletedTopics(files, std::move(path)));
  ROCKETMQ_ASSIGN_OR_RETURN(const auto text, readWhole(files, topics->path_));
  if (!text) {
    return topics;
  }
  const Result<Content> content = json::decode<Content>(*text);
  if (!content.ok()) {
    log::warn("{} is ignored, deleted topics may come back: {}", topics->path_,
              content.status().message());
    return topics;
  }
  MutexLock lock(topics->mutex_);
  topics->ends_.topics = {content->deleted_topics.begin(), content->deleted_topics.end()};
  topics->ends_.queues = {content->deleted_queues.begin(), content->deleted_queues.end()};
  topics->dropBefore(log_min);
  return topics;
}

Status DeletedTopics::add(const std::string& topic, int64_t end, int64_t log_min) {
  MutexLock lock(mutex_);
  ends_.topics[topic] = end;
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
  const auto is_past = [&](const auto& entry) { return entry.second <= log_min; };
  std::erase_if(ends_.topics, is_past);
  for (auto& [topic, queues] : ends_.queues) {
    std::erase_if(queues, is_past);
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
  const Content content{{ends_.topics.begin(), ends_.topics.end()},
                        {ends_.queues.begin(), ends_.queues.end()}};
  return files_.replace(path_, json::encode(content, json::Style::kPretty));
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
