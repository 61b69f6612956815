#include "broker/transaction/half_ledger.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

namespace rocketmq::broker {
namespace {

using Claim = HalfLedger::Claim;
using Progress = HalfLedger::Progress;

HalfCopy first(int64_t offset) { return {.offset = offset, .first = offset}; }

TEST(HalfLedgerTest, ATransactionIsEndedOnce) {
  HalfLedger ledger({});
  EXPECT_EQ(ledger.claim(first(0)).claim, Claim::kTaken);
  EXPECT_EQ(ledger.claim(first(0)).claim, Claim::kBusy);
  ledger.release(first(0));
  EXPECT_EQ(ledger.claim(first(0)).claim, Claim::kTaken);
  ledger.end(first(0), 0);
  EXPECT_EQ(ledger.claim(first(0)).claim, Claim::kOver);
  EXPECT_EQ(ledger.progress().half, 1);
}

TEST(HalfLedgerTest, ProgressStopsAtTheOldestOpenOne) {
  HalfLedger ledger({.half = 10});
  for (int64_t offset = 11; offset < 200; ++offset) {
    ledger.close(offset);
  }
  EXPECT_EQ(ledger.progress().half, 10);
  EXPECT_EQ(ledger.nextOpen(0, 1000), 10);
  EXPECT_EQ(ledger.nextOpen(11, 1000), 200);
  EXPECT_EQ(ledger.nextOpen(11, 150), 150);
  ledger.close(10);
  EXPECT_EQ(ledger.progress().half, 200);
  EXPECT_EQ(ledger.nextOpen(0, 1000), 200);
}

TEST(HalfLedgerTest, TheOpenOnesAreCounted) {
  HalfLedger ledger({.half = 10});
  EXPECT_EQ(ledger.openCount(10), 0);
  EXPECT_EQ(ledger.openCount(1000), 990);
  for (int64_t offset = 11; offset < 200; ++offset) {
    ledger.close(offset);
  }
  EXPECT_EQ(ledger.openCount(200), 1);
  EXPECT_EQ(ledger.openCount(250), 51);
  ledger.close(10);
  EXPECT_EQ(ledger.openCount(200), 0);
  EXPECT_EQ(ledger.openCount(201), 1);
}

// The producer's own commit names the first copy, the answer to a check the newest; either ends the
// transaction, and only one of them.
TEST(HalfLedgerTest, EveryCopyStandsForItsTransaction) {
  HalfLedger ledger({});
  ASSERT_EQ(ledger.claim(first(0)).claim, Claim::kTaken);
  ledger.renew(first(0), 5);
  EXPECT_EQ(ledger.progress().half, 1);
  EXPECT_EQ(ledger.renewedCount(), 1u);
  const HalfCopy copy{.offset = 5, .first = 0};
  const auto claimed = ledger.claim(first(0));
  EXPECT_EQ(claimed.claim, Claim::kTaken);
  EXPECT_EQ(claimed.newest, 5);
  EXPECT_EQ(ledger.claim(copy).claim, Claim::kBusy);
  ledger.end(first(0), 0);
  EXPECT_EQ(ledger.claim(copy).claim, Claim::kOver);
  EXPECT_EQ(ledger.renewedCount(), 0u);
  EXPECT_EQ(ledger.nextOpen(5, 100), 6);
}

TEST(HalfLedgerTest, OpProgressWaitsForWhatItNames) {
  HalfLedger ledger({});
  for (int64_t i = 1; i <= 256; ++i) {
    ASSERT_EQ(ledger.claim(first(i)).claim, Claim::kTaken);
    ledger.end(first(i), i - 1);
  }
  EXPECT_EQ(ledger.progress(), (Progress{.half = 0, .op = 0}));
  ASSERT_EQ(ledger.claim(first(0)).claim, Claim::kTaken);
  ledger.end(first(0), 256);
  EXPECT_EQ(ledger.progress(), (Progress{.half = 257, .op = 256}));
}

TEST(HalfLedgerTest, AnOpRecordThatIsNotNotedYetHoldsTheProgress) {
  HalfLedger ledger({});
  for (int64_t i = 0; i < 300; ++i) {
    ASSERT_EQ(ledger.claim(first(i)).claim, Claim::kTaken);
    ledger.end(first(i), i < 100 ? i : i + 1);  // Record 100 is another thread's.
  }
  EXPECT_EQ(ledger.progress(), (Progress{.half = 300, .op = 0}));
  ASSERT_EQ(ledger.claim(first(300)).claim, Claim::kTaken);
  ledger.end(first(300), 100);
  EXPECT_EQ(ledger.progress(), (Progress{.half = 301, .op = 256}));
}

TEST(HalfLedgerTest, WhatTheLogNoLongerHasIsForgotten) {
  HalfLedger ledger({});
  ASSERT_EQ(ledger.claim(first(0)).claim, Claim::kTaken);
  ledger.renew(first(0), 70);
  ledger.close(100);
  ledger.forgetBefore(100);
  EXPECT_EQ(ledger.progress().half, 101);
  EXPECT_EQ(ledger.claim({.offset = 70, .first = 0}).claim, Claim::kOver);
  ledger.forgetBefore(50);
  EXPECT_EQ(ledger.progress().half, 101);
}

// Random lives of transactions against plain sets.
TEST(HalfLedgerTest, AgreesWithAModel) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    const int64_t begin = static_cast<int64_t>(random() % 130);
    HalfLedger ledger({.half = begin});
    std::map<int64_t, HalfCopy> open;  // Newest copies.
    int64_t end = begin;
    int64_t ops = 0;
    for (int step = 0; step < 2000; ++step) {
      if (open.empty() || random() % 2 == 0) {
        open[end] = first(end);
        ++end;
        continue;
      }
      const auto picked = std::next(open.begin(), static_cast<ptrdiff_t>(random() % open.size()));
      const HalfCopy copy = picked->second;
      const auto claimed = ledger.claim(copy);
      ASSERT_EQ(claimed.claim, Claim::kTaken);
      ASSERT_EQ(claimed.newest, copy.offset);
      open.erase(picked);
      if (random() % 3 == 0) {
        open[end] = {.offset = end, .first = copy.first};
        ledger.renew(copy, end++);
      } else {
        ledger.end(copy, ops++);
        ASSERT_EQ(ledger.claim(copy).claim, Claim::kOver);
      }
      ASSERT_EQ(ledger.progress().half, open.empty() ? end : open.begin()->first);
    }
    int64_t next = begin;
    for (const auto& [offset, copy] : open) {
      next = ledger.nextOpen(next, end);
      ASSERT_EQ(next, offset);
      ++next;
    }
    ASSERT_EQ(ledger.nextOpen(next, end), end);
  }
}

}  // namespace
}  // namespace rocketmq::broker
