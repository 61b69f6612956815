// Promise: the extension by itself, and under a queue of its own, finds every unit at its address.
#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <random>
#include <string>

#include "store/queue/consume_queue.h"
#include "store/queue/queue_extension.h"
#include "tests/unit/store/store_test_support.h"

namespace rocketmq::store::test {
namespace {

// A replica whose master has lost part of its log sees such a gap.
TEST(QueueWithExtensionTest, AQueueThatGoesOnFarAheadBeginsItsUnitsAnew) {
  rocketmq::test::TempDir dir;
  HookedFileSystem files;
  const QueueExtension::Options extension{.dir = dir / "units", .file_bytes = 200};
  ConsumeQueue queue(files, {.dir = dir / "queue",
                             .topic = "A",
                             .queue_id = 0,
                             .file_bytes = 1000,
                             .extension = extension});
  for (int64_t offset : {0, 1, 5000, 5001}) {
    const QueueEntry entry{
        .physical_offset = offset * 100, .record_bytes = 100, .tags_code = offset};
    ASSERT_TRUE(queue.dispatch(offset, entry, true, {.store_timestamp_ms = offset}).ok());
    const auto placed = queue.entryAt(offset).value();
    EXPECT_EQ(unitAddress(offset % 5000 * 20), placed->tags_code);
    const LogView units = queue.unitFile(placed->tags_code);
    const auto unit = decodeQueueUnit(units.from(unitOffset(placed->tags_code)));
    ASSERT_TRUE(unit.has_value());
    EXPECT_EQ(offset, unit->tags_code);
    EXPECT_EQ(offset, unit->store_timestamp_ms);
  }
}

// Room for the largest units is room for any: nothing is written where none was made, and every
// unit is found at its address.
TEST(QueueExtensionRoomTest, UnitsOfAnySizeFindRoomAndAreFoundAgain) {
  for (uint32_t seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE(seed);
    rocketmq::test::TempDir dir;
    HookedFileSystem files;
    std::mt19937 random(seed);
    const auto below = [&](int64_t limit) {
      return static_cast<int64_t>(random() % static_cast<uint32_t>(limit));
    };
    const int64_t unit_max = 20 + below(60);
    QueueExtension extension(
        files,
        {.dir = dir / "q", .file_bytes = unit_max + 4 + below(900), .unit_bytes_max = unit_max});
    ASSERT_TRUE(extension.findEnd(std::nullopt).isOk());
    std::map<int64_t, std::string> written;
    for (int turn = 0; turn < 40; ++turn) {
      const int64_t count = 1 + below(12);
      ASSERT_TRUE(extension.ensureRoom(count).isOk());
      ASSERT_TRUE(extension.hasRoom(count));
      for (int64_t i = 0; i < count; ++i) {
        const std::string map(static_cast<size_t>(below(unit_max - 19)), static_cast<char>(turn));
        const auto address = extension.append({.tags_code = turn, .bit_map = map});
        ASSERT_TRUE(address.has_value());
        written[*address] = map;
      }
    }
    for (const auto& [address, map] : written) {
      const LogView view = extension.view(address);
      const auto unit = decodeQueueUnit(view.from(unitOffset(address)));
      ASSERT_TRUE(unit.has_value());
      EXPECT_EQ(map, unit->bit_map);
    }
    EXPECT_TRUE(extension.flush().isOk());
  }
}

TEST(QueueUnitTest, OnlyWholeUnitsAreTaken) {
  std::string bytes(34, '\0');
  encodeQueueUnit({.tags_code = -5, .store_timestamp_ms = 77, .bit_map = "12345678901234"},
                  bytes.data());
  const std::string with_more = bytes + "behind";
  const auto unit = decodeQueueUnit(with_more);
  ASSERT_TRUE(unit.has_value());
  EXPECT_EQ(-5, unit->tags_code);
  EXPECT_EQ(77, unit->store_timestamp_ms);
  EXPECT_EQ("12345678901234", unit->bit_map);
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decodeQueueUnit(std::string_view(bytes).substr(0, size))) << size;
  }
  bytes[19] = 13;  // Size and length of the map disagree.
  EXPECT_FALSE(decodeQueueUnit(bytes));
  EXPECT_FALSE(decodeQueueUnit(std::string(100, '\0')));
  EXPECT_FALSE(decodeQueueUnit(std::string(100, '\xFF')));
}

TEST(QueueUnitTest, AddressesAreTheOffsetsBehindTheSmallestNumber) {
  EXPECT_EQ(std::numeric_limits<int64_t>::min(), unitAddress(0));
  EXPECT_EQ(48, unitOffset(unitAddress(48)));
  EXPECT_TRUE(isExtAddress(unitAddress(int64_t{1} << 62)));
  EXPECT_TRUE(isExtAddress(int64_t{std::numeric_limits<int32_t>::min()} - 1));
  EXPECT_FALSE(isExtAddress(std::numeric_limits<int32_t>::min()));
  EXPECT_FALSE(isExtAddress(0));
}

}  // namespace
}  // namespace rocketmq::store::test
