// Promise: a filter skips a message by its map only when the map has its answer.
#include "broker/filter/filter_bit_maps.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "broker/filter/sql_filter.h"
#include "tests/support/eventually.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/broker/filter/properties.h"

namespace rocketmq::broker {
namespace {

using FilterPtr = std::shared_ptr<const store::MessageFilter>;

class FilterBitMapsTest : public testing::Test {
 protected:
  FilterPtr filterOf(const std::string& group, const std::string& expression,
                     const std::string& topic = "T") {
    return maps_.filterOf({.group = group,
                           .topic = topic,
                           .expression = expression,
                           .filter = *SqlFilter::compile("SQL92", expression)},
                          [this] { return log_end_; });
  }
  /// Empty: no map.
  std::string mapOf(const std::string& text, const std::string& topic = "T") const {
    std::array<char, 14> map{};
    return maps_.mark(topic, text, map) ? std::string(map.data(), map.size()) : "";
  }

  ManualClock clock_;
  FilterBitMaps maps_{BloomFilter(20, 32), clock_};
  int64_t log_end_ = 1000;
  const std::string small_ = filter::propertiesOf({{"a", "1"}});
  const std::string large_ = filter::propertiesOf({{"a", "9"}});
};

TEST_F(FilterBitMapsTest, MessagesAreMarkedForTheGroupsThatWantThem) {
  EXPECT_EQ("", mapOf(large_));
  const FilterPtr above = filterOf("above", "a > 5");
  const FilterPtr below = filterOf("below", "a < 5");
  EXPECT_EQ("", mapOf(large_, "U"));
  EXPECT_TRUE(above->matchesBitMap(1000, mapOf(large_)));
  EXPECT_FALSE(above->matchesBitMap(1000, mapOf(small_)));
  EXPECT_FALSE(below->matchesBitMap(1000, mapOf(large_)));
  EXPECT_TRUE(below->matchesBitMap(1000, mapOf(small_)));
  EXPECT_TRUE(above->matchesProperties(large_));
  EXPECT_FALSE(above->matchesProperties(small_));
}

TEST_F(FilterBitMapsTest, MessagesFromBeforeAndMapsOfAnotherLengthSayNothing) {
  const FilterPtr above = filterOf("above", "a > 5");
  const std::string nobodys(14, '\0');
  EXPECT_TRUE(above->matchesBitMap(999, nobodys));
  EXPECT_FALSE(above->matchesBitMap(1000, nobodys));
  EXPECT_TRUE(above->matchesBitMap(1000, ""));
  EXPECT_TRUE(above->matchesBitMap(1000, std::string(13, '\0')));
  EXPECT_TRUE(above->matchesBitMap(1000, std::string(15, '\0')));
}

TEST_F(FilterBitMapsTest, TheLogsEndIsAskedForAfterTheGroupIsInTheTable) {
  const uint64_t version = maps_.version();
  const auto answer = [&] {
    EXPECT_NE("", mapOf(large_));
    EXPECT_LT(version, maps_.version());
    return int64_t{5};
  };
  maps_.filterOf({.group = "g",
                  .topic = "T",
                  .expression = "a > 5",
                  .filter = *SqlFilter::compile("SQL92", "a > 5")},
                 answer);
}

TEST_F(FilterBitMapsTest, AChangedExpressionBeginsAnewAndTheOldFilterTrustsNoMap) {
  const FilterPtr before = filterOf("g", "a > 5");
  EXPECT_EQ(before, filterOf("g", "a > 5"));
  log_end_ = 2000;
  const FilterPtr after = filterOf("g", "a < 5");
  EXPECT_TRUE(before->matchesBitMap(2000, mapOf(large_)));
  EXPECT_TRUE(after->matchesBitMap(1999, mapOf(large_)));
  EXPECT_FALSE(after->matchesBitMap(2000, mapOf(large_)));
  EXPECT_TRUE(after->matchesBitMap(2000, mapOf(small_)));
}

TEST_F(FilterBitMapsTest, AGroupThatStaysAwayIsForgotten) {
  const FilterPtr idle = filterOf("idle", "a > 5");
  clock_.advance(std::chrono::milliseconds(FilterBitMaps::kIdleMsMax));
  maps_.removeIdle();
  EXPECT_NE("", mapOf(large_));
  filterOf("busy", "a > 5");
  clock_.advance(std::chrono::milliseconds(1));
  maps_.removeIdle();
  EXPECT_TRUE(idle->matchesBitMap(1000, std::string(14, '\0')));
  EXPECT_NE("", mapOf(large_));
  log_end_ = 3000;
  EXPECT_TRUE(filterOf("idle", "a > 5")->matchesBitMap(2999, std::string(14, '\0')));
  clock_.advance(std::chrono::milliseconds(FilterBitMaps::kIdleMsMax + 1));
  maps_.removeIdle();
  EXPECT_EQ("", mapOf(large_));
}

TEST_F(FilterBitMapsTest, BeyondTheBoundGroupsReadEveryMessage) {
  for (size_t i = 0; i < FilterBitMaps::kGroupsMax; ++i) {
    filterOf("g" + std::to_string(i), "a > 5");
  }
  const FilterPtr late = filterOf("late", "a > 5");
  EXPECT_TRUE(late->matchesBitMap(1000, std::string(14, '\0')));
  EXPECT_FALSE(late->matchesProperties(small_));
  EXPECT_FALSE(filterOf("g0", "a > 6")->matchesBitMap(1000, std::string(14, '\0')));
  EXPECT_FALSE(filterOf("late", "a > 5", "U")->matchesBitMap(1000, std::string(14, '\0')));
}

// Groups come and change their expression while two threads send. Whoever was there when, each
// filter lets through what it wants, in both flush modes.
TEST_F(FilterBitMapsTest, NoWantedMessageIsSkippedWhileGroupsComeAndChange) {
  for (const store::FlushMode mode : {store::FlushMode::kAsync, store::FlushMode::kSync}) {
    rocketmq::test::TempDir dir;
    FilterBitMaps maps(BloomFilter(20, 32), clock_);
    store::StoreOptions options;
    options.root_dir = dir / "store";
    options.flush_mode = mode;
    options.commit_log_file_bytes = 1 << 20;
    options.queue_extension = true;
    options.bit_maps = &maps;
    const SystemClock clock;
    auto store = *store::MessageStore::open(options, clock, nullptr);
    std::atomic<bool> stops{false};
    std::atomic<int64_t> sent{0};
    const auto sendUntilTold = [&] {
      for (int64_t i = 0; !stops; ++i) {
        const std::string text = filter::propertiesOf({{"n", std::to_string(i % 3)}});
        MessageRecord record;
        record.topic = "T";
        record.properties = text;
        EXPECT_TRUE(store->put(record).ok());
        ++sent;
      }
    };
    std::thread first(sendUntilTold);
    std::thread second(sendUntilTold);
    std::vector<std::pair<int, FilterPtr>> filters;
    for (int round = 0; round < 20; ++round) {
      const std::string expression = "n = " + std::to_string(round % 3);
      const int64_t seen = sent;
      filters.emplace_back(round % 3,
                           maps.filterOf({.group = "g" + std::to_string(round % 7),
                                          .topic = "T",
                                          .expression = expression,
                                          .filter = *SqlFilter::compile("SQL92", expression)},
                                         [&] { return store->appendedOffset(); }));
      EXPECT_TRUE(rocketmq::test::eventually([&] { return sent > seen + 5; }));
    }
    stops = true;
    first.join();
    second.join();
    EXPECT_TRUE(rocketmq::test::eventually([&] { return store->maxOffset("T", 0) == sent; }));
    std::array<int64_t, 3> wanted{};
    const auto count = [&](const store::MessageFilter& filter) {
      int64_t messages = 0;
      for (int64_t offset = 0; offset < sent;) {
        const auto got = store->get({.topic = "T", .offset = offset, .filter = &filter});
        messages += got.message_count;
        offset = got.next_offset;
      }
      return messages;
    };
    for (size_t n = 0; n < wanted.size(); ++n) {
      wanted[n] = count(**SqlFilter::compile("SQL92", "n = " + std::to_string(n)));
    }
    for (const auto& [n, filter] : filters) {
      EXPECT_EQ(wanted[static_cast<size_t>(n)], count(*filter));
    }
  }
}

}  // namespace
}  // namespace rocketmq::broker
