// Which part of the log a queue is repaired from whose topic was made anew.
#include "store/repair/queue_begin.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/unit/store/store_test_support.h"

namespace rocketmq::store::test {
namespace {

/// Where a queue begins with records of these offsets at 0, 100, 200, ...
int64_t beginOf(const std::vector<int64_t>& queue_offsets, int64_t next) {
  QueueBegin begin(0);
  int64_t at = 0;
  for (const int64_t offset : queue_offsets) {
    begin.add(offset, at);
    at += 100;
  }
  return begin.find(next);
}

TEST(QueueBeginTest, IsTheNewestRecordThatGoesBackAndGoesOn) {
  EXPECT_EQ(0, beginOf({0, 1, 2, 3}, 4));
  EXPECT_EQ(300, beginOf({0, 1, 2, 0, 1}, 2));
  EXPECT_EQ(500, beginOf({0, 1, 2, 0, 1, 0, 1}, 2));
  EXPECT_EQ(200, beginOf({7, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, 10)) << "retention took the first";
  EXPECT_EQ(300, beginOf({0, 1, 2, 1, 2}, 3)) << "the first is damaged";
  EXPECT_EQ(300, beginOf({0, 1, 2, 0, 2, 3}, 4)) << "the second is damaged";
  EXPECT_EQ(100, beginOf({0, 0, 1}, 2));
}

TEST(QueueBeginTest, TheLastRecordIsConfirmedByTheQueue) {
  EXPECT_EQ(300, beginOf({0, 1, 2, 0}, 1));
  EXPECT_EQ(0, beginOf({0, 1, 2, 0}, 4));
}

TEST(QueueBeginTest, ADamagedOffsetIsNoBegin) {
  EXPECT_EQ(0, beginOf({0, 1, 2, 1, 4, 5}, 6));
  EXPECT_EQ(0, beginOf({0, 1, 900, 3, 4, 5}, 6));
  EXPECT_EQ(0, beginOf({0, 1, 5, 6}, 7)) << "some are lost";
}

class RepairOfATopicMadeAnewTest : public StoreTest {
 protected:
  /// `old` messages of a topic, deleted without a note of it, and `anew` of the one after it.
  void fill(int old, int anew) {
    options_.root_dir = dir_ / (std::to_string(old) + "-" + std::to_string(anew));
    open();
    send("A", 0, old, "old");
    send("B", 0, 2);
    ASSERT_TRUE(store_->deleteTopic("A").isOk());
    send("A", 0, anew, "new");
    all_ = bodies("A", 0);
    places_.clear();
    for (const StoredMessage& message : readAll(*store_, "A", 0)) {
      places_.push_back(message.physical_offset);
    }
    close();
    for (const char* file : {"/deletedtopics", "/deletedtopics.bak"}) {
      std::filesystem::remove(root() + file);
    }
  }
  void zeroEntries(int from, int to) {
    patchFile(queueFile("A", 0), from * 20, std::string(static_cast<size_t>(to - from) * 20, '\0'));
  }
  /// What a reader gets who begins at once and is told when to come again.
  std::vector<std::string> readPatiently() {
    std::vector<std::string> got;
    int64_t offset = 0;
    EXPECT_TRUE(eventually([&] {
      const GetResult result = get("A", 0, offset);
      if (result.status == GetStatus::kFound) {
        for (const StoredMessage& message : readAll(*store_, "A", 0, offset)) {
          got.push_back(message.body);
          offset = message.queue_offset + 1;
        }
        return false;
      }
      offset = result.next_offset;
      return result.status == GetStatus::kOffsetOverflowOne;
    }));
    return got;
  }

  std::vector<std::string> all_;
  std::vector<int64_t> places_;
};

TEST_F(RepairOfATopicMadeAnewTest, ItsFirstEntriesAreNotThoseOfTheOldOne) {
  for (const int damaged : {1, 2, 4, 5}) {
    for (const int old : {1, 5, 8}) {
      SCOPED_TRACE(std::to_string(damaged) + " of 5 behind " + std::to_string(old));
      fill(old, 5);
      open();
      zeroEntries(0, damaged);
      EXPECT_EQ(all_, readPatiently());
      close();
      std::filesystem::remove_all(root());
    }
  }
}

TEST_F(RepairOfATopicMadeAnewTest, ItsOnlyEntryIsNotThatOfTheOldOne) {
  fill(5, 1);
  open();
  zeroEntries(0, 1);
  EXPECT_EQ(all_, readPatiently());
}

TEST_F(RepairOfATopicMadeAnewTest, AMessageThatIsLostIsNotReplacedByAnOldOne) {
  for (const int lost : {0, 1, 2}) {
    SCOPED_TRACE(lost);
    fill(5, 4 + lost);
    patchFile(logFile(0), places_.at(static_cast<size_t>(lost)) + 4, "\x01");  // Of the magic.
    open();
    zeroEntries(0, 4 + lost);
    all_.erase(all_.begin() + lost);
    EXPECT_EQ(all_, readPatiently());
    close();
  }
}

TEST_F(RepairOfATopicMadeAnewTest, ARecordOutOfOrderIsNotEntered) {
  fill(0, 6);
  patchFile(logFile(0), places_.at(4) + 20 + 7, "\x01");  // Its queue offset: 1 instead of 4.
  patchFile(logFile(0), places_.at(1) + 4, "\x01");
  zeroEntries(1, 2);
  open();
  all_.erase(all_.begin() + 4);
  all_.erase(all_.begin() + 1);
  EXPECT_EQ(all_, readPatiently());
}

}  // namespace
}  // namespace rocketmq::store::test
