// Promise: where RocketMQ's SQL92 and SQLite mean the same, our evaluator and SQLite agree on
// random expressions and rows. Left out is what differs by design: errors, comparisons of two
// properties, literals on the left, and properties as conditions (sql_evaluator_test.cc has those).
//
// ROCKETMQ_FILTER_SEED replays one seed, ROCKETMQ_FILTER_ROUNDS changes the number of expressions.

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "broker/filter/sql_evaluator.h"
#include "broker/filter/sql_parser.h"
#include "tests/unit/broker/filter/properties.h"

namespace rocketmq::broker::filter {
namespace {

using Row = std::map<std::string, std::string>;
/// The same condition for us and for SQLite.
using Pair = std::pair<std::string, std::string>;

int64_t numberFromEnvironment(const char* name, int64_t fallback) {
  const char* const text = std::getenv(name);
  return text == nullptr ? fallback : std::atoll(text);
}

/// Random conditions over i, j (integers), d (floating point), s, t (texts) and f (boolean).
class Generator {
 public:
  explicit Generator(uint64_t seed) : random_(seed) {}

  Pair condition(int depth) {
    if (depth == 0 || below(4) == 0) {
      return leaf();
    }
    const Pair left = condition(depth - 1);
    if (below(4) == 0) {
      return {"NOT (" + left.first + ")", "NOT (" + left.second + ")"};
    }
    const Pair right = condition(depth - 1);
    const std::string op = pick({" AND ", " OR "});
    // Without parentheses now and then, so that precedence counts.
    if (below(2) == 0) {
      return {left.first + op + right.first, left.second + op + right.second};
    }
    return {"(" + left.first + op + right.first + ")", "(" + left.second + op + right.second + ")"};
  }

  Row row() {
    Row row;
    for (const char* name : {"i", "j"}) {
      if (below(4) != 0) {
        row[name] = integer();
      }
    }
    if (below(4) != 0) {
      row["d"] = floating();
    }
    for (const char* name : {"s", "t"}) {
      if (below(4) != 0) {
        row[name] = text();
      }
    }
    if (below(4) != 0) {
      row["f"] = pick({"true", "false"});
    }
    return row;
  }

 private:
  uint64_t below(uint64_t limit) { return random_() % limit; }
  std::string pick(const std::vector<std::string>& choices) {
    return choices[below(choices.size())];
  }
  std::string integer() { return std::to_string(static_cast<int64_t>(below(9)) - 4); }
  std::string floating() { return integer() + pick({".0", ".25", ".5"}); }
  std::string text() { return pick({"a", "b", "ab", "abc", "it's", "x y", "B"}); }

  static std::string literal(const std::string& text) {
    std::string quoted = "'";
    for (const char c : text) {
      quoted += c == '\'' ? "''" : std::string(1, c);
    }
    return quoted + "'";
  }
  static Pair same(const std::string& text) { return {text, text}; }

  Pair leaf() {
    switch (below(6)) {
      case 0:
        return same(pick({"i", "j", "d", "s", "t", "f"}) + pick({" IS NULL", " IS NOT NULL"}));
      case 1:
        return range();
      case 2:
        return same(pick({"s", "t"}) + pick({" = ", " <> "}) + literal(text()));
      case 3:
        return same(pick({"s", "t"}) + pick({" IN (", " NOT IN ("}) + literal(text()) + ", " +
                    literal(text()) + ")");
      case 4:
        return search();
      default:
        return comparison();
    }
  }

  Pair comparison() {
    if (below(5) == 0) {
      const std::string op = pick({" = ", " <> "});
      const bool wanted = below(2) == 0;
      return {"f" + op + (wanted ? "TRUE" : "FALSE"), "f" + op + (wanted ? "1" : "0")};
    }
    const std::string op = pick({" > ", " >= ", " < ", " <= ", " = ", " <> "});
    return below(3) == 0 ? same("d" + op + floating()) : same(pick({"i", "j"}) + op + integer());
  }

  Pair range() {
    int64_t low = static_cast<int64_t>(below(9));
    const int64_t high = low + static_cast<int64_t>(below(5));
    low -= static_cast<int64_t>(below(5));
    return same(pick({"i", "j"}) + pick({" BETWEEN ", " NOT BETWEEN "}) + std::to_string(low) +
                " AND " + std::to_string(high));
  }

  Pair search() {
    const std::string name = pick({"s", "t"});
    const std::string wanted = text();
    const std::string size = std::to_string(wanted.size());
    const std::pair<std::string, std::string> form = std::vector<Pair>{
        {"CONTAINS", "instr(" + name + ", " + literal(wanted) + ") > 0"},
        {"STARTSWITH", "substr(" + name + ", 1, " + size + ") = " + literal(wanted)},
        {"ENDSWITH", "substr(" + name + ", -" + size + ") = " + literal(wanted)}}[below(3)];
    const bool negated = below(2) == 0;
    // RocketMQ has false where SQL has null.
    return {name + (negated ? " NOT " : " ") + form.first + " " + literal(wanted),
            std::string("coalesce(") + (negated ? "NOT (" : "(") + form.second + "), 0)"};
  }

  std::mt19937_64 random_;
};

class Sqlite {
 public:
  Sqlite() {
    EXPECT_EQ(sqlite3_open(":memory:", &database_), SQLITE_OK);
    run("CREATE TABLE m (i INTEGER, j INTEGER, d REAL, s TEXT, t TEXT, f INTEGER)");
  }
  ~Sqlite() { sqlite3_close(database_); }
  Sqlite(const Sqlite&) = delete;
  Sqlite& operator=(const Sqlite&) = delete;

  void insert(const Row& row) {
    sqlite3_stmt* const statement = prepare("INSERT INTO m VALUES (?, ?, ?, ?, ?, ?)");
    int column = 0;
    for (const char* name : {"i", "j", "d", "s", "t", "f"}) {
      ++column;
      const auto value = row.find(name);
      if (value == row.end()) {
        sqlite3_bind_null(statement, column);
      } else if (std::string_view(name) == "f") {
        sqlite3_bind_int(statement, column, value->second == "true" ? 1 : 0);
      } else {
        // The column's type turns the text into a number.
        sqlite3_bind_text(statement, column, value->second.c_str(), -1, SQLITE_TRANSIENT);
      }
    }
    EXPECT_EQ(sqlite3_step(statement), SQLITE_DONE) << sqlite3_errmsg(database_);
    sqlite3_finalize(statement);
  }

  /// What the condition comes to for each row, in the order of insertion.
  std::vector<Truth> truths(const std::string& condition) {
    std::vector<Truth> truths;
    sqlite3_stmt* const statement = prepare("SELECT " + condition + " FROM m ORDER BY rowid");
    while (statement != nullptr && sqlite3_step(statement) == SQLITE_ROW) {
      const bool is_null = sqlite3_column_type(statement, 0) == SQLITE_NULL;
      const bool is_true = sqlite3_column_int(statement, 0) != 0;
      truths.push_back(is_null ? Truth::kNull : is_true ? Truth::kTrue : Truth::kFalse);
    }
    sqlite3_finalize(statement);
    return truths;
  }

 private:
  void run(const char* sql) {
    EXPECT_EQ(sqlite3_exec(database_, sql, nullptr, nullptr, nullptr), SQLITE_OK);
  }
  sqlite3_stmt* prepare(const std::string& sql) {
    sqlite3_stmt* statement = nullptr;
    EXPECT_EQ(sqlite3_prepare_v2(database_, sql.c_str(), -1, &statement, nullptr), SQLITE_OK)
        << sql << ": " << sqlite3_errmsg(database_);
    return statement;
  }

  sqlite3* database_ = nullptr;
};

TEST(SqliteModelTest, RandomExpressionsMeanTheSameAsInSqlite) {
  constexpr int kRows = 40;
  const auto seed = static_cast<uint64_t>(numberFromEnvironment("ROCKETMQ_FILTER_SEED", 20260101));
  const int64_t rounds = numberFromEnvironment("ROCKETMQ_FILTER_ROUNDS", 1500);
  SCOPED_TRACE("ROCKETMQ_FILTER_SEED=" + std::to_string(seed));
  Generator generator(seed);
  Sqlite sqlite;
  std::vector<Row> rows;
  for (int i = 0; i < kRows; ++i) {
    rows.push_back(generator.row());
    sqlite.insert(rows.back());
  }
  std::map<Truth, int> seen;
  for (int64_t round = 0; round < rounds; ++round) {
    const auto [ours, theirs] = generator.condition(4);
    const auto program = parseSql(ours);
    ASSERT_TRUE(program.ok()) << ours << ": " << program.status().message();
    const std::vector<Truth> expected = sqlite.truths(theirs);
    ASSERT_EQ(expected.size(), rows.size()) << theirs;
    for (size_t i = 0; i < rows.size(); ++i) {
      ASSERT_EQ(static_cast<int>(evaluate(*program, propertiesOf(rows[i]))),
                static_cast<int>(expected[i]))
          << ours << "\nSQLite: " << theirs << "\nrow: " << testing::PrintToString(rows[i]);
      ++seen[expected[i]];
    }
  }
  for (const Truth truth : {Truth::kFalse, Truth::kTrue, Truth::kNull}) {
    EXPECT_GT(seen[truth], rounds) << static_cast<int>(truth);
  }
}

}  // namespace
}  // namespace rocketmq::broker::filter
