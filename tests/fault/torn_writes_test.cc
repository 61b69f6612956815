// Promise: whatever a crash leaves of the newest records, the log ends after the last whole one; no
// half message is delivered, no offset is skipped, and the next message takes the place of the
// first one that is gone. Damage further back in the newest file ends the log there.

#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <string>
#include <tuple>
#include <vector>

#include "tests/unit/store/store_test_support.h"

namespace rocketmq::store::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int kMessages = 6;
constexpr int kDamageable = 3;  // The last ones, at whose every byte something happens.

class TornWritesTest : public StoreTest {
 protected:
  /// Six messages; `folder_` is the store as a crash behind them leaves it.
  void makeStore() {
    open();
    for (int i = 0; i < kMessages; ++i) {
      const PutResult result =
          put("A", 0, "body" + std::to_string(i), properties({{"TAGS", "x"}, {"KEYS", "k"}}));
      ASSERT_TRUE(result.ok());
      begins_.push_back(result.physical_offsets.front());
      bodies_.push_back("body" + std::to_string(i));
      end_ = result.end_offset;
    }
    folder_ = crashedCopy();
    std::filesystem::remove(folder_ + "/queueends");
    close();
  }

  /// Opens a copy of the store after `damage`; expects the first `kept` messages and that the next
  /// one follows them.
  void expectKept(int kept, const std::function<void(const std::string& log_path)>& damage) {
    options_.root_dir = dir_ / ("damaged" + std::to_string(++copies_));
    copyFolder(folder_, root());
    damage(logFile(0));
    open();
    const std::vector<std::string> left(bodies_.begin(), bodies_.begin() + kept);
    EXPECT_EQ(kept < kMessages ? begins_[static_cast<size_t>(kept)] : end_,
              store_->commitLogMaxOffset());
    EXPECT_EQ(left, bodies("A", 0));
    const PutResult next = put("A", 0, "next");
    EXPECT_EQ(kept, next.queue_offset);
    EXPECT_THAT(bodies("A", 0, kept), ElementsAre("next"));
    close();
    std::filesystem::remove_all(root());
  }

  /// Calls `tear(byte of the log, messages in front of it)` for every byte of the last records.
  void forEveryLateByte(const std::function<void(int64_t, int)>& tear) {
    for (int64_t at = begins_[kMessages - kDamageable]; at < end_ && !HasFailure(); ++at) {
      SCOPED_TRACE("byte " + std::to_string(at));
      const auto behind = std::upper_bound(begins_.begin(), begins_.end(), at);
      tear(at, static_cast<int>(behind - begins_.begin()) - 1);
    }
  }

  std::string folder_;
  std::vector<int64_t> begins_;
  std::vector<std::string> bodies_;
  int64_t end_ = 0;
  int copies_ = 0;
};

TEST_F(TornWritesTest, ZerosFromAnyByteOnEndTheLogInFrontOfTheTornRecord) {
  makeStore();
  forEveryLateByte([&](int64_t at, int kept) {
    expectKept(kept, [&](const std::string& log_path) {
      patchFile(log_path, at, std::string(static_cast<size_t>(end_ - at), '\0'));
    });
  });
}

TEST_F(TornWritesTest, AFileThatIsCutAtAnyByteIsFilledUpAgain) {
  makeStore();
  forEveryLateByte([&](int64_t at, int kept) {
    expectKept(kept, [&](const std::string& log_path) {
      std::filesystem::resize_file(log_path, static_cast<uintmax_t>(at));
    });
  });
}

struct Field {
  std::string name;
  int64_t at = 0;  // In the record.
};

class FlippedBitTest : public TornWritesTest,
                       public ::testing::WithParamInterface<std::tuple<Field, int>> {};

TEST_P(FlippedBitTest, EndsTheLogInFrontOfItsRecord) {
  const auto& [field, message] = GetParam();
  makeStore();
  for (int bit = 0; bit < 8; ++bit) {
    SCOPED_TRACE("bit " + std::to_string(bit));
    expectKept(message, [&, &field = field, message = message](const std::string& log_path) {
      const int64_t at = begins_[static_cast<size_t>(message)] + field.at;
      const char byte = readFile(log_path)[static_cast<size_t>(at)];
      patchFile(log_path, at, std::string(1, static_cast<char>(byte ^ (1 << bit))));
    });
  }
}

INSTANTIATE_TEST_SUITE_P(
    MiddleAndEnd, FlippedBitTest,
    ::testing::Combine(::testing::Values(Field{"Size", 3}, Field{"Magic", 7}, Field{"Crc", 11},
                                         Field{"PhysicalOffset", 35}, Field{"BodyLength", 87},
                                         Field{"Body", 88}, Field{"TopicLength", 93},
                                         Field{"PropertiesLength", 96}),
                       ::testing::Values(kMessages / 2, kMessages - 1)),
    [](const auto& instance) {
      return std::get<0>(instance.param).name +
             (std::get<1>(instance.param) == kMessages - 1 ? "OfTheLast" : "OfTheMiddle");
    });

TEST_F(TornWritesTest, NothingStaleIsLeftBehindTheEnd) {
  // Three equal records; the first is torn, so the others are behind the end. If they stayed, the
  // next record would lie right in front of the second.
  open();
  send("A", 0, 3, "a");
  const int64_t first_end = store_->commitLogMaxOffset() / 3;
  options_.root_dir = crashedCopy();
  store_.reset();
  std::filesystem::remove(root() + "/queueends");
  patchFile(logFile(0), 4, std::string(4, 'x'));
  open();
  EXPECT_EQ(0, store_->commitLogMaxOffset());
  EXPECT_THAT(bodies("A", 0), ElementsAre());
  EXPECT_TRUE(isZero(readFile(logFile(0))));
  ASSERT_TRUE(put("A", 0, "b0").ok());
  EXPECT_EQ(first_end, store_->commitLogMaxOffset());
  crash();
  EXPECT_EQ(first_end, store_->commitLogMaxOffset());
  EXPECT_THAT(bodies("A", 0), ElementsAre("b0"));
}

/// Messages whose properties are many sectors long, so that the body's CRC says nothing of most.
class LostSectorTest : public StoreTest {
 protected:
  static std::string longProperties(char letter) {
    return properties({{"note", std::string(9000, letter)}});
  }
  void openCrashed(const std::function<void(const std::string& log_path)>& damage) {
    options_.root_dir = crashedCopy();
    store_.reset();
    std::filesystem::remove(root() + "/queueends");
    damage(logFile(0));
    open();
  }
};

TEST_F(LostSectorTest, InTheMiddleOfThePropertiesEndsTheLogThoughTheNextRecordIsWhole) {
  for (const int64_t sector_bytes : {512, 4096}) {
    SCOPED_TRACE(sector_bytes);
    options_.root_dir = dir_ / ("store" + std::to_string(sector_bytes));
    open();
    ASSERT_TRUE(put("A", 0, "kept", properties({{"note", "n"}})).ok());
    const int64_t end = store_->commitLogMaxOffset();
    ASSERT_TRUE(put("A", 0, "torn", longProperties('n')).ok());
    ASSERT_TRUE(put("A", 0, "behind").ok());
    openCrashed([&](const std::string& log_path) {
      patchFile(log_path, 4096, std::string(static_cast<size_t>(sector_bytes), '\0'));
    });
    EXPECT_EQ(end, store_->commitLogMaxOffset());
    EXPECT_THAT(bodies("A", 0), ElementsAre("kept"));
    close();
  }
}

// What a sector boundary may fall on without anything being lost: each byte of a short record.
TEST_F(LostSectorTest, IsNotSeenInRecordsThatAreWhole) {
  options_.commit_log_file_bytes = 1 << 20;
  options_.consume_queue_file_bytes = 4000 * 20;
  open();
  int64_t count = 0;
  for (const std::string& text : {std::string(), properties({{"a", "b"}}),
                                  properties({{"z", std::string(511, '\0') + "z"}})}) {
    for (size_t filler = 0; filler < 520; ++filler, ++count) {
      ASSERT_TRUE(put("A", 0, std::string(filler, '\0'), text).ok());
    }
  }
  // The newest record has no properties, and the two bytes that say so begin a sector.
  const size_t overhead = 91 + 1 - 2;
  const auto at = static_cast<size_t>(store_->commitLogMaxOffset());
  ASSERT_TRUE(put("A", 0, std::string(1024 - (at + overhead) % 512, '\0')).ok());
  const int64_t end = store_->commitLogMaxOffset();
  ASSERT_EQ(2, end % 512);
  openCrashed([](const std::string&) {});
  EXPECT_EQ(end, store_->commitLogMaxOffset());
  EXPECT_EQ(count + 1, store_->maxOffset("A", 0));
}

TEST_F(LostSectorTest, PropertiesThatLookLikeOneAreRefused) {
  open();
  const PutResult refused = put("A", 0, "x", properties({{"z", std::string(512, '\0') + "z"}}));
  EXPECT_EQ(PutStatus::kMessageIllegal, refused.status);
  EXPECT_THAT(refused.detail, HasSubstr("512 zero bytes"));
}

}  // namespace
}  // namespace rocketmq::store::test
