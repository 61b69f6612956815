#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/mutex.h"
#include "tests/support/forwarding_file_system.h"

namespace rocketmq::bench {

/// One call that brought bytes to the disk.
struct SyncCall {
  std::chrono::steady_clock::time_point begin;
  std::chrono::steady_clock::time_point end;
  int64_t bytes = 0;
};

/// Keeps the calls of one file, which come one after the other. Threads: any.
class SyncTrace {
 public:
  void add(const SyncCall& call) {
    MutexLock lock(mutex_);
    calls_.push_back(call);
  }
  std::vector<SyncCall> take() {
    MutexLock lock(mutex_);
    return std::exchange(calls_, {});
  }

 private:
  Mutex mutex_;
  std::vector<SyncCall> calls_ ROCKETMQ_GUARDED_BY(mutex_);
};

/// The system's files, with the syncs of the commit log traced.
class TracedFileSystem final : public test::ForwardingFileSystem {
 public:
  /// `trace` is borrowed, for longer than the mappings live.
  explicit TracedFileSystem(SyncTrace& trace) : trace_(trace) {}

  Result<std::unique_ptr<MappedFile>> map(const std::string& path,
                                          const MapOptions& options) override {
    auto file = ForwardingFileSystem::map(path, options);
    if (!file.ok() || path.find("/commitlog/") == std::string::npos) {
      return file;
    }
    return std::unique_ptr<MappedFile>(std::make_unique<TracedFile>(std::move(*file), trace_));
  }

 private:
  class TracedFile final : public test::ForwardingMappedFile {
   public:
    TracedFile(std::unique_ptr<MappedFile> below, SyncTrace& trace)
        : ForwardingMappedFile(std::move(below)), trace_(trace) {}

    Status sync(int64_t offset, int64_t bytes) override {
      const auto begin = std::chrono::steady_clock::now();
      Status status = ForwardingMappedFile::sync(offset, bytes);
      trace_.add({.begin = begin, .end = std::chrono::steady_clock::now(), .bytes = bytes});
      return status;
    }

   private:
    SyncTrace& trace_;
  };

  SyncTrace& trace_;
};

}  // namespace rocketmq::bench
