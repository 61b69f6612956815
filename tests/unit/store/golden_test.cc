#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <map>
#include <set>
#include <sstream>

#include "common/bytes.h"
#include "common/compress.h"
#include "common/message/properties.h"
#include "common/message/sys_flag.h"
#include "tests/unit/store/store_test_support.h"

namespace rocketmq::store::test {
namespace {

std::string sha1(std::string_view text) {
  std::array<uint32_t, 5> hash = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
  std::string padded(text);
  padded += '\x80';
  padded.append((120 - padded.size() % 64) % 64, '\0');
  ByteWriter(padded).write(static_cast<uint64_t>(text.size() * 8));
  for (size_t block = 0; block < padded.size(); block += 64) {
    std::array<uint32_t, 80> words{};
    for (size_t i = 0; i < 80; ++i) {
      words[i] = i < 16 ? loadBigEndian<uint32_t>(padded.data() + block + 4 * i)
                        : std::rotl(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
    }
    auto [a, b, c, d, e] = hash;
    for (size_t i = 0; i < 80; ++i) {
      const uint32_t mixed = i < 20   ? ((b & c) | (~b & d)) + 0x5A827999
                             : i < 40 ? (b ^ c ^ d) + 0x6ED9EBA1
                             : i < 60 ? ((b & c) | (b & d) | (c & d)) + 0x8F1BBCDC
                                      : (b ^ c ^ d) + 0xCA62C1D6;
      const uint32_t next = std::rotl(a, 5) + mixed + e + words[i];
      e = d;
      d = c;
      c = std::rotl(b, 30);
      b = a;
      a = next;
    }
    hash = {hash[0] + a, hash[1] + b, hash[2] + c, hash[3] + d, hash[4] + e};
  }
  std::ostringstream digits;
  for (const uint32_t word : hash) {
    digits << std::hex << std::setw(8) << std::setfill('0') << word;
  }
  return digits.str();
}

std::vector<std::string> split(const std::string& line, char separator) {
  std::vector<std::string> fields;
  std::istringstream in(line);
  for (std::string field; std::getline(in, field, separator);) {
    fields.push_back(field);
  }
  return fields;
}

/// "{A=1, B=2}", as Java prints a TreeMap.
std::string printed(const PropertyMap& map) {
  std::string text = "{";
  for (const auto& [name, value] : map) {
    text += (text.size() == 1 ? "" : ", ") + name + "=" + value;
  }
  return text + "}";
}

/// The fields of a line MSG of the .tsv for a stored record, from physicalOffset on.
std::vector<std::string> describe(std::string_view bytes) {
  const auto record = decodeRecord(bytes, CrcCheck::kVerify);
  EXPECT_TRUE(record.ok());
  std::string body(record->body);
  if ((record->sys_flag & sys_flag::kCompressed) != 0) {
    body = decompress(compressionOf(record->sys_flag), record->body, 4 << 20).value();
  }
  const PropertyMap map = parseProperties(record->properties);
  const auto unique = map.find(property::kUniqueKey);
  return {std::to_string(record->physical_offset),
          std::to_string(record->total_size),
          unique == map.end() ? "" : unique->second,
          std::to_string(record->sys_flag),
          std::to_string(record->born_timestamp_ms),
          std::to_string(record->store_timestamp_ms),
          std::to_string(record->reconsume_times),
          sha1(body),
          printed(map)};
}

/// Stores written by Java brokers; see tests/golden/README.md.
class GoldenStoreTest : public StoreTest, public ::testing::WithParamInterface<std::string> {
 protected:
  GoldenStoreTest() {
    const std::string golden = ROCKETMQ_SOURCE_DIR "/tests/golden/" + GetParam();
    const std::string unpack =
        "tar --sparse -xzf '" + golden + ".tar.gz' -C '" + dir_.path().string() + "'";
    EXPECT_EQ(0, std::system(unpack.c_str()));
    std::ifstream lines(golden + ".tsv");
    for (std::string line; std::getline(lines, line);) {
      lines_.push_back(split(line, '\t'));
    }
    EXPECT_GT(lines_.size(), 500u);

    // As in broker.conf there.
    options_ = {};
    options_.root_dir = dir_ / GetParam();
    options_.commit_log_file_bytes = 262144;
    options_.consume_queue_file_bytes = 20000;
    options_.index_hash_slots = 512;
    options_.index_entries_max = 1024;
    options_.live.file_reserved_hours = 100000;
    options_.delay_level_ms = {1000,   5000,   10000,   30000,   60000,   120000,
                               180000, 240000, 300000,  360000,  420000,  480000,
                               540000, 600000, 1200000, 1800000, 3600000, 7200000};
    clock_.advance(std::chrono::milliseconds(1'800'000'000'000 - clock_.nowMs()));
  }

  /// Everything that a Java client read from the Java broker is read here, byte for byte.
  void expectAllLines() {
    std::map<std::pair<std::string, int32_t>, std::map<int64_t, std::vector<std::string>>> stored;
    for (const auto& line : lines_) {
      const std::string& topic = line.at(1);
      const int32_t queue_id = std::stoi(line.at(2));
      if (line[0] == "QUEUE") {
        EXPECT_EQ(std::stoll(line.at(3)), store_->minOffset(topic, queue_id));
        EXPECT_LE(std::stoll(line.at(4)), store_->maxOffset(topic, queue_id));
        stored[{topic, queue_id}] = describeQueue(topic, queue_id);
        continue;
      }
      const auto& queue = stored[{topic, queue_id}];
      const auto found = queue.find(std::stoll(line.at(3)));
      ASSERT_TRUE(found != queue.end()) << topic << " " << line[3];
      std::vector<std::string> expected(line.begin() + 4, line.end());
      if (found->second.at(2).empty()) {
        expected.at(2).clear();  // A message without UNIQ_KEY goes by its offset id.
      }
      ASSERT_EQ(expected, found->second) << topic << " " << queue_id;
      ++messages_compared_;
    }
  }
  std::map<int64_t, std::vector<std::string>> describeQueue(const std::string& topic,
                                                            int32_t queue_id) {
    std::map<int64_t, std::vector<std::string>> messages;
    for (const StoredMessage& message : readAll(*store_, topic, queue_id)) {
      messages[message.queue_offset] =
          describe(store_->recordAt(message.physical_offset).value().bytes);
    }
    return messages;
  }
  /// Files below a folder by their path inside it.
  std::map<std::string, std::string> filesOf(const std::string& folder) const {
    std::map<std::string, std::string> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      if (entry.is_regular_file()) {
        files[entry.path().lexically_relative(folder)] = readFile(entry.path());
      }
    }
    return files;
  }
  bool isClean() const { return GetParam().ends_with("clean"); }

  std::vector<std::vector<std::string>> lines_;
  int messages_compared_ = 0;
};

TEST_P(GoldenStoreTest, EveryMessageOfTheJavaBrokerIsRead) {
  EXPECT_EQ(!isClean(), std::filesystem::exists(root() + "/abort"));
  open();
  expectAllLines();
  EXPECT_GE(messages_compared_, 583);
}

TEST_P(GoldenStoreTest, StoreGoesOnHereAndNothingIsLost) {
  open();
  const int64_t end = store_->commitLogMaxOffset();
  const int64_t queue_end = store_->maxOffset("GoldenPlain", 0);
  for (int i = 0; i < 300; ++i) {
    const PutResult result =
        put("GoldenPlain", 0, std::string(1000, 'x'), properties({{"KEYS", "new"}}));
    ASSERT_TRUE(result.ok()) << result.detail;
    ASSERT_GE(result.physical_offsets.front(), end);
    ASSERT_EQ(queue_end + i, result.queue_offset);
  }
  expectAllLines();
  restart();
  expectAllLines();
  EXPECT_EQ(queue_end + 300, store_->maxOffset("GoldenPlain", 0));
  crash();
  expectAllLines();
  EXPECT_EQ(queue_end + 300, store_->maxOffset("GoldenPlain", 0));
}

TEST_P(GoldenStoreTest, MessagesAreFoundByTheirKeys) {
  open();
  // The killed broker's index is repaired; then it knows them all.
  for (const auto& line : lines_) {
    if (line[0] != "MSG" || line.at(6).empty()) {
      continue;
    }
    const bool found = eventually([&] {
      for (const LogSlice& slice :
           store_->queryByKey(line[1], line[6], 32, 0, int64_t{1} << 60).records) {
        if (std::to_string(decodeRecord(slice.bytes)->physical_offset) == line[4]) {
          return true;
        }
      }
      return false;
    });
    ASSERT_TRUE(found) << line[1] << " " << line[6];
  }
}

/// Stopped cleanly: queues and index of a killed broker may end anywhere.
class CleanGoldenStoreTest : public GoldenStoreTest {};

TEST_P(CleanGoldenStoreTest, RebuiltQueuesEqualThoseOfJava) {
  const auto java = filesOf(root() + "/consumequeue");
  std::filesystem::remove_all(root() + "/consumequeue");
  open();
  expectAllLines();
  close();
  const auto ours = filesOf(root() + "/consumequeue");
  ASSERT_EQ(java.size(), ours.size());
  for (const auto& [path, content] : java) {
    EXPECT_TRUE(ours.at(path) == content) << path;
  }
}

TEST_P(CleanGoldenStoreTest, OneQueueThatIsGoneIsMissed) {
  const std::string java_root = root();
  const auto java = filesOf(java_root + "/consumequeue");
  std::set<std::filesystem::path> queues;
  for (const auto& [path, content] : java) {
    queues.insert(std::filesystem::path(path).parent_path());
  }
  ASSERT_GT(queues.size(), 10u);
  for (const auto& queue : queues) {
    SCOPED_TRACE(queue);
    options_.root_dir = dir_ / "copy";
    copyFolder(java_root, root());
    ASSERT_GT(std::filesystem::remove_all(std::filesystem::path(root() + "/consumequeue") / queue),
              1u);
    open();
    close();
    EXPECT_EQ(java, filesOf(root() + "/consumequeue"));
    std::filesystem::remove_all(root());
  }
}

TEST_P(CleanGoldenStoreTest, RebuiltIndexEqualsThatOfJava) {
  const auto java = filesOf(root() + "/index");
  std::filesystem::remove_all(root() + "/index");
  open();
  ASSERT_TRUE(eventually([&] {
    return store_->queryByKey("", "", 1, 0, 1).index_physical_offset ==
           loadBigEndian<int64_t>(java.rbegin()->second.data() + 24);
  }));
  close();
  const auto ours = filesOf(root() + "/index");
  ASSERT_EQ(java.size(), ours.size());
  for (auto a = java.begin(), b = ours.begin(); a != java.end(); ++a, ++b) {
    EXPECT_TRUE(a->second == b->second) << a->first;
  }
}

std::string nameOf(const ::testing::TestParamInfo<std::string>& archive) {
  std::string name = archive.param;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c == '-' || c == '.'; }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Java, GoldenStoreTest,
                         ::testing::Values("java-4.9.8-clean", "java-4.9.8-killed",
                                           "java-5.3.3-clean"),
                         nameOf);
INSTANTIATE_TEST_SUITE_P(Java, CleanGoldenStoreTest,
                         ::testing::Values("java-4.9.8-clean", "java-5.3.3-clean"), nameOf);

}  // namespace
}  // namespace rocketmq::store::test
