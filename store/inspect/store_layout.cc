#include "store/inspect/store_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "common/bytes.h"
#include "common/json/decode.h"
#include "common/lost_and_found.h"
#include "common/model/config_tables.h"
#include "common/number.h"
#include "store/index/index_file_name.h"
#include "store/log/segment.h"
#include "store/queue/deleted_topics.h"
#include "store/queue/queue_entry.h"

namespace rocketmq::store::inspect {
namespace {

constexpr int64_t kConfigBytesMax = 64 << 20;
constexpr int64_t kCheckpointBytes = 4096;
/// Larger files are none of a store; offsets stay far from overflow.
constexpr int64_t kFileBytesMax = int64_t{1} << 40;

/// The entries of a folder; none when it is missing.
Result<std::vector<DirectoryEntry>> entriesOf(FileSystem& files, const std::string& dir) {
  auto entries = files.list(dir);
  if (entries.status().code() == StatusCode::kNotFound) {
    return std::vector<DirectoryEntry>();
  }
  return entries;
}

Result<std::vector<SegmentFile>> segmentsIn(FileSystem& files, const std::string& dir) {
  ROCKETMQ_ASSIGN_OR_RETURN(const auto entries, entriesOf(files, dir));
  std::vector<SegmentFile> found;
  for (const DirectoryEntry& entry : entries) {
    const auto base = parseSegmentFileName(entry.name);
    if (base && !entry.info.is_directory) {
      found.push_back({.base = *base, .bytes = entry.info.bytes, .path = dir + "/" + entry.name});
    }
  }
  return found;
}

/// The size that most of the files have; of two equally frequent ones the larger.
class UsualSize {
 public:
  void add(const std::vector<SegmentFile>& files) {
    for (const SegmentFile& file : files) {
      ++counts_[file.bytes];
    }
  }
  int64_t get() const {
    int64_t size = 0;
    int64_t best = 0;
    for (const auto& [bytes, count] : counts_) {
      if (bytes > 0 && count >= best) {
        size = std::min(bytes, kFileBytesMax);
        best = count;
      }
    }
    return size;
  }

 private:
  std::map<int64_t, int64_t> counts_;
};

void checkSizes(const StoreLayout& layout, const std::vector<SegmentFile>& files, int64_t expected,
                const char* setting, const FindingSink& sink) {
  for (const SegmentFile& file : files) {
    // An empty last file is what a crash leaves between making a file and giving it its length.
    const bool is_crash_left = file.bytes == 0 && &file == &files.back();
    if (file.bytes != expected) {
      sink({.kind = is_crash_left ? Finding::Kind::kNote : Finding::Kind::kFault,
            .file = layout.relative(file.path),
            .offset = std::min(file.bytes, expected),
            .what = fmt::format("the file has {} bytes, {} is {}", file.bytes, setting, expected)});
    }
  }
}

std::optional<int32_t> parseQueueId(const std::string& name) {
  const auto id = parseNumber<int32_t>(name);
  return id && *id >= 0 ? id : std::nullopt;
}

Status readQueues(FileSystem& files, const std::string& dir, StoreLayout& layout) {
  ROCKETMQ_ASSIGN_OR_RETURN(const auto topics, entriesOf(files, dir));
  for (const DirectoryEntry& topic : topics) {
    if (!topic.info.is_directory || topic.name == kLostAndFound) {
      continue;
    }
    ROCKETMQ_ASSIGN_OR_RETURN(const auto ids, entriesOf(files, dir + "/" + topic.name));
    for (const DirectoryEntry& id : ids) {
      const auto queue_id = parseQueueId(id.name);
      if (!id.info.is_directory || !queue_id) {
        continue;
      }
      QueueFolder queue{.topic = topic.name,
                        .queue_id = *queue_id,
                        .dir = dir + "/" + topic.name + "/" + id.name,
                        .files = {}};
      ROCKETMQ_ASSIGN_OR_RETURN(queue.files, segmentsIn(files, queue.dir));
      layout.queues.push_back(std::move(queue));
    }
  }
  std::sort(layout.queues.begin(), layout.queues.end(),
            [](const QueueFolder& a, const QueueFolder& b) {
              return std::tie(a.topic, a.queue_id) < std::tie(b.topic, b.queue_id);
            });
  return Status::ok();
}

Status readIndexFiles(FileSystem& files, StoreLayout& layout) {
  const std::string dir = layout.root + "/index";
  ROCKETMQ_ASSIGN_OR_RETURN(const auto folder, files.info(dir));
  layout.has_index_folder = folder && folder->is_directory;
  ROCKETMQ_ASSIGN_OR_RETURN(const auto entries, entriesOf(files, dir));
  for (const DirectoryEntry& entry : entries) {
    if (!entry.info.is_directory && isIndexFileName(entry.name)) {
      layout.index_files.push_back(
          {.base = 0, .bytes = entry.info.bytes, .path = dir + "/" + entry.name});
    }
  }
  return Status::ok();
}

/// Empty when there is no such file.
Result<std::string> contentOf(FileSystem& files, const std::string& path, int64_t bytes_max) {
  auto file = files.open(path);
  if (file.status().code() == StatusCode::kNotFound) {
    return std::string();
  }
  ROCKETMQ_RETURN_IF_ERROR(file.status());
  return (*file)->read(0, bytes_max);
}

Status readMarks(FileSystem& files, StoreLayout& layout, const FindingSink& sink) {
  ROCKETMQ_ASSIGN_OR_RETURN(const auto abort, files.info(layout.root + "/abort"));
  layout.has_abort = abort.has_value();
  ROCKETMQ_ASSIGN_OR_RETURN(layout.lock, lockStateOf(layout.root + "/lock"));
  layout.lock.is_held =
      layout.lock.is_held || isFolderLocked(layout.root) || isFolderLocked(layout.commit_log_dir);
  const std::string path = layout.root + "/checkpoint";
  ROCKETMQ_ASSIGN_OR_RETURN(const std::string text, contentOf(files, path, kCheckpointBytes));
  if (text.size() == kCheckpointBytes) {
    layout.checkpoint = CheckpointTimes{.log_ms = loadBigEndian<int64_t>(text.data()),
                                        .queues_ms = loadBigEndian<int64_t>(text.data() + 8),
                                        .index_ms = loadBigEndian<int64_t>(text.data() + 16)};
  } else if (!text.empty()) {
    sink({.file = layout.relative(path),
          .offset = static_cast<int64_t>(text.size()),
          .what = fmt::format("the file has {} bytes, a checkpoint has {}", text.size(),
                              kCheckpointBytes)});
  }
  return Status::ok();
}

Status readDeletedTopics(FileSystem& files, StoreLayout& layout) {
  ROCKETMQ_ASSIGN_OR_RETURN(
      const auto deleted, DeletedTopics::load(files, layout.root + "/deletedtopics",
                                              {.min = layout.logBegin(), .max = layout.logEnd()}));
  layout.deleted = deleted->ends();
  return Status::ok();
}

/// Names of topics that exist by the broker's own table; RocketMQ falls back to .bak likewise.
void readKnownTopics(FileSystem& files, StoreLayout& layout) {
  for (const char* name : {"/config/topics.json", "/config/topics.json.bak"}) {
    const auto text = contentOf(files, layout.root + name, kConfigBytesMax);
    if (!text || text->empty()) {
      continue;
    }
    const auto table = json::decode<model::TopicConfigTable>(*text);
    if (table) {
      layout.known_topics.emplace();
      for (const auto& [topic, config] : table->topic_config_table) {
        layout.known_topics->insert(topic);
      }
      return;
    }
  }
}

Status readLog(FileSystem& files, const LayoutOptions& options, StoreLayout& layout,
               const FindingSink& sink) {
  ROCKETMQ_ASSIGN_OR_RETURN(layout.log_files, segmentsIn(files, layout.commit_log_dir));
  UsualSize size;
  size.add(layout.log_files);
  layout.log_file_bytes = options.log_file_bytes > 0 ? options.log_file_bytes : size.get();
  checkSizes(layout, layout.log_files, layout.log_file_bytes, "mappedFileSizeCommitLog", sink);
  for (const SegmentFile& file : layout.log_files) {
    // What cannot even be opened must not look like a damaged log.
    ROCKETMQ_RETURN_IF_ERROR(files.open(file.path).status());
  }
  return Status::ok();
}

Status checkRoot(FileSystem& files, const StoreLayout& layout) {
  ROCKETMQ_ASSIGN_OR_RETURN(const auto root, files.info(layout.root));
  if (!root || !root->is_directory) {
    return Status::notFound(layout.root +
                            " is no folder; give a store's folder (storePathRootDir)");
  }
  for (const std::string& dir : {layout.commit_log_dir, layout.root + "/consumequeue"}) {
    ROCKETMQ_ASSIGN_OR_RETURN(const auto found, files.info(dir));
    if (found) {
      return Status::ok();
    }
  }
  return Status::notFound(layout.root +
                          " holds no store: neither commitlog nor consumequeue is in it; give "
                          "storePathRootDir, and --storePathCommitLog when the log is elsewhere");
}

}  // namespace

std::string StoreLayout::relative(std::string_view path) const {
  if (path.size() > root.size() && path.substr(0, root.size()) == root &&
      path[root.size()] == '/') {
    path.remove_prefix(root.size() + 1);
  }
  return std::string(path);
}

Finding StoreLayout::at(int64_t log_offset, std::string what, Finding::Kind kind) const {
  Finding finding{.kind = kind, .file = "commitlog", .offset = log_offset, .what = std::move(what)};
  for (const SegmentFile& file : log_files) {
    if (file.base <= log_offset && log_offset < file.base + log_file_bytes) {
      finding.file = relative(file.path);
      finding.offset = log_offset - file.base;
    }
  }
  return finding;
}

Result<StoreLayout> readLayout(FileSystem& files, const std::string& root,
                               const LayoutOptions& options, const FindingSink& sink) {
  StoreLayout layout;
  layout.root = root;
  while (layout.root.size() > 1 && layout.root.back() == '/') {
    layout.root.pop_back();
  }
  layout.commit_log_dir =
      options.commit_log_dir.empty() ? layout.root + "/commitlog" : options.commit_log_dir;
  layout.index_layout = options.index_layout;
  ROCKETMQ_RETURN_IF_ERROR(checkRoot(files, layout));
  ROCKETMQ_RETURN_IF_ERROR(readLog(files, options, layout, sink));
  ROCKETMQ_RETURN_IF_ERROR(readQueues(files, layout.root + "/consumequeue", layout));
  UsualSize size;
  for (const QueueFolder& queue : layout.queues) {
    size.add(queue.files);
  }
  layout.queue_file_bytes = options.queue_file_bytes > 0 ? options.queue_file_bytes : size.get();
  layout.queue_file_bytes -= layout.queue_file_bytes % kQueueEntryBytes;
  for (const QueueFolder& queue : layout.queues) {
    checkSizes(layout, queue.files, layout.queue_file_bytes, "mappedFileSizeConsumeQueue", sink);
  }
  ROCKETMQ_RETURN_IF_ERROR(readIndexFiles(files, layout));
  ROCKETMQ_RETURN_IF_ERROR(readMarks(files, layout, sink));
  ROCKETMQ_RETURN_IF_ERROR(readDeletedTopics(files, layout));
  readKnownTopics(files, layout);
  return layout;
}

Status checkFollowersOpen(FileSystem& files, const StoreLayout& layout) {
  const auto check = [&](const std::vector<SegmentFile>& followers) {
    for (const SegmentFile& file : followers) {
      const Status opened = files.open(file.path).status();
      if (!opened.isOk() && opened.code() != StatusCode::kNotFound) {
        return opened;
      }
    }
    return Status::ok();
  };
  for (const QueueFolder& queue : layout.queues) {
    ROCKETMQ_RETURN_IF_ERROR(check(queue.files));
  }
  return check(layout.index_files);
}

}  // namespace rocketmq::store::inspect
