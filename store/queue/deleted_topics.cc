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

  static constexpr auto fields() {
    return std::tuple{optional("deletedTopics", &Content::deleted_topics)};
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
  for (const auto& [topic, end] : content->deleted_topics) {
    if (end > log_min) {
      topics->ends_[topic] = end;
    }
  }
  topics->any_.store(!topics->ends_.empty(), std::memory_order_release);
  return topics;
}

Status DeletedTopics::add(const std::string& topic, int64_t end, int64_t log_min) {
  MutexLock lock(mutex_);
  std::erase_if(ends_, [&](const auto& entry) { return entry.second <= log_min; });
  if (end > log_min) {
    ends_[topic] = end;
  }
  any_.store(!ends_.empty(), std::memory_order_release);
  return save();
}

Status DeletedTopics::cutTo(int64_t log_end) {
  MutexLock lock(mutex_);
  bool changed = false;
  for (auto& [topic, end] : ends_) {
    changed = changed || end > log_end;
    end = std::min(end, log_end);
  }
  return changed ? save() : Status::ok();
}

Status DeletedTopics::save() {
  const Content content{{ends_.begin(), ends_.end()}};
  return files_.replace(path_, json::encode(content, json::Style::kPretty));
}

DeletedTopics::Ends DeletedTopics::ends() const {
  MutexLock lock(mutex_);
  return ends_;
}

int64_t DeletedTopics::endOf(std::string_view topic) const {
  MutexLock lock(mutex_);
  const auto found = ends_.find(topic);
  return found == ends_.end() ? 0 : found->second;
}

}  // namespace rocketmq::store
