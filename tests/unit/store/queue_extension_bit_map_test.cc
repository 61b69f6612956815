// Promise: bit maps are in the units as RocketMQ has them, and spare readers the log only where
// they have the reader's answer.
#include <gtest/gtest.h>

#include <span>

#include "store/bit_map_source.h"
#include "tests/unit/store/queue_extension_fixture.h"

namespace rocketmq::store::test {
namespace {

/// Bit 3 for messages of topic A whose properties have an x; others of A have an empty map.
class MapOfX final : public BitMapSource {
 public:
  int32_t bytes() const override { return 14; }
  uint64_t version() const override { return version_; }
  bool mark(std::string_view topic, std::string_view properties,
            std::span<char> map) const override {
    EXPECT_TRUE(isZero({map.data(), map.size()}));
    if (properties.find('x') != std::string_view::npos) {
      map[0] = 8;
    }
    version_ += changes_meanwhile;
    return topic == "A";
  }

  uint64_t changes_meanwhile = 0;

 private:
  mutable uint64_t version_ = 1;
};

/// Believes maps of messages from a log offset on.
class ByMap final : public MessageFilter {
 public:
  explicit ByMap(int64_t born_at = 0) : born_at_(born_at) {}
  bool matchesTagsCode(int64_t) const override { return true; }
  bool matchesBitMap(int64_t physical_offset, std::string_view map) const override {
    return physical_offset < born_at_ || map.empty() || map[0] == 8;
  }
  bool matchesRecord(std::string_view) const override {
    ++records_read;
    return true;
  }
  mutable int records_read = 0;

 private:
  const int64_t born_at_;
};

class BitMapTest : public QueueExtensionTest {
 protected:
  BitMapTest() { options_.bit_maps = &source_; }

  MapOfX source_;
};

TEST_F(BitMapTest, MapsFollowTheUnitAndAreAskedBeforeTheLog) {
  for (const FlushMode mode : {FlushMode::kAsync, FlushMode::kSync}) {
    options_.root_dir = dir_ / ("mode" + std::to_string(static_cast<int>(mode)));
    options_.flush_mode = mode;
    open();
    put("A", 0, "m0", "n");
    const int64_t second = put("A", 0, "m1", "x").physical_offsets.front();
    put("A", 0, "m2", "n");
    put("B", 0, "m0", "n");
    ASSERT_TRUE(eventually([&] { return store_->maxOffset("B", 0) == 1; }));
    const std::string file = readFile(unitFile(0));
    const TimestampMs now = clock_.nowMs();
    EXPECT_EQ(unitOf("", now, std::string(14, '\0')), file.substr(0, 34));
    EXPECT_EQ(unitOf("", now, "\x08" + std::string(13, '\0')), file.substr(34, 34));
    EXPECT_EQ(unitOf("", now), readFile(unitFile(0, "B")).substr(0, 20));
    const ByMap filter;
    EXPECT_EQ(1, store_->get({.topic = "A", .filter = &filter}).message_count);
    EXPECT_EQ(1, filter.records_read);
    const ByMap younger(second + 1);
    EXPECT_EQ(2, store_->get({.topic = "A", .filter = &younger}).message_count);
    close();
  }
}

TEST_F(BitMapTest, AMapThatAChangeOfTheFiltersHasOvertakenIsLeftOut) {
  open();
  source_.changes_meanwhile = 1;
  put("A", 0, "m0", "n");
  source_.changes_meanwhile = 0;
  put("A", 0, "m1", "n");
  const std::string file = readFile(unitFile(0));
  EXPECT_EQ(unitOf("", clock_.nowMs()), file.substr(0, 20));
  EXPECT_EQ(unitOf("", clock_.nowMs(), std::string(14, '\0')), file.substr(20, 34));
}

TEST_F(BitMapTest, MapsThatAreTooLargeForAUnitAreRefused) {
  options_.queue_extension_file_bytes = 37;
  EXPECT_EQ(StatusCode::kInvalidArgument, tryOpen().code());
  options_.queue_extension_file_bytes = 38;
  EXPECT_TRUE(tryOpen().isOk());
}

}  // namespace
}  // namespace rocketmq::store::test
