#include "common/hash.h"

#include <gtest/gtest.h>

#include <string>

namespace rocketmq {
namespace {

// Expected values are those of java.lang.String.hashCode.
TEST(JavaStringHashTest, HashesAsJavaDoes) {
  EXPECT_EQ(javaStringHash(""), 0);
  EXPECT_EQ(javaStringHash("a"), 97);
  EXPECT_EQ(javaStringHash("TagA"), 2598919);
  EXPECT_EQ(javaStringHash("polygenelubricants"), INT32_MIN);
}

TEST(JavaStringHashTest, HashesUtf16CodeUnits) {
  EXPECT_EQ(javaStringHash("\xC3\xA9"), 0xE9);        // e with acute: one unit.
  EXPECT_EQ(javaStringHash("\xE4\xB8\xAD"), 0x4E2D);  // A Chinese character: one unit.
  EXPECT_EQ(javaStringHash("\xF0\x9F\x98\x80"),       // An emoji: a surrogate pair.
            static_cast<int32_t>(31u * 0xD83D + 0xDE00));
  EXPECT_EQ(javaStringHash("x\xE4\xB8\xAD"), 31 * 'x' + 0x4E2D);
}

TEST(JavaStringHashTest, CountsEachByteThatIsNotUtf8AsOneReplacement) {
  const auto replacements = [](int count) {
    uint32_t hash = 0;
    for (int i = 0; i < count; ++i) {
      hash = 31 * hash + 0xFFFD;
    }
    return static_cast<int32_t>(hash);
  };
  EXPECT_EQ(javaStringHash("\xFF"), replacements(1));
  EXPECT_EQ(javaStringHash("\x80"), replacements(1));
  EXPECT_EQ(javaStringHash("\xE4\xB8"), replacements(2)) << "cut short";
  EXPECT_EQ(javaStringHash("\xC0\x80"), replacements(2)) << "longer than needed";
  EXPECT_EQ(javaStringHash("\xE0\x80\x80"), replacements(3)) << "longer than needed";
  EXPECT_EQ(javaStringHash("\xED\xA0\x80"), replacements(3)) << "half a surrogate pair";
  EXPECT_EQ(javaStringHash("\xF4\x90\x80\x80"), replacements(4)) << "above U+10FFFF";
  EXPECT_EQ(javaStringHash("\xE4"
                           "a"),
            31 * 0xFFFD + 'a');
}

TEST(TagsCodeTest, IsTheSignExtendedHash) {
  EXPECT_EQ(tagsCode(""), 0);
  EXPECT_EQ(tagsCode("TagA"), 2598919);
  EXPECT_EQ(tagsCode("polygenelubricants"), int64_t{INT32_MIN});
}

TEST(Crc32Test, IsZlibsAndLosesItsTopBitWhenMasked) {
  EXPECT_EQ(crc32(""), 0u);
  EXPECT_EQ(crc32("123456789"), 0xCBF43926u);
  EXPECT_EQ(crc32("Hello"), 0xf7d18982u);
  EXPECT_EQ(maskedCrc32("Hello"), 0x77d18982u);
}

}  // namespace
}  // namespace rocketmq
