#include "store/inspect/offset_sequence.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace rocketmq::store::inspect {
namespace {

/// What becomes of records with these queue offsets: "7" appended, "R0" begun anew, "-9" rejected.
std::string decide(const std::vector<int64_t>& offsets) {
  OffsetSequence sequence;
  std::string text;
  const auto sink = [&](const OffsetSequence::Record& record, OffsetSequence::Verdict verdict) {
    text += text.empty() ? "" : " ";
    text += verdict == OffsetSequence::Verdict::kReject    ? "-"
            : verdict == OffsetSequence::Verdict::kRestart ? "R"
                                                           : "";
    text += std::to_string(record.queue_offset);
  };
  for (const int64_t offset : offsets) {
    sequence.offer({.queue_offset = offset, .entry = {}}, sink);
  }
  sequence.finish(sink);
  return text;
}

TEST(OffsetSequenceTest, ConsecutiveOffsetsAreBelieved) {
  EXPECT_EQ("0 1 2", decide({0, 1, 2}));
  EXPECT_EQ("500 501", decide({500, 501}));
  EXPECT_EQ("500", decide({500}));
}

TEST(OffsetSequenceTest, GapIsBelievedWhenTheNextRecordAgrees) {
  EXPECT_EQ("0 1 5 6 7", decide({0, 1, 5, 6, 7}));
  EXPECT_EQ("0 1 5 9 10", decide({0, 1, 5, 9, 10}));
  EXPECT_EQ("0 5", decide({0, 5}));
}

TEST(OffsetSequenceTest, OneWrongOffsetIsRejectedAlone) {
  EXPECT_EQ("0 1 -70000 3 4", decide({0, 1, 70000, 3, 4}));
  EXPECT_EQ("-70000 6 7", decide({70000, 6, 7}));
  EXPECT_EQ("3 4 -1 6 7", decide({3, 4, 1, 6, 7}));
  EXPECT_EQ("5 6 -0 8 9", decide({5, 6, 0, 8, 9}));
}

TEST(OffsetSequenceTest, RepeatedOffsetsAreRejected) {
  EXPECT_EQ("0 1 2 -1 -2 3", decide({0, 1, 2, 1, 2, 3}));
}

TEST(OffsetSequenceTest, TopicMadeAnewBeginsAtZero) {
  EXPECT_EQ("0 1 2 3 R0 1 2", decide({0, 1, 2, 3, 0, 1, 2}));
  EXPECT_EQ("0 1 2 3 R0", decide({0, 1, 2, 3, 0}));
}

TEST(OffsetSequenceTest, ImpossibleOffsetsAreRejected) {
  EXPECT_EQ("0 -9000000000000000000 1", decide({0, 9'000'000'000'000'000'000, 1}));
  EXPECT_EQ("--1 0 --1 1", decide({-1, 0, -1, 1}));
  EXPECT_EQ("0 -5000000", decide({0, 5'000'000}));
  EXPECT_EQ("0 -30000000 -30000001 1", decide({0, 30'000'000, 30'000'001, 1}));
}

}  // namespace
}  // namespace rocketmq::store::inspect
