#include "store/store_folder.h"

#include <unistd.h>

#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

namespace rocketmq::store {
namespace {

constexpr std::string_view kLockText = "lock";

}  // namespace

Result<std::unique_ptr<StoreFolder>> StoreFolder::open(FileSystem& files, std::string root,
                                                       std::string commit_log_dir) {
  if (commit_log_dir.empty()) {
    commit_log_dir = root + "/commitlog";
  }
  auto folder = std::unique_ptr<StoreFolder>(
      new StoreFolder(files, std::move(root), std::move(commit_log_dir)));
  ROCKETMQ_RETURN_IF_ERROR(folder->lock());
  ROCKETMQ_ASSIGN_OR_RETURN(const std::unique_ptr<RandomFile> text,
                            files.open(folder->root_ + "/lock"));
  ROCKETMQ_RETURN_IF_ERROR(text->write(0, kLockText));
  return folder;
}

Status StoreFolder::lock() {
  const std::string store = "the store " + root_ + " is in use, see storePathRootDir; ";
  ROCKETMQ_RETURN_IF_ERROR(files_.createDirectories(root_));
  ROCKETMQ_RETURN_IF_ERROR(take(root_ + "/lock", store));
  ROCKETMQ_RETURN_IF_ERROR(take(root_, store));
  ROCKETMQ_RETURN_IF_ERROR(files_.createDirectories(commit_log_dir_));
  std::error_code ignored;
  return std::filesystem::equivalent(root_, commit_log_dir_, ignored)
             ? Status::ok()
             : take(commit_log_dir_,
                    "the commit log " + commit_log_dir_ + " is in use, see storePathCommitLog; ");
}

Status StoreFolder::take(const std::string& path, const std::string& what_is_used) {
  auto lock = files_.lock(path);
  if (lock.ok()) {
    locks_.push_back(std::move(*lock));
    return Status::ok();
  }
  if (lock.status().code() == StatusCode::kBusy) {
    // The words of RocketMQ, which people search for.
    return Status::io("Lock failed,MQ already started: " + what_is_used + lock.status().message());
  }
  // Not every file system can lock folders (NFS does not); the file is what counts there.
  return locks_.empty() ? lock.status() : Status::ok();
}

Result<bool> StoreFolder::wasStoppedCleanly() const {
  ROCKETMQ_ASSIGN_OR_RETURN(const auto found, files_.info(abortPath()));
  return !found.has_value();
}

Status StoreFolder::markRunning() {
  ROCKETMQ_RETURN_IF_ERROR(files_.remove(abortPath()));
  ROCKETMQ_ASSIGN_OR_RETURN(const std::unique_ptr<RandomFile> mark, files_.open(abortPath()));
  // On a full disk it stays empty, as RocketMQ's: that it is there tells enough.
  const Status written = mark->write(0, std::to_string(::getpid()));
  if (!written.isOk() && written.code() != StatusCode::kReadOnly) {
    return written;
  }
  ROCKETMQ_RETURN_IF_ERROR(mark->sync());
  return files_.syncDirectory(root_);
}

Status StoreFolder::markStopped() {
  ROCKETMQ_RETURN_IF_ERROR(files_.remove(abortPath()));
  return files_.syncDirectory(root_);
}

}  // namespace rocketmq::store
