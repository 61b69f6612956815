// Starts that find a log which is shorter than the key index.
#include <gmock/gmock.h>

#include <filesystem>

#include "tests/unit/store/store_test_support.h"

namespace rocketmq::store::test {
namespace {

/// The parameter: new messages are as long as the old ones, so that records begin at the old
/// places.
class IndexLogEndTest : public StoreTest, public ::testing::WithParamInterface<bool> {
 protected:
  static constexpr int kOld = 20;
  static constexpr int kNew = 6;

  PutResult putKeyed(const std::string& body, const std::string& key) {
    return put("A", 0, body, properties({{"KEYS", key}}));
  }
  /// A store that was stopped cleanly, whose last messages the log has lost since.
  void leaveShorterLog(const std::string& name) {
    options_.root_dir = dir_ / name;
    options_.index_entries_max = 10'000;
    open();
    int64_t cut = 0;
    for (int i = 10; i < 10 + kOld; ++i) {
      const PutResult result = putKeyed("o" + std::to_string(i), "o" + std::to_string(i));
      cut = i == 27 ? result.physical_offsets.front() : cut;
    }
    close();
    std::filesystem::remove(root() + "/queueends");
    patchFile(logFile(0), cut, std::string(2000, '\0'));
  }
  /// As long as the old ones: records begin at the old places.
  void putNewAtOldPlaces() { putNew(""); }
  void putNew(const std::string& longer = "!!") {
    for (int i = 10; i < 10 + kNew; ++i) {
      ASSERT_TRUE(putKeyed("n" + std::to_string(i) + longer, "n" + std::to_string(i)).ok());
    }
  }
  bool findsAllNew() {
    for (int i = 10; i < 10 + kNew; ++i) {
      const auto found =
          store_->queryByKey("A", "n" + std::to_string(i), 9, 0, int64_t{1} << 60).records;
      if (found.size() != 1) {
        return false;
      }
    }
    return true;
  }
};

// The index thread begins when the puts are through, or before, or in between.
TEST_F(IndexLogEndTest, WhatIsPutAtOnceIsFound) {
  for (int round = 0; round < 40; ++round) {
    leaveShorterLog(std::to_string(round));
    open();
    round % 2 == 0 ? putNew() : putNewAtOldPlaces();
    ASSERT_TRUE(eventually([&] { return findsAllNew(); })) << "round " << round;
    close();
  }
}

TEST_F(IndexLogEndTest, WhatIsPutWhileTheIndexIsSwitchedOffIsFoundLater) {
  leaveShorterLog("store");
  options_.message_index_enable = false;
  open();
  putNewAtOldPlaces();
  close();
  options_.message_index_enable = true;
  open();
  EXPECT_TRUE(eventually([&] { return findsAllNew(); }));
}

// As an earlier version left it.
TEST_F(IndexLogEndTest, AnIndexThatEndsWhereTheLogHasNoRecordIsRepaired) {
  leaveShorterLog("store");
  copyFolder(root() + "/index", dir_ / "index");
  open();
  putNew();
  close();
  std::filesystem::remove_all(root() + "/index");
  copyFolder(dir_ / "index", root() + "/index");
  open();
  EXPECT_TRUE(eventually([&] { return findsAllNew(); }));
}

}  // namespace
}  // namespace rocketmq::store::test
