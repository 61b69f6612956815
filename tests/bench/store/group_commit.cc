#include "tests/bench/store/group_commit.h"

#include <fcntl.h>
#include <unistd.h>

#include <iterator>
#include <utility>

#include "common/check.h"

namespace rocketmq::bench {

GroupCommit::GroupCommit(const std::string& path, int64_t file_bytes, SyncTrace& trace)
    : trace_(trace), file_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
  ROCKETMQ_CHECK(file_ >= 0 && ::posix_fallocate(file_, 0, file_bytes) == 0);
  ROCKETMQ_CHECK(::fsync(file_) == 0);
  teller_ = NamedThread("teller", [this] { tellLoop(); });
  committer_ = NamedThread("committer", [this] { commitLoop(); });
}

GroupCommit::~GroupCommit() {
  {
    MutexLock lock(mutex_);
    stops_ = true;
    changed_.notifyOne();
    synced_.notifyOne();
  }
  committer_.join();
  teller_.join();
  ::close(file_);
}

void GroupCommit::send(const std::string& record, std::function<void()> done) {
  MutexLock lock(mutex_);
  gathering_.bytes += record;
  gathering_.waiting.push_back(std::move(done));
  if (gathering_.waiting.size() == 1) {
    changed_.notifyOne();
  }
}

void GroupCommit::commitLoop() {
  off_t at = 0;
  for (Group group;; group.bytes.clear(), group.waiting.clear()) {
    {
      MutexLock lock(mutex_);
      while (gathering_.waiting.empty() && !stops_) {
        changed_.wait(mutex_);
      }
      if (gathering_.waiting.empty()) {
        return;
      }
      std::swap(group, gathering_);
    }
    const auto bytes = static_cast<ssize_t>(group.bytes.size());
    const auto begin = std::chrono::steady_clock::now();
    ROCKETMQ_CHECK(::pwrite(file_, group.bytes.data(), group.bytes.size(), at) == bytes);
    ROCKETMQ_CHECK(::fdatasync(file_) == 0);
    trace_.add({.begin = begin, .end = std::chrono::steady_clock::now(), .bytes = bytes});
    at += bytes;
    MutexLock lock(mutex_);
    std::move(group.waiting.begin(), group.waiting.end(), std::back_inserter(on_disk_));
    synced_.notifyOne();
  }
}

void GroupCommit::tellLoop() {
  for (std::vector<std::function<void()>> told;; told.clear()) {
    {
      MutexLock lock(mutex_);
      while (on_disk_.empty() && !stops_) {
        synced_.wait(mutex_);
      }
      if (on_disk_.empty()) {
        return;
      }
      std::swap(told, on_disk_);
    }
    for (const auto& done : told) {
      done();
    }
  }
}

}  // namespace rocketmq::bench
