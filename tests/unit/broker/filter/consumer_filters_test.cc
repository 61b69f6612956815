// Promise: a filter skips a message by its map only when the map has its answer.
#include "broker/filter/consumer_filters.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/eventually.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/broker/filter/properties.h"

namespace rocketmq::broker {
namespace {

using FilterPtr = std::shared_ptr<ConsumerFilter>;
using std::chrono::milliseconds;

constexpr milliseconds kDay{24 * 3'600'000};

FilterPtr enter(ConsumerFilters& filters, const std::string& group, const std::string& expression,
                const std::string& topic = "T") {
  return *filters.enter({.group = group, .topic = topic, .type = "SQL92", .expression = expression},
                        1);
}

class ConsumerFiltersTest : public testing::Test {
 protected:
  void SetUp() override {
    filters_.useBitMaps([this] { return log_end_; });
  }

  FilterPtr filterOf(const std::string& group, const std::string& expression,
                     const std::string& topic = "T") {
    return enter(filters_, group, expression, topic);
  }
  /// Empty: no map.
  std::string mapOf(const std::string& text, const std::string& topic = "T") const {
    std::array<char, 14> map{};
    return filters_.mark(topic, text, map) ? std::string(map.data(), map.size()) : "";
  }

  ManualClock clock_;
  ConsumerFilters filters_{"", BloomFilter(20, 32), clock_};
  int64_t log_end_ = 1000;
  const std::string small_ = filter::propertiesOf({{"a", "1"}});
  const std::string large_ = filter::propertiesOf({{"a", "9"}});
  const std::string nobodys_ = std::string(14, '\0');
};

TEST_F(ConsumerFiltersTest, MessagesAreMarkedForTheGroupsThatWantThem) {
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

TEST_F(ConsumerFiltersTest, MessagesFromBeforeAndMapsOfAnotherLengthSayNothing) {
  const FilterPtr above = filterOf("above", "a > 5");
  EXPECT_TRUE(above->matchesBitMap(999, nobodys_));
  EXPECT_FALSE(above->matchesBitMap(1000, nobodys_));
  EXPECT_TRUE(above->matchesBitMap(1000, ""));
  EXPECT_TRUE(above->matchesBitMap(1000, std::string(13, '\0')));
  EXPECT_TRUE(above->matchesBitMap(1000, std::string(15, '\0')));
}

TEST_F(ConsumerFiltersTest, MapsDoNotCountWhereNoneAreComputed) {
  ConsumerFilters filters("", BloomFilter(20, 32), clock_);
  const FilterPtr above = enter(filters, "above", "a > 5");
  EXPECT_TRUE(above->matchesBitMap(1'000'000, nobodys_));
  EXPECT_FALSE(above->matchesProperties(small_));
}

TEST_F(ConsumerFiltersTest, TheLogsEndIsAskedForAfterTheGroupIsInTheTable) {
  ConsumerFilters filters("", BloomFilter(20, 32), clock_);
  const uint64_t version = filters.version();
  int asked = 0;
  filters.useBitMaps([&] {
    std::array<char, 14> map{};
    EXPECT_EQ(asked == 1, filters.mark("T", large_, map));
    EXPECT_EQ(asked == 1, version < filters.version());
    ++asked;
    return int64_t{5};
  });
  enter(filters, "g", "a > 5");
  EXPECT_EQ(2, asked);
}

TEST_F(ConsumerFiltersTest, AChangedExpressionBeginsAnewAndTheOldFilterTrustsNoMap) {
  const FilterPtr before = filterOf("g", "a > 5");
  EXPECT_EQ(before, filterOf("g", "a > 5"));
  log_end_ = 2000;
  const FilterPtr after = filterOf("g", "a < 5");
  EXPECT_TRUE(before->matchesBitMap(2000, mapOf(large_)));
  EXPECT_TRUE(after->matchesBitMap(1999, mapOf(large_)));
  EXPECT_FALSE(after->matchesBitMap(2000, mapOf(large_)));
  EXPECT_TRUE(after->matchesBitMap(2000, mapOf(small_)));
}

TEST_F(ConsumerFiltersTest, ABadExpressionSaysWhereAndChangesNothing) {
  const FilterPtr before = filterOf("g", "a > 5");
  const auto bad =
      filters_.enter({.group = "g", .topic = "T", .type = "SQL92", .expression = "a >"}, 2);
  ASSERT_FALSE(bad.ok());
  EXPECT_EQ(StatusCode::kInvalidArgument, bad.status().code());
  EXPECT_NE(std::string::npos, bad.status().message().find("column 4")) << bad.status().message();
  EXPECT_EQ(before, filterOf("g", "a > 5"));
}

TEST_F(ConsumerFiltersTest, ADeadFilterIsMarkedForUntilItHasBeenDeadForLong) {
  const FilterPtr gone = filterOf("gone", "a > 5");
  gone->markDead(clock_.nowMs());
  clock_.advance(kDay - milliseconds(1));
  gone->markDead(clock_.nowMs());  // Dead since the first time.
  filters_.removeDead(kDay);
  EXPECT_NE("", mapOf(large_));
  const FilterPtr here = filterOf("here", "a > 5");
  clock_.advance(milliseconds(1));
  filters_.removeDead(kDay);
  EXPECT_TRUE(gone->matchesBitMap(1000, nobodys_));
  EXPECT_FALSE(here->matchesBitMap(1000, nobodys_));
  EXPECT_FALSE(filters_.find("gone", "T"));
  log_end_ = 3000;
  EXPECT_TRUE(filterOf("gone", "a > 5")->matchesBitMap(2999, nobodys_));
}

TEST_F(ConsumerFiltersTest, AFilterThatComesBackInTimeFindsItsMaps) {
  const FilterPtr filter = filterOf("g", "a > 5");
  filter->markDead(clock_.nowMs());
  filter->markAlive();
  clock_.advance(kDay);
  filters_.removeDead(kDay);
  EXPECT_EQ(filter, filterOf("g", "a > 5"));
  EXPECT_FALSE(filter->matchesBitMap(1000, nobodys_));
}

TEST_F(ConsumerFiltersTest, BeyondTheBoundOfATopicGroupsReadEveryMessage) {
  std::vector<FilterPtr> filters;
  for (size_t i = 0; i < ConsumerFilters::kGroupsMax; ++i) {
    filters.push_back(filterOf("g" + std::to_string(i), "a > 5"));
  }
  const FilterPtr late = filterOf("late", "a > 5");
  EXPECT_TRUE(late->matchesBitMap(1000, nobodys_));
  EXPECT_FALSE(late->matchesProperties(small_));
  EXPECT_FALSE(filterOf("g0", "a > 6")->matchesBitMap(1000, nobodys_));
  EXPECT_FALSE(filterOf("late", "a > 5", "U")->matchesBitMap(1000, nobodys_));

  // Of those that nobody uses any more the one that has been dead for longest makes room.
  filters[9]->markDead(clock_.nowMs() + 1);
  filters[7]->markDead(clock_.nowMs() + 2);
  EXPECT_FALSE(filterOf("late", "a > 5")->matchesBitMap(1000, nobodys_));
  EXPECT_TRUE(filters[9]->matchesBitMap(1000, nobodys_));
  EXPECT_FALSE(filters[7]->matchesBitMap(1000, nobodys_));
}

TEST_F(ConsumerFiltersTest, BeyondTheBoundOfAllTheLongestDeadMakesRoom) {
  std::vector<FilterPtr> filters;
  for (size_t i = 0; i < ConsumerFilters::kFiltersMax; ++i) {
    filters.push_back(filterOf("g", "a > 5", "T" + std::to_string(i)));
  }
  EXPECT_TRUE(filterOf("g", "a > 5", "late")->matchesBitMap(1000, nobodys_));
  EXPECT_FALSE(filters_.find("g", "late"));
  filters[3]->markDead(clock_.nowMs());
  EXPECT_FALSE(filterOf("g", "a > 5", "late")->matchesBitMap(1000, nobodys_));
  EXPECT_TRUE(filters_.find("g", "late"));
  EXPECT_FALSE(filters_.find("g", "T3"));
}

// Groups come and change their expression while two threads send. Whoever was there when, each
// filter lets through what it wants, in both flush modes.
TEST_F(ConsumerFiltersTest, NoWantedMessageIsSkippedWhileGroupsComeAndChange) {
  for (const store::FlushMode mode : {store::FlushMode::kAsync, store::FlushMode::kSync}) {
    rocketmq::test::TempDir dir;
    ConsumerFilters table("", BloomFilter(20, 32), clock_);
    store::StoreOptions options;
    options.root_dir = dir / "store";
    options.flush_mode = mode;
    options.commit_log_file_bytes = 1 << 20;
    options.queue_extension = true;
    options.bit_maps = &table;
    const SystemClock clock;
    auto store = *store::MessageStore::open(options, clock, nullptr);
    table.useBitMaps([&] { return store->appendedOffset(); });
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
    std::vector<std::pair<int, FilterPtr>> entered;
    for (int round = 0; round < 20; ++round) {
      const int64_t seen = sent;
      entered.emplace_back(round % 3, enter(table, "g" + std::to_string(round % 7),
                                            "n = " + std::to_string(round % 3)));
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
    ConsumerFilters without_maps("", BloomFilter(20, 32), clock_);
    for (size_t n = 0; n < wanted.size(); ++n) {
      wanted[n] = count(*enter(without_maps, "g", "n = " + std::to_string(n)));
    }
    for (const auto& [n, filter] : entered) {
      EXPECT_EQ(wanted[static_cast<size_t>(n)], count(*filter));
    }
  }
}

}  // namespace
}  // namespace rocketmq::broker
