#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "common/json/reader.h"

namespace rocketmq::json {
namespace {

using std::string_view_literals::operator""sv;

/// The keys of the object `text`, each with its raw value, as "key=value"; then the status.
std::vector<std::string> members(std::string_view text) {
  std::vector<std::string> out;
  Reader reader(text);
  reader.beginObject();
  for (Key key; reader.nextKey(key);) {
    std::string member(key.text);
    const std::string_view value = reader.skipValue();
    if (!reader.failed()) {
      out.push_back(member.append("=").append(value));
    }
  }
  if (const Status status = reader.finish(); !status.isOk()) {
    out.push_back(status.toString());
  }
  return out;
}

using Members = std::vector<std::string>;

TEST(JsonReaderTest, ReadsStandardJson) {
  EXPECT_EQ(members(R"( { "a" : 1 , "b":[true, null, {"c":-1.5e3}] } )"),
            (Members{"a=1", R"(b=[true, null, {"c":-1.5e3}])"}));
  EXPECT_EQ(members("{}"), Members{});
}

TEST(JsonReaderTest, ReadsKeysOfEveryKindThatFastjsonTakes) {
  EXPECT_EQ(members(R"({0:1,-5:2,abc:3,'it"s':4,"\u0041\x42":5,$a_b-c.d:6})"),
            (Members{"0=1", "-5=2", "abc=3", "it\"s=4", "AB=5", "$a_b-c.d=6"}));
  EXPECT_EQ(members(R"({{"queueId":0,"topic":"T"}:5})"),
            (Members{R"({"queueId":0,"topic":"T"}=5)"}));
}

TEST(JsonReaderTest, TellsTheKindsOfKeysApart) {
  Reader reader(R"({null:1,"null":2,{a:1}:3})");
  ASSERT_TRUE(reader.beginObject());
  Key key;
  std::vector<Key::Kind> kinds;
  while (reader.nextKey(key)) {
    kinds.push_back(key.kind);
    reader.skipValue();
  }
  EXPECT_TRUE(reader.finish().isOk());
  EXPECT_EQ(kinds, (std::vector{Key::Kind::kNull, Key::Kind::kText, Key::Kind::kObject}));
}

TEST(JsonReaderTest, SkipsCommentsAndSurplusCommas) {
  EXPECT_EQ(members("// first\n{/* a, } */ 'a':1,,b:/**/2,}  // last"), (Members{"a=1", "b=2"}));
  EXPECT_EQ(members("{,a:[,1,,2,],}"), (Members{"a=[,1,,2,]"}));
  EXPECT_EQ(members("\xEF\xBB\xBF{a:1}"), (Members{"a=1"}));
}

TEST(JsonReaderTest, UndoesEveryEscape) {
  Reader reader(R"("\b\t\n\v\f\r\"\'\/\\\0\7\x41\x7e\u4e2d\ud83d\ude00|\ud83d|")");
  EXPECT_EQ(reader.readText(),
            "\b\t\n\v\f\r\"'/\\\0\7A~\xE4\xB8\xAD\xF0\x9F\x98\x80|\xEF\xBF\xBD|"sv);
  EXPECT_TRUE(reader.finish().isOk());
}

TEST(JsonReaderTest, KeepsRawControlCharacters) {
  Reader reader("\"a\n\t\x01z\"");
  EXPECT_EQ(reader.readText(), "a\n\t\x01z");
}

TEST(JsonReaderTest, CopiesNothingWithoutEscapes) {
  const std::string document = R"({"name":"value"})";
  const auto is_inside = [&](std::string_view text) {
    return text.data() >= document.data() && text.data() < document.data() + document.size();
  };
  Reader reader(document);
  ASSERT_TRUE(reader.beginObject());
  Key key;
  ASSERT_TRUE(reader.nextKey(key));
  EXPECT_TRUE(is_inside(key.text));
  EXPECT_TRUE(is_inside(reader.readText()));
}

TEST(JsonReaderTest, ReadsAnObjectThatIsTheTextOfAKey) {
  for (const char* const document : {R"({{"queueId":7}:1})", R"({"{\"queueId\":7}":1})"}) {
    Reader reader(document);
    ASSERT_TRUE(reader.beginObject());
    Key key;
    ASSERT_TRUE(reader.nextKey(key));
    Reader inner(reader, key);
    ASSERT_TRUE(inner.beginObject());
    Key inner_key;
    ASSERT_TRUE(inner.nextKey(inner_key));
    EXPECT_EQ(inner_key.text, "queueId");
    EXPECT_EQ(inner.readNumber(), "7");
    EXPECT_FALSE(inner.nextKey(inner_key));
    EXPECT_TRUE(inner.finish().isOk());
  }
}

TEST(JsonReaderTest, NamesTheByteWhereTheDocumentIsWrong) {
  const auto error = [](std::string_view text) { return members(text).back(); };
  EXPECT_EQ(error("{a:1}x"),
            "Corruption: JSON at byte 5: something follows the end of the document");
  EXPECT_EQ(error("{a:1 b:2}"), "Corruption: JSON at byte 5: ',' or '}' expected");
  EXPECT_EQ(error("{a:1,b}"), "Corruption: JSON at byte 6: ':' expected after a key");
  EXPECT_EQ(error("{a:}"), "Corruption: JSON at byte 3: this is not a value");
  EXPECT_EQ(error("{a:\"x\\q\"}"), "Corruption: JSON at byte 5: no such escape in a string");
  EXPECT_EQ(error("{a:\"x"), "Corruption: JSON at byte 3: a string does not end");
  EXPECT_EQ(error("{a:1"), "Corruption: JSON at byte 4: the text ends before '}'");
  EXPECT_EQ(error("{a:[1}"), "Corruption: JSON at byte 5: ',' or ']' expected");
  EXPECT_EQ(error("{a:1-2}"), "Corruption: JSON at byte 4: ',' or '}' expected");
  EXPECT_EQ(error("{a:-}"), "Corruption: JSON at byte 3: this is not a number");
  EXPECT_EQ(error("{a:truex}"), "Corruption: JSON at byte 3: true or false is expected");
  EXPECT_EQ(error("{a:nil}"), "Corruption: JSON at byte 3: null is expected");
  EXPECT_EQ(error("{/*"), "Corruption: JSON at byte 1: a comment does not end");
  EXPECT_EQ(error("{[1]:2}"), "Corruption: JSON at byte 1: a key is expected");
  EXPECT_EQ(error("[]"), "Corruption: JSON at byte 0: an object is expected");
  EXPECT_EQ(error(""), "Corruption: JSON at byte 0: an object is expected");
}

TEST(JsonReaderTest, RefusesToNestDeeperThanItsLimit) {
  const auto nested = [](size_t depth, char open, char close) {
    return std::string(depth, open) + std::string(depth, close);
  };
  for (const size_t depth : {size_t{64}, size_t{65}, size_t{1'000'000}}) {
    const bool fits = depth <= 64;
    const std::string text = nested(depth, '[', ']');
    Reader reader(text);
    reader.skipValue();
    EXPECT_EQ(reader.finish().isOk(), fits) << depth;
  }
  std::string keys;
  for (int i = 0; i < 100'000; ++i) {
    keys += '{';
  }
  Reader reader(keys);
  reader.skipValue();
  EXPECT_EQ(reader.status().message(), "JSON at byte 64: nested deeper than 64 levels");
}

TEST(JsonReaderTest, CountsTheDepthOfQuotedKeysToo) {
  Reader reader(R"([[{"{\"a\":[[]]}":1}]])", {.depth_max = 5});
  ASSERT_TRUE(reader.beginArray() && reader.nextElement());
  ASSERT_TRUE(reader.beginArray() && reader.nextElement());
  ASSERT_TRUE(reader.beginObject());
  Key key;
  ASSERT_TRUE(reader.nextKey(key));
  Reader inner(reader, key);
  inner.skipValue();
  EXPECT_FALSE(inner.finish().isOk());
}

TEST(JsonReaderTest, RefusesTextsBeyondItsLimit) {
  Reader reader("[1,2,3]", {.text_bytes_max = 6});
  EXPECT_EQ(reader.peek(), Reader::Kind::kBroken);
  EXPECT_EQ(reader.status().code(), StatusCode::kCorruption);
}

TEST(JsonReaderTest, StaysFailed) {
  Reader reader("[1,?]");
  ASSERT_TRUE(reader.beginArray());
  ASSERT_TRUE(reader.nextElement());
  reader.skipValue();
  ASSERT_TRUE(reader.nextElement());
  EXPECT_EQ(reader.peek(), Reader::Kind::kBroken);
  const std::string first = reader.status().message();
  std::string text;
  EXPECT_FALSE(reader.readText(text));
  EXPECT_FALSE(reader.beginObject());
  EXPECT_FALSE(reader.nextElement());
  EXPECT_EQ(reader.skipValue(), "");
  EXPECT_EQ(reader.finish().message(), first);
}

}  // namespace
}  // namespace rocketmq::json
