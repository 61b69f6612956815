#include "broker/filter/sql_parser.h"

#include <gmock/gmock.h>

#include <random>
#include <string>

#include "broker/filter/sql_evaluator.h"
#include "tests/unit/broker/filter/properties.h"

namespace rocketmq::broker::filter {
namespace {

std::string faultOf(std::string_view expression) {
  const auto program = parseSql(expression);
  return program.ok() ? "" : program.status().message();
}

std::string repeated(std::string_view piece, int times) {
  std::string text;
  for (int i = 0; i < times; ++i) {
    text += piece;
  }
  return text;
}

TEST(SqlParserTest, EveryFormOfTheGrammarIsAccepted) {
  for (const char* expression : {
           "a > 5",
           "a>=5 and b<5 is null",
           "a <> 'x''y'",
           "NOT a = 5",
           "a BETWEEN 1 AND 5 AND b NOT BETWEEN -5 AND 5.5",
           "a IN ('x') OR a NOT IN ('x', 'y', 'z')",
           "a IS NULL OR b IS NOT NULL",
           "a contains 'x' and b NOT startswith 'y' and c endsWith 'z'",
           "a = TRUE AND b = false",
           "TRUE",
           "NULL",
           "a",
           "((a = 1))",
           "a = 1 -- the first\n AND b = 2 /* the * second */",
           "a > - -5",
           "a > +5",
           "$a_1 = 5L",
           "a > 5. AND a > .5 AND a > 5E10 AND a > 5.5e-3 AND a > 0.0",
           "TAGS = 'TagA'",
       }) {
    EXPECT_EQ(faultOf(expression), "") << expression;
  }
}

TEST(SqlParserTest, AFaultIsNamedWithItsPlace) {
  struct Case {
    const char* expression;
    const char* place;
  };
  for (const Case& c : {
           Case{"", "line 1, column 1"},
           Case{"a > ", "line 1, column 5"},
           Case{"a > 5 b", "line 1, column 7"},
           Case{"a >\n  'x", "line 2, column 3"},
           Case{"a\n=\n#", "line 3, column 1"},
           Case{"a = NULL", "line 1, column 5"},
           Case{"a > 'x'", "line 1, column 5"},
           Case{"a > TRUE", "line 1, column 5"},
           Case{"(a = 1) > 2", "line 1, column 2"},
           Case{"a BETWEEN 5 AND 1", "line 1, column 11"},
           Case{"a BETWEEN 5 OR 1", "line 1, column 13"},
           Case{"a BETWEEN 'a' AND 'b'", "line 1, column 11"},
           Case{"a IN (1)", "line 1, column 7"},
           Case{"a IN ()", "line 1, column 7"},
           Case{"'a' IN ('a')", "line 1, column 1"},
           Case{"a IN ('a' 'b')", "line 1, column 11"},
           Case{"a NOT 5", "line 1, column 7"},
           Case{"a IS 5", "line 1, column 6"},
           Case{"a CONTAINS b", "line 1, column 12"},
           Case{"a LIKE 'x'", "line 1, column 3"},
           Case{"5", "line 1, column 1"},
           Case{"-a", "line 1, column 1"},
           Case{"a = 1 AND 'x'", "line 1, column 11"},
           Case{"NOT 5", "line 1, column 5"},
           Case{"TRUE = 'x'", "line 1, column 1"},
           Case{"a = 9223372036854775808", "line 1, column 5"},
           Case{"a = 1E400", "line 1, column 5"},
           Case{"a = 1E-400", "line 1, column 5"},
           Case{"a = 007", "line 1, column 6"},
           Case{"(a = 1", "line 1, column 7"},
           Case{"a = 1)", "line 1, column 6"},
           Case{"*", "line 1, column 1"},
           Case{"a = 1 /* open", "line 1, column 7"},
           Case{"\xC3\xA4 = 1", "line 1, column 1"},
       }) {
    EXPECT_THAT(faultOf(c.expression), testing::EndsWith(c.place)) << c.expression;
  }
}

TEST(SqlParserTest, NestingIsBounded) {
  const auto nested = [](int depth) {
    return repeated("(", depth) + "a = 1" + repeated(")", depth);
  };
  EXPECT_EQ(faultOf(nested(static_cast<int>(kDepthMax))), "");
  EXPECT_THAT(faultOf(nested(static_cast<int>(kDepthMax) + 1)), testing::HasSubstr("nested"));
  EXPECT_THAT(faultOf(repeated("NOT ", 1000) + "a = 1"), testing::HasSubstr("nested"));
  EXPECT_THAT(faultOf("a > " + repeated("-", 1000) + "1"), testing::HasSubstr("nested"));
  // Operators that follow each other stand for nesting without parentheses.
  EXPECT_THAT(faultOf("a" + repeated(" = b", 100)), testing::HasSubstr("nested"));
  EXPECT_THAT(faultOf("a" + repeated(" IS NULL", 100)), testing::HasSubstr("nested"));
}

TEST(SqlParserTest, LengthOperandsAndPropertiesAreBounded) {
  EXPECT_THAT(faultOf("a = '" + std::string(1024 * 1024, 'x') + "'"),
              testing::HasSubstr("16384 are allowed"));
  EXPECT_EQ(faultOf("a = 1" + repeated(" OR a = 1", 300)), "");
  EXPECT_THAT(faultOf("a=1" + repeated(" OR a=1", 1000)), testing::HasSubstr("more than 1024"));
  std::string wide = "p = 1";
  for (int i = 0; i < 100; ++i) {
    wide += " OR p" + std::to_string(i) + " = 1";
  }
  EXPECT_THAT(faultOf(wide), testing::HasSubstr("64 different properties"));
  EXPECT_THAT(faultOf("a CONTAINS '" + std::string(257, 'x') + "'"), testing::HasSubstr("256"));
}

// Promise: whatever bytes come, parsing ends with a program or a fault, and a program can be run.
TEST(SqlParserTest, AnyBytesEndInAProgramOrAFault) {
  constexpr std::string_view kPieces[] = {
      "a",    " > ",  "5",    "'x'", " AND ",     " OR ", "NOT ",       "(",  ")",   " IS ",
      "NULL", " IN ", ",",    "-",   "5.5",       "'",    "--",         "/*", " = ", "<>",
      "TRUE", "\n",   "\xFF", "b",   " BETWEEN ", "9E9",  " CONTAINS ", "$"};
  std::mt19937 random(42);
  int programs = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (auto pieces = random() % 12; pieces-- > 0;) {
      text += kPieces[random() % std::size(kPieces)];
    }
    if (const auto program = parseSql(text); program.ok()) {
      ++programs;
      evaluate(*program, propertiesOf({{"a", "5"}}));
    } else {
      EXPECT_FALSE(program.status().message().empty()) << text;
    }
  }
  EXPECT_GT(programs, 100);
}

}  // namespace
}  // namespace rocketmq::broker::filter
