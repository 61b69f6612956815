#include <gmock/gmock.h>

#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/unit/store/store_test_support.h"

namespace rocketmq::store::test {
namespace {

/// Batches of more messages than are appended in one piece.
class LongBatchTest : public StoreTest {
 protected:
  static constexpr int64_t kPiece = 1024;
  static constexpr int kMessages = 2500;

  LongBatchTest() {
    options_.commit_log_file_bytes = 4 << 20;
    for (int i = 0; i < kMessages; ++i) {
      expected_.push_back("b" + std::to_string(i));
    }
    for (const std::string& body : expected_) {
      batch_.push_back(message("A", 0, body));
    }
  }

  /// Has `then` done once the first piece is told of, while the rest is not stored yet.
  void afterTheFirstPiece(std::function<void()> then) {
    listener_ = [then = std::move(then)](const Arrival& arrival) {
      if (arrival.queue_offset == 0) {
        then();
      }
    };
  }

  std::vector<std::string> expected_;
  std::vector<MessageRecord> batch_;
};

TEST_F(LongBatchTest, OthersComeInBetweenTwoPieces) {
  PutResult between;
  // On a thread of its own: a listener does not call the store.
  afterTheFirstPiece([&] { std::thread([&] { between = put("A", 0, "between"); }).join(); });
  open();
  const PutResult result = store_->putBatch(batch_);
  ASSERT_TRUE(result.ok()) << result.detail;
  EXPECT_EQ(kPiece, between.queue_offset);
  EXPECT_EQ(0, result.queue_offset);
  EXPECT_EQ(size_t{kMessages}, result.physical_offsets.size());

  expected_.insert(expected_.begin() + kPiece, "between");
  const std::vector<StoredMessage> found = readAll(*store_, "A", 0);
  EXPECT_EQ(expected_, bodiesOf(found));
  std::vector<int64_t> physical_offsets;
  for (const StoredMessage& stored : found) {
    if (stored.body != "between") {
      physical_offsets.push_back(stored.physical_offset);
    }
  }
  EXPECT_THAT(result.physical_offsets, ::testing::ElementsAreArray(physical_offsets));
  EXPECT_EQ(physical_offsets.back() + static_cast<int64_t>(encodedSize(batch_.back())),
            result.end_offset);
}

TEST_F(LongBatchTest, OneIllegalMessageAtItsEndRefusesAllOfIt) {
  options_.live.message_bytes_max = 100'000;
  open();
  const std::string zeros(600, '\0');
  batch_.back() = message("A", 0, "last", zeros);
  EXPECT_EQ(PutStatus::kMessageIllegal, store_->putBatch(batch_).status);
  EXPECT_EQ(0, store_->maxOffset("A", 0));
}

TEST_F(LongBatchTest, ADiskThatFillsInBetweenIsToldWithHowMuchIsStored) {
  files_.setFaultPath("/consumequeue/");
  afterTheFirstPiece([&] { files_.disk_is_full = true; });
  open();
  const PutResult result = store_->putBatch(batch_);
  EXPECT_FALSE(result.ok());
  EXPECT_THAT(result.detail,
              ::testing::HasSubstr("the first 1024 messages of the batch are stored"));
  expected_.resize(kPiece);
  EXPECT_EQ(expected_, bodies("A", 0));
}

}  // namespace
}  // namespace rocketmq::store::test
