#include "common/hex.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string_view>

namespace rocketmq {
namespace {

TEST(HexTest, EveryCharacterIsADigitOfEitherCaseOrNone) {
  constexpr std::string_view kLower = "0123456789abcdef";
  constexpr std::string_view kUpper = "0123456789ABCDEF";
  for (int c = 0; c < 256; ++c) {
    const size_t value =
        std::min(kLower.find(static_cast<char>(c)), kUpper.find(static_cast<char>(c)));
    const int expected = value == std::string_view::npos ? -1 : static_cast<int>(value);
    EXPECT_EQ(expected, hexDigit(static_cast<char>(c))) << c;
  }
}

TEST(HexTest, ANumberHasAllItsDigitsOrIsNone) {
  EXPECT_EQ(0x00E9u, parseHex("00e9", 4));
  EXPECT_EQ(0xFFFFFFFFu, parseHex("ffffFFFF", 8));
  EXPECT_EQ(0x41u, parseHex("41g", 2));
  EXPECT_EQ(std::nullopt, parseHex("00e", 4));
  EXPECT_EQ(std::nullopt, parseHex("00g9", 4));
  EXPECT_EQ(std::nullopt, parseHex("", 2));
}

}  // namespace
}  // namespace rocketmq
