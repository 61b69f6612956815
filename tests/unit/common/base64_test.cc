#include "common/base64.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace rocketmq {
namespace {

struct Example {
  std::string_view bytes;
  std::string_view text;
};

// RFC 4648, section 10.
constexpr Example kExamples[] = {{"", ""},
                                 {"f", "Zg=="},
                                 {"fo", "Zm8="},
                                 {"foo", "Zm9v"},
                                 {"foob", "Zm9vYg=="},
                                 {"fooba", "Zm9vYmE="},
                                 {"foobar", "Zm9vYmFy"}};

TEST(Base64Test, EncodesTheVectorsOfTheStandard) {
  for (const Example& example : kExamples) {
    EXPECT_EQ(base64(example.bytes), example.text);
    EXPECT_EQ(base64Url(example.bytes), example.text);
  }
  EXPECT_EQ(base64("\xFB\xFF\xFE\xFF"), "+//+/w==");
  EXPECT_EQ(base64Url("\xFB\xFF\xFE\xFF"), "-__-_w==");
}

TEST(Base64Test, DecodesWithAndWithoutPadding) {
  for (const Example& example : kExamples) {
    const auto padded = decodeBase64Url(example.text);
    ASSERT_TRUE(padded.ok()) << example.text;
    EXPECT_EQ(*padded, example.bytes);
    const auto bare = decodeBase64Url(example.text.substr(0, example.text.find('=')));
    ASSERT_TRUE(bare.ok()) << example.text;
    EXPECT_EQ(*bare, example.bytes);
  }
  EXPECT_EQ(*decodeBase64Url("-__-_w=="), "\xFB\xFF\xFE\xFF");
}

TEST(Base64Test, EveryByteComesBack) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) {
    bytes.push_back(static_cast<char>(i));
    const auto decoded = decodeBase64Url(base64Url(bytes));
    ASSERT_TRUE(decoded.ok()) << i;
    EXPECT_EQ(*decoded, bytes);
  }
}

TEST(Base64Test, RefusesWhatIsNoUrlSafeBase64) {
  for (const std::string_view text :
       {"Z", "Zm9vY", "+//+/w==", "Zm9v YmFy", "Zm8=Zm8=", "Zg=", "Zg===", "=", "====", "Zm9v\n"}) {
    EXPECT_EQ(decodeBase64Url(text).status().code(), StatusCode::kInvalidArgument) << text;
  }
}

}  // namespace
}  // namespace rocketmq
