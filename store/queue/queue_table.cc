#include "store/queue/queue_table.h"

#include <optional>
#include <utility>

#include "common/lost_and_found.h"
#include "common/number.h"

namespace rocketmq::store {
namespace {

std::optional<int32_t> parseQueueId(const std::string& name) {
  const auto id = parseNumber<int32_t>(name);
  return id && *id >= 0 ? id : std::nullopt;
}

}  // namespace

Status QueueTable::load() {
  const auto topics = files_.list(options_.dir);
  if (topics.status().code() == StatusCode::kNotFound) {
    return Status::ok();
  }
  ROCKETMQ_RETURN_IF_ERROR(topics.status());
  for (const DirectoryEntry& topic : *topics) {
    if (topic.info.is_directory && topic.name != kLostAndFound) {
      ROCKETMQ_RETURN_IF_ERROR(loadTopic(topic.name));
    }
  }
  return Status::ok();
}

Status QueueTable::loadTopic(const std::string& topic) {
  ROCKETMQ_ASSIGN_OR_RETURN(const std::vector<DirectoryEntry> entries,
                            files_.list(options_.dir + "/" + topic));
  for (const DirectoryEntry& entry : entries) {
    const auto id = parseQueueId(entry.name);
    if (entry.info.is_directory && id) {
      ROCKETMQ_RETURN_IF_ERROR(findOrCreate(topic, *id)->load());
    }
  }
  return Status::ok();
}

std::shared_ptr<ConsumeQueue> QueueTable::find(std::string_view topic, int32_t queue_id) const {
  const Name name{topic, queue_id};
  const Shard& shard = shardOf(name);
  MutexLock lock(shard.mutex);
  const auto found = shard.queues.find(name);
  return found == shard.queues.end() ? nullptr : found->second;
}

std::shared_ptr<ConsumeQueue> QueueTable::findOrCreate(std::string_view topic, int32_t queue_id) {
  if (auto queue = find(topic, queue_id)) {
    return queue->isDeleted() ? nullptr : queue;
  }
  MutexLock create_lock(create_mutex_);
  if (being_deleted_.contains(topic)) {
    return nullptr;
  }
  auto queue = make(topic, queue_id);
  const Name name{queue->topic(), queue_id};
  Shard& shard = shardOf(name);
  MutexLock lock(shard.mutex);
  return shard.queues.try_emplace(name, std::move(queue)).first->second;
}

std::shared_ptr<ConsumeQueue> QueueTable::make(std::string_view topic, int32_t queue_id) const {
  std::string folder = "/";
  folder += topic;
  folder += '/';
  folder += std::to_string(queue_id);
  auto extension = options_.extension;
  if (extension) {
    extension->dir = options_.extension_dir + folder;
    extension->mapped = options_.mapped;
  }
  return std::make_shared<ConsumeQueue>(files_,
                                        ConsumeQueue::Options{.dir = options_.dir + folder,
                                                              .topic = std::string(topic),
                                                              .queue_id = queue_id,
                                                              .file_bytes = options_.file_bytes,
                                                              .extension = std::move(extension),
                                                              .mapped = options_.mapped});
}

std::vector<std::shared_ptr<ConsumeQueue>> QueueTable::all() const {
  std::vector<std::shared_ptr<ConsumeQueue>> queues;
  for (const Shard& shard : shards_) {
    MutexLock lock(shard.mutex);
    for (const auto& [name, queue] : shard.queues) {
      queues.push_back(queue);
    }
  }
  return queues;
}

std::set<std::string> QueueTable::topics() const {
  std::set<std::string> names;
  for (const auto& queue : all()) {
    if (queue->isUsed() && !queue->isDeleted()) {
      names.insert(queue->topic());
    }
  }
  return names;
}

std::vector<std::shared_ptr<ConsumeQueue>> QueueTable::queuesOf(const std::string& topic) const {
  auto queues = all();
  std::erase_if(queues, [&](const auto& queue) { return queue->topic() != topic; });
  return queues;
}

Status QueueTable::removeTopic(const std::string& topic, const std::function<Status()>& note_end) {
  {
    MutexLock create_lock(create_mutex_);
    if (!being_deleted_.insert(topic).second) {
      return Status::busy("topic " + topic + " is being deleted already");
    }
  }
  const auto queues = queuesOf(topic);
  for (const auto& queue : queues) {
    queue->markDeleted();
  }
  const Status noted = note_end();
  const Status removed = removeFolder(topic);
  for (const auto& queue : queues) {
    forget(*queue);
  }
  MutexLock create_lock(create_mutex_);
  being_deleted_.erase(topic);
  return removed.isOk() ? noted : removed;
}

Status QueueTable::removeQueue(const ConsumeQueue& queue) {
  Status removed = removeFolder(queue.topic() + "/" + std::to_string(queue.queueId()));
  forget(queue);
  return removed;
}

Status QueueTable::removeFolder(const std::string& folder) {
  ROCKETMQ_RETURN_IF_ERROR(files_.removeTree(options_.dir + "/" + folder));
  return options_.extension_dir.empty() ? Status::ok()
                                        : files_.removeTree(options_.extension_dir + "/" + folder);
}

void QueueTable::forget(const ConsumeQueue& queue) {
  const Name name{queue.topic(), queue.queueId()};
  Shard& shard = shardOf(name);
  MutexLock lock(shard.mutex);
  shard.queues.erase(name);
}

}  // namespace rocketmq::store
