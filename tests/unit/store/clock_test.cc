#include <gmock/gmock.h>

#include <chrono>
#include <filesystem>

#include "tests/unit/store/store_test_support.h"

namespace rocketmq::store::test {
namespace {

using ::testing::ElementsAre;

constexpr std::chrono::hours kStep{1};

/// The machine's clock is set back by an hour while the store is open.
class ClockSetBackTest : public StoreTest {
 protected:
  void setBack() { clock_.advance(-kStep); }
};

TEST_F(ClockSetBackTest, MessagesAreStoredInOrderWithTheTimeThatTheClockShows) {
  open();
  const TimestampMs before = put("A", 0, "before").store_timestamp_ms;
  setBack();
  const PutResult after = put("A", 0, "after");
  ASSERT_TRUE(after.ok());
  EXPECT_EQ(1, after.queue_offset);
  EXPECT_EQ(before - std::chrono::milliseconds(kStep).count(), after.store_timestamp_ms);
  EXPECT_THAT(bodies("A", 0), ElementsAre("before", "after"));
  EXPECT_EQ(0, store_->appendLockHeldMs());
  restart();
  EXPECT_THAT(bodies("A", 0), ElementsAre("before", "after"));
}

// Times that go back look older than the checkpoint, which knows nothing of these messages.
TEST_F(ClockSetBackTest, RecoveryBeginsBeforeWhatTheCheckpointCovers) {
  open();
  send("A", 0, 10, "a");
  restart();
  setBack();
  send("B", 0, 3, "b");
  while (store_->commitLogMaxOffset() < kLogFileBytes + 1000) {
    ASSERT_TRUE(put("A", 0, "more").ok());
  }
  options_.root_dir = crashedCopy();
  store_.reset();
  std::filesystem::remove_all(root() + "/consumequeue/B");
  open();
  EXPECT_THAT(bodies("B", 0), ElementsAre("b0", "b1", "b2"));
}

TEST_F(ClockSetBackTest, OffsetByTimeStaysWithinTheQueue) {
  open();
  send("A", 0, 5);
  setBack();
  send("A", 0, 5);
  for (const TimestampMs time : {TimestampMs{0}, clock_.nowMs() - 1, clock_.nowMs(),
                                 clock_.nowMs() + 1, clock_.nowMs() + 2 * 3'600'000}) {
    for (const TimeBoundary boundary : {TimeBoundary::kLower, TimeBoundary::kUpper}) {
      const int64_t offset = store_->offsetByTime("A", 0, time, boundary).value();
      EXPECT_GE(offset, 0);
      EXPECT_LE(offset, 10);
    }
  }
  EXPECT_EQ(0, store_->offsetByTime("A", 0, 0, TimeBoundary::kLower).value());
}

TEST_F(ClockSetBackTest, KeysAreFoundThatWereStoredBeforeAndAfter) {
  open();
  ASSERT_TRUE(put("A", 0, "before", properties({{"KEYS", "k"}})).ok());
  const TimestampMs latest = clock_.nowMs();
  setBack();
  ASSERT_TRUE(put("A", 0, "after", properties({{"KEYS", "k"}})).ok());
  EXPECT_TRUE(
      eventually([&] { return store_->queryByKey("A", "k", 10, 0, latest).records.size() == 2; }));
}

TEST_F(ClockSetBackTest, NoFileIsRemovedEarly) {
  options_.live.file_reserved_hours = 0;
  open();
  while (store_->commitLogMaxOffset() < 2 * kLogFileBytes) {
    ASSERT_TRUE(put("A", 0, "m").ok());
  }
  ASSERT_TRUE(flushEverything());
  // The files are of a time that is in the future of this clock.
  EXPECT_TRUE(store_->cleanExpiredFiles().isOk());
  EXPECT_EQ(0, store_->commitLogMinOffset());
}

}  // namespace
}  // namespace rocketmq::store::test
