#include <gtest/gtest.h>

#include <set>
#include <string>

#include "common/hash.h"
#include "common/json/decode.h"
#include "common/model/subscription_data.h"

namespace rocketmq::model {
namespace {

SubscriptionData parsed(std::string_view expression, std::string_view type = "TAG") {
  const auto result = parseSubscription("T", expression, type, 7);
  EXPECT_TRUE(result.ok()) << result.status().toString();
  return result.ok() ? *result : SubscriptionData{};
}

TEST(ParseSubscriptionTest, TakesEverythingForStarAndForNothing) {
  for (const char* const all : {"*", ""}) {
    const SubscriptionData data = parsed(all);
    EXPECT_EQ(data.topic, "T");
    EXPECT_EQ(data.sub_string, "*");
    EXPECT_EQ(data.expression_type, "TAG");
    EXPECT_EQ(data.sub_version, 7);
    EXPECT_TRUE(data.tags_set.empty());
    EXPECT_TRUE(data.code_set.empty());
  }
}

TEST(ParseSubscriptionTest, SplitsAndTrimsTags) {
  const SubscriptionData data = parsed(" TagA || TagB||TagA||  || \t标签");
  EXPECT_EQ(data.sub_string, " TagA || TagB||TagA||  || \t标签");
  EXPECT_EQ(data.tags_set, (std::set<std::string>{"TagA", "TagB", "标签"}));
  EXPECT_EQ(data.code_set, (std::set<int32_t>{javaStringHash("TagA"), javaStringHash("TagB"),
                                              javaStringHash("标签")}));
  EXPECT_EQ(javaStringHash("TagA"), 2598919);
}

TEST(ParseSubscriptionTest, TakesNoMoreTagsThanABrokerWould) {
  const std::string longest(kTagExpressionBytesMax, 't');
  EXPECT_EQ(parsed(longest).sub_string, longest);
  const auto refused = parseSubscription("T", longest + "t", "TAG", 7);
  EXPECT_EQ(refused.status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(refused.status().message(),
            "the tags of a subscription have 16385 bytes, at most 16384 are allowed");
}

TEST(ParseSubscriptionTest, KeepsABarInsideATag) {
  EXPECT_EQ(parsed("a|b").tags_set, (std::set<std::string>{"a|b"}));
}

TEST(ParseSubscriptionTest, TakesOldClientsWithoutATypeForTags) {
  EXPECT_EQ(parsed("TagA", "").expression_type, "TAG");
  EXPECT_EQ(parsed("TagA", "").tags_set, (std::set<std::string>{"TagA"}));
}

TEST(ParseSubscriptionTest, KeepsOtherExpressionsAsTheyAre) {
  const SubscriptionData data = parsed("a > 3 || b IS NULL", "SQL92");
  EXPECT_EQ(data.expression_type, "SQL92");
  EXPECT_EQ(data.sub_string, "a > 3 || b IS NULL");
  EXPECT_TRUE(data.tags_set.empty());
  EXPECT_TRUE(data.code_set.empty());
}

TEST(ParseSubscriptionTest, RefusesWhatNamesNothing) {
  for (const char* const separators : {"||", "||||"}) {
    EXPECT_EQ(parseSubscription("T", separators, "TAG", 0).status().code(),
              StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(parseSubscription("T", "", "SQL92", 0).status().code(), StatusCode::kInvalidArgument);
}

TEST(SubscriptionDataTest, ReadsWhatOtherClientsSend) {
  // Go: codes as texts and the version in nanoseconds. C++: the version as text, no sets, no type.
  const auto go = json::decode<SubscriptionData>(
      R"({"classFilterMode":false,"topic":"T","subString":"TagA","tagsSet":["TagA"],)"
      R"("codeSet":["2598919"],"subVersion":1795234486622822784,"expressionType":"TAG"})");
  ASSERT_TRUE(go.ok()) << go.status().toString();
  EXPECT_EQ(go->code_set, (std::set<int32_t>{2598919}));
  EXPECT_EQ(go->sub_version, 1795234486622822784);
  const auto cpp = json::decode<SubscriptionData>(
      R"({"subString":"*","subVersion":"1795234486622","topic":"T"})");
  ASSERT_TRUE(cpp.ok()) << cpp.status().toString();
  EXPECT_EQ(cpp->sub_version, 1795234486622);
  EXPECT_EQ(cpp->expression_type, "TAG");
}

}  // namespace
}  // namespace rocketmq::model
