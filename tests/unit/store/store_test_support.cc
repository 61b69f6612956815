#include "tests/unit/store/store_test_support.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "common/message/properties.h"
#include "common/message/record.h"
#include "store/log/segment.h"

namespace rocketmq::store::test {
namespace {

using rocketmq::test::ForwardingFileSystem;
using rocketmq::test::ForwardingMappedFile;
using rocketmq::test::ForwardingRandomFile;

class HookedMappedFile final : public ForwardingMappedFile {
 public:
  HookedMappedFile(std::unique_ptr<MappedFile> real, HookedFileSystem& hooks, std::string path)
      : ForwardingMappedFile(std::move(real)), hooks_(hooks), path_(std::move(path)) {
    if (hooks_.matches(path_)) {
      is_counted_ = true;
      const int now = ++hooks_.mapped;
      hooks_.mapped_most = std::max(now, hooks_.mapped_most.load());
    }
  }
  ~HookedMappedFile() override { hooks_.mapped -= is_counted_ ? 1 : 0; }

  Status sync(int64_t, int64_t) override {
    if (hooks_.matches(path_)) {
      hooks_.waitWhileHeld();
      if (hooks_.fail_sync) {
        return Status::io("cannot sync " + path_ + ": Input/output error");
      }
    }
    return Status::ok();
  }
  Status reserve(int64_t offset, int64_t size) override {
    if (hooks_.disk_is_full && hooks_.matches(path_)) {
      return Status::readOnly("cannot reserve space for " + path_ + ": No space left on device");
    }
    return ForwardingMappedFile::reserve(offset, size);
  }
  Status writeZeros(int64_t offset, int64_t size, Zeros) override {
    return ForwardingMappedFile::writeZeros(offset, size, Zeros::kInCache);
  }
  void put(int64_t offset, std::string_view content) override {
    hooks_.puts += hooks_.matches(path_) ? 1 : 0;
    ForwardingMappedFile::put(offset, content);
  }
  void prefault(int64_t offset, int64_t size) override {
    if (hooks_.matches(path_) && offset + size > hooks_.prefaulted_to) {
      hooks_.prefaulted_to = offset + size;
    }
    ForwardingMappedFile::prefault(offset, size);
  }
  void endReadAhead(int64_t offset) override {
    hooks_.ends_of_read_ahead += hooks_.matches(path_) ? 1 : 0;
    ForwardingMappedFile::endReadAhead(offset);
  }
  bool isCached(std::string_view range) const override {
    return !(hooks_.is_cold && hooks_.matches(path_)) && ForwardingMappedFile::isCached(range);
  }

 private:
  HookedFileSystem& hooks_;
  const std::string path_;
  bool is_counted_ = false;
};

class HookedRandomFile final : public ForwardingRandomFile {
 public:
  using ForwardingRandomFile::ForwardingRandomFile;

  Status sync() override { return Status::ok(); }
};

}  // namespace

void HookedFileSystem::holdSync() {
  MutexLock lock(mutex_);
  held_ = true;
}

void HookedFileSystem::letSync() {
  MutexLock lock(mutex_);
  held_ = false;
  released_.notifyAll();
}

void HookedFileSystem::waitWhileHeld() {
  MutexLock lock(mutex_);
  while (held_) {
    released_.wait(mutex_);
  }
}

Result<std::unique_ptr<RandomFile>> HookedFileSystem::open(const std::string& path) {
  ROCKETMQ_ASSIGN_OR_RETURN(std::unique_ptr<RandomFile> real, ForwardingFileSystem::open(path));
  return std::unique_ptr<RandomFile>(std::make_unique<HookedRandomFile>(std::move(real)));
}

Result<std::unique_ptr<MappedFile>> HookedFileSystem::map(const std::string& path,
                                                          const MapOptions& options) {
  if (options.create && disk_is_full && matches(path)) {
    return Status::readOnly("cannot create " + path + ": No space left on device");
  }
  if (!options.create && fail_map && matches(path)) {
    return Status::io("cannot open " + path + ": Permission denied");
  }
  ROCKETMQ_ASSIGN_OR_RETURN(std::unique_ptr<MappedFile> real,
                            ForwardingFileSystem::map(path, options));
  return std::unique_ptr<MappedFile>(
      std::make_unique<HookedMappedFile>(std::move(real), *this, path));
}

Status HookedFileSystem::replace(const std::string& path, std::string_view content) {
  if (disk_is_full && matches(path)) {
    ++refused_replaces;
    return Status::readOnly("cannot write " + path + ".tmp: No space left on device");
  }
  return ForwardingFileSystem::replace(path, content);
}

Status HookedFileSystem::remove(const std::string& path) {
  return fail_remove && matches(path) ? Status::io("cannot remove " + path + ": Input/output error")
                                      : ForwardingFileSystem::remove(path);
}

Status HookedFileSystem::syncAll(const std::string& path) {
  ++syncs_of_all;
  return fail_sync && matches(path) ? Status::io("cannot sync " + path) : Status::ok();
}

Result<SpaceInfo> HookedFileSystem::space(const std::string&) {
  ++looks_at_space;
  const int64_t all = disk_bytes;
  const auto used = static_cast<int64_t>(used_ratio * static_cast<double>(all));
  return SpaceInfo{.used_bytes = used, .available_bytes = all - used};
}

std::string readFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in.good()) << path;
  std::ostringstream content;
  content << in.rdbuf();
  return content.str();
}

bool isZero(std::string_view bytes) {
  return bytes.find_first_not_of('\0') == std::string_view::npos;
}

void writeFile(const std::string& path, std::string_view content) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << content;
  EXPECT_TRUE(out.good()) << path;
}

void patchFile(const std::string& path, int64_t offset, std::string_view content) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(offset);
  file << content;
  EXPECT_TRUE(file.good()) << path;
}

void copyFolder(const std::string& from, const std::string& to) {
  std::filesystem::create_directories(to);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(from)) {
    const std::string target = to + entry.path().string().substr(from.size());
    std::error_code error;
    if (entry.is_directory(error)) {
      std::filesystem::create_directories(target);
    } else {
      // A small file may be replaced by a shorter one while it is copied, which is called EIO.
      constexpr auto kOverwrite = std::filesystem::copy_options::overwrite_existing;
      while (!std::filesystem::copy_file(entry.path(), target, kOverwrite, error) &&
             error == std::errc::io_error) {
      }
      // A temporary file may go.
      EXPECT_TRUE(!error || error == std::errc::no_such_file_or_directory)
          << target << ": " << error.message();
    }
  }
}

std::vector<StoredMessage> readAll(MessageStore& store, std::string_view topic, int32_t queue_id,
                                   int64_t offset) {
  std::vector<StoredMessage> messages;
  for (;;) {
    const GetResult result = store.get({.topic = topic, .queue_id = queue_id, .offset = offset});
    for (const LogSlice& slice : result.slices) {
      std::string_view rest = slice.bytes;
      while (!rest.empty()) {
        const auto record = decodeRecord(rest, CrcCheck::kVerify);
        EXPECT_TRUE(record.ok()) << record.status().message();
        if (!record) {
          return messages;
        }
        messages.push_back({.queue_offset = record->queue_offset,
                            .physical_offset = record->physical_offset,
                            .store_timestamp_ms = record->store_timestamp_ms,
                            .topic = std::string(record->topic),
                            .body = std::string(record->body),
                            .properties = std::string(record->properties)});
        rest.remove_prefix(static_cast<size_t>(record->total_size));
      }
    }
    if (result.status != GetStatus::kFound || result.next_offset <= offset) {
      return messages;
    }
    offset = result.next_offset;
  }
}

std::vector<std::string> bodiesOf(const std::vector<StoredMessage>& messages) {
  std::vector<std::string> bodies;
  for (const StoredMessage& message : messages) {
    bodies.push_back(message.body);
  }
  return bodies;
}

std::string properties(
    std::initializer_list<std::pair<std::string_view, std::string_view>> entries) {
  std::string text;
  for (const auto& [name, value] : entries) {
    appendProperty(text, name, value);
  }
  return text;
}

Status StoreTest::tryOpen() {
  auto opened = MessageStore::open(options_, clock_, listener_, files_);
  if (opened) {
    store_ = std::move(*opened);
  }
  return opened.status();
}

void StoreTest::close() {
  ASSERT_NE(nullptr, store_);
  EXPECT_EQ("", store_->close().message());
  store_.reset();
}

std::string StoreTest::crashedCopy() {
  const std::string copy = dir_ / ("crashed" + std::to_string(++crashes_));
  copyFolder(root(), copy);
  return copy;
}

void StoreTest::crash() {
  const std::string copy = crashedCopy();
  close();
  options_.root_dir = copy;
  open();
}

MessageRecord StoreTest::message(std::string_view topic, int32_t queue_id, std::string_view body,
                                 std::string_view property_text) const {
  MessageRecord record;
  record.topic = topic;
  record.queue_id = queue_id;
  record.body = body;
  record.properties = property_text;
  record.born_timestamp_ms = clock_.nowMs();
  record.born_host = *HostAddress::parse("10.1.2.3:4567");
  record.store_host = *HostAddress::parse("127.0.0.1:10911");
  return record;
}

void StoreTest::send(std::string_view topic, int32_t queue_id, int count,
                     const std::string& prefix) {
  for (int i = 0; i < count; ++i) {
    const PutResult result = put(topic, queue_id, prefix + std::to_string(i));
    ASSERT_TRUE(result.ok()) << result.detail;
  }
}

GetResult StoreTest::get(std::string_view topic, int32_t queue_id, int64_t offset, int32_t count) {
  return store_->get(
      {.topic = topic, .queue_id = queue_id, .offset = offset, .messages_max = count});
}

bool StoreTest::flushEverything() {
  const int64_t end = store_->commitLogMaxOffset();
  return eventually([&] { return store_->flushedOffset() >= end; });
}

std::string StoreTest::logFile(int64_t base) const {
  return root() + "/commitlog/" + segmentFileName(base);
}

std::string StoreTest::queueFile(std::string_view topic, int32_t queue_id, int64_t base) const {
  return root() + "/consumequeue/" + std::string(topic) + "/" + std::to_string(queue_id) + "/" +
         segmentFileName(base);
}

}  // namespace rocketmq::store::test
