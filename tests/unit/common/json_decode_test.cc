#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "common/json/decode.h"

namespace rocketmq::json {

enum class Color : uint8_t { kRed, kGreen, kBlue };

template <>
struct EnumNames<Color> {
  static constexpr std::array<std::string_view, 3> kNames = {"RED", "GREEN", "BLUE"};
};

namespace {

struct Point {
  int32_t x = -1;
  std::string name = "default";

  friend auto operator<=>(const Point&, const Point&) = default;

  static constexpr auto fields() {
    return std::tuple{optional("name", &Point::name), optional("x", &Point::x)};
  }
};

struct Everything {
  bool flag = false;
  int32_t small = -1;
  int64_t large = -1;
  double real = -1;
  std::string text = "default";
  Color color = Color::kGreen;
  std::optional<int32_t> maybe;
  std::vector<Point> points;
  std::set<int32_t> codes;
  std::map<std::string, std::string> words;
  std::map<int32_t, int64_t> offsets;
  std::map<Point, int64_t> by_point;
  Point point;
  RawJson raw;

  static constexpr auto fields() {
    using E = Everything;
    return std::tuple{optional("byPoint", &E::by_point), optional("codes", &E::codes),
                      optional("color", &E::color),      optional("flag", &E::flag),
                      optional("large", &E::large),      optional("maybe", &E::maybe),
                      optional("offsets", &E::offsets),  optional("point", &E::point),
                      optional("points", &E::points),    optional("raw", &E::raw),
                      optional("real", &E::real),        optional("small", &E::small),
                      optional("text", &E::text),        optional("words", &E::words)};
  }
};

struct Strict {
  int32_t needed = 0;
  std::string also;

  static constexpr auto fields() {
    return std::tuple{required("also", &Strict::also), required("needed", &Strict::needed)};
  }
};

/// The decoded document; a default one, and a failed test, when it is refused.
Everything read(std::string_view text) {
  const Result<Everything> result = decode<Everything>(text);
  EXPECT_TRUE(result.ok()) << text << ": " << result.status().toString();
  return result.ok() ? *result : Everything{};
}

Status refusal(std::string_view text) { return decode<Everything>(text).status(); }

TEST(JsonDecodeTest, LeavesOutWhatIsAbsentOrNull) {
  for (const char* const text :
       {"{}",
        "{flag:null,small:null,large:null,real:null,text:null,color:null,maybe:null,"
        "points:null,codes:null,words:null,offsets:null,byPoint:null,point:null,raw:null}"}) {
    const Everything e = read(text);
    EXPECT_FALSE(e.flag);
    EXPECT_EQ(e.small, -1);
    EXPECT_EQ(e.large, -1);
    EXPECT_EQ(e.real, -1);
    EXPECT_EQ(e.text, "default");
    EXPECT_EQ(e.color, Color::kGreen);
    EXPECT_EQ(e.maybe, std::nullopt);
    EXPECT_TRUE(e.points.empty() && e.codes.empty() && e.words.empty());
    EXPECT_EQ(e.point, Point{});
    EXPECT_EQ(e.raw.text, "");
  }
}

TEST(JsonDecodeTest, TakesBoolsInEveryForm) {
  for (const char* const yes : {"true", "1", "'1'", "'Y'", "'TRUE'", "'true'"}) {
    EXPECT_TRUE(read(std::string("{flag:") + yes + "}").flag) << yes;
  }
  for (const char* const no : {"false", "0", "'0'", "'N'", "'FALSE'", "''", "null"}) {
    EXPECT_FALSE(read(std::string("{flag:") + no + "}").flag) << no;
  }
  EXPECT_EQ(refusal("{flag:'maybe'}").message(),
            "JSON at byte 6: 'maybe' is neither true nor false");
  EXPECT_FALSE(refusal("{flag:{}}").isOk());
}

TEST(JsonDecodeTest, TakesIntegersInEveryForm) {
  EXPECT_EQ(read("{small:5}").small, 5);
  EXPECT_EQ(read("{small:'5'}").small, 5);
  EXPECT_EQ(read("{small:''}").small, -1);
  EXPECT_EQ(read("{small:5.9}").small, 5);
  EXPECT_EQ(read("{small:-5.9}").small, -5);
  EXPECT_EQ(read("{small:'7.5'}").small, 7);
  EXPECT_EQ(read("{small:1E3}").small, 1000);
  EXPECT_EQ(read("{small:true}").small, 1);
  EXPECT_EQ(read("{maybe:'8'}").maybe, 8);
  EXPECT_EQ(read("{maybe:''}").maybe, std::nullopt);
  EXPECT_EQ(read("{large:9223372036854775807}").large, INT64_MAX);
  EXPECT_EQ(read("{large:-9223372036854775808}").large, INT64_MIN);
  EXPECT_EQ(read("{large:9007199254740993.0}").large, 9007199254740993);
}

TEST(JsonDecodeTest, RefusesIntegersOutOfRange) {
  for (const char* const number :
       {"2147483648", "-2147483649", "1e10", "1e400", "'99999999999'", "99999999999999999999999"}) {
    EXPECT_EQ(refusal(std::string("{small:") + number + "}").code(), StatusCode::kCorruption)
        << number;
  }
  for (const char* const number : {"9223372036854775808", "-9223372036854775809", "9.3e18",
                                   "9223372036854775808.0", "'x'", "'5x'", "'inf'", "[]", "{}"}) {
    EXPECT_EQ(refusal(std::string("{large:") + number + "}").code(), StatusCode::kCorruption)
        << number;
  }
  EXPECT_EQ(refusal("{small:  2147483648}").message(),
            "JSON at byte 9: '2147483648' is not an integer of the expected range");
}

TEST(JsonDecodeTest, TakesDoublesInEveryForm) {
  EXPECT_EQ(read("{real:0.0}").real, 0.0);
  EXPECT_EQ(read("{real:1.0E20}").real, 1e20);
  EXPECT_EQ(read("{real:'2.5'}").real, 2.5);
  EXPECT_EQ(read("{real:3}").real, 3.0);
  EXPECT_EQ(read("{real:NaN}").real, -1);
  EXPECT_EQ(read("{real:1e-999}").real, 0.0);
  EXPECT_TRUE(std::isinf(read("{real:1e999}").real));
  EXPECT_FALSE(refusal("{real:'nan'}").isOk());
  EXPECT_FALSE(refusal("{real:'1.5.2'}").isOk());
}

TEST(JsonDecodeTest, TakesAnyValueAsText) {
  EXPECT_EQ(read("{text:'a'}").text, "a");
  EXPECT_EQ(read("{text:''}").text, "");
  EXPECT_EQ(read("{text:5.50}").text, "5.50");
  EXPECT_EQ(read("{text:true}").text, "true");
  EXPECT_EQ(read(R"({text:{"a": [1]}})").text, R"({"a": [1]})");
}

TEST(JsonDecodeTest, TakesEnumsByNameInAnyCaseOrByNumber) {
  EXPECT_EQ(read("{color:'BLUE'}").color, Color::kBlue);
  EXPECT_EQ(read("{color:'blue'}").color, Color::kBlue);
  EXPECT_EQ(read("{color:2}").color, Color::kBlue);
  EXPECT_EQ(read("{color:'2'}").color, Color::kBlue);
  EXPECT_EQ(read("{color:0}").color, Color::kRed);
  for (const char* const unknown : {"'UNKNOWN'", "''", "3", "-1", "99999999", "null"}) {
    EXPECT_EQ(read(std::string("{color:") + unknown + "}").color, Color::kGreen) << unknown;
  }
  EXPECT_FALSE(refusal("{color:[]}").isOk());
  EXPECT_FALSE(refusal("{color:1e99}").isOk());
}

TEST(JsonDecodeTest, TakesMapKeysOfEveryKind) {
  const std::map<int32_t, int64_t> offsets = {{-1, 3}, {0, 1}, {7, 2}};
  EXPECT_EQ(read("{offsets:{0:1,7:2,-1:3}}").offsets, offsets);
  EXPECT_EQ(read("{offsets:{'0':1,\"7\":'2','-1':3,null:4}}").offsets, offsets);
  EXPECT_EQ(refusal("{offsets:{2147483648:1}}").message(),
            "JSON at byte 10: '2147483648' is not an integer key of the expected range");
  EXPECT_FALSE(refusal("{offsets:{a:1}}").isOk());
  EXPECT_FALSE(refusal("{offsets:{{}:1}}").isOk());
  EXPECT_FALSE(refusal("{offsets:[[0,1]]}").isOk());

  EXPECT_EQ(read("{words:{a:'b',5:6,null:'x',c:null}}").words,
            (std::map<std::string, std::string>{{"a", "b"}, {"5", "6"}}));

  const std::map<Point, int64_t> by_point = {{{1, "P"}, 5}, {{2, "Q"}, 6}};
  EXPECT_EQ(read(R"({byPoint:{{"name":"P","x":1}:5,{"name":"Q","x":2}:6}})").by_point, by_point);
  EXPECT_EQ(
      read(R"({byPoint:{"{\"name\":\"P\",\"x\":1}":5,'{name:"Q",x:"2"}':6,null:7}})").by_point,
      by_point);
  EXPECT_EQ(refusal(R"({byPoint:{{"x":"a"}:5}})").message(),
            "JSON at byte 15: 'a' is not an integer of the expected range");
  EXPECT_FALSE(refusal(R"({byPoint:{"text":5}})").isOk());
  EXPECT_FALSE(refusal(R"({byPoint:{"{}x":5}})").isOk());
  EXPECT_FALSE(refusal(R"({byPoint:{"null":5}})").isOk());
}

TEST(JsonDecodeTest, ReadsNestedStructuresAndDropsNullElements) {
  const Everything e =
      read("{points:[{x:1},null,{x:2,name:'b'},],codes:[3,'1',1,null],point:{x:9},raw:[1, {a:2}]}");
  EXPECT_EQ(e.points, (std::vector<Point>{{1, "default"}, {2, "b"}}));
  EXPECT_EQ(e.codes, (std::set<int32_t>{1, 3}));
  EXPECT_EQ(e.point, (Point{9, "default"}));
  EXPECT_EQ(e.raw.text, "[1, {a:2}]");
  EXPECT_FALSE(refusal("{points:{}}").isOk());
  EXPECT_FALSE(refusal("{point:[]}").isOk());
  EXPECT_FALSE(refusal("{words:[]}").isOk());
}

TEST(JsonDecodeTest, SkipsMembersNobodyKnows) {
  EXPECT_EQ(read(R"({a:{b:[{},'}',"\""]},null:1,{x:1}:2,small:5,'':3})").small, 5);
}

TEST(JsonDecodeTest, FindsMembersWithoutCaseAndUnderscores) {
  EXPECT_EQ(read("{by_point:{},SMALL:5}").small, 5);
  EXPECT_EQ(read("{BY_point:{{x:1}:2}}").by_point.size(), 1U);
  EXPECT_EQ(read("{sma-ll:5}").small, 5);
}

TEST(JsonDecodeTest, TakesTheLaterOfTwoMembers) {
  const Everything e = read(
      "{small:1,small:2,points:[{x:1}],points:[{x:2}],point:{x:1},point:{name:'n'},"
      "words:{a:1,a:2},words:{b:1,b:2}}");
  EXPECT_EQ(e.small, 2);
  EXPECT_EQ(e.points, (std::vector<Point>{{2, "default"}}));
  EXPECT_EQ(e.point, (Point{-1, "n"}));
  EXPECT_EQ(e.words, (std::map<std::string, std::string>{{"b", "2"}}));
}

TEST(JsonDecodeTest, NamesTheRequiredFieldThatIsMissing) {
  EXPECT_TRUE(decode<Strict>("{needed:1,also:''}").ok());
  for (const char* const text : {"{also:'x'}", "{also:'x',needed:null}", "{also:'x',needed:''}"}) {
    const Status status = decode<Strict>(text).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    EXPECT_EQ(status.message(), "the field needed is missing");
  }
}

TEST(JsonDecodeTest, RefusesEmptyAndNullDocuments) {
  for (const char* const text : {"", "  ", "null", "/* nothing */"}) {
    EXPECT_EQ(refusal(text).code(), StatusCode::kCorruption) << text;
  }
  EXPECT_FALSE(refusal("{} {}").isOk());
  EXPECT_FALSE(refusal("{}]").isOk());
  EXPECT_TRUE(decode<Everything>(" {} // the end").ok());
}

TEST(JsonDecodeTest, ReadsContainersAndScalarsAtTheTop) {
  EXPECT_EQ(*decode<std::vector<std::string>>("['a',1]"), (std::vector<std::string>{"a", "1"}));
  EXPECT_EQ(*decode<int64_t>("'12'"), 12);
  EXPECT_EQ((*decode<std::map<std::string, std::map<int32_t, int64_t>>>("{a:{1:2}}"))["a"][1], 2);
}

}  // namespace
}  // namespace rocketmq::json
