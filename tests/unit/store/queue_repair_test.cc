#include <gmock/gmock.h>

#include "common/bytes.h"
#include "common/hash.h"
#include "store/queue/queue_entry.h"
#include "tests/unit/store/store_test_support.h"

namespace rocketmq::store::test {
namespace {

using ::testing::ElementsAre;

/// 200 messages in a queue of four files, and some in another between them.
class QueueRepairTest : public StoreTest, public ::testing::WithParamInterface<bool> {
 protected:
  static constexpr int kMessages = 200;

  void fill() {
    open();
    for (int i = 0; i < kMessages; ++i) {
      const PutResult result = put("A", 0, body(i), properties({{"TAGS", tag(i)}}));
      ASSERT_TRUE(result.ok()) << result.detail;
      places_.push_back(result.physical_offsets.front());
      ASSERT_TRUE(put("B", 0, body(i)).ok());
    }
  }
  static std::string body(int i) { return "a" + std::to_string(i); }
  static std::string tag(int i) { return i % 2 == 0 ? "even" : "odd"; }
  static std::vector<std::string> allBut(std::set<int> missing = {}, int step = 1) {
    std::vector<std::string> wanted;
    for (int i = 0; i < kMessages; i += step) {
      if (!missing.contains(i)) {
        wanted.push_back(body(i));
      }
    }
    return wanted;
  }

  /// Stops the store or has it die, as the parameter says; `spoil` works on its files.
  template <class Spoil>
  void restartSpoilt(Spoil spoil) {
    if (!GetParam()) {
      restart();  // What a checkpoint covers is not read again after a crash.
    }
    const std::string copy = GetParam() ? root() : crashedCopy();
    close();
    options_.root_dir = copy;
    spoil();
    open();
  }

  void spoilEntries(int64_t from, int64_t to, char with) {
    for (int64_t index = from; index < to; ++index) {
      const int64_t base = index * kQueueEntryBytes / kQueueFileBytes * kQueueFileBytes;
      patchFile(queueFile("A", 0, base), index * kQueueEntryBytes - base,
                std::string(kQueueEntryBytes, with));
    }
  }

  /// The messages that one reader gets who begins at once: no wrong one at any time.
  std::vector<std::string> readPatiently(const MessageFilter* filter = nullptr) {
    std::vector<std::string> got;
    int64_t offset = 0;
    EXPECT_TRUE(eventually([&] {
      const GetResult result = store_->get({.topic = "A", .offset = offset, .filter = filter});
      for (const LogSlice& slice : result.slices) {
        for (std::string_view rest = slice.bytes; !rest.empty();) {
          const auto record = decodeRecord(rest, CrcCheck::kVerify);
          EXPECT_TRUE(record.ok()) << record.status().message() << " at " << offset;
          if (!record) {
            return true;
          }
          got.emplace_back(record->body);
          rest.remove_prefix(static_cast<size_t>(record->total_size));
        }
      }
      offset = result.next_offset;
      return result.status == GetStatus::kOffsetOverflowOne;
    }));
    EXPECT_EQ(kMessages, offset);
    return got;
  }

  std::vector<int64_t> places_;
};

INSTANTIATE_TEST_SUITE_P(AfterACleanStopAndAKill, QueueRepairTest, ::testing::Bool());

// A wild entry must not hide the good ones behind it either.
TEST_P(QueueRepairTest, SpoiltFirstFileIsRepairedFromTheLog) {
  fill();
  restartSpoilt([&] { spoilEntries(0, 50, '\x5a'); });
  EXPECT_EQ(allBut(), readPatiently());
  restart();
  EXPECT_EQ(allBut(), readPatiently()) << "the repair is in the files";
}

TEST_P(QueueRepairTest, ZeroedFileInTheMiddleIsRepairedFromTheLog) {
  fill();
  restartSpoilt([&] { spoilEntries(50, 100, '\0'); });
  EXPECT_EQ(allBut(), readPatiently());
}

TEST_P(QueueRepairTest, WrongSizeAndWrongPlaceNeverReachAReader) {
  fill();
  restartSpoilt([&] {
    patchFile(queueFile("A", 0), 7 * kQueueEntryBytes + 10, "\x11");  // Of the size.
    std::string other(8, '\0');
    storeBigEndian(other.data(), places_[3]);
    patchFile(queueFile("A", 0), 20 * kQueueEntryBytes, other);  // A record, but not its own.
  });
  EXPECT_EQ(allBut(), readPatiently());
}

TEST_P(QueueRepairTest, MessageWhoseRecordIsSpoiltIsPassedOverAndTheRestIsNot) {
  fill();
  restartSpoilt([&] {
    const int64_t base = places_[60] / kLogFileBytes * kLogFileBytes;
    patchFile(logFile(base), places_[60] - base + 4, "\x01");  // Of the magic.
  });
  EXPECT_EQ(allBut({60}), readPatiently());
  EXPECT_EQ(GetStatus::kFound, get("A", 0, 61).status);
}

class EvenOnly final : public MessageFilter {
 public:
  bool matchesTagsCode(int64_t tags_code) const override { return tags_code == tagsCode("even"); }
};

TEST_P(QueueRepairTest, FilterPassesOverNoMessageWhoseEntryIsDamaged) {
  fill();
  restartSpoilt([&] { spoilEntries(50, 100, '\0'); });
  const EvenOnly even;
  EXPECT_EQ(allBut({}, 2), readPatiently(&even));
}

TEST_P(QueueRepairTest, ListOfEntriesEndsInFrontOfDamageUntilItIsRepaired) {
  fill();
  restartSpoilt([&] { spoilEntries(10, 12, '\0'); });
  EXPECT_EQ(10u, store_->queueEntries("A", 0, 0, 20).size());
  EXPECT_TRUE(eventually([&] { return store_->queueEntries("A", 0, 0, 20).size() == 20; }));
  EXPECT_EQ(places_[11], store_->queueEntries("A", 0, 11, 1).front().physical_offset);
}

// One pass per queue and start: damage that comes back must not have the log read for ever.
TEST_P(QueueRepairTest, WhatIsDamagedAfterTheRepairIsPassedOver) {
  fill();
  restartSpoilt([&] { spoilEntries(0, 10, '\0'); });
  EXPECT_EQ(allBut(), readPatiently());
  spoilEntries(3, 4, '\x5a');
  EXPECT_EQ(allBut({3}), readPatiently());
  restart();
  EXPECT_EQ(allBut(), readPatiently());
}

TEST_P(QueueRepairTest, RepairedQueueGoesOn) {
  fill();
  restartSpoilt([&] { spoilEntries(150, 199, '\x5a'); });
  const GetResult damaged = get("A", 0, 150);
  EXPECT_EQ(GetStatus::kUnreadable, damaged.status);
  EXPECT_EQ(150, damaged.next_offset);
  EXPECT_EQ(kMessages, put("A", 0, "more").queue_offset);
  EXPECT_TRUE(eventually([&] { return get("A", 0, 150).status == GetStatus::kFound; }));
  EXPECT_THAT(bodies("A", 0, 199), ElementsAre(body(199), "more"));
}

}  // namespace
}  // namespace rocketmq::store::test
