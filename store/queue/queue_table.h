#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/file_system.h"
#include "common/mutex.h"
#include "common/status.h"
#include "store/queue/consume_queue.h"

namespace rocketmq::store {

/// All consume queues by topic and queue id. Threads: any; a look-up takes one shard's mutex for
/// its moment and allocates nothing.
class QueueTable {
 public:
  struct Options {
    std::string dir;
    int64_t file_bytes = 0;
    /// Of the extension of all of them; its folder is laid out like `dir`.
    std::string extension_dir;
    /// For each queue, with its folder filled in; nullopt: they have no extension, and what is in
    /// its folder is left alone until its topic is removed.
    std::optional<QueueExtension::Options> extension = {};
    /// Of the files of all of them together.
    std::shared_ptr<MappingCount> mapped = std::make_shared<MappingCount>(0);
    int64_t mapped_max = std::numeric_limits<int64_t>::max();  ///< See QueueMappings.
  };

  QueueTable(FileSystem& files, Options options) : files_(files), options_(std::move(options)) {}

  /// Finds the queues of the folder (topic/queue id/files). Folders whose name is no queue id are
  /// left alone. Corruption when a file does not fit.
  Status load();

  const std::string& dir() const { return options_.dir; }
  int64_t mappedFiles() const { return options_.mapped->load(std::memory_order_relaxed); }
  int64_t mappedFilesMax() const { return options_.mapped_max; }
  bool hasTooManyMapped() const { return mappedFiles() > mappedFilesMax(); }

  std::shared_ptr<ConsumeQueue> find(std::string_view topic, int32_t queue_id) const;

  /// Makes the queue when it is new; its folder and files come with its first message. nullptr
  /// while the topic is being deleted. Precondition: isStorable().
  std::shared_ptr<ConsumeQueue> findOrCreate(std::string_view topic, int32_t queue_id);

  std::vector<std::shared_ptr<ConsumeQueue>> all() const;

  /// Topics with at least one used queue.
  std::set<std::string> topics() const;

  /// Refuses appends to the topic's queues, calls `note_end`, removes the files and forgets the
  /// queues. `note_end` returns when nobody is inside an append or an arrival that began earlier
  /// and the deletion has been noted; what it returns does not stop the removal.
  Status removeTopic(const std::string& topic, const std::function<Status()>& note_end);

  /// Removes the files of a queue and forgets it, that also when a file cannot be removed. Only
  /// while nobody can be inside an append or an arrival of it, nor make it again.
  Status removeQueue(const ConsumeQueue& queue);

 private:
  struct Name {
    Name(std::string_view topic_name, int32_t id)
        : hash(std::hash<std::string_view>()(topic_name) * 31 + static_cast<size_t>(id)),
          topic(topic_name),
          queue_id(id) {}
    bool operator==(const Name&) const = default;

    size_t hash;             // For the shard and for its map.
    std::string_view topic;  // Of the queue that it maps to.
    int32_t queue_id;
  };
  struct NameHash {
    size_t operator()(const Name& name) const { return name.hash; }
  };
  struct Shard {
    mutable Mutex mutex;
    std::unordered_map<Name, std::shared_ptr<ConsumeQueue>, NameHash> queues
        ROCKETMQ_GUARDED_BY(mutex);
  };
  static constexpr size_t kShards = 64;

  Shard& shardOf(const Name& name) { return shards_[name.hash % kShards]; }
  const Shard& shardOf(const Name& name) const { return shards_[name.hash % kShards]; }
  std::shared_ptr<ConsumeQueue> make(std::string_view topic, int32_t queue_id) const;
  Status loadTopic(const std::string& topic);
  std::vector<std::shared_ptr<ConsumeQueue>> queuesOf(const std::string& topic) const;
  /// `folder`: of a topic or queue, below that of all queues.
  Status removeFolder(const std::string& folder);
  void forget(const ConsumeQueue& queue);

  FileSystem& files_;
  const Options options_;
  std::array<Shard, kShards> shards_;

  Mutex create_mutex_;  // Taken before a shard's.
  std::set<std::string, std::less<>> being_deleted_ ROCKETMQ_GUARDED_BY(create_mutex_);
};

}  // namespace rocketmq::store
