#include "common/properties_file.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/unit/common/temp_folder.h"

namespace rocketmq {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

Pairs parse(std::string_view text) {
  const auto file = parsePropertiesFile("test.conf", text);
  EXPECT_TRUE(file.ok()) << file.status().message();
  Pairs pairs;
  if (file.ok()) {
    for (const PropertyLine& line : file->lines) {
      pairs.emplace_back(line.key, line.value);
    }
  }
  return pairs;
}

struct Row {
  std::string_view text;
  Pairs expected;
};

// What java.util.Properties.load makes of these texts.
TEST(PropertiesFileTest, ReadsWhatJavaReads) {
  const std::vector<Row> rows = {
      {"", {}},
      {"\n\r\n \t\n", {}},
      {"key=value", {{"key", "value"}}},
      {"key:value\n", {{"key", "value"}}},
      {"key value\n", {{"key", "value"}}},
      {"  key \t=  value\r\n", {{"key", "value"}}},
      {"key = value  \n", {{"key", "value  "}}},
      {"key==value", {{"key", "=value"}}},
      {"key : = value", {{"key", "= value"}}},
      {"key", {{"key", ""}}},
      {"key=", {{"key", ""}}},
      {"=value", {{"", "value"}}},
      {"# comment\n! comment\n  # comment\na=1", {{"a", "1"}}},
      {"a=1#not a comment", {{"a", "1#not a comment"}}},
      {"# a comment does not go on \\\na=1", {{"a", "1"}}},
      {"namesrvAddr=10.0.0.1:9876;10.0.0.2:9876", {{"namesrvAddr", "10.0.0.1:9876;10.0.0.2:9876"}}},
      {"a=1\\\n   2\\\r\n\t3\nb=4", {{"a", "123"}, {"b", "4"}}},
      {"a=1\\\n#2", {{"a", "1#2"}}},
      {"a=1\\\n\nb=2", {{"a", "1"}, {"b", "2"}}},
      {"a=1\\\\\nb=2", {{"a", "1\\"}, {"b", "2"}}},
      {"a=1\\\\\\\n2", {{"a", "1\\2"}}},
      {"a=end\\", {{"a", "end"}}},
      {"a\\ b\\=c\\:d=x", {{"a b=c:d", "x"}}},
      {"a=\\t\\n\\r\\f\\z\\\\\\=", {{"a", "\t\n\r\fz\\="}}},
      {"path=C:\\\\data", {{"path", "C:\\data"}}},
      {"a=\\u0041\\u4e2d\\u00E9", {{"a", "A\xE4\xB8\xAD\xC3\xA9"}}},
      {"a=\\uD83D\\uDE00", {{"a", "\xF0\x9F\x98\x80"}}},
      {"a=\\uD83D", {{"a", "\xEF\xBF\xBD"}}},
      {"a=\\uD83D\\u0041",
       {{"a",
         "\xEF\xBF\xBD"
         "A"}}},
      {"a=1\na=2", {{"a", "1"}, {"a", "2"}}},
      {"a=1\rb=2", {{"a", "1"}, {"b", "2"}}},
  };
  for (const auto& [text, expected] : rows) {
    EXPECT_EQ(parse(text), expected) << text;
  }
}

TEST(PropertiesFileTest, TakesUtf8AndFallsBackToLatin1) {
  EXPECT_EQ(parse("a=\xE4\xB8\xAD"), (Pairs{{"a", "\xE4\xB8\xAD"}}));
  EXPECT_EQ(parse("a=\xE9t\xE9"), (Pairs{{"a", "\xC3\xA9t\xC3\xA9"}}));
  EXPECT_EQ(parse("\xEF\xBB\xBF"
                  "a=1"),
            (Pairs{{"a", "1"}}))
      << "byte-order mark";
}

TEST(PropertiesFileTest, CountsLinesAsAnEditorDoes) {
  const auto file = parsePropertiesFile("f", "# one\na=1\n\nb=2\\\n 2\\\n 2\r\nc=3\rd=4");
  ASSERT_TRUE(file.ok());
  std::vector<int> numbers;
  for (const PropertyLine& line : file->lines) {
    numbers.push_back(line.line);
  }
  EXPECT_EQ(numbers, (std::vector<int>{2, 4, 7, 8}));
}

TEST(PropertiesFileTest, NamesTheLineOfAMalformedEscape) {
  for (const char* value : {"\\u", "\\u12", "\\u12g4", "\\uD83D\\u12"}) {
    const auto file = parsePropertiesFile("broker.conf", std::string("a=1\nb=") + value);
    EXPECT_EQ(file.status().code(), StatusCode::kInvalidArgument) << value;
    EXPECT_TRUE(file.status().message().starts_with("broker.conf:2: ")) << value;
  }
}

TEST(PropertiesFileTest, RefusesATextThatIsTooLarge) {
  const std::string largest(kPropertiesFileBytesMax, '#');
  EXPECT_TRUE(parsePropertiesFile("f", largest).ok());
  EXPECT_EQ(parsePropertiesFile("f", largest + "#").status().code(), StatusCode::kInvalidArgument);
}

TEST(PropertiesFileTest, NeverFailsOnTextCutAnywhere) {
  const std::string text = "# c\nkey\\ 1 = va\\\\lue\\\n  more\nb:\xE4\xB8\xAD\n!x\nc";
  for (size_t size = 0; size <= text.size(); ++size) {
    EXPECT_TRUE(parsePropertiesFile("f", text.substr(0, size)).ok()) << size;
  }
}

TEST(PropertiesFileTest, WritesSortedLines) {
  EXPECT_EQ(formatPropertiesFile({{"b", "10.0.0.1:9876;x"}, {"a", "1 2"}}),
            "a=1 2\nb=10.0.0.1:9876;x\n");
}

TEST(PropertiesFileTest, ReadsBackWhatItWrote) {
  const PropertiesByKey values = {{"plain", "value"},
                                  {"key with = : # !", "x"},
                                  {"blanks", "  before and after  "},
                                  {"only blanks", "   "},
                                  {"empty", ""},
                                  {"control", "\t\n\r\f\x01\x7F"},
                                  {"backslash", "C:\\data\\"},
                                  {"unicode", "\xC3\xA9 \xE4\xB8\xAD \xF0\x9F\x98\x80"},
                                  {"#comment", "#!"}};
  const std::string text = formatPropertiesFile(values);
  for (const char c : text) {
    EXPECT_TRUE(c == '\n' || (c >= ' ' && c <= '~')) << "Java reads no UTF-8";
  }
  PropertiesByKey back;
  for (const auto& [key, value] : parse(text)) {
    back[key] = value;
  }
  EXPECT_EQ(back, values);
}

TEST(PropertiesFileTest, ReadsFilesAndNamesMissingOnes) {
  const test::TempFolder folder;
  test::writeFile(folder.file("broker.conf"), "a=1\n");
  const auto file = readPropertiesFile(folder.file("broker.conf"));
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(file->name, folder.file("broker.conf"));
  EXPECT_EQ(file->lines.size(), 1u);
  const auto missing = readPropertiesFile(folder.file("other.conf"));
  EXPECT_EQ(missing.status().code(), StatusCode::kNotFound);
  EXPECT_NE(missing.status().message().find("other.conf"), std::string::npos);
}

}  // namespace
}  // namespace rocketmq
