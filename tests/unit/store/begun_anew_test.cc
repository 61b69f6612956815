// Starts that read a log again which holds a topic twice: it was deleted, by a broker that leaves
// no note of it, and made anew.
#include <gmock/gmock.h>

#include <filesystem>

#include "store/queue/queue_ends.h"
#include "tests/unit/store/store_test_support.h"

namespace rocketmq::store::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class BegunAnewTest : public StoreTest {
 protected:
  /// `old` messages, and `anew` of the topic that was made after it, with a checkpoint.
  void fill(int old, int anew) {
    options_.root_dir = dir_ / ("store" + std::to_string(++stores_));
    open();
    send("A", 0, old, "old");
    send("B", 0, 2);
    ASSERT_TRUE(store_->deleteTopic("A").isOk());
    send("A", 0, anew, "new");
    for (const StoredMessage& message : readAll(*store_, "A", 0)) {
      places_.push_back(message.physical_offset);
    }
    send("B", 0, 1);
    close();
    forgetDeletion();
  }
  void forgetDeletion() {
    std::filesystem::remove(root() + "/deletedtopics");
    std::filesystem::remove(root() + "/deletedtopics.bak");
  }
  void forgetEnds() { std::filesystem::remove(root() + "/queueends"); }
  void loseQueue(const std::string& topic) {
    std::filesystem::remove_all(root() + "/consumequeue/" + topic);
  }
  void markKilled() { writeFile(root() + "/abort", ""); }
  void expectOnlyNew(int count) {
    std::vector<std::string> wanted;
    for (int i = 0; i < count; ++i) {
      wanted.push_back("new" + std::to_string(i));
    }
    EXPECT_EQ(wanted, bodies("A", 0));
    EXPECT_EQ(count, put("A", 0, "next").queue_offset);
    wanted.push_back("next");
    restart();
    EXPECT_EQ(wanted, bodies("A", 0));
    close();
  }
  /// Messages whose last one says that its offset is 0.
  void fillWithDamagedOffset(int count) {
    options_.root_dir = dir_ / ("store" + std::to_string(++stores_));
    open();
    send("A", 0, count - 1);
    const int64_t at = put("A", 0, "damaged").physical_offsets.front();
    send("B", 0, 1);
    close();
    patchFile(logFile(0), at + 20, std::string(8, '\0'));
  }
  void expectOthers(int count) {
    std::vector<std::string> wanted;
    for (int i = 0; i < count; ++i) {
      wanted.push_back("m" + std::to_string(i));
    }
    EXPECT_EQ(wanted, bodies("A", 0));
    close();
  }

  std::vector<int64_t> places_;

 private:
  int stores_ = 0;
};

TEST_F(BegunAnewTest, TheFilesOfItsQueueTellOfTheOnlyMessage) {
  for (const int old : {1, 4, 5}) {
    SCOPED_TRACE(old);
    fill(old, 1);
    forgetEnds();
    markKilled();
    open();
    expectOnlyNew(1);
  }
}

TEST_F(BegunAnewTest, KnownEndsTellOfTheOnlyMessageWhenItsQueueIsGone) {
  for (const int old : {1, 4, 5}) {
    for (const bool is_killed : {false, true}) {
      SCOPED_TRACE(std::to_string(old) + (is_killed ? " killed" : ""));
      fill(old, 1);
      loseQueue("A");
      if (is_killed) {
        markKilled();
      }
      open();
      expectOnlyNew(1);
    }
  }
}

TEST_F(BegunAnewTest, KnownEndsTellOfTheOnlyMessageBehindThem) {
  for (const int old : {1, 4, 5}) {
    SCOPED_TRACE(old);
    fill(old, 0);
    options_.flush_queue_thorough_interval_ms = 1'000'000;
    const std::string known = readFile(root() + "/queueends");
    open();
    send("A", 0, 1, "new");
    const std::string killed = crashedCopy();
    close();
    options_.root_dir = killed;
    // The first round after the start may have come behind the message.
    writeFile(root() + "/queueends", known);
    loseQueue("B");
    open();
    EXPECT_EQ(3, store_->maxOffset("B", 0));
    expectOnlyNew(1);
  }
}

// No single bit that is wrong in 3 or 5 makes it 0.
TEST_F(BegunAnewTest, TheOnlyMessageIsThereWhenNothingIsLeftOfItsQueue) {
  for (const int old : {3, 5}) {
    for (const bool is_killed : {false, true}) {
      SCOPED_TRACE(std::to_string(old) + (is_killed ? " killed" : ""));
      fill(old, 1);
      loseQueue("A");
      forgetEnds();
      if (is_killed) {
        markKilled();
      }
      open();
      expectOnlyNew(1);
    }
  }
}

TEST_F(BegunAnewTest, ALostSecondMessageDoesNotHideTheOthers) {
  fill(5, 4);
  patchFile(logFile(0), places_.at(1) + 4, "\x01");  // Of the magic.
  forgetEnds();
  loseQueue("A");
  open();
  EXPECT_THAT(bodies("A", 0), ElementsAre("new0", "new2", "new3"));
  EXPECT_EQ(4, put("A", 0, "next").queue_offset);
}

TEST_F(BegunAnewTest, ADamagedLastOffsetDoesNotHideTheMessagesInFront) {
  for (const int count : {5, 6, 61}) {
    SCOPED_TRACE(count);
    fillWithDamagedOffset(count);
    loseQueue("A");
    open();
    expectOthers(count - 1);
    fillWithDamagedOffset(count);
    forgetEnds();
    markKilled();
    open();
    expectOthers(count - 1);
  }
}

TEST_F(BegunAnewTest, ABitThatIsWrongInTheLastOffsetDoesNotHideTheMessagesInFront) {
  fillWithDamagedOffset(5);
  loseQueue("A");
  forgetEnds();
  markKilled();
  open();
  expectOthers(4);
}

TEST_F(BegunAnewTest, DamageBehindADamagedOffsetIsNotTheEndOfTheQueue) {
  fillWithDamagedOffset(6);
  open();
  const int64_t between = put("B", 0, "between").physical_offsets.front();
  send("A", 0, 1, "behind");
  while (store_->commitLogMaxOffset() < kLogFileBytes) {
    send("B", 0, 1);
  }
  close();
  patchFile(logFile(0), between + 4, "\x01");
  forgetEnds();
  loseQueue("A");
  open();
  EXPECT_THAT(bodies("A", 0), ElementsAre("m0", "m1", "m2", "m3", "m4", "behind0"));
}

// What is known of the queue that begins with the record stays: a start that dies right behind it
// would else take the queue for one that began behind the checkpoint.
TEST_F(BegunAnewTest, KnownEndsOfTheQueueThatComesAfterStay) {
  fill(5, 1);
  const std::string path = root() + "/queueends";
  QueueEnds ends(files_, path);
  ASSERT_TRUE(ends.forget({{"A", {0}}}, places_.front()).isOk());
  EXPECT_THAT(readFile(path), HasSubstr("\"A\":{0:"));
  ASSERT_TRUE(ends.forget({{"A", {0}}}, places_.front() + 1000).isOk());
  EXPECT_THAT(readFile(path), Not(HasSubstr("\"A\":{0:")));
}

}  // namespace
}  // namespace rocketmq::store::test
