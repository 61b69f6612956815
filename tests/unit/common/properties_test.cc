#include "common/message/properties.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace rocketmq {
namespace {

TEST(PropertiesTest, ReadsBothReleasesForms) {
  const PropertyMap expected = {{"KEYS", "k1"}, {"TAGS", "TagA"}};
  EXPECT_EQ(parseProperties("KEYS\x01k1\x02TAGS\x01TagA"), expected);
  EXPECT_EQ(parseProperties("KEYS\x01k1\x02TAGS\x01TagA\x02"), expected);
}

TEST(PropertiesTest, SkipsEntriesWithoutSeparatorNameOrValue) {
  const std::vector<std::pair<std::string_view, PropertyMap>> rows = {
      {"", {}},
      {"\x02\x02\x02", {}},
      {"novalue\x02"
       "a\x01"
       "b\x02",
       {{"a", "b"}}},
      {"empty\x01\x02"
       "a\x01"
       "b\x02",
       {{"a", "b"}}},
      {"\x01noname\x02"
       "a\x01"
       "b",
       {{"a", "b"}}},
      {"\x01\x02", {}},
      {"\x01", {}},
      {"a\x01"
       "b\x01"
       "c\x02",
       {{"a",
         "b\x01"
         "c"}}},  // Only the first separator splits.
      {"a\x01"
       "1\x02"
       "a\x01"
       "2\x02",
       {{"a", "2"}}},  // The last one wins.
      {"a\x01"
       "1\x02"
       "a\x01\x02",
       {{"a", "1"}}},  // An empty one does not count.
  };
  for (const auto& [text, expected] : rows) {
    EXPECT_EQ(parseProperties(text), expected) << text;
    for (const auto& [name, value] : expected) {
      EXPECT_EQ(findProperty(text, name), value) << text;
    }
  }
}

TEST(PropertiesTest, FindsWholeNamesOnly) {
  const std::string_view text = "XTAGS\x01x\x02TAGSX\x01y\x02value\x01TAGS\x02TAGS\x01right\x02";
  EXPECT_EQ(findProperty(text, "TAGS"), "right");
  EXPECT_EQ(findProperty(text, "TAG"), "");
  EXPECT_EQ(findProperty("", "TAGS"), "");
  EXPECT_GE(findProperty(text, "TAGS").data(), text.data());
}

TEST(PropertiesTest, FormatsWithASeparatorAfterEveryEntry) {
  EXPECT_EQ(formatProperties({{"b", "2"}, {"a", "1"}}),
            "a\x01"
            "1\x02"
            "b\x01"
            "2\x02");
  EXPECT_EQ(formatProperties({}), "");
}

TEST(PropertiesTest, AppendsBehindEitherReleasesForm) {
  for (std::string text : {"a\x01"
                           "1",
                           "a\x01"
                           "1\x02"}) {
    appendProperty(text, "b", "2");
    EXPECT_EQ(text,
              "a\x01"
              "1\x02"
              "b\x01"
              "2\x02");
  }
  std::string empty;
  appendProperty(empty, "b", "2");
  EXPECT_EQ(empty,
            "b\x01"
            "2\x02");
}

TEST(PropertiesTest, RemovesEveryEntryOfANameAndNothingElse) {
  EXPECT_EQ(withoutProperty("WAIT\x01true\x02TAGS\x01t\x02", "WAIT"), "TAGS\x01t\x02");
  EXPECT_EQ(withoutProperty("TAGS\x01t\x02WAIT\x01true", "WAIT"), "TAGS\x01t\x02");
  EXPECT_EQ(withoutProperty("WAIT\x01"
                            "1\x02"
                            "A\x01WAIT\x02WAIT\x01"
                            "2\x02",
                            "WAIT"),
            "A\x01WAIT\x02");
  EXPECT_EQ(withoutProperty("WAITX\x01"
                            "1\x02XWAIT\x01"
                            "2",
                            "WAIT"),
            "WAITX\x01"
            "1\x02XWAIT\x01"
            "2");
  EXPECT_EQ(withoutProperty("", "WAIT"), "");
}

TEST(PropertiesTest, KnowsTheNamesThatUsersMayNotTake) {
  for (const std::string_view name :
       {property::kKeys, property::kTags, property::kUniqueKey, property::kWait,
        property::kDelayLevel, property::kTransactionPrepared, property::kPopCheckpoint}) {
    EXPECT_TRUE(property::isReserved(name)) << name;
  }
  EXPECT_TRUE(property::isReserved("TIMER_DELIVER_MS"));
  EXPECT_FALSE(property::isReserved(property::kShardingKey));
  EXPECT_FALSE(property::isReserved("orderId"));
  EXPECT_FALSE(property::isReserved("tags"));
  EXPECT_FALSE(property::isReserved(""));
}

}  // namespace
}  // namespace rocketmq
