#include "common/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace rocketmq {
namespace {

TEST(Utf8Test, ReadsBackEveryCharacterThatItWrites) {
  std::string text;
  uint32_t characters = 0;
  for (uint32_t code_point = 0; code_point <= 0x10FFFF; ++code_point) {
    text.clear();
    utf8::append(text, code_point);
    const utf8::CodePoint read = utf8::next(text);
    const bool is_same = read.is_valid && read.value == code_point && read.bytes == text.size();
    characters += is_same ? 1 : 0;
  }
  EXPECT_EQ(characters, 0x110000u - 0x800u) << "all but the halves of surrogate pairs";
}

TEST(Utf8Test, ReplacesWhatIsNoCharacter) {
  for (const uint32_t code_point : {0xD800u, 0xDFFFu, 0x110000u, 0xFFFFFFFFu}) {
    std::string text;
    utf8::append(text, code_point);
    EXPECT_EQ(text, "\xEF\xBF\xBD") << code_point;
  }
}

TEST(Utf8Test, TellsValidTextFromOtherBytes) {
  EXPECT_TRUE(utf8::isValid(""));
  EXPECT_TRUE(utf8::isValid("text \xC3\xA9 \xE4\xB8\xAD \xF0\x9F\x98\x80"));
  for (const char* bytes : {"\x80", "\xC3", "\xC0\x80", "\xE4\xB8", "\xED\xA0\x80",
                            "\xF4\x90\x80\x80", "\xF8\x80\x80\x80\x80", "\xFF"}) {
    EXPECT_FALSE(utf8::isValid(bytes));
  }
}

TEST(Utf8Test, SplitsCharactersIntoSurrogates) {
  EXPECT_EQ(utf8::highSurrogate(0x1F600), 0xD83Du);
  EXPECT_EQ(utf8::lowSurrogate(0x1F600), 0xDE00u);
}

}  // namespace
}  // namespace rocketmq
