#include "store/log/segment.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "common/check.h"
#include "common/log.h"
#include "common/scheduling.h"

namespace rocketmq::store {
namespace {

constexpr size_t kNameDigits = 20;
constexpr int64_t kBaseMax = int64_t{1} << 62;  // Keeps sums of offsets far from overflow.
constexpr int64_t kReserveStepMaxBytes = 64 * 1024;
constexpr int kFolderLevels = 3;
/// Each is a system call during which nobody else gets the processor.
constexpr int64_t kReleaseStep = 4 << 20;

int64_t roundUp(int64_t bytes) { return (bytes + kPageBytes - 1) / kPageBytes * kPageBytes; }

}  // namespace

std::string segmentFileName(int64_t base) {
  const std::string digits = std::to_string(base);
  return std::string(kNameDigits - std::min(kNameDigits, digits.size()), '0') + digits;
}

std::optional<int64_t> parseSegmentFileName(const std::string& name) {
  int64_t base = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), base);
  if (name.size() != kNameDigits || error != std::errc() || *name.data() == '-' ||
      end != name.data() + name.size() || base > kBaseMax) {
    return std::nullopt;
  }
  return base;
}

Segment::Segment(FileSystem& files, Options options)
    : files_(files), options_(std::move(options)) {}

Result<std::shared_ptr<Segment>> Segment::create(FileSystem& files, Options options) {
  auto segment = std::make_shared<Segment>(files, std::move(options));
  const Options& settled = segment->options_;
  ROCKETMQ_RETURN_IF_ERROR(files.createDirectories(settled.dir));
  ROCKETMQ_ASSIGN_OR_RETURN(std::shared_ptr<MappedFile> mapping,
                            mapFile(files, segment->path(), settled, true));
  MutexLock lock(segment->mutex_);
  segment->mapping_ = std::move(mapping);
  return segment;
}

Result<std::shared_ptr<MappedFile>> Segment::mapFile(FileSystem& files, const std::string& path,
                                                     const Options& options, bool create) {
  ROCKETMQ_ASSIGN_OR_RETURN(
      std::unique_ptr<MappedFile> mapping,
      files.map(path, {.bytes = options.bytes, .create = create, .use = options.use}));
  if (options.mapped == nullptr) {
    return std::shared_ptr<MappedFile>(std::move(mapping));
  }
  options.mapped->fetch_add(1, std::memory_order_relaxed);
  return std::shared_ptr<MappedFile>(mapping.release(),
                                     [mapped = options.mapped](MappedFile* file) {
                                       delete file;
                                       mapped->fetch_sub(1, std::memory_order_relaxed);
                                     });
}

std::string Segment::path() const { return options_.dir + "/" + segmentFileName(options_.base); }

Result<std::shared_ptr<MappedFile>> Segment::map() {
  MutexLock lock(mutex_);
  if (mapping_ == nullptr) {
    ROCKETMQ_ASSIGN_OR_RETURN(mapping_, mapFile(files_, path(), options_, false));
  }
  return mapping_;
}

void Segment::unmap() {
  std::shared_ptr<MappedFile> mapping;
  MutexLock lock(mutex_);
  std::swap(mapping, mapping_);
}

bool Segment::isMapped() const {
  MutexLock lock(mutex_);
  return mapping_ != nullptr;
}

void Segment::releaseBefore(int64_t position) {
  std::shared_ptr<MappedFile> mapping;
  {
    MutexLock lock(mutex_);
    mapping = mapping_;
  }
  if (mapping == nullptr) {
    return;
  }
  const int64_t end = std::min(position, options_.bytes);
  for (int64_t at = 0; at < end; at += kReleaseStep) {
    mapping->release(at, std::min(kReleaseStep, end - at));
    giveWay();
  }
}

Status Segment::reserveBlocks(int64_t from, int64_t to) {
  const int64_t begin = std::max(from, blocks_.load(std::memory_order_acquire));
  to = std::min(to, options_.bytes);
  if (begin >= to) {
    return Status::ok();
  }
  ROCKETMQ_ASSIGN_OR_RETURN(const std::shared_ptr<MappedFile> mapping, map());
  ROCKETMQ_RETURN_IF_ERROR(mapping->reserve(begin, to - begin));
  blocks_.store(to, std::memory_order_release);
  return Status::ok();
}

Status Segment::reserve(int64_t from, int64_t to) {
  ROCKETMQ_RETURN_IF_ERROR(reserveBlocks(from, to));
  to = std::min(to, options_.bytes);
  if (std::max(from, reservedTo()) < to) {
    reserved_.store(to, std::memory_order_release);
  }
  return Status::ok();
}

Status Segment::reserveWritten(int64_t from, int64_t to) {
  const int64_t begin = std::max(from, reservedTo());
  to = std::min(to, options_.bytes);
  if (begin >= to) {
    return Status::ok();
  }
  ROCKETMQ_RETURN_IF_ERROR(reserveBlocks(from, to));
  ROCKETMQ_ASSIGN_OR_RETURN(const std::shared_ptr<MappedFile> mapping, map());
  if (const Status written = mapping->writeZeros(begin, to - begin, options_.zeros);
      !written.isOk()) {
    log::warn("{}", written.message());
  }
  if (options_.zeros == Zeros::kInCache) {
    mapping->prefault(begin, to - begin);
  }
  reserved_.store(to, std::memory_order_release);
  return Status::ok();
}

Status Segment::zeroFrom(int64_t position) {
  ROCKETMQ_ASSIGN_OR_RETURN(const std::shared_ptr<MappedFile> mapping, map());
  blocks_.store(std::min(blocks_.load(std::memory_order_acquire), position),
                std::memory_order_release);
  reserved_.store(std::min(reservedTo(), position), std::memory_order_release);
  return mapping->zero(position, options_.bytes - position);
}

Status Segment::remove() { return files_.remove(path()); }

Status SegmentSet::load() {
  const auto entries = files_.list(options_.dir);
  if (!entries) {
    return entries.status().code() == StatusCode::kNotFound ? Status::ok() : entries.status();
  }
  std::vector<DirectoryEntry> found;
  for (const DirectoryEntry& entry : *entries) {
    if (!entry.info.is_directory && parseSegmentFileName(entry.name)) {
      found.push_back(entry);
    }
  }
  if (!found.empty() && found.back().info.bytes == 0) {
    const std::string path = options_.dir + "/" + found.back().name;
    log::info("removing {}, which is empty", path);
    ROCKETMQ_RETURN_IF_ERROR(files_.remove(path));
    found.pop_back();
  }
  return addLoaded(found);
}

Segment::Options SegmentSet::optionsOf(int64_t base) const {
  return {.dir = options_.dir,
          .base = base,
          .bytes = options_.file_bytes,
          .use = options_.use,
          .mapped = options_.mapped,
          .zeros = options_.zeros};
}

Status SegmentSet::addLoaded(const std::vector<DirectoryEntry>& entries) {
  MutexLock lock(mutex_);
  segments_.clear();
  segments_.reserve(entries.size());
  for (const DirectoryEntry& entry : entries) {
    ROCKETMQ_RETURN_IF_ERROR(checkLength(entry));
    const int64_t base = *parseSegmentFileName(entry.name);
    if (base % options_.file_bytes != 0) {
      return Status::corruption(options_.dir + "/" + entry.name +
                                " does not begin at a multiple of the file size; was " +
                                options_.size_setting + " changed?");
    }
    if (!segments_.empty() && segments_.back()->end() != base) {
      return Status::corruption(
          options_.dir + "/" + segmentFileName(segments_.back()->end()) + " is missing" +
          adviceUnlessExpendable("; bring it back, or have mqstore salvage copy what the other "
                                 "files hold into a new store"));
    }
    segments_.push_back(std::make_shared<Segment>(files_, optionsOf(base)));
  }
  return Status::ok();
}

Status SegmentSet::checkLength(const DirectoryEntry& entry) const {
  if (entry.info.bytes == options_.file_bytes) {
    return Status::ok();
  }
  return Status::corruption(
      options_.dir + "/" + entry.name + " has " + std::to_string(entry.info.bytes) + " bytes but " +
      options_.size_setting + " is " + std::to_string(options_.file_bytes) +
      adviceUnlessExpendable(
          "; the setting must stay what it was when the store was created. If it did, the file has "
          "been damaged: mqstore salvage copies what is intact into a new store"));
}

std::string SegmentSet::adviceUnlessExpendable(const char* advice) const {
  return options_.are_expendable ? std::string() : advice;
}

bool SegmentSet::empty() const {
  MutexLock lock(mutex_);
  return segments_.empty();
}

size_t SegmentSet::count() const {
  MutexLock lock(mutex_);
  return segments_.size();
}

std::shared_ptr<Segment> SegmentSet::find(int64_t offset) const {
  MutexLock lock(mutex_);
  if (segments_.empty() || offset < segments_.front()->base()) {
    return nullptr;
  }
  const auto index =
      static_cast<size_t>((offset - segments_.front()->base()) / options_.file_bytes);
  return index < segments_.size() ? segments_[index] : nullptr;
}

std::shared_ptr<Segment> SegmentSet::first() const {
  MutexLock lock(mutex_);
  return segments_.empty() ? nullptr : segments_.front();
}

std::shared_ptr<Segment> SegmentSet::last() const {
  MutexLock lock(mutex_);
  return segments_.empty() ? nullptr : segments_.back();
}

std::vector<std::shared_ptr<Segment>> SegmentSet::all() const {
  MutexLock lock(mutex_);
  return segments_;
}

void SegmentSet::unmapAll() const {
  for (const auto& segment : all()) {
    segment->unmap();
  }
}

Result<std::shared_ptr<Segment>> SegmentSet::create(int64_t base) {
  return Segment::create(files_, optionsOf(base));
}

void SegmentSet::add(std::shared_ptr<Segment> segment) {
  MutexLock lock(mutex_);
  ROCKETMQ_CHECK(segments_.empty() || segments_.back()->end() == segment->base());
  segments_.push_back(std::move(segment));
}

std::vector<std::shared_ptr<Segment>> SegmentSet::takeBefore(int64_t offset) {
  MutexLock lock(mutex_);
  auto keep = segments_.begin();
  while (keep != segments_.end() && keep + 1 != segments_.end() && (*keep)->end() <= offset) {
    ++keep;
  }
  std::vector<std::shared_ptr<Segment>> taken(segments_.begin(), keep);
  segments_.erase(segments_.begin(), keep);
  return taken;
}

std::vector<std::shared_ptr<Segment>> SegmentSet::takeFrom(int64_t offset) {
  MutexLock lock(mutex_);
  const auto cut = std::find_if(segments_.begin(), segments_.end(),
                                [&](const auto& segment) { return segment->base() >= offset; });
  std::vector<std::shared_ptr<Segment>> taken(cut, segments_.end());
  segments_.erase(cut, segments_.end());
  return taken;
}

Result<int64_t> SegmentSet::makeRoom(int64_t from, int64_t to) {
  const int64_t file_bytes = options_.file_bytes;
  const int64_t base = from / file_bytes * file_bytes;
  std::shared_ptr<Segment> segment = find(base);
  if (segment == nullptr) {
    ROCKETMQ_ASSIGN_OR_RETURN(segment, create(base));
    add(segment);
    folder_is_new_.store(true, std::memory_order_release);
  }
  ROCKETMQ_RETURN_IF_ERROR(segment->map().status());
  if (segment->reservedTo() >= to - base) {
    return base + segment->reservedTo();  // It only had to be mapped again.
  }
  // In steps that grow with the stream: a small one takes one page, a busy one asks seldom. Whole
  // pages, or each start would take one more of every stream.
  const int64_t reserved = std::max(segment->reservedTo(), from - base);
  const int64_t step = std::clamp(reserved, kPageBytes, kReserveStepMaxBytes);
  const int64_t wanted = std::min(
      std::max(roundUp(to - base), (reserved + step) / kPageBytes * kPageBytes), file_bytes);
  if (!segment->reserve(from - base, wanted).isOk()) {
    ROCKETMQ_RETURN_IF_ERROR(segment->reserve(from - base, to - base));
  }
  return base + segment->reservedTo();
}

Status SegmentSet::syncFolder() {
  if (!folder_is_new_.exchange(false, std::memory_order_acq_rel)) {
    return Status::ok();
  }
  std::string folder = options_.dir;
  for (int level = 0; level < kFolderLevels; ++level) {
    const Status synced = files_.syncDirectory(folder);
    if (!synced.isOk() && synced.code() != StatusCode::kNotFound) {
      return synced;
    }
    folder.resize(std::min(folder.size(), folder.rfind('/')));
  }
  return Status::ok();
}

char* SegmentCursor::at(int64_t offset) {
  const int64_t file_bytes = segments_.options().file_bytes;
  if (mapping_ == nullptr || offset - base_ >= file_bytes) {
    const auto segment = segments_.find(offset);
    ROCKETMQ_CHECK(segment != nullptr);
    auto mapping = segment->map();
    ROCKETMQ_CHECK(mapping.ok());
    mapping_ = std::move(*mapping);
    base_ = segment->base();
  }
  return mapping_->data() + (offset - base_);
}

void SegmentCursor::reset() {
  mapping_.reset();
  base_ = 0;
}

}  // namespace rocketmq::store
