#pragma once

#include <sys/resource.h>

#include <cstddef>

namespace rocketmq::test {

/// Changes how many files this process may have open, until it goes.
class FileLimit {
 public:
  explicit FileLimit(size_t files) {
    getrlimit(RLIMIT_NOFILE, &before_);
    rlimit limit = before_;
    limit.rlim_cur = files;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
  ~FileLimit() { setrlimit(RLIMIT_NOFILE, &before_); }
  FileLimit(const FileLimit&) = delete;
  FileLimit& operator=(const FileLimit&) = delete;

 private:
  rlimit before_{};
};

}  // namespace rocketmq::test
