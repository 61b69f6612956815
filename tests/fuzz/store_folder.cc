#include "tests/fuzz/store_folder.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <span>
#include <utility>

#include "common/check.h"
#include "common/message/record.h"
#include "store/bit_map_source.h"
#include "store/message_store.h"
#include "tests/fuzz/fuzz_target.h"

namespace rocketmq::fuzz {

namespace fs = std::filesystem;

namespace {

constexpr int kMessages = 24;

/// So that the consume queue's extension has units.
class AllBits final : public store::BitMapSource {
 public:
  int32_t bytes() const override { return 4; }
  uint64_t version() const override { return 1; }
  bool mark(std::string_view /*topic*/, std::string_view /*properties*/,
            std::span<char> map) const override {
    std::ranges::fill(map, '\xFF');
    return true;
  }
};

}  // namespace

StoreFolder::StoreFolder() {
  makeStore();
  const fs::path root_path = root();
  for (const auto& entry : fs::recursive_directory_iterator(root_path)) {
    if (entry.is_regular_file()) {
      base_.push_back({.name = entry.path().lexically_relative(root_path).string(),
                       .content = store::test::readFile(entry.path().string())});
    }
  }
  std::ranges::sort(base_, {}, &File::name);
  // Tells the store that it was not stopped cleanly; inputs may remove it.
  base_.push_back({.name = "abort", .content = ""});
  // As an earlier version wrote it: a CRC would stop every change at once.
  const auto deleted = std::ranges::find(base_, "deletedtopics", &File::name);
  ROCKETMQ_CHECK(deleted != base_.end());
  deleted->content = R"({"deletedTopics":{"gone":400},"deletedQueues":{"T":{"1":200}}})";
}

store::StoreOptions StoreFolder::options() const {
  store::StoreOptions options;
  options.root_dir = root();
  options.commit_log_file_bytes = 2048;
  options.consume_queue_file_bytes = 5 * 20;
  options.index_hash_slots = 8;
  options.index_entries_max = 16;
  static const AllBits bit_maps;
  options.queue_extension = true;
  options.queue_extension_file_bytes = 100;
  options.bit_maps = &bit_maps;
  return options;
}

void StoreFolder::makeStore() {
  auto opened = store::MessageStore::open(options(), clock_, nullptr, files_);
  ROCKETMQ_CHECK(opened.ok());
  for (int i = 0; i < kMessages; ++i) {
    MessageRecord message;
    message.topic = kTopic;
    message.queue_id = i % kQueues;
    message.born_timestamp_ms = clock_.nowMs();
    message.body = "a body of some bytes";
    message.properties = "KEYS\1k1 k2\2TAGS\1a\2";
    ROCKETMQ_CHECK((*opened)->put(message).ok());
  }
  ROCKETMQ_CHECK((*opened)->deleteTopic("gone").isOk());
  ROCKETMQ_CHECK((*opened)->close().isOk());
}

void StoreFolder::write(std::string_view input) {
  std::vector<File> written = base_;
  for (Input parts(input); !parts.empty();) {
    const uint8_t operation = parts.byte();
    File& file = written[parts.byte() % written.size()];
    const size_t offset = std::min<size_t>(parts.word(), file.content.size());
    if (operation % 4 == 3) {
      file.name.clear();
    } else if (operation % 4 == 2) {
      file.content.resize(offset);
    } else {
      const std::string_view patch = parts.bytes(parts.byte());
      const size_t fits = std::min(patch.size(), file.content.size() - offset);
      file.content.replace(offset, fits, patch.substr(0, fits));
    }
  }
  fs::remove_all(root());
  for (const File& file : written) {
    if (!file.name.empty()) {
      const fs::path path = fs::path(root()) / file.name;
      fs::create_directories(path.parent_path());
      store::test::writeFile(path.string(), file.content);
    }
  }
}

}  // namespace rocketmq::fuzz
