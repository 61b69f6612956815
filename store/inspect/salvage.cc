#include "store/inspect/salvage.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "common/message/record.h"
#include "store/checkpoint.h"
#include "store/dispatch/dispatch_rules.h"
#include "store/inspect/delivery_times.h"
#include "store/inspect/given_ends.h"
#include "store/inspect/index_check.h"
#include "store/inspect/log_reader.h"
#include "store/inspect/log_scanner.h"
#include "store/inspect/log_writer.h"
#include "store/inspect/read_only_files.h"

namespace rocketmq::store::inspect {
namespace {

/// True when `inner` is `outer` or lies below it.
bool isInside(const std::filesystem::path& inner, const std::filesystem::path& outer) {
  std::error_code error;
  const auto from = std::filesystem::weakly_canonical(inner, error);
  const auto to = std::filesystem::weakly_canonical(outer, error);
  const auto [end, ignored] = std::mismatch(to.begin(), to.end(), from.begin(), from.end());
  return end == to.end();
}

/// In a folder that is not whole yet: a salvage made it, and the next may remove it.
constexpr const char* kMark = "/unfinished-salvage";

int64_t delayLevelOf(const MessageRecord& record) {
  return record.topic == kScheduleTopic ? delayLevel(record.properties) : 0;
}

std::string withoutSlash(std::string path) {
  while (path.size() > 1 && path.back() == '/') {
    path.pop_back();
  }
  return path;
}

class Salvager {
 public:
  Salvager(const std::string& out, const SalvageOptions& options, const FindingSink& sink,
           const Progress& progress, FileSystem& target)
      : out_(withoutSlash(out)),
        options_(options),
        sink_(sink),
        progress_(progress),
        target_(target) {}

  Result<SalvageReport> run(const std::string& root) {
    ROCKETMQ_ASSIGN_OR_RETURN(layout_, readLayout(source_, root, options_.layout, sink_));
    ROCKETMQ_RETURN_IF_ERROR(checkPlaces());
    ROCKETMQ_RETURN_IF_ERROR(makePartial());
    if (const Status made = makeStore(); !made.isOk()) {
      (void)target_.removeTree(partial_);  // The disk may be full.
      return made;
    }
    ROCKETMQ_RETURN_IF_ERROR(putInPlace());
    return report_;
  }

 private:
  Status makeStore() {
    if (options_.delay_level_ms.empty()) {
      times_.emplace(source_, layout_);
    }
    ROCKETMQ_RETURN_IF_ERROR(copyRecords());
    ROCKETMQ_RETURN_IF_ERROR(copyConfig());
    return buildQueues();
  }

  Status checkPlaces() {
    if (layout_.lock.is_held) {
      return Status::busy(layout_.root + " is open in a broker; stop that first");
    }
    if (layout_.log_files.empty()) {
      return Status::notFound(layout_.commit_log_dir +
                              " has no files: there is nothing to salvage");
    }
    if (isInside(out_, layout_.root)) {
      return Status::invalidArgument(out_ + " lies in the damaged store; give another place");
    }
    ROCKETMQ_RETURN_IF_ERROR(checkPartial());
    return checkOut();
  }

  /// A run that died while it tried the way into place has left its mark only, one that died behind
  /// the end of the way a whole store.
  Status checkOut() {
    ROCKETMQ_ASSIGN_OR_RETURN(const bool is_free, isEmpty(out_));
    ROCKETMQ_ASSIGN_OR_RETURN(const auto mark, target_.info(out_ + kMark));
    if (is_free || !mark) {
      return is_free ? Status::ok()
                     : Status::invalidArgument(out_ + " is not empty; give a new folder");
    }
    ROCKETMQ_RETURN_IF_ERROR(target_.remove(out_ + kMark));
    ROCKETMQ_ASSIGN_OR_RETURN(const bool is_free_now, isEmpty(out_));
    return is_free_now
               ? Status::ok()
               : Status::invalidArgument(
                     out_ +
                     " is a whole store already: the salvage that made it ended before it could "
                     "remove the file unfinished-salvage, which has been done now. Start a broker "
                     "on it, or give a new folder");
  }

  /// Whether nothing is in the folder, or there is none.
  Result<bool> isEmpty(const std::string& dir) {
    const auto present = target_.list(dir);
    if (!present) {
      return present.status().code() == StatusCode::kNotFound ? Result<bool>(true)
                                                              : present.status();
    }
    return present->empty();
  }

  Status checkPartial() {
    ROCKETMQ_ASSIGN_OR_RETURN(const bool is_free, isEmpty(partial_));
    ROCKETMQ_ASSIGN_OR_RETURN(const auto mark, target_.info(partial_ + kMark));
    return is_free || mark
               ? Status::ok()
               : Status::invalidArgument(partial_ +
                                         ", where the new store is made, is not empty, and no "
                                         "salvage left it; move it away, or give another OUT");
  }

  /// Tries the way into place, too, which is closed where a disk is mounted, by a link, and to the
  /// working folder: better before everything has been copied than behind.
  Status makePartial() {
    ROCKETMQ_RETURN_IF_ERROR(target_.removeTree(partial_));
    ROCKETMQ_RETURN_IF_ERROR(target_.createDirectories(partial_));
    ROCKETMQ_RETURN_IF_ERROR(target_.open(partial_ + kMark).status());
    std::error_code error;
    std::filesystem::rename(partial_, out_, error);
    if (!error) {
      std::filesystem::rename(out_, partial_, error);
      return error ? Status::io("cannot rename " + out_, error.value()) : Status::ok();
    }
    ROCKETMQ_RETURN_IF_ERROR(target_.removeTree(partial_));
    return Status::invalidArgument("the new store cannot take the place of '" + out_ + "' (" +
                                   error.message() +
                                   "); give a folder that is not there yet, in the one you mean");
  }

  Status copyRecords() {
    LogScanner scanner(source_, layout_, layout_.logBegin());
    LogWriter writer(target_, {.dir = partial_ + "/commitlog",
                               .file_bytes = layout_.log_file_bytes,
                               .begin = layout_.logBegin()});
    const int64_t all = LogReader(source_, layout_).writtenEnd() - layout_.logBegin();
    for (;;) {
      const LogItem item = scanner.next();
      if (item.kind == LogItem::Kind::kRecord) {
        ROCKETMQ_RETURN_IF_ERROR(copyRecord(item, writer));
      } else if (item.kind == LogItem::Kind::kDamage || !item.reason.empty()) {
        noteDamage(item);
      }
      if (item.kind == LogItem::Kind::kEnd) {
        report_.unreadable_bytes = scanner.unreadableBytes();
        return writer.finish();
      }
      if (progress_) {
        progress_("copying records", item.end - layout_.logBegin(), all);
      }
    }
  }

  Status copyRecord(const LogItem& item, LogWriter& writer) {
    if (layout_.deleted.covers(item.record.topic, item.record.queue_id, item.begin)) {
      ++report_.deleted_records;
      return Status::ok();
    }
    if (times_ && delayLevelOf(item.record) > 0 && !times_->of(item.record)) {
      return DeliveryTimes::unknown();  // Here, and not behind the copy.
    }
    ROCKETMQ_ASSIGN_OR_RETURN(const int64_t offset, writer.place(item.record.total_size));
    std::string copy(item.bytes);
    patchPlacement(copy.data(), {.queue_offset = item.record.queue_offset,
                                 .physical_offset = offset,
                                 .store_timestamp_ms = item.record.store_timestamp_ms});
    ++report_.records;
    report_.record_bytes += item.record.total_size;
    return writer.append(copy);
  }

  void noteDamage(const LogItem& item) {
    const bool is_end = item.kind == LogItem::Kind::kEnd;
    report_.damages += is_end ? 0 : 1;
    report_.damaged_bytes += item.end - item.begin;
    sink_(layout_.at(item.begin, is_end
                                     ? fmt::format("nothing intact from here on: {}", item.reason)
                                     : fmt::format("{} bytes hold no intact record: {}",
                                                   item.end - item.begin, item.reason)));
  }

  Status copyConfig() {
    const std::string from = layout_.root + "/config";
    std::error_code error;
    if (!std::filesystem::exists(from, error)) {
      return Status::ok();
    }
    std::filesystem::copy(from, partial_ + "/config", std::filesystem::copy_options::recursive,
                          error);
    return error ? Status::io("cannot copy " + from, error.value()) : Status::ok();
  }

  /// What the disk refuses to read counts as damage.
  IndexLayout indexLayout() {
    const auto found = findIndexLayout(source_, layout_);
    if (!found) {
      sink_({.file = "index", .offset = 0, .what = found.status().message()});
    }
    return found && *found ? **found : IndexLayout{};
  }

  Status buildQueues() {
    RebuildOptions rebuilding;
    rebuilding.layout = options_.layout;
    rebuilding.layout.commit_log_dir.clear();
    rebuilding.layout.log_file_bytes = layout_.log_file_bytes;
    rebuilding.layout.queue_file_bytes = layout_.queue_file_bytes;
    rebuilding.layout.index_layout = indexLayout();
    rebuilding.delay_level_ms = options_.delay_level_ms;
    rebuilding.delivery_times = times_ ? &*times_ : nullptr;
    ROCKETMQ_ASSIGN_OR_RETURN(rebuilding.queue_ends, givenEnds(source_, layout_, &sink_));
    ROCKETMQ_ASSIGN_OR_RETURN(report_.rebuilt,
                              rebuild(target_, partial_, rebuilding, sink_, progress_));
    ROCKETMQ_ASSIGN_OR_RETURN(
        const auto checkpoint,
        Checkpoint::load(target_, partial_ + "/checkpoint", SystemClock::instance().nowMs()));
    return checkpoint->advance({.log_ms = report_.rebuilt.newest_ms,
                                .queues_ms = report_.rebuilt.newest_ms,
                                .index_ms = report_.rebuilt.index_full_ms});
  }

  /// Over the empty folder that may be there. All of it is on the disk before: the files of config
  /// are copied, and nobody has synced them and their folders.
  Status putInPlace() {
    ROCKETMQ_RETURN_IF_ERROR(target_.syncAll(partial_));
    std::error_code error;
    std::filesystem::rename(partial_, out_, error);
    if (error) {
      return Status::io("cannot rename " + partial_ + " to " + out_, error.value());
    }
    ROCKETMQ_RETURN_IF_ERROR(target_.remove(out_ + kMark));
    ROCKETMQ_RETURN_IF_ERROR(target_.syncDirectory(out_));
    const auto parent = std::filesystem::path(out_).parent_path();
    return target_.syncDirectory(parent.empty() ? "." : parent.string());
  }

  const std::string out_;
  const std::string partial_ = out_ + ".partial";  ///< Until it is whole: no broker opens half.
  const SalvageOptions& options_;
  const FindingSink& sink_;
  const Progress& progress_;
  FileSystem& source_ = readOnlyFileSystem();
  FileSystem& target_;
  StoreLayout layout_;
  std::optional<DeliveryTimes> times_;
  SalvageReport report_;
};

}  // namespace

Result<SalvageReport> salvage(const std::string& root, const std::string& out,
                              const SalvageOptions& options, const FindingSink& sink,
                              const Progress& progress, FileSystem& target) {
  return Salvager(out, options, sink, progress, target).run(root);
}

}  // namespace rocketmq::store::inspect
