#include "tests/fault/faulty_files.h"

#include <utility>

namespace rocketmq::store::test {
namespace {

using rocketmq::test::ForwardingFileSystem;
using rocketmq::test::ForwardingMappedFile;
using rocketmq::test::ForwardingRandomFile;

constexpr char kSync[] = "sync";
constexpr char kWrite[] = "write";

class FaultyMappedFile final : public ForwardingMappedFile {
 public:
  FaultyMappedFile(std::unique_ptr<MappedFile> below, FaultyFileSystem& files, std::string path)
      : ForwardingMappedFile(std::move(below)), files_(files), path_(std::move(path)) {}

  Status sync(int64_t offset, int64_t bytes) override {
    if (const Status failed = files_.attempt(kSync, path_); !failed.isOk()) {
      files_.noteFailedSync(path_);
      return failed;
    }
    return files_.hasFailedToSync(path_) ? Status::ok() : ForwardingMappedFile::sync(offset, bytes);
  }
  Status reserve(int64_t offset, int64_t bytes) override {
    ROCKETMQ_RETURN_IF_ERROR(files_.attempt("reserve", path_));
    return ForwardingMappedFile::reserve(offset, bytes);
  }
  Status writeZeros(int64_t offset, int64_t bytes, Zeros where) override {
    ROCKETMQ_RETURN_IF_ERROR(files_.attempt("write zeros to", path_));
    return ForwardingMappedFile::writeZeros(offset, bytes, where);
  }
  Status zero(int64_t offset, int64_t bytes) override {
    ROCKETMQ_RETURN_IF_ERROR(files_.attempt("zero", path_));
    return ForwardingMappedFile::zero(offset, bytes);
  }

 private:
  FaultyFileSystem& files_;
  const std::string path_;
};

class FaultyRandomFile final : public ForwardingRandomFile {
 public:
  FaultyRandomFile(std::unique_ptr<RandomFile> below, FaultyFileSystem& files, std::string path)
      : ForwardingRandomFile(std::move(below)), files_(files), path_(std::move(path)) {}

  Result<std::string> read(int64_t offset, int64_t bytes) const override {
    ROCKETMQ_RETURN_IF_ERROR(files_.attempt("read", path_));
    return ForwardingRandomFile::read(offset, bytes);
  }
  Status write(int64_t offset, std::string_view content) override {
    ROCKETMQ_RETURN_IF_ERROR(files_.attempt(kWrite, path_));
    return ForwardingRandomFile::write(offset, content);
  }
  Status sync() override {
    ROCKETMQ_RETURN_IF_ERROR(files_.attempt(kSync, path_));
    return ForwardingRandomFile::sync();
  }

 private:
  FaultyFileSystem& files_;
  const std::string path_;
};

}  // namespace

Status FaultyFileSystem::attempt(const std::string& action, const std::string& path) {
  const int64_t call = ++calls_;
  const bool is_due = fault_.lasting == Lasting::kOnce
                          ? call == fault_.at_call
                          : fault_.at_call > 0 && call >= fault_.at_call;
  if (!is_due) {
    return Status::ok();
  }
  if (action == kSync || action == kWrite) {
    has_lost_bytes_ = true;
  }
  if (!has_failed_.exchange(true)) {
    MutexLock lock(mutex_);
    failed_call_ = action + " of " + path;
  }
  const std::string what = "cannot " + action + " " + path + ": ";
  return fault_.error == Error::kIo ? Status::io(what + "Input/output error")
                                    : Status::readOnly(what + "No space left on device");
}

void FaultyFileSystem::noteFailedSync(const std::string& path) {
  MutexLock lock(mutex_);
  failed_syncs_.insert(path);
}

void FaultyFileSystem::forgetPages() {
  MutexLock lock(mutex_);
  failed_syncs_.clear();
}

bool FaultyFileSystem::hasFailedToSync(const std::string& path) const {
  MutexLock lock(mutex_);
  return failed_syncs_.contains(path);
}

std::string FaultyFileSystem::failedCall() const {
  MutexLock lock(mutex_);
  return failed_call_;
}

Status FaultyFileSystem::createDirectories(const std::string& path) {
  ROCKETMQ_RETURN_IF_ERROR(attempt("create", path));
  return ForwardingFileSystem::createDirectories(path);
}

Result<std::vector<DirectoryEntry>> FaultyFileSystem::list(const std::string& path) {
  ROCKETMQ_RETURN_IF_ERROR(attempt("list", path));
  return ForwardingFileSystem::list(path);
}

Result<std::optional<FileInfo>> FaultyFileSystem::info(const std::string& path) {
  ROCKETMQ_RETURN_IF_ERROR(attempt("look at", path));
  return ForwardingFileSystem::info(path);
}

Result<std::unique_ptr<RandomFile>> FaultyFileSystem::open(const std::string& path) {
  ROCKETMQ_RETURN_IF_ERROR(attempt("open", path));
  ROCKETMQ_ASSIGN_OR_RETURN(std::unique_ptr<RandomFile> below, ForwardingFileSystem::open(path));
  return std::unique_ptr<RandomFile>(
      std::make_unique<FaultyRandomFile>(std::move(below), *this, path));
}

Result<std::unique_ptr<MappedFile>> FaultyFileSystem::map(const std::string& path,
                                                          const MapOptions& options) {
  ROCKETMQ_RETURN_IF_ERROR(attempt(options.create ? "create" : "map", path));
  ROCKETMQ_ASSIGN_OR_RETURN(std::unique_ptr<MappedFile> below,
                            ForwardingFileSystem::map(path, options));
  return std::unique_ptr<MappedFile>(
      std::make_unique<FaultyMappedFile>(std::move(below), *this, path));
}

Result<bool> FaultyFileSystem::isZeroFrom(const std::string& path, int64_t offset) {
  ROCKETMQ_RETURN_IF_ERROR(attempt("read", path));
  return ForwardingFileSystem::isZeroFrom(path, offset);
}

Status FaultyFileSystem::replace(const std::string& path, std::string_view content) {
  ROCKETMQ_RETURN_IF_ERROR(attempt("rename", path));
  return ForwardingFileSystem::replace(path, content);
}

Status FaultyFileSystem::remove(const std::string& path) {
  ROCKETMQ_RETURN_IF_ERROR(attempt("remove", path));
  return ForwardingFileSystem::remove(path);
}

Status FaultyFileSystem::removeTree(const std::string& path) {
  ROCKETMQ_RETURN_IF_ERROR(attempt("remove", path));
  return ForwardingFileSystem::removeTree(path);
}

Status FaultyFileSystem::syncDirectory(const std::string& path) {
  ROCKETMQ_RETURN_IF_ERROR(attempt("sync folder", path));
  return ForwardingFileSystem::syncDirectory(path);
}

Status FaultyFileSystem::syncAll(const std::string& path) {
  ROCKETMQ_RETURN_IF_ERROR(attempt(kSync, path));
  return ForwardingFileSystem::syncAll(path);
}

}  // namespace rocketmq::store::test
