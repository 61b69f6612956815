#include "broker/timer/timer_log.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "common/bytes.h"
#include "tests/support/temp_dir.h"

namespace rocketmq::broker {
namespace {

class TimerLogTest : public ::testing::Test {
 protected:
  /// Three units, 12 bytes and the room that RocketMQ leaves free.
  static constexpr int64_t kFileBytes = 3 * TimerLog::kUnitBytes + 28;
  static constexpr TimestampMs kNow = 1'700'000'000'000;

  TimerLogTest() { open(); }

  void open() {
    auto opened = TimerLog::open(posixFileSystem(), dir_ / "timerlog", kFileBytes);
    ASSERT_TRUE(opened.ok()) << opened.status().message();
    log_ = std::move(*opened);
  }
  /// Opens it again; the slots of the units that are found.
  std::vector<TimestampMs> scan() {
    std::vector<TimestampMs> slots;
    EXPECT_TRUE(log_->scan([&](int64_t, const TimerUnit& unit) {
                      slots.push_back(unit.slot_ms);
                      return true;
                    })
                    .isOk());
    return slots;
  }
  int64_t append(TimestampMs slot_ms, TimestampMs written_ms = kNow) {
    const int64_t position =
        log_->append({.slot_ms = slot_ms, .written_ms = written_ms, .record_bytes = 1});
    EXPECT_TRUE(log_->flush().isOk());
    return position;
  }
  std::string path(int64_t file) const {
    const std::string digits = std::to_string(file);
    return dir_ / "timerlog/" + std::string(20 - digits.size(), '0') + digits;
  }
  std::vector<int64_t> files() const {
    std::vector<int64_t> found;
    for (int64_t file = 0; file < 10 * kFileBytes; file += kFileBytes) {
      if (std::filesystem::exists(path(file))) {
        found.push_back(file);
      }
    }
    return found;
  }

  test::TempDir dir_;
  std::unique_ptr<TimerLog> log_;
};

using Files = std::vector<int64_t>;

// RocketMQ's unit, byte for byte, and its end of a file.
TEST_F(TimerLogTest, UnitsAndFileEndsAreRocketMqs) {
  ASSERT_TRUE(scan().empty());
  log_->append({.previous = -1,
                .slot_ms = kNow + 5000,
                .written_ms = kNow,
                .physical_offset = 0x0102030405,
                .record_bytes = 321,
                .topic_hash = javaHash("TopicTest"),
                .rolls = true,
                .deletes = true});
  for (int i = 0; i < 3; ++i) {
    append(kNow + 5000);
  }
  std::ifstream in(path(0), std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(in)), {});
  ASSERT_EQ(static_cast<size_t>(kFileBytes), bytes.size());
  ByteReader reader(bytes);
  EXPECT_EQ(52, reader.read<int32_t>());
  EXPECT_EQ(-1, reader.read<int64_t>());
  EXPECT_EQ(1 | 2 | 4, reader.read<int32_t>()) << "default, roll, delete";
  EXPECT_EQ(kNow, reader.read<int64_t>());
  EXPECT_EQ(5000, reader.read<int32_t>()) << "from the time of writing, not absolute";
  EXPECT_EQ(0x0102030405, reader.read<int64_t>());
  EXPECT_EQ(321, reader.read<int32_t>());
  EXPECT_EQ(-1902610879, reader.read<int32_t>()) << "Java's \"TopicTest\".hashCode()";
  EXPECT_EQ(0, reader.read<int64_t>());

  ByteReader end(std::string_view(bytes).substr(3 * TimerLog::kUnitBytes));
  EXPECT_EQ(28, end.read<int32_t>());
  EXPECT_EQ(0, end.read<int64_t>());
  EXPECT_EQ(static_cast<int32_t>(0xCBD43194), end.read<int32_t>());
  EXPECT_EQ((Files{0, kFileBytes}), files());
}

TEST_F(TimerLogTest, AUnitThatIsNoneEndsTheLog) {
  ASSERT_TRUE(scan().empty());
  for (int i = 0; i < 5; ++i) {
    append(kNow + i);
  }
  std::fstream file(path(0), std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(2 * TimerLog::kUnitBytes);
  file << "torn";
  file.close();
  open();
  EXPECT_EQ((std::vector<TimestampMs>{kNow, kNow + 1}), scan());
  EXPECT_EQ(2 * TimerLog::kUnitBytes, log_->end());
  EXPECT_EQ(Files{0}, files());
}

// A kill or a power cut between making the file and giving it its length.
TEST_F(TimerLogTest, AShortLastFileGetsItsLengthAndAnEarlierOneIsRefused) {
  ASSERT_TRUE(scan().empty());
  for (int i = 0; i < 5; ++i) {
    append(kNow + i);
  }
  std::filesystem::resize_file(path(kFileBytes), TimerLog::kUnitBytes + 7);
  open();
  EXPECT_EQ(4u, scan().size());
  std::filesystem::resize_file(path(kFileBytes), 0);
  open();
  EXPECT_EQ(3u, scan().size());
  append(kNow + 3);
  EXPECT_EQ(static_cast<uintmax_t>(kFileBytes), std::filesystem::file_size(path(kFileBytes)));

  std::filesystem::resize_file(path(0), 100);
  const auto refused = TimerLog::open(posixFileSystem(), dir_ / "timerlog", kFileBytes);
  EXPECT_EQ(StatusCode::kCorruption, refused.status().code());
  EXPECT_NE(std::string::npos, refused.status().message().find("mappedFileSizeTimerLog"));
}

TEST_F(TimerLogTest, AFileGoesWhenAllItsUnitsAreDueAndNeverTheLast) {
  ASSERT_TRUE(scan().empty());
  for (int i = 0; i < 7; ++i) {
    append(kNow + 1000 * i);
  }
  ASSERT_EQ((Files{0, kFileBytes, 2 * kFileBytes}), files());
  ASSERT_TRUE(log_->removeFiles(kNow + 2000).isOk());
  EXPECT_EQ(3u, files().size()) << "its last slot begins only now";
  ASSERT_TRUE(log_->removeFiles(kNow + 2001).isOk());
  EXPECT_EQ((Files{kFileBytes, 2 * kFileBytes}), files());
  ASSERT_TRUE(log_->removeFiles(kNow + 1'000'000).isOk());
  EXPECT_EQ(Files{2 * kFileBytes}, files());
  open();
  EXPECT_EQ(std::vector<TimestampMs>{kNow + 6000}, scan());
}

// Written while the clock was a week ahead; what was written since says nothing about these.
TEST_F(TimerLogTest, AFileWithATimerThatWaitsStaysWhateverTheClockDid) {
  constexpr TimestampMs kWeekMs = 7LL * 86'400'000;
  ASSERT_TRUE(scan().empty());
  for (int i = 0; i < 3; ++i) {
    append(kNow + kWeekMs + 1000, kNow + kWeekMs);
  }
  for (int i = 0; i < 4; ++i) {
    append(kNow + 1000, kNow);
  }
  for (int round = 0; round < 2; ++round) {
    ASSERT_TRUE(log_->removeFiles(kNow + kWeekMs).isOk());
    EXPECT_EQ((Files{0, kFileBytes, 2 * kFileBytes}), files());
    open();  // It is known after a restart too.
    EXPECT_EQ(7u, scan().size());
  }
  ASSERT_TRUE(log_->removeFiles(kNow + kWeekMs + 1001).isOk());
  EXPECT_EQ(Files{2 * kFileBytes}, files());
}

// It may lie on a disk of its own.
TEST_F(TimerLogTest, TheFolderOfADisksCheckIsNotInTheWay) {
  ASSERT_TRUE(scan().empty());
  append(kNow + 1000);
  log_.reset();
  std::filesystem::create_directory(dir_ / "timerlog/lost+found");
  std::ofstream(path(kFileBytes)).close();  // Still the last file, which may be too short.
  open();
  EXPECT_EQ(std::vector<TimestampMs>{kNow + 1000}, scan());
}

}  // namespace
}  // namespace rocketmq::broker
