#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "common/hash.h"
#include "store/log/segment.h"
#include "store/queue/queue_extension.h"
#include "tests/unit/store/store_test_support.h"

namespace rocketmq::store::test {

inline std::string bigEndian(int64_t value, int bytes) {
  std::string text;
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) {
    text += static_cast<char>(value >> shift & 0xFF);
  }
  return text;
}

/// A unit as it is on the disk.
inline std::string unitOf(const std::string& tag, TimestampMs stored_ms,
                          const std::string& map = "") {
  return bigEndian(20 + std::ssize(map), 2) + bigEndian(tagsCode(tag), 8) +
         bigEndian(stored_ms, 8) + bigEndian(std::ssize(map), 2) + map;
}

/// Wants the messages of one tag.
class TaggedWith final : public MessageFilter {
 public:
  explicit TaggedWith(std::string_view tag) : code_(tagsCode(tag)) {}
  bool matchesTagsCode(int64_t tags_code) const override { return tags_code == code_; }

 private:
  const int64_t code_;
};

/// A store with the consume queue's extension on.
class QueueExtensionTest : public StoreTest {
 protected:
  /// Nine units of 20 bytes fit.
  static constexpr int64_t kFileBytes = 200;

  QueueExtensionTest() {
    options_.queue_extension = true;
    options_.queue_extension_file_bytes = kFileBytes;
  }

  std::string folder(const std::string& topic) const {
    return root() + "/consumequeue_ext/" + topic;
  }
  std::string unitFile(int64_t base, const std::string& topic = "A") const {
    return folder(topic) + "/0/" + segmentFileName(base);
  }
  std::vector<std::string> unitFiles(const std::string& topic = "A") const {
    std::vector<std::string> names;
    for (const auto& file : std::filesystem::directory_iterator(folder(topic) + "/0")) {
      names.push_back(file.path().filename());
    }
    std::sort(names.begin(), names.end());
    return names;
  }
  void sendTagged(int count, int from = 0) {
    for (int i = from; i < from + count; ++i) {
      const PutResult result =
          put("A", 0, "m" + std::to_string(i), properties({{"TAGS", i % 2 == 0 ? "even" : "odd"}}));
      ASSERT_TRUE(result.ok()) << result.detail;
    }
  }
  int64_t rawTagsCode(int64_t index) const {
    const std::string file = readFile(queueFile("A", 0, index / 50 * 1000));
    int64_t value = 0;
    for (const char c : file.substr(static_cast<size_t>(index % 50 * 20 + 12), 8)) {
      value = value << 8 | static_cast<unsigned char>(c);
    }
    return value;
  }
  /// How many of the messages a reader of that tag gets.
  int countOf(std::string_view tag, int64_t from = 0) {
    const TaggedWith filter(tag);
    int count = 0;
    while (from < store_->maxOffset("A", 0)) {
      const GetResult result = store_->get({.topic = "A", .offset = from, .filter = &filter});
      count += result.message_count;
      from = result.next_offset;
    }
    return count;
  }
};

}  // namespace rocketmq::store::test
