// Promise: a checkpoint, consume queue or index file that is too short, too long or full of
// nonsense is repaired from the log, after a clean stop as after a crash: every message is at its
// offset, every key is found, and offsets go on.

#include <gmock/gmock.h>

#include <filesystem>
#include <functional>
#include <string>
#include <tuple>
#include <vector>

#include "tests/unit/store/store_test_support.h"

namespace rocketmq::store::test {
namespace {

constexpr int kMessages = 120;  // Three queue files, one of them half full.

enum class Stop : uint8_t { kClean, kCrash };

/// A way to spoil one file, and how a test says it.
struct Damage {
  std::string name;
  std::string file;  // In the store's folder; a folder means its only file.
  std::function<void(const std::string& path)> make;
};

void shorten(const std::string& path) {
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 33);
}
void cutToNothing(const std::string& path) { std::filesystem::resize_file(path, 0); }
void lengthen(const std::string& path) {
  std::filesystem::resize_file(path, std::filesystem::file_size(path) + 33);
}
void takeAway(const std::string& path) { std::filesystem::remove(path); }
void spoil(const std::string& path) {
  patchFile(path, 0, std::string(std::filesystem::file_size(path), '\x5a'));
}

class DamagedFilesTest : public StoreTest,
                         public ::testing::WithParamInterface<std::tuple<Damage, Stop>> {
 protected:
  static std::string keyOf(int i) { return "k" + std::to_string(i); }
  bool keyIsFound(int i) {
    const auto found = store_->queryByKey("A", keyOf(i), 10, 0, clock_.nowMs() + 1000);
    return found.records.size() == 1 &&
           decodeRecord(found.records.front().bytes)->body == "m" + std::to_string(i);
  }
};

TEST_P(DamagedFilesTest, AreRepairedFromTheLog) {
  const auto& [damage, stop] = GetParam();
  options_.commit_log_file_bytes = 1 << 20;
  open();
  for (int i = 0; i < kMessages; ++i) {
    ASSERT_TRUE(put("A", 0, "m" + std::to_string(i), properties({{"KEYS", keyOf(i)}})).ok());
  }
  ASSERT_TRUE(eventually([&] { return keyIsFound(kMessages - 1); }));
  if (stop == Stop::kClean) {
    close();
  } else {
    const std::string copy = crashedCopy();
    close();
    options_.root_dir = copy;
  }
  std::string path = root() + "/" + damage.file;
  if (std::filesystem::is_directory(path)) {
    path = std::filesystem::directory_iterator(path)->path().string();
  }
  damage.make(path);
  open();
  ASSERT_EQ(kMessages, store_->maxOffset("A", 0));
  EXPECT_EQ(0, store_->minOffset("A", 0));
  const auto found = bodies("A", 0);
  ASSERT_EQ(static_cast<size_t>(kMessages), found.size());
  for (int i = 0; i < kMessages; ++i) {
    EXPECT_EQ("m" + std::to_string(i), found[static_cast<size_t>(i)]);
    EXPECT_TRUE(eventually([&, i = i] { return keyIsFound(i); })) << i;
  }
  EXPECT_EQ(kMessages, put("A", 0, "next").queue_offset);
  restart();
  EXPECT_EQ(kMessages + 1, store_->maxOffset("A", 0));
}

std::vector<Damage> damages() {
  const std::string queue = "consumequeue/A/0/0000000000000000";
  return {{"CheckpointShort", "checkpoint", shorten},
          {"CheckpointEmpty", "checkpoint", cutToNothing},
          {"CheckpointLong", "checkpoint", lengthen},
          {"LastQueueFileShort", queue + "2000", shorten},
          {"LastQueueFileEmpty", queue + "2000", cutToNothing},
          {"LastQueueFileLong", queue + "2000", lengthen},
          {"FirstQueueFileShort", queue + "0000", shorten},
          {"FirstQueueFileLong", queue + "0000", lengthen},
          {"MiddleQueueFileEmpty", queue + "1000", cutToNothing},
          {"FirstQueueFileMissing", queue + "0000", takeAway},
          {"MiddleQueueFileMissing", queue + "1000", takeAway},
          {"LastQueueFileMissing", queue + "2000", takeAway},
          {"LastQueueFileSpoilt", queue + "2000", spoil},
          {"IndexShort", "index", shorten},
          {"IndexEmpty", "index", cutToNothing},
          {"IndexLong", "index", lengthen}};
}

INSTANTIATE_TEST_SUITE_P(OneAtATime, DamagedFilesTest,
                         ::testing::Combine(::testing::ValuesIn(damages()),
                                            ::testing::Values(Stop::kClean, Stop::kCrash)),
                         [](const auto& instance) {
                           return std::get<0>(instance.param).name +
                                  (std::get<1>(instance.param) == Stop::kClean ? "AfterACleanStop"
                                                                               : "AfterACrash");
                         });

}  // namespace
}  // namespace rocketmq::store::test
