#include "common/excerpt.h"

#include <gtest/gtest.h>

#include <string>

namespace rocketmq {
namespace {

TEST(ExcerptTest, LeavesLegalNamesAlone) {
  const std::string longest(255, 'g');
  EXPECT_EQ(excerpt(longest), longest);
  EXPECT_EQ(excerpt("%RETRY%a-b_c|d"), "%RETRY%a-b_c|d");
  EXPECT_EQ(excerpt(""), "");
}

TEST(ExcerptTest, WritesControlCharactersAsTheLogDoes) {
  EXPECT_EQ(excerpt("a\nERROR\x1b[31m\x7f\tb"), R"(a\x0aERROR\x1b[31m\x7f\x09b)");
  EXPECT_EQ(excerpt(std::string_view("\0", 1)), R"(\x00)");
}

TEST(ExcerptTest, CutsWhatIsLong) {
  EXPECT_EQ(excerpt(std::string(100'000, 'a')), std::string(255, 'a') + "...");
  EXPECT_EQ(excerpt("abcd", 3), "abc...");
  EXPECT_EQ(excerpt("abc", 3), "abc");
}

TEST(ExcerptTest, DoesNotCutACharacterInTwo) {
  EXPECT_EQ(excerpt("ab\xc3\xa9 and more", 3), "ab...");
  EXPECT_EQ(excerpt("ab\xc3\xa9 and more", 4), "ab\xc3\xa9...");
  EXPECT_EQ(excerpt("\x80\x80\x80\x80", 2), "...") << "no UTF-8 at all";
}

}  // namespace
}  // namespace rocketmq
