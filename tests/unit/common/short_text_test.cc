#include "common/short_text.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace rocketmq {
namespace {

TEST(ShortTextTest, HoldsTextOfAnyLength) {
  for (size_t size = 0; size <= 2 * ShortText::kShortBytes; ++size) {
    const std::string text(size, 'x');
    EXPECT_EQ(ShortText(text), text);
    EXPECT_EQ(ShortText(text).size(), size);
    EXPECT_EQ(ShortText(text).empty(), size == 0);
  }
}

TEST(ShortTextTest, GrowsAcrossItsInlineRoom) {
  ShortText text;
  std::string expected;
  for (int i = 0; i < 30; ++i) {
    text.append("ab,");
    expected += "ab,";
    EXPECT_EQ(text, expected);
  }
}

TEST(ShortTextTest, CopiesAndMovesKeepTheText) {
  for (const size_t size : {size_t{3}, ShortText::kShortBytes, ShortText::kShortBytes + 1}) {
    const std::string text(size, 'y');
    ShortText first = text;
    ShortText copy = first;
    EXPECT_EQ(copy.toString(), text);
    const ShortText moved = std::move(first);
    EXPECT_EQ(moved, text);
    copy = moved;
    EXPECT_EQ(copy, text);
  }
}

}  // namespace
}  // namespace rocketmq
