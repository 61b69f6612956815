#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "common/json/decode.h"
#include "common/json/encode.h"

namespace rocketmq::json {

enum class Level : uint8_t { kLow, kHigh };

template <>
struct EnumNames<Level> {
  static constexpr std::array<std::string_view, 2> kNames = {"LOW", "HIGH"};
};

namespace {

struct Queue {
  int32_t id = 0;
  std::string topic;

  friend auto operator<=>(const Queue&, const Queue&) = default;

  static constexpr auto fields() {
    return std::tuple{optional("queueId", &Queue::id), optional("topic", &Queue::topic)};
  }
};

struct Sample {
  std::map<int64_t, std::string> addresses;
  std::map<Queue, int64_t> by_queue;
  std::vector<int32_t> codes;
  Level level = Level::kHigh;
  std::optional<std::string> maybe;
  std::vector<Queue> queues;
  RawJson raw;

  static constexpr auto fields() {
    using S = Sample;
    return std::tuple{optional("addresses", &S::addresses),
                      optional("byQueue", &S::by_queue),
                      optional("codes", &S::codes),
                      optional("level", &S::level),
                      optional("maybe", &S::maybe),
                      optional("queues", &S::queues),
                      optional("raw", &S::raw)};
  }
};

Sample sample() {
  return {.addresses = {{0, "10.0.0.1:10911"}, {1, "h/\xC3\xA9"}},
          .by_queue = {{{3, "T"}, int64_t{1} << 53}, {{4, "T"}, (int64_t{1} << 53) - 1}},
          .codes = {1, 2},
          .level = Level::kHigh,
          .maybe = std::nullopt,
          .queues = {{0, "A"}, {1, "B"}},
          .raw = {R"({ "kept" : 1 })"}};
}

TEST(JsonEncodeTest, WritesTheFastjsonDialect) {
  EXPECT_EQ(encode(sample()), R"({"addresses":{0:"10.0.0.1:10911",1:"h/é"},)"
                              R"("byQueue":{{"queueId":3,"topic":"T"}:9007199254740992,)"
                              R"({"queueId":4,"topic":"T"}:9007199254740991},)"
                              R"("codes":[1,2],"level":"HIGH",)"
                              R"("queues":[{"queueId":0,"topic":"A"},{"queueId":1,"topic":"B"}],)"
                              R"("raw":{ "kept" : 1 }})");
}

TEST(JsonEncodeTest, WritesTheStrictFormOfRoutes) {
  EXPECT_EQ(encode(sample(), Style::kStrict),
            R"({"addresses":{"0":"10.0.0.1:10911","1":"h\/\u00E9"},)"
            R"("byQueue":{"{\"queueId\":3,\"topic\":\"T\"}":"9007199254740992",)"
            R"("{\"queueId\":4,\"topic\":\"T\"}":9007199254740991},)"
            R"("codes":[1,2],"level":"HIGH",)"
            R"("queues":[{"queueId":0,"topic":"A"},{"queueId":1,"topic":"B"}],)"
            R"("raw":{ "kept" : 1 }})");
}

TEST(JsonEncodeTest, WritesStandardJson) {
  EXPECT_EQ(encode(sample(), Style::kStandard),
            R"({"addresses":{"0":"10.0.0.1:10911","1":"h/é"},)"
            R"("byQueue":{"{\"queueId\":3,\"topic\":\"T\"}":9007199254740992,)"
            R"("{\"queueId\":4,\"topic\":\"T\"}":9007199254740991},)"
            R"("codes":[1,2],"level":"HIGH",)"
            R"("queues":[{"queueId":0,"topic":"A"},{"queueId":1,"topic":"B"}],)"
            R"("raw":{ "kept" : 1 }})");
}

TEST(JsonEncodeTest, WritesTheStyleOfConfigFiles) {
  EXPECT_EQ(encode(sample(), Style::kPretty),
            "{\n"
            "\t\"addresses\":{0:\"10.0.0.1:10911\",1:\"h/\xC3\xA9\"\n"
            "\t},\n"
            "\t\"byQueue\":{{\"queueId\":3,\"topic\":\"T\"}:9007199254740992,"
            "{\"queueId\":4,\"topic\":\"T\"}:9007199254740991\n"
            "\t},\n"
            "\t\"codes\":[1,2],\n"
            "\t\"level\":\"HIGH\",\n"
            "\t\"queues\":[\n"
            "\t\t{\n"
            "\t\t\t\"queueId\":0,\n"
            "\t\t\t\"topic\":\"A\"\n"
            "\t\t},\n"
            "\t\t{\n"
            "\t\t\t\"queueId\":1,\n"
            "\t\t\t\"topic\":\"B\"\n"
            "\t\t}\n"
            "\t],\n"
            "\t\"raw\":{ \"kept\" : 1 }\n"
            "}");
  EXPECT_EQ(encode(Sample{}, Style::kPretty),
            "{\n\t\"addresses\":{},\n\t\"byQueue\":{},\n\t\"codes\":[],\n\t\"level\":\"HIGH\",\n"
            "\t\"queues\":[],\n\t\"raw\":null\n}");
}

TEST(JsonEncodeTest, PutsAMapOfMapsOnOneLineEach) {
  const std::map<std::string, std::map<int32_t, int64_t>> table = {{"a", {{0, 3}, {1, 7}}},
                                                                   {"b", {}}};
  EXPECT_EQ(encode(table, Style::kPretty), "{\n\t\"a\":{0:3,1:7\n\t},\n\t\"b\":{}\n}");
}

TEST(JsonEncodeTest, EscapesAsFastjsonDoes) {
  const std::string text(
      "\x01\b\t\n\x0B\f\r\x1F \"\\/~\x7F\xC2\x80\xC2\x9F\xC2\xA0\xE2\x80\xA8"
      "\xE2\x80\xA9\xE2\x80\xAA\xE4\xB8\xAD\xF0\x9F\x98\x80");
  EXPECT_EQ(encode(text),
            "\"\\u0001\\b\\t\\n\\u000B\\f\\r\\u001F \\\"\\\\/~\\u007F\\u0080\\u009F\xC2\xA0"
            "\\u2028\\u2029\xE2\x80\xAA\xE4\xB8\xAD\xF0\x9F\x98\x80\"");
  EXPECT_EQ(encode(text, Style::kStrict),
            "\"\\u0001\\b\\t\\n\\u000B\\f\\r\\u001F \\\"\\\\\\/~\\u007F\\u0080\\u009F\\u00A0"
            "\\u2028\\u2029\\u202A\\u4E2D\\uD83D\\uDE00\"");
  for (const Style style : {Style::kFastjson, Style::kStrict, Style::kStandard}) {
    EXPECT_EQ(*decode<std::string>(encode(text, style)), text);
  }
}

TEST(JsonEncodeTest, ReplacesWhatIsNotUtf8) {
  for (const char* const bad : {"\xFF", "\xC0\xAF", "\xE4\xB8", "\xED\xA0\x80", "\xF5\x80\x80\x80",
                                "\x80", "\xE4", "\xF0\x80\x80\x80"}) {
    std::string expected = "\"";
    for (size_t i = 0; i < std::string_view(bad).size(); ++i) {
      expected += "\xEF\xBF\xBD";
    }
    EXPECT_EQ(encode(std::string(bad)), expected + '"');
  }
  EXPECT_EQ(encode(std::string("a\xFFz"), Style::kStrict), R"("a\uFFFDz")");
}

TEST(JsonEncodeTest, WritesDoublesAsJavaDoes) {
  const std::map<double, std::string_view> expected = {
      {0.0, "0.0"},
      {1.0, "1.0"},
      {-2.5, "-2.5"},
      {100.0, "100.0"},
      {0.001, "0.001"},
      {0.00099, "9.9E-4"},
      {1e-5, "1.0E-5"},
      {123456.789, "123456.789"},
      {9999999.0, "9999999.0"},
      {1e7, "1.0E7"},
      {12345678.9, "1.23456789E7"},
      {1e20, "1.0E20"},
      {-1e100, "-1.0E100"},
      {0.1, "0.1"},
      {1.7976931348623157e308, "1.7976931348623157E308"}};
  for (const auto& [value, text] : expected) {
    EXPECT_EQ(encode(value), text);
  }
  EXPECT_EQ(encode(-0.0), "-0.0");
  EXPECT_EQ(encode(std::numeric_limits<double>::infinity()), "null");
  EXPECT_EQ(encode(std::numeric_limits<double>::quiet_NaN()), "null");
}

TEST(JsonEncodeTest, WritesIntegersInFull) {
  EXPECT_EQ(encode(INT64_MIN), "-9223372036854775808");
  EXPECT_EQ(encode(INT64_MIN, Style::kStrict), "\"-9223372036854775808\"");
  EXPECT_EQ(encode((int64_t{1} << 53) - 1, Style::kStrict), "9007199254740991");
  EXPECT_EQ(encode(INT32_MIN), "-2147483648");
}

TEST(JsonEncodeTest, WritesAnEnumOutsideItsNamesAsNumber) {
  EXPECT_EQ(encode(Level::kLow), "\"LOW\"");
  EXPECT_EQ(encode(static_cast<Level>(7)), "7");
}

TEST(JsonEncodeTest, AppendsToWhatIsThere) {
  std::string out = "ab";
  encodeTo(out, std::vector<bool>{true, false});
  EXPECT_EQ(out, "ab[true,false]");
}

TEST(JsonEncodeTest, LeavesOutAbsentMembersWithoutAStrayComma) {
  Sample s;
  s.maybe = "x";
  EXPECT_EQ(encode(s), R"({"addresses":{},"byQueue":{},"codes":[],"level":"HIGH","maybe":"x",)"
                       R"("queues":[],"raw":null})");
  EXPECT_EQ(encode(std::vector<std::optional<int32_t>>{1, std::nullopt}), "[1,null]");
}

}  // namespace
}  // namespace rocketmq::json
