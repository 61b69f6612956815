#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/file_system.h"

namespace rocketmq::test {

// Bases of file systems for tests: each call goes on to the one below. A test's file system
// overrides what it is about, and they can be stacked. Threads: as the one below.

/// Forwards to another mapped file, whose bytes are this one's too.
class ForwardingMappedFile : public MappedFile {
 public:
  explicit ForwardingMappedFile(std::unique_ptr<MappedFile> below)
      : MappedFile(below->data(), below->bytes()), below_(std::move(below)) {}

  Status sync(int64_t offset, int64_t bytes) override { return below_->sync(offset, bytes); }
  Status reserve(int64_t offset, int64_t bytes) override { return below_->reserve(offset, bytes); }
  Status zero(int64_t offset, int64_t bytes) override { return below_->zero(offset, bytes); }
  Status writeZeros(int64_t offset, int64_t bytes, Zeros where) override {
    return below_->writeZeros(offset, bytes, where);
  }
  void put(int64_t offset, std::string_view content) override { below_->put(offset, content); }
  void prefault(int64_t offset, int64_t bytes) override { below_->prefault(offset, bytes); }
  void endReadAhead(int64_t offset) override { below_->endReadAhead(offset); }
  void readAhead(int64_t offset, int64_t bytes) override { below_->readAhead(offset, bytes); }
  void release(int64_t offset, int64_t bytes) override { below_->release(offset, bytes); }
  bool isCached(std::string_view range) const override { return below_->isCached(range); }
  ssize_t sendTo(int socket, std::string_view range) const override {
    return below_->sendTo(socket, range);
  }

 private:
  const std::unique_ptr<MappedFile> below_;
};

class ForwardingRandomFile : public RandomFile {
 public:
  explicit ForwardingRandomFile(std::unique_ptr<RandomFile> below) : below_(std::move(below)) {}

  Result<std::string> read(int64_t offset, int64_t bytes) const override {
    return below_->read(offset, bytes);
  }
  Status write(int64_t offset, std::string_view content) override {
    return below_->write(offset, content);
  }
  Status sync() override { return below_->sync(); }

 private:
  const std::unique_ptr<RandomFile> below_;
};

class ForwardingFileSystem : public FileSystem {
 public:
  /// `below` is borrowed.
  explicit ForwardingFileSystem(FileSystem& below = posixFileSystem()) : below_(below) {}

  Status createDirectories(const std::string& path) override {
    return below_.createDirectories(path);
  }
  Result<std::vector<DirectoryEntry>> list(const std::string& path) override {
    return below_.list(path);
  }
  Result<std::optional<FileInfo>> info(const std::string& path) override {
    return below_.info(path);
  }
  Result<std::unique_ptr<RandomFile>> open(const std::string& path) override {
    return below_.open(path);
  }
  Result<std::unique_ptr<MappedFile>> map(const std::string& path,
                                          const MapOptions& options) override {
    return below_.map(path, options);
  }
  Result<bool> isZeroFrom(const std::string& path, int64_t offset) override {
    return below_.isZeroFrom(path, offset);
  }
  Status replace(const std::string& path, std::string_view content) override {
    return below_.replace(path, content);
  }
  Status remove(const std::string& path) override { return below_.remove(path); }
  Status removeTree(const std::string& path) override { return below_.removeTree(path); }
  Status syncDirectory(const std::string& path) override { return below_.syncDirectory(path); }
  Status syncAll(const std::string& path) override { return below_.syncAll(path); }
  Result<SpaceInfo> space(const std::string& path) override { return below_.space(path); }
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override {
    return below_.lock(path);
  }

 private:
  FileSystem& below_;
};

}  // namespace rocketmq::test
