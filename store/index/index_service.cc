#include "store/index/index_service.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "common/log.h"
#include "common/scheduling.h"
#include "store/index/index_file_name.h"
#include "store/index/index_gap.h"
#include "store/index/index_keys.h"

namespace rocketmq::store {
namespace {

// After it has caught up the thread lets puts gather for a moment before it asks to be woken, so
// that a steady trickle does not pay a wake-up per message.
constexpr std::chrono::milliseconds kGatherPause{5};
constexpr std::chrono::seconds kRetryPause{1};
/// Of the log, for which the thread does not look whether its turn is over: 50 us of work at most.
constexpr int64_t kTurnBytes = 16 << 10;
/// A new file is made when it takes no more than this part of what is free.
constexpr int64_t kNewFilePartOfFree = 2;
// To give pages back makes the other threads' processors forget them, too, and the next keys bring
// them in again: under a steady trickle that took more time than the keys.
constexpr std::chrono::seconds kReleasePeriod{1};
constexpr std::chrono::hours kUntilWoken{1};
constexpr std::chrono::seconds kStopLimit{10};

std::string fileNameOf(const std::string& path) { return path.substr(path.rfind('/') + 1); }

}  // namespace

Status IndexService::load(bool stopped_cleanly) {
  const auto entries = parts_.files.list(options_.dir);
  if (!entries && entries.status().code() != StatusCode::kNotFound) {
    return entries.status();
  }
  ROCKETMQ_ASSIGN_OR_RETURN(const Files found,
                            openFiles(entries ? *entries : std::vector<DirectoryEntry>()));
  recovered_end_ = parts_.log.maxOffset();
  // Puts may bring the log past a file's end before the thread looks at it.
  const bool log_is_shorter = std::any_of(found.begin(), found.end(), [this](const auto& file) {
    return file->header().end_offset >= recovered_end_;
  });
  if ((!stopped_cleanly || log_is_shorter) && !found.empty()) {
    unrepaired_ = found;
    return Status::ok();
  }
  use(found);
  return Status::ok();
}

void IndexService::use(Files files) {
  MutexLock lock(mutex_);
  files_ = std::move(files);
}

/// A file of a wrong length and all behind it are removed: the log has their keys.
Result<IndexService::Files> IndexService::openFiles(const std::vector<DirectoryEntry>& entries) {
  Files found;
  bool ends_here = false;
  for (const DirectoryEntry& entry : entries) {
    if (entry.info.is_directory || !isIndexFileName(entry.name)) {
      continue;
    }
    const std::string path = options_.dir + "/" + entry.name;
    if (!ends_here && entry.info.bytes != options_.layout.fileBytes()) {
      ends_here = true;
      log::warn(
          "{} has {} bytes but maxHashSlotNum and maxIndexNum ask for {}: indexing the keys "
          "from there on again",
          path, entry.info.bytes, options_.layout.fileBytes());
    }
    if (ends_here) {
      ROCKETMQ_RETURN_IF_ERROR(parts_.files.remove(path));
      continue;
    }
    ROCKETMQ_ASSIGN_OR_RETURN(std::shared_ptr<IndexFile> file,
                              IndexFile::open(parts_.files, path, options_.layout));
    found.push_back(std::move(file));
  }
  return found;
}

Status IndexService::repair() {
  if (unrepaired_.empty()) {
    return Status::ok();
  }
  ROCKETMQ_ASSIGN_OR_RETURN(Files repaired, repairUnflushed());
  unrepaired_.clear();
  use(std::move(repaired));
  return Status::ok();
}

/// What the checkpoint vouches for is full, whatever else is of the same millisecond.
bool IndexService::isCertain(const IndexFile& file) const {
  const IndexHeader header = file.header();
  return file.isFull() && header.end_ms <= parts_.checkpoint.times().index_ms &&
         header.end_offset < recovered_end_;
}

Result<IndexService::Files> IndexService::repairUnflushed() {
  Files repaired;
  bool ends_here = false;
  for (const auto& file : unrepaired_) {
    if (!ends_here && !isCertain(*file)) {
      log::info("repairing index file {}", file->path());
      ROCKETMQ_RETURN_IF_ERROR(repairTorn(*file, file == unrepaired_.back()));
    }
    // A file that a crash has shortened is the last; what came after it is indexed again.
    if (ends_here || file->isEmpty()) {
      ROCKETMQ_RETURN_IF_ERROR(file->remove());
      ends_here = true;
      continue;
    }
    ends_here = !file->isFull();
    repaired.push_back(file);
  }
  return repaired;
}

/// What ends at a torn page may have lost the end of its last entry.
Status IndexService::repairTorn(IndexFile& file, bool is_last) {
  int32_t next_entry = file.countBelievable(recovered_end_);
  if (is_last || next_entry < options_.layout.entries_max) {
    next_entry = file.firstOfRecordBefore(next_entry);
  }
  return file.rebuild(next_entry, storeTimes());
}

IndexFile::StoreTime IndexService::storeTimes() const {
  return [&log = parts_.log](int64_t at) { return storeTimeIn(log, at); };
}

void IndexService::noteDamage(const std::shared_ptr<IndexFile>& file) {
  if (!file->noteDamage()) {
    return;
  }
  log::error("index file {} is damaged; keys may not be found until it is repaired", file->path());
  {
    MutexLock lock(mutex_);
    damaged_.push_back(file);
  }
  idle_.store(false);
  worker_.wake();
}

std::shared_ptr<IndexFile> IndexService::nextDamaged() const {
  MutexLock lock(mutex_);
  return damaged_.empty() ? nullptr : damaged_.front();
}

bool IndexService::repairDamaged() {
  while (const auto file = nextDamaged()) {
    if (const Status repaired = repairDamaged(file); !repaired.isOk()) {
      log::error("cannot repair index file {}, trying again: {}", file->path(), repaired.message());
      return false;
    }
    if (stopping_.load()) {
      return false;  // It may not be through. The next start finds the damage again.
    }
    MutexLock lock(mutex_);
    std::erase(damaged_, file);
  }
  return true;
}

Status IndexService::repairDamaged(const std::shared_ptr<IndexFile>& file) {
  const int32_t next_entry = file->header().next_entry;
  ROCKETMQ_ASSIGN_OR_RETURN(const int32_t believable, countRight(*file));
  if (stopping_.load() || !hide(file)) {
    return Status::ok();  // Retention has taken it, or the repair of an older one.
  }
  const Status rebuilt = file->rebuild(believable, storeTimes());
  if (!rebuilt.isOk() || !file->isEmpty()) {
    show(file);
  }
  ROCKETMQ_RETURN_IF_ERROR(rebuilt);
  if (believable >= next_entry && !file->isEmpty()) {
    log::warn("index file {} has been repaired", file->path());
    return Status::ok();
  }
  ROCKETMQ_RETURN_IF_ERROR(removeBehind(file->path()));
  goOnBehindFiles();
  log::warn("index file {} had damaged entries: indexing again from log offset {}", file->path(),
            position_);
  return file->isEmpty() ? file->remove() : Status::ok();
}

/// The number behind the last entry that is as the log says. Ends early when the thread has to.
Result<int32_t> IndexService::countRight(const IndexFile& file) const {
  EntryCheck check(parts_.log);
  const TimestampMs begin_ms = file.header().begin_ms;
  const int32_t believable = file.countBelievable(
      parts_.log.maxOffset(), [&](int32_t key_hash, int64_t at, int32_t seconds) {
        giveWay();
        return !stopping_.load(std::memory_order_relaxed) &&
               check.isNextRight(key_hash, at, seconds, begin_ms);
      });
  ROCKETMQ_ASSIGN_OR_RETURN(const bool has_record, file.hasRecordOf(believable, storeTimes()));
  return has_record ? believable : 1;
}

bool IndexService::hide(const std::shared_ptr<IndexFile>& file) {
  MutexLock lock(mutex_);
  return std::erase(files_, file) > 0;
}

IndexService::Files::iterator IndexService::firstBehind(const std::string& path) {
  return std::find_if(files_.begin(), files_.end(),
                      [&](const auto& other) { return other->path() > path; });
}

void IndexService::show(const std::shared_ptr<IndexFile>& file) {
  MutexLock lock(mutex_);
  files_.insert(firstBehind(file->path()), file);
}

Status IndexService::removeBehind(const std::string& path) {
  Files removed;
  {
    MutexLock lock(mutex_);
    removed.assign(firstBehind(path), files_.end());
    files_.erase(firstBehind(path), files_.end());
  }
  for (const auto& newer : removed) {
    ROCKETMQ_RETURN_IF_ERROR(newer->remove());
  }
  return Status::ok();
}

Status IndexService::noteDamagedEnds() {
  for (const auto& file : files()) {
    ROCKETMQ_ASSIGN_OR_RETURN(const bool fits,
                              file->headerFits(parts_.log.maxOffset(), storeTimes()));
    ROCKETMQ_ASSIGN_OR_RETURN(const bool ends, endsAtRecord(parts_.log, *file));
    if (!fits || !ends) {
      noteDamage(file);
    }
  }
  return Status::ok();
}

bool IndexService::closeGaps(const std::function<bool()>& go_on) {
  if (gaps_are_closed_) {
    return true;
  }
  if (const Status looked = noteDamagedEnds(); !looked.isOk()) {
    logFailure("cannot look at the key index, trying again", looked);
    return false;
  }
  if (!repairDamaged()) {
    return false;
  }
  const auto found = findIndexGap(parts_.log, files(), go_on);
  if (!go_on()) {
    return false;
  }
  if (!found) {
    logFailure("cannot look for gaps in the key index, trying again", found.status());
    return false;
  }
  const std::optional<IndexGap>& gap = *found;
  if (gap) {
    log::warn("the key index lacks keys of the message at log offset {}: indexing again from there",
              gap->physical_offset);
    if (const Status removed = removeBehind(gap->last_path); !removed.isOk()) {
      log::error("cannot remove index files, trying again: {}", removed.message());
      return false;
    }
  }
  goOnBehindFiles();
  gaps_are_closed_ = true;
  return true;
}

/// At the newest entry's record: other keys of it may be missing.
void IndexService::goOnBehindFiles() {
  indexed_to_ = -1;
  for (const auto& file : files()) {
    indexed_to_ = file->isEmpty() ? indexed_to_ : file->header().end_offset;
  }
  position_ = std::max(indexed_to_, parts_.log.minOffset());
}

IndexService::Files IndexService::files() const {
  MutexLock lock(mutex_);
  return files_;
}

std::shared_ptr<IndexFile> IndexService::newest() const {
  MutexLock lock(mutex_);
  return files_.empty() ? nullptr : files_.back();
}

void IndexService::start() {
  worker_.start("StoreIndex", [this] { loop(); });
}

Status IndexService::stop() {
  const auto give_up_at = std::chrono::steady_clock::now() + kStopLimit;
  stopping_.store(true);
  worker_.stop();
  ROCKETMQ_RETURN_IF_ERROR(repair());
  const auto go_on = [&] { return std::chrono::steady_clock::now() < give_up_at; };
  if (!closeGaps(go_on) || !catchUp(go_on)) {
    log::warn("the key index stops behind the log; the next start goes on with it");
  }
  const auto last = newest();
  return last == nullptr ? Status::ok() : last->sync();
}

bool IndexService::repairInThread() {
  for (;;) {
    const Status repaired = repair();
    if (repaired.isOk()) {
      return true;
    }
    log::error("cannot repair the key index, trying again: {}", repaired.message());
    if (!worker_.pause(kRetryPause)) {
      return false;
    }
  }
}

void IndexService::loop() {
  takeTurns(Turns::kShort);
  if (!repairInThread()) {
    return;
  }
  const auto go_on = [this] { return !stopping_.load(std::memory_order_relaxed); };
  for (;;) {
    const bool caught_up = repairDamaged() && closeGaps(go_on) && catchUp(go_on);
    if (!worker_.pause(caught_up ? std::chrono::milliseconds(kGatherPause) : kRetryPause)) {
      return;
    }
    if (!caught_up) {
      continue;
    }
    idle_.store(true);
    // Looked at after `idle_` is set: an append, or damage, that came before it is seen here, one
    // that comes later wakes.
    const bool is_quiet = parts_.dispatcher.dispatchedTo() <= position_ && nextDamaged() == nullptr;
    if (is_quiet && !worker_.pause(kReleasePeriod)) {
      return;
    }
    releasePages();
    if (is_quiet && idle_.load() && !worker_.pause(kUntilWoken)) {
      return;
    }
    idle_.store(false);
  }
}

void IndexService::releasePages() {
  const auto now = std::chrono::steady_clock::now();
  if (now - released_at_ < kReleasePeriod) {
    return;
  }
  released_at_ = now;
  if (const auto last = newest()) {
    last->releasePages();
  }
}

bool IndexService::catchUp(const std::function<bool()>& go_on) {
  position_ = std::max(position_, parts_.log.minOffset());
  RecordWalker walker(parts_.log, position_, CrcCheck::kSkip);
  int64_t turn_begin = position_;
  while (go_on()) {
    const int64_t end = parts_.dispatcher.dispatchedTo();
    const RecordWalker::Step step = walker.next(end);
    if (step == RecordWalker::Step::kEnd) {
      position_ = std::max(position_, std::min(end, walker.position()));
      return walker.status().isOk();
    }
    if (step == RecordWalker::Step::kBad) {
      walker.skipDamage(end);
      continue;
    }
    const Status indexed = indexRecord(walker.record());
    if (!indexed.isOk()) {
      logFailure("cannot index message keys, trying again", indexed);
      return false;
    }
    failure_logged_ = false;
    position_ = walker.position();
    if (position_ - turn_begin >= kTurnBytes) {
      turn_begin = position_;
      giveWay();
    }
  }
  return false;
}

void IndexService::logFailure(std::string_view what, const Status& failure) {
  if (!std::exchange(failure_logged_, true)) {
    log::error("{}: {}", what, failure.message());
  }
}

Status IndexService::indexRecord(const MessageRecord& record) {
  const int64_t at = record.physical_offset;
  const bool may_be_there = at <= indexed_to_;
  Status status;
  forEachKeyHash(record, [&](int32_t key_hash) {
    if (status.isOk() && !(may_be_there && anyHas(files(), key_hash, at))) {
      status = put(key_hash, record);
    }
  });
  return status;
}

Status IndexService::put(int32_t key_hash, const MessageRecord& record) {
  for (;;) {
    ROCKETMQ_ASSIGN_OR_RETURN(const auto file, writableFile());
    ROCKETMQ_ASSIGN_OR_RETURN(const bool has_room, file->put(key_hash, record.physical_offset,
                                                             record.store_timestamp_ms));
    if (has_room) {
      indexed_to_ = record.physical_offset;
      return Status::ok();
    }
  }
}

/// Then the checkpoint may say so. Once the store has failed neither is tried again.
Status IndexService::flushFull(IndexFile& file) {
  if (parts_.state.has(RunState::kFailed)) {
    return Status::readOnly(parts_.state.reason());
  }
  Status flushed = file.sync();
  if (flushed.isOk()) {
    flushed = parts_.checkpoint.advance({.index_ms = file.header().end_ms});
  }
  if (!flushed.isOk()) {
    parts_.state.fail("cannot flush the key index: " + flushed.message());
  }
  return flushed;
}

/// The newest file, or a new one when that is full.
Result<std::shared_ptr<IndexFile>> IndexService::writableFile() {
  const auto last = newest();
  if (last != nullptr && !last->isFull()) {
    return last;
  }
  IndexHeader previous;
  if (last != nullptr) {
    previous = last->header();
    ROCKETMQ_RETURN_IF_ERROR(flushFull(*last));
  }
  ROCKETMQ_RETURN_IF_ERROR(parts_.files.createDirectories(options_.dir));
  ROCKETMQ_RETURN_IF_ERROR(checkSpace());
  ROCKETMQ_ASSIGN_OR_RETURN(std::shared_ptr<IndexFile> made,
                            IndexFile::create(parts_.files, options_.dir + "/" + newFileName(last),
                                              options_.layout, previous));
  MutexLock lock(mutex_);
  files_.push_back(made);
  return made;
}

/// Keys can wait when the slots of a new file would take much of what is left for messages.
Status IndexService::checkSpace() const {
  const int64_t needed = options_.layout.entryAt(1);
  const auto space = parts_.files.space(options_.dir);
  return space && space->available_bytes / kNewFilePartOfFree < needed
             ? Status::busy("the disk has too little room for a new index file of " +
                            std::to_string(needed) + " bytes")
             : Status::ok();
}

std::string IndexService::newFileName(const std::shared_ptr<IndexFile>& last) const {
  const TimestampMs now_ms = parts_.clock.nowMs();
  return last == nullptr ? indexFileName(now_ms)
                         : indexFileNameAfter(fileNameOf(last->path()), now_ms);
}

IndexService::Found IndexService::query(std::string_view topic, std::string_view key,
                                        int32_t count_max, TimestampMs begin, TimestampMs end) {
  Found found;
  const Files all = files();
  if (!all.empty()) {
    const IndexHeader newest_header = all.back()->header();
    found.updated_ms = newest_header.end_ms;
    found.updated_offset = newest_header.end_offset;
  }
  const int32_t hash = indexKeyHash(topic, key);
  const auto limit = static_cast<size_t>(std::max(0, count_max));
  EntryCheck check(parts_.log);
  for (auto file = all.rbegin(); file != all.rend() && found.offsets.size() < limit; ++file) {
    const IndexHeader header = (*file)->header();
    const bool looks_whole = (*file)->looksWhole();
    const bool may_have = begin <= header.end_ms && end >= header.begin_ms;
    const size_t known = found.offsets.size();
    const bool is_whole = !may_have || (*file)->query(hash, begin, end, limit, found.offsets);
    const bool is_right = check.keepRight(hash, known, found.offsets);
    if (!looks_whole || !is_whole || !is_right) {
      noteDamage(*file);
    }
    if (header.begin_ms < begin) {
      break;
    }
  }
  return found;
}

Status IndexService::removeBefore(int64_t log_min) {
  Files removed;
  {
    MutexLock lock(mutex_);
    auto keep = files_.begin();
    while (keep != files_.end() && keep + 1 != files_.end() &&
           (*keep)->header().end_offset < log_min) {
      ++keep;
    }
    removed.assign(files_.begin(), keep);
    files_.erase(files_.begin(), keep);
  }
  for (const auto& file : removed) {
    ROCKETMQ_RETURN_IF_ERROR(file->remove());
  }
  return Status::ok();
}

}  // namespace rocketmq::store
