#include "broker/filter/sql_evaluator.h"

#include <gtest/gtest.h>

#include <map>
#include <ostream>
#include <string>
#include <vector>

#include "broker/filter/sql_parser.h"
#include "tests/unit/broker/filter/properties.h"

namespace rocketmq::broker::filter {

void PrintTo(Truth truth, std::ostream* out) {
  constexpr const char* kNames[] = {"false", "true", "null", "error"};
  *out << kNames[static_cast<int>(truth)];
}

namespace {

constexpr Truth kFalse = Truth::kFalse;
constexpr Truth kTrue = Truth::kTrue;
constexpr Truth kNull = Truth::kNull;
constexpr Truth kError = Truth::kError;

struct Case {
  const char* expression;
  Truth expected;
};

void expectAll(const std::map<std::string, std::string>& properties,
               const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    const auto program = parseSql(c.expression);
    ASSERT_TRUE(program.ok()) << c.expression << ": " << program.status().message();
    EXPECT_EQ(evaluate(*program, propertiesOf(properties)), c.expected) << c.expression;
  }
}

TEST(SqlEvaluatorTest, AndOrNotHaveThreeValues) {
  expectAll({{"t", "1"}}, {
                              {"t = '1'", kTrue},
                              {"t = '2'", kFalse},
                              {"x = '1'", kNull},
                              {"t = '1' AND x = '1'", kNull},
                              {"x = '1' AND t = '1'", kNull},
                              {"t = '2' AND x = '1'", kFalse},
                              {"x = '1' AND t = '2'", kFalse},
                              {"t = '1' OR x = '1'", kTrue},
                              {"x = '1' OR t = '1'", kTrue},
                              {"t = '2' OR x = '1'", kNull},
                              {"x = '1' OR y = '1' OR t = '2'", kNull},
                              {"NOT t = '1'", kError},  // NOT binds to t alone.
                              {"NOT (t = '1')", kFalse},
                              {"NOT (x = '1')", kNull},
                              {"TRUE", kTrue},
                              {"FALSE OR NULL", kNull},
                              {"NULL AND FALSE", kFalse},
                          });
}

TEST(SqlEvaluatorTest, AbsentPropertiesAreNull) {
  expectAll({{"a", "5"}}, {
                              {"x IS NULL", kTrue},
                              {"x IS NOT NULL", kFalse},
                              {"a IS NULL", kFalse},
                              {"a IS NOT NULL", kTrue},
                              {"x > 5", kNull},
                              {"5 > x", kNull},
                              {"x BETWEEN 1 AND 9", kNull},
                              {"x NOT BETWEEN 1 AND 9", kNull},
                              {"x <> 'y'", kNull},
                              {"x IN ('y')", kNull},
                              {"x NOT IN ('y')", kNull},
                              // As in Java: false, not null.
                              {"x CONTAINS 'y'", kFalse},
                              {"x NOT CONTAINS 'y'", kFalse},
                              {"x NOT STARTSWITH 'y'", kFalse},
                              {"x NOT ENDSWITH 'y'", kFalse},
                              {"a = x", kFalse},
                              {"x = a", kNull},
                              {"x = y", kTrue},
                              {"5 = x", kFalse},
                              {"-x > 5", kNull},
                          });
}

TEST(SqlEvaluatorTest, StringsTakeOnTheTypeTheyAreComparedWith) {
  expectAll(
      {{"i", "7"},
       {"n", "-7"},
       {"l", "3000000000"},
       {"d", "7.5"},
       {"s", "abc"},
       {"t", "True"},
       {"nan", "NaN"},
       {"p", "+7"},
       {"b", " 7 "}},
      {
          {"i > 5", kTrue},       {"i = 7", kTrue},           {"7 = i", kTrue},
          {"i = '7'", kTrue},     {"i <> 7", kFalse},         {"n = -7", kTrue},
          {"n < -6.5", kTrue},    {"p = 7", kTrue},           {"i = 7.0", kTrue},
          {"d > 7.25", kTrue},    {"b > 6.5", kTrue},  // Double.valueOf allows blanks ...
          {"b > 6", kError},                           // ... Integer.valueOf does not.
          {"d > 7", kError},  // As in Java: an integer literal asks for an integer.
          {"l > 5", kError},  // Beyond Integer.
          {"l > 5L", kError},     {"l >= 3000000000", kTrue}, {"s > 5", kError},
          {"s = 5", kError},      {"i > n", kTrue},  // Two strings: both as doubles.
          {"s > i", kError},      {"t = TRUE", kTrue},        {"t = FALSE", kFalse},
          {"s = TRUE", kFalse},   {"s = FALSE", kTrue},       {"TRUE = t", kError},  // As in Java.
          {"nan > 1E300", kTrue}, {"nan = nan", kTrue},       {"5 = 5L", kTrue},
          {"5 = TRUE", kFalse},   {"5 = 'x'", kError},        {"(i = 7) = (n = 7)", kFalse},
          {"-i = 7", kNull},  // Only literals can be negated.
      });
}

TEST(SqlEvaluatorTest, AnErrorEndsTheEvaluationUnlessItIsNotReached) {
  expectAll({{"s", "abc"}, {"i", "1"}}, {
                                            {"i = 1 OR s > 5", kTrue},
                                            {"s > 5 OR i = 1", kError},
                                            {"i = 2 AND s > 5", kFalse},
                                            {"s > 5 AND i = 2", kError},
                                            {"NOT (s > 5)", kError},
                                        });
}

TEST(SqlEvaluatorTest, RangesListsAndSearches) {
  expectAll({{"i", "5"}, {"s", "one two"}, {"q", "it's"}},
            {
                {"i BETWEEN 5 AND 5", kTrue},
                {"i BETWEEN 6 AND 9", kFalse},
                {"i NOT BETWEEN 6 AND 9", kTrue},
                {"i NOT BETWEEN 1 AND 9", kFalse},
                {"i BETWEEN -5 AND 5", kTrue},
                {"s IN ('x', 'one two', 'a')", kTrue},
                {"s IN ('x', 'a')", kFalse},
                {"s NOT IN ('x', 'a')", kTrue},
                {"i IN ('5')", kTrue},
                {"q IN ('it''s')", kTrue},
                {"q = 'it''s'", kTrue},
                {"s CONTAINS 'e t'", kTrue},
                {"s NOT CONTAINS 'e t'", kFalse},
                {"s NOT CONTAINS 'three'", kTrue},
                {"s STARTSWITH 'one'", kTrue},
                {"s STARTSWITH 'two'", kFalse},
                {"s NOT STARTSWITH 'two'", kTrue},
                {"s ENDSWITH 'two'", kTrue},
                {"s NOT ENDSWITH 'two'", kFalse},
                {"s CONTAINS ''", kFalse},
                {"s NOT CONTAINS ''", kFalse},
                {"'abc' CONTAINS 'b'", kTrue},
                {"5 CONTAINS 'b'", kFalse},
            });
}

TEST(SqlEvaluatorTest, APropertyAsAConditionIsNeverTrue) {
  expectAll({{"t", "true"}}, {{"t", kFalse}, {"x", kNull}, {"NOT t", kTrue}, {"t OR TRUE", kTrue}});
}

TEST(SqlEvaluatorTest, AndBindsCloserThanOr) {
  expectAll({{"a", "1"}}, {
                              {"a = 1 OR a = 2 AND a = 3", kTrue},
                              {"(a = 1 OR a = 2) AND a = 3", kFalse},
                              {"a = 2 and a = 3 or a = 1", kTrue},
                          });
}

TEST(SqlEvaluatorTest, TheLastOfTwoEqualNamesCountsAndBrokenEntriesDoNot) {
  const auto program = parseSql("a = 2");
  ASSERT_TRUE(program.ok());
  EXPECT_EQ(evaluate(*program,
                     "a\x01"
                     "1\x02"
                     "a\x01"
                     "2\x02"),
            kTrue);
  EXPECT_EQ(evaluate(*program,
                     "a\x02\x01"
                     "2\x02"),
            kNull);
  EXPECT_EQ(evaluate(*program, ""), kNull);
}

}  // namespace
}  // namespace rocketmq::broker::filter
