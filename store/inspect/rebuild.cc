#include "store/inspect/rebuild.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "common/atomic_file.h"
#include "store/dispatch/dispatch_rules.h"
#include "store/inspect/given_ends.h"
#include "store/inspect/index_builder.h"
#include "store/inspect/index_check.h"
#include "store/inspect/log_reader.h"
#include "store/inspect/log_scanner.h"
#include "store/inspect/queue_reader.h"
#include "store/inspect/read_only_files.h"
#include "store/log/segment.h"
#include "store/store_folder.h"

namespace rocketmq::store::inspect {
namespace {

constexpr int64_t kCopyBytes = 64 * 1024;
constexpr int64_t kUsualQueueFileBytes = 300'000 * kQueueEntryBytes;

/// A folder of the store with the places where its old and new content wait.
struct Place {
  std::string current;
  std::string staging() const { return current + ".rebuild"; }
  std::string replaced() const { return current + ".replaced"; }  ///< About to be removed.
  std::string old() const { return current + ".old"; }            ///< To be kept.
};

Status rename(const std::string& from, const std::string& to) {
  std::error_code error;
  std::filesystem::rename(from, to, error);
  return error ? Status::io("cannot rename " + from + " to " + to, error.value()) : Status::ok();
}

class Rebuilder {
 public:
  Rebuilder(FileSystem& files, const std::string& root, const RebuildOptions& options,
            const FindingSink& sink, const Progress& progress)
      : files_(files),
        root_(root),
        options_(options),
        sink_(sink),
        progress_(progress),
        rules_(options.delay_level_ms) {}

  Result<RebuildReport> run() {
    ROCKETMQ_ASSIGN_OR_RETURN(layout_, readLayout(source_, root_, options_.layout, ignore_));
    if (layout_.log_files.empty()) {
      return Status::invalidArgument(layout_.commit_log_dir +
                                     " has no files: there is nothing to build from; is the log "
                                     "elsewhere (--storePathCommitLog)?");
    }
    ROCKETMQ_ASSIGN_OR_RETURN(const auto folder,
                              StoreFolder::open(files_, root_, layout_.commit_log_dir));
    ROCKETMQ_ASSIGN_OR_RETURN(queues_place_.current, placeOf(root_ + "/consumequeue"));
    ROCKETMQ_ASSIGN_OR_RETURN(index_place_.current, placeOf(root_ + "/index"));
    ROCKETMQ_RETURN_IF_ERROR(prepare(queues_place_));
    ROCKETMQ_RETURN_IF_ERROR(prepare(index_place_));
    ROCKETMQ_ASSIGN_OR_RETURN(layout_, readLayout(source_, root_, options_.layout, ignore_));
    ROCKETMQ_RETURN_IF_ERROR(checkFollowersOpen(source_, layout_));
    if (const Status built = build(); !built.isOk()) {
      clearStaging();
      return built;
    }
    ROCKETMQ_RETURN_IF_ERROR(swap(queues_place_));
    if (index_ != nullptr) {
      ROCKETMQ_RETURN_IF_ERROR(swap(index_place_));
    }
    return report_;
  }

 private:
  /// Where the folder really is: a link stays, as it leads to the disk that the owner has chosen.
  static Result<std::string> placeOf(const std::string& path) {
    std::error_code error;
    if (!std::filesystem::is_symlink(path, error)) {
      return path;
    }
    // An interrupted run may have left a link to nothing.
    ROCKETMQ_ASSIGN_OR_RETURN(const std::string target, followLinks(path));
    const auto canonical = std::filesystem::weakly_canonical(target, error);
    if (error) {
      return Status::io("cannot follow the symbolic link " + path, error.value());
    }
    return (canonical.has_filename() ? canonical : canonical.parent_path()).string();
  }

  /// Clears away what an interrupted run has left.
  Status prepare(const Place& place) {
    ROCKETMQ_ASSIGN_OR_RETURN(const auto old, files_.info(place.old()));
    ROCKETMQ_ASSIGN_OR_RETURN(const auto current, files_.info(place.current));
    if (old && current) {
      return Status::invalidArgument(place.old() +
                                     " is in the way, left by an earlier rebuild; remove it");
    }
    ROCKETMQ_ASSIGN_OR_RETURN(const auto replaced, files_.info(place.replaced()));
    if (!current && (old || replaced)) {
      ROCKETMQ_RETURN_IF_ERROR(rename(old ? place.old() : place.replaced(), place.current));
    }
    ROCKETMQ_RETURN_IF_ERROR(files_.removeTree(place.replaced()));
    return files_.removeTree(place.staging());
  }

  /// The disk may be full: nothing stays that only the next run would remove.
  void clearStaging() {
    queues_.reset();
    index_.reset();
    for (const Place& place : {queues_place_, index_place_}) {
      (void)files_.removeTree(place.staging());
    }
  }

  Status build() {
    int64_t queue_file_bytes = layout_.queue_file_bytes;
    if (queue_file_bytes <= 0) {
      queue_file_bytes = kUsualQueueFileBytes;
      note("consumequeue",
           "no file to learn from: taking RocketMQ's mappedFileSizeConsumeQueue 6000000; give the "
           "option when broker.conf has another");
    }
    queues_ = std::make_unique<QueueBuilder>(
        files_,
        QueueBuilder::Options{.dir = queues_place_.staging(), .file_bytes = queue_file_bytes},
        sink_);
    learnDeliveryTimes();
    ROCKETMQ_RETURN_IF_ERROR(makeIndexBuilder());
    ROCKETMQ_RETURN_IF_ERROR(tryToMove(queues_place_));
    if (index_ != nullptr) {
      ROCKETMQ_RETURN_IF_ERROR(tryToMove(index_place_));
    }
    ROCKETMQ_RETURN_IF_ERROR(files_.createDirectories(queues_place_.staging()));
    ROCKETMQ_RETURN_IF_ERROR(readLog());
    ROCKETMQ_RETURN_IF_ERROR(queues_->settle());
    ROCKETMQ_RETURN_IF_ERROR(finishQueues());
    if (index_ != nullptr) {
      ROCKETMQ_RETURN_IF_ERROR(files_.createDirectories(index_place_.staging()));
      ROCKETMQ_RETURN_IF_ERROR(index_->finish());
      report_.index_files = index_->files();
      report_.index_entries = index_->entries();
      report_.index_full_ms = index_->fullEndMs();
    }
    report_.queues = queues_->queueCount();
    report_.entries = queues_->counts().entries;
    report_.missing_entries = queues_->counts().missing;
    report_.rejected_records = queues_->counts().rejected;
    return Status::ok();
  }

  /// Where a disk is mounted nothing can change places: better found before the log is read.
  Status tryToMove(const Place& place) {
    ROCKETMQ_ASSIGN_OR_RETURN(const auto current, files_.info(place.current));
    if (!current) {
      return Status::ok();
    }
    const Status moved = rename(place.current, place.replaced());
    return moved.isOk()
               ? rename(place.replaced(), place.current)
               : Status::invalidArgument(fmt::format(
                     "{}; where a disk is mounted there, mount it at another place, move what it "
                     "holds into a folder on it and make {} a symbolic link to that",
                     moved.message(), place.current));
  }

  void learnDeliveryTimes() {
    if (options_.delay_level_ms.empty() && options_.delivery_times == nullptr) {
      own_times_.emplace(source_, layout_);
    }
  }

  /// An index of the wrong size would keep the broker from starting, none does not.
  Status makeIndexBuilder() {
    ROCKETMQ_ASSIGN_OR_RETURN(const auto sizes, findIndexLayout(source_, layout_));
    if (sizes) {
      index_ = std::make_unique<IndexBuilder>(files_, index_place_.staging(), *sizes);
      return Status::ok();
    }
    note("index",
         "no file to learn the sizes from: the index is left as it is; give --maxHashSlotNum and "
         "--maxIndexNum to have it built, or let the broker do it at its next start");
    return Status::ok();
  }

  Status readLog() {
    LogScanner scanner(source_, layout_, layout_.logBegin());
    const int64_t all = LogReader(source_, layout_).writtenEnd() - layout_.logBegin();
    for (;;) {
      const LogItem item = scanner.next();
      if (item.kind == LogItem::Kind::kEnd) {
        if (!item.reason.empty()) {
          sink_(layout_.at(item.begin, "nothing intact from here on: " + item.reason,
                           Finding::Kind::kNote));
        }
        return Status::ok();
      }
      if (item.kind == LogItem::Kind::kDamage) {
        report_.damaged_bytes += item.end - item.begin;
        sink_(layout_.at(item.begin, fmt::format("{} bytes hold no intact record: {}",
                                                 item.end - item.begin, item.reason)));
      } else {
        ROCKETMQ_RETURN_IF_ERROR(addRecord(item.record));
      }
      if (progress_) {
        progress_("commit log", item.end - layout_.logBegin(), all);
      }
    }
  }

  Status addRecord(const MessageRecord& record) {
    ++report_.records;
    report_.newest_ms = record.store_timestamp_ms;
    if (layout_.deleted.covers(record.topic, record.queue_id, record.physical_offset)) {
      ++report_.deleted_records;
    } else {
      ROCKETMQ_ASSIGN_OR_RETURN(const int64_t tags_code, tagsCodeOf(record));
      ROCKETMQ_RETURN_IF_ERROR(queues_->add(record, tags_code));
    }
    return index_ == nullptr ? Status::ok() : index_->add(record);
  }

  Result<int64_t> tagsCodeOf(const MessageRecord& record) {
    const TagsCode code = rules_.tagsCode(record.topic, record.properties);
    if (!code.is_delay || !options_.delay_level_ms.empty()) {
      return code.at(record.store_timestamp_ms);
    }
    DeliveryTimes& times = own_times_ ? *own_times_ : *options_.delivery_times;
    const auto due = times.of(record);
    return due ? Result<int64_t>(*due) : DeliveryTimes::unknown();
  }

  Status finishQueues() {
    ROCKETMQ_ASSIGN_OR_RETURN(auto ends, givenEnds(source_, layout_));
    for (const auto& [name, end] : options_.queue_ends) {
      ends[name] = std::max(ends[name], end);
    }
    ROCKETMQ_RETURN_IF_ERROR(takeOverExpired(ends));
    return queues_->finish(ends);
  }

  /// Takes those out of `ends` that end there already.
  Status takeOverExpired(std::map<QueueName, int64_t>& ends) {
    for (const QueueFolder& folder : layout_.queues) {
      const QueueName name{folder.topic, folder.queue_id};
      if (queues_->has(name)) {
        continue;
      }
      ROCKETMQ_ASSIGN_OR_RETURN(const bool is_expired, isExpired(folder, ends[name]));
      if (!is_expired) {
        continue;
      }
      ends.erase(name);
      const std::string to =
          fmt::format("{}/{}/{}", queues_place_.staging(), folder.topic, folder.queue_id);
      ROCKETMQ_RETURN_IF_ERROR(files_.createDirectories(to));
      for (const SegmentFile& file : folder.files) {
        ROCKETMQ_RETURN_IF_ERROR(copyFile(file, to + "/" + segmentFileName(file.base)));
      }
      ROCKETMQ_RETURN_IF_ERROR(files_.syncDirectory(to));
      ++report_.queues_taken_over;
    }
    return Status::ok();
  }

  /// Zeros stay holes.
  Status copyFile(const SegmentFile& from, const std::string& to) {
    ROCKETMQ_RETURN_IF_ERROR(files_.map(to, {.bytes = from.bytes, .create = true}).status());
    ROCKETMQ_ASSIGN_OR_RETURN(const auto in, source_.open(from.path));
    ROCKETMQ_ASSIGN_OR_RETURN(const auto out, files_.open(to));
    for (int64_t at = 0; at < from.bytes; at += kCopyBytes) {
      ROCKETMQ_ASSIGN_OR_RETURN(const std::string part, in->read(at, kCopyBytes));
      if (part.find_first_not_of('\0') != std::string::npos) {
        ROCKETMQ_RETURN_IF_ERROR(out->write(at, part));
      }
    }
    return out->sync();
  }

  /// True when the last entry in front of `end` points before the log, or is none of a message.
  Result<bool> isExpired(const QueueFolder& folder, int64_t end) {
    QueueReader reader(source_, folder, layout_.queue_file_bytes);
    const auto last = reader.at(end - 1);
    ROCKETMQ_RETURN_IF_ERROR(reader.status());
    return last && (isPreBlank(*last) || last->physical_offset < layout_.logBegin());
  }

  Status swap(const Place& place) {
    ROCKETMQ_ASSIGN_OR_RETURN(const auto current, files_.info(place.current));
    if (current) {
      ROCKETMQ_RETURN_IF_ERROR(
          rename(place.current, options_.keep_old ? place.old() : place.replaced()));
    }
    ROCKETMQ_RETURN_IF_ERROR(rename(place.staging(), place.current));
    const std::filesystem::path current_path = place.current;
    ROCKETMQ_RETURN_IF_ERROR(files_.syncDirectory(
        current_path.has_parent_path() ? current_path.parent_path().string() : "."));
    return files_.removeTree(place.replaced());
  }

  void note(const char* file, const char* what) const {
    sink_({.kind = Finding::Kind::kNote, .file = file, .offset = 0, .what = what});
  }

  FileSystem& source_ = readOnlyFileSystem();
  FileSystem& files_;
  const std::string root_;
  const RebuildOptions& options_;
  const FindingSink& sink_;
  const FindingSink ignore_ = [](const Finding&) {};
  const Progress& progress_;
  const DispatchRules rules_;
  Place queues_place_;
  Place index_place_;
  StoreLayout layout_;
  std::optional<DeliveryTimes> own_times_;
  std::unique_ptr<QueueBuilder> queues_;
  std::unique_ptr<IndexBuilder> index_;
  RebuildReport report_;
};

}  // namespace

Result<RebuildReport> rebuild(FileSystem& files, const std::string& root,
                              const RebuildOptions& options, const FindingSink& sink,
                              const Progress& progress) {
  return Rebuilder(files, root, options, sink, progress).run();
}

}  // namespace rocketmq::store::inspect
