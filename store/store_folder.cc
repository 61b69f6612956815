#include "store/store_folder.h"

#include <unistd.h>

#include <string_view>
#include <utility>

namespace rocketmq::store {
namespace {

constexpr std::string_view kLockText = "lock";

}  // namespace

Result<std::unique_ptr<StoreFolder>> StoreFolder::open(FileSystem& files, std::string root) {
  auto folder = std::unique_ptr<StoreFolder>(new StoreFolder(files, std::move(root)));
  const std::string& path = folder->root_;
  ROCKETMQ_RETURN_IF_ERROR(files.createDirectories(path));
  auto lock = files.lock(path + "/lock");
  if (lock.status().code() == StatusCode::kBusy) {
    // The words of RocketMQ, which people search for.
    return Status::io("Lock failed,MQ already started: the store " + path +
                      " is in use, see storePathRootDir; " + lock.status().message());
  }
  ROCKETMQ_RETURN_IF_ERROR(lock.status());
  folder->lock_ = std::move(*lock);
  ROCKETMQ_ASSIGN_OR_RETURN(const std::unique_ptr<RandomFile> text, files.open(path + "/lock"));
  ROCKETMQ_RETURN_IF_ERROR(text->write(0, kLockText));
  return folder;
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
