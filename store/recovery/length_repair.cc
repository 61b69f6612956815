#include "store/recovery/length_repair.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "common/log.h"
#include "common/lost_and_found.h"
#include "store/log/segment.h"
#include "store/queue/queue_entry.h"

namespace rocketmq::store {
namespace {

/// Appends go to the last file or, when the next one has been made ahead, to the one before it.
constexpr size_t kLogFilesInUse = 2;

/// The files of one stream by offset.
Result<std::vector<DirectoryEntry>> streamFiles(FileSystem& files, const std::string& dir) {
  ROCKETMQ_ASSIGN_OR_RETURN(std::vector<DirectoryEntry> found, files.list(dir));
  std::erase_if(found, [](const DirectoryEntry& entry) {
    return entry.info.is_directory || !parseSegmentFileName(entry.name);
  });
  return found;
}

/// Keeps the content as far as it fits; the rest reads as zeros.
Status giveLength(FileSystem& files, const std::string& path, int64_t now_bytes, int64_t bytes) {
  log::warn("{} has {} bytes instead of {}: repairing it", path, now_bytes, bytes);
  ROCKETMQ_ASSIGN_OR_RETURN(std::unique_ptr<RandomFile> file, files.open(path));
  if (now_bytes < bytes) {
    return file->write(bytes - 1, std::string_view("\0", 1));
  }
  ROCKETMQ_ASSIGN_OR_RETURN(const std::string content, file->read(0, bytes));
  file.reset();
  ROCKETMQ_RETURN_IF_ERROR(files.remove(path));
  ROCKETMQ_ASSIGN_OR_RETURN(file, files.open(path));
  return file->write(0, content);
}

/// An entry that was cut through tells its record, but not its tags code: it goes, as the log has
/// all of it.
Status dropPartialEntry(FileSystem& files, const std::string& path, int64_t bytes) {
  const int64_t part = bytes % kQueueEntryBytes;
  if (part == 0) {
    return Status::ok();
  }
  ROCKETMQ_ASSIGN_OR_RETURN(const std::unique_ptr<RandomFile> file, files.open(path));
  return file->write(bytes - part, std::string(static_cast<size_t>(part), '\0'));
}

/// A consume queue's folder and the files in it.
struct QueueFiles {
  std::string dir;
  std::vector<DirectoryEntry> files;
};

Result<std::vector<QueueFiles>> allQueueFiles(FileSystem& files, const std::string& dir) {
  std::vector<QueueFiles> queues;
  ROCKETMQ_ASSIGN_OR_RETURN(const auto topics, files.list(dir));
  for (const DirectoryEntry& topic : topics) {
    if (!topic.info.is_directory || topic.name == kLostAndFound) {
      continue;
    }
    const std::string topic_dir = dir + "/" + topic.name;
    ROCKETMQ_ASSIGN_OR_RETURN(const auto queue_entries, files.list(topic_dir));
    for (const DirectoryEntry& queue : queue_entries) {
      if (queue.info.is_directory) {
        const std::string queue_dir = topic_dir + "/" + queue.name;
        ROCKETMQ_ASSIGN_OR_RETURN(auto found, streamFiles(files, queue_dir));
        queues.push_back({.dir = queue_dir, .files = std::move(found)});
      }
    }
  }
  return queues;
}

bool looksLikeAnotherSetting(const std::vector<QueueFiles>& queues, int64_t file_bytes) {
  for (const QueueFiles& queue : queues) {
    for (const DirectoryEntry& file : queue.files) {
      if (file.info.bytes == file_bytes || file.info.bytes % kQueueEntryBytes != 0) {
        return false;
      }
    }
  }
  return true;
}

/// The first file that does not follow the one before it, is of no stream of such files, or has
/// another length.
std::vector<DirectoryEntry>::const_iterator firstWrong(const std::vector<DirectoryEntry>& found,
                                                       int64_t file_bytes) {
  std::optional<int64_t> expected;
  for (auto file = found.begin(); file != found.end(); ++file) {
    const int64_t base = *parseSegmentFileName(file->name);
    if (file->info.bytes != file_bytes || base % file_bytes != 0 ||
        base != expected.value_or(base)) {
      return file;
    }
    expected = base + file_bytes;
  }
  return found.end();
}

Result<bool> repairQueue(FileSystem& files, const QueueFiles& queue, int64_t file_bytes) {
  const auto wrong = firstWrong(queue.files, file_bytes);
  if (wrong == queue.files.end()) {
    return false;
  }
  const int64_t base = *parseSegmentFileName(wrong->name);
  const bool is_in_place =
      base % file_bytes == 0 && (wrong == queue.files.begin() ||
                                 *parseSegmentFileName((wrong - 1)->name) + file_bytes == base);
  if (wrong + 1 == queue.files.end() && wrong->info.bytes != file_bytes && is_in_place) {
    const std::string path = queue.dir + "/" + wrong->name;
    if (wrong->info.bytes < file_bytes) {
      ROCKETMQ_RETURN_IF_ERROR(dropPartialEntry(files, path, wrong->info.bytes));
    }
    ROCKETMQ_RETURN_IF_ERROR(giveLength(files, path, wrong->info.bytes, file_bytes));
    return true;
  }
  log::warn(
      "{}/{} has {} bytes instead of {}, lacks the file before it or has a name that none can "
      "have: "
      "making the queue again from the commit log from there on",
      queue.dir, wrong->name, wrong->info.bytes, file_bytes);
  // The newest first, so that a crash leaves no gap.
  for (auto file = queue.files.end(); file != wrong;) {
    --file;
    ROCKETMQ_RETURN_IF_ERROR(files.remove(queue.dir + "/" + file->name));
  }
  return true;
}

}  // namespace

Result<bool> completeLogFiles(FileSystem& files, const std::string& dir, int64_t file_bytes) {
  ROCKETMQ_ASSIGN_OR_RETURN(const auto found, streamFiles(files, dir));
  const auto late = found.size() - std::min(found.size(), kLogFilesInUse);
  const auto is_short = [file_bytes](const DirectoryEntry& file) {
    return file.info.bytes < file_bytes;
  };
  // All of one other length: that is another setting.
  if (found.size() > 1 && std::all_of(found.begin(), found.end(), is_short)) {
    return false;
  }
  bool completed = false;
  for (size_t i = late; i < found.size(); ++i) {
    if (is_short(found[i])) {
      ROCKETMQ_RETURN_IF_ERROR(
          giveLength(files, dir + "/" + found[i].name, found[i].info.bytes, file_bytes));
      completed = true;
    }
  }
  return completed;
}

Result<bool> repairQueueLengths(FileSystem& files, const std::string& dir, int64_t file_bytes) {
  ROCKETMQ_ASSIGN_OR_RETURN(const auto queues, allQueueFiles(files, dir));
  if (looksLikeAnotherSetting(queues, file_bytes)) {
    return false;
  }
  bool repaired = false;
  for (const QueueFiles& queue : queues) {
    ROCKETMQ_ASSIGN_OR_RETURN(const bool changed, repairQueue(files, queue, file_bytes));
    repaired |= changed;
  }
  return repaired;
}

}  // namespace rocketmq::store
