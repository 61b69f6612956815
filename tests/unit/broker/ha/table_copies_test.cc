#include "broker/ha/table_copies.h"

#include <gtest/gtest.h>

#include <string>

namespace rocketmq::broker {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class TableCopiesTest : public testing::Test {
 protected:
  void takeOverAll() {
    for (const auto table : {TableCopies::kTopics, TableCopies::kGroups,
                             TableCopies::kConsumerOffsets, TableCopies::kDelayOffsets}) {
      copies_.noteTakenOver(table, now_);
    }
  }

  /// What is logged of an outcome.
  std::string saidOf(const std::string& failure) {
    testing::internal::CaptureStderr();
    copies_.noteOutcome(TableCopies::kTopics, failure, "10.0.0.1:10911", now_);
    return testing::internal::GetCapturedStderr();
  }

  TableCopies::TimePoint now_{std::chrono::hours(1)};
  TableCopies copies_{now_};
};

TEST_F(TableCopiesTest, TheirAgeIsThatOfTheOldest) {
  now_ += seconds(5);
  takeOverAll();
  now_ += seconds(10);
  EXPECT_EQ(copies_.age(now_), seconds(10));
  copies_.noteTakenOver(TableCopies::kTopics, now_);
  copies_.noteTakenOver(TableCopies::kGroups, now_);
  copies_.noteTakenOver(TableCopies::kDelayOffsets, now_);
  EXPECT_EQ(copies_.age(now_), seconds(10)) << "consumer offsets are missing";
  copies_.noteTakenOver(TableCopies::kConsumerOffsets, now_);
  EXPECT_EQ(copies_.age(now_), seconds(0));
}

// Promise: a slave that never gets a table does not look young.
TEST_F(TableCopiesTest, WhatWasNeverCopiedIsAsOldAsTheSlave) {
  now_ += seconds(100);
  copies_.noteTakenOver(TableCopies::kTopics, now_);
  copies_.noteTakenOver(TableCopies::kGroups, now_);
  EXPECT_EQ(copies_.age(now_), seconds(100));
}

TEST_F(TableCopiesTest, AFailureIsSaidAgainEveryTenMinutes) {
  EXPECT_EQ(saidOf(""), "");
  EXPECT_NE(saidOf("no").find("the topics cannot be copied from 10.0.0.1:10911: no"),
            std::string::npos);
  now_ += minutes(9);
  EXPECT_EQ(saidOf("no"), "");
  EXPECT_NE(saidOf("still no"), "") << "that is news";
  now_ += minutes(9);
  EXPECT_EQ(saidOf("still no"), "");
  now_ += minutes(1);
  EXPECT_NE(saidOf("still no"), "");
  saidOf("");
  EXPECT_NE(saidOf("still no"), "") << "it was over in between";
}

}  // namespace
}  // namespace rocketmq::broker
