#include "store/checkpoint.h"

#include "tests/unit/store/store_test_support.h"

namespace rocketmq::store::test {
namespace {

class CheckpointTest : public StoreTest {
 protected:
  static constexpr int64_t kHourMs = 3'600'000;

  std::string path() const { return root() + "/checkpoint"; }
  CheckpointTimes reload() {
    const auto loaded = Checkpoint::load(files_, path(), clock_.nowMs());
    EXPECT_TRUE(loaded.ok()) << loaded.status().message();
    return loaded ? (*loaded)->times() : CheckpointTimes{};
  }
  void writeTimes(const CheckpointTimes& times) {
    writeFile(path(), "");
    ASSERT_TRUE((*Checkpoint::load(files_, path(), clock_.nowMs()))->advance(times).isOk());
  }
};

TEST_F(CheckpointTest, TimesAreKeptAlsoBehindAClockThatWasSetBack) {
  const CheckpointTimes times{.log_ms = clock_.nowMs() + 23 * kHourMs,
                              .queues_ms = clock_.nowMs(),
                              .index_ms = clock_.nowMs() - kHourMs};
  writeTimes(times);
  EXPECT_EQ(times, reload());
}

TEST_F(CheckpointTest, TimesFarAheadOfTheClockCountAsNone) {
  const TimestampMs ahead = clock_.nowMs() + 25 * kHourMs;
  for (const CheckpointTimes& times :
       {CheckpointTimes{.log_ms = ahead}, CheckpointTimes{.queues_ms = ahead},
        CheckpointTimes{.index_ms = ahead}}) {
    writeTimes(times);
    const std::string content = readFile(path());
    EXPECT_EQ(CheckpointTimes{}, reload());
    EXPECT_EQ(content, readFile(path())) << "the clock may be wrong, not the file";
  }
}

TEST_F(CheckpointTest, TimesAheadOfAWrongClockCanBeBelievedAfterAll) {
  const TimestampMs ahead = clock_.nowMs() + 49 * kHourMs;
  writeTimes({.log_ms = ahead, .queues_ms = ahead - 1, .index_ms = ahead + kHourMs});
  const auto loaded = Checkpoint::load(files_, path(), clock_.nowMs());
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(ahead - 1, (*loaded)->found().queues_ms);
  (*loaded)->believe();
  const CheckpointTimes expected{.log_ms = ahead, .queues_ms = ahead - 1, .index_ms = ahead};
  EXPECT_EQ(expected, (*loaded)->times());
}

// Times are only raised: a spoilt one would stay, and a recovery trust files that nobody flushed.
TEST_F(CheckpointTest, SpoiltFileIsReplacedByTheNextCheckpoint) {
  open();
  send("A", 0, 10);
  close();
  writeFile(path(), std::string(4096, '\x5a'));
  open();
  EXPECT_EQ(10u, bodies("A", 0).size());
  send("A", 0, 1);
  close();
  EXPECT_EQ(clock_.nowMs(), reload().log_ms);
  EXPECT_EQ(clock_.nowMs(), reload().queues_ms);
}

}  // namespace
}  // namespace rocketmq::store::test
