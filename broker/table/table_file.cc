#include "broker/table/table_file.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include "common/log.h"

namespace rocketmq::broker {
namespace {

constexpr std::chrono::seconds kWholePauseMin{1};
/// Writing whole tables takes at most one part in so many of the time.
constexpr int kWholeShare = 20;
constexpr std::chrono::seconds kRetryPause{10};

std::string changesPathOf(const std::string& path) { return path + ".changes"; }

std::string folderOf(const std::string& path) {
  return std::filesystem::path(path).parent_path().string();
}

}  // namespace

TableFile::TableFile(FileSystem& files, Options options)
    : files_(files), options_(std::move(options)), changes_path_(changesPathOf(options_.path)) {
  thread_ = NamedThread("table-file", [this] { run(); });
}

TableFile::~TableFile() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    changed_.notifyAll();
  }
  thread_.join();
}

Result<size_t> TableFile::readChanges(FileSystem& files, const std::string& path,
                                      const std::function<Status(std::string_view line)>& apply) {
  ROCKETMQ_ASSIGN_OR_RETURN(const std::optional<std::string> text,
                            readWhole(files, changesPathOf(path)));
  size_t count = 0;
  std::string_view rest = text ? std::string_view(*text) : std::string_view();
  for (size_t end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
    if (const Status applied = apply(rest.substr(0, end)); !applied.isOk()) {
      log::warn("{}: change {} and those behind it are ignored: {}", changesPathOf(path), count + 1,
                applied.message());
      break;
    }
    ++count;
    rest.remove_prefix(end + 1);
  }
  return count;
}

Status TableFile::mergeChanges(FileSystem& files, const std::string& path, std::string_view text) {
  ROCKETMQ_RETURN_IF_ERROR(files.replace(path, text));
  // What they say is in the table, so whether a crash brings them back does not matter.
  return files.remove(changesPathOf(path));
}

void TableFile::add(std::string change) {
  change += '\n';
  MutexLock lock(mutex_);
  next_.changes += change;
  changed_.notifyAll();
}

void TableFile::addAll() {
  MutexLock lock(mutex_);
  next_.changes.clear();
  next_.is_whole = true;
  next_.voids_changes = true;
  changed_.notifyAll();
}

void TableFile::whenSaved(std::function<void()> done) {
  {
    MutexLock lock(mutex_);
    if (is_writing_ || !next_.empty()) {
      next_.waiting.push_back(std::move(done));
      changed_.notifyAll();
      return;
    }
  }
  done();
}

void TableFile::awaitSaved() {
  struct Wait {
    Mutex mutex;
    CondVar ended;
    bool is_over = false;
  };
  const auto wait = std::make_shared<Wait>();
  whenSaved([wait] {
    MutexLock lock(wait->mutex);
    wait->is_over = true;
    wait->ended.notifyAll();
  });
  MutexLock lock(wait->mutex);
  while (!wait->is_over) {
    wait->ended.wait(wait->mutex);
  }
}

void TableFile::run() {
  Batch batch;
  while (awaitWork(batch)) {
    write(batch);
    for (const auto& done : batch.waiting) {
      done();
    }
    batch = {};
  }
}

bool TableFile::awaitWork(Batch& batch) {
  MutexLock lock(mutex_);
  is_writing_ = false;
  while (next_.empty() && !stopping_) {
    if (!lacksSomething()) {
      changed_.wait(mutex_);
    } else if (!changed_.waitUntil(mutex_, whole_due_)) {
      next_.is_whole = true;
    }
  }
  if (next_.empty()) {
    if (!lacksSomething() || has_ended_) {
      return false;
    }
    has_ended_ = true;
    next_.is_whole = true;
  }
  std::swap(batch, next_);
  is_writing_ = true;
  return true;
}

void TableFile::write(Batch& batch) {
  if (batch.changes.empty() && !batch.is_whole) {
    return;
  }
  const bool is_whole = batch.is_whole || needs_whole_ || table_bytes_ <= kSmallBytes ||
                        !hasRoomFor(batch.changes) ||
                        (changes_ != nullptr && Clock::now() >= whole_due_);
  const Status status = is_whole ? writeWhole(batch.voids_changes) : append(batch.changes);
  needs_whole_ = !status.isOk();
  if (!status.isOk()) {
    whole_due_ = Clock::now() + kRetryPause;
    failure_log_.error("{} are not saved: {}", options_.what, status.message());
  }
}

bool TableFile::hasRoomFor(std::string_view lines) const {
  const size_t before = changes_ != nullptr ? static_cast<size_t>(changes_bytes_) : 0;
  return before + lines.size() <= options_.bytes_max;
}

Status TableFile::append(std::string_view lines) {
  const bool is_new = changes_ == nullptr;
  if (is_new) {
    ROCKETMQ_ASSIGN_OR_RETURN(changes_, files_.open(changes_path_));
    changes_bytes_ = 0;
    whole_due_ = Clock::now() + whole_pause_;
  }
  ROCKETMQ_RETURN_IF_ERROR(changes_->write(changes_bytes_, lines));
  changes_bytes_ += static_cast<int64_t>(lines.size());
  ROCKETMQ_RETURN_IF_ERROR(changes_->sync());
  return is_new ? files_.syncDirectory(folderOf(options_.path)) : Status::ok();
}

Status TableFile::writeWhole(bool voids_changes) {
  const auto begin = Clock::now();
  const std::string text = options_.encode();
  ROCKETMQ_RETURN_IF_ERROR(checkFileBytes(options_.path, text.size(), options_.bytes_max));
  if (voids_changes) {
    changes_.reset();
    ROCKETMQ_RETURN_IF_ERROR(files_.remove(changes_path_));
  }
  ROCKETMQ_RETURN_IF_ERROR(mergeChanges(files_, options_.path, text));
  changes_.reset();
  table_bytes_ = text.size();
  whole_pause_ = std::max<Clock::duration>(kWholePauseMin, kWholeShare * (Clock::now() - begin));
  return Status::ok();
}

}  // namespace rocketmq::broker
