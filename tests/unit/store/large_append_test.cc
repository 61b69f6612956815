#include "tests/unit/store/store_test_support.h"

namespace rocketmq::store::test {
namespace {

constexpr size_t kLargeBytes = 40 * 1024;
constexpr int kLargeMessages = 150;

/// Of some length and unlike its neighbours.
std::string largeBody(int i) {
  return std::to_string(i) +
         std::string(kLargeBytes + static_cast<size_t>(i), static_cast<char>('a' + i % 26));
}

/// Files so large that appends leave behind what was prefaulted at the start.
class LargeAppendTest : public StoreTest {
 protected:
  static constexpr int64_t kFileBytes = 64 << 20;
  static constexpr int64_t kPrefaultedAtStart = 8 << 20;
  static constexpr int64_t kStep = 4 << 20;

  LargeAppendTest() {
    options_.commit_log_file_bytes = kFileBytes;
    files_.setFaultPath("/commitlog/");
    open();
  }

  void expectLargeMessages() {
    const std::vector<std::string> found = bodies("Large", 0);
    ASSERT_EQ(static_cast<size_t>(kLargeMessages), found.size());
    for (int i = 0; i < kLargeMessages; ++i) {
      ASSERT_EQ(largeBody(i), found[static_cast<size_t>(i)]);
    }
  }
};

TEST_F(LargeAppendTest, LargeOnesAreWrittenAndReadAsEver) {
  for (int i = 0; i < kLargeMessages; ++i) {
    ASSERT_TRUE(put("Large", 0, largeBody(i)).ok());
    ASSERT_TRUE(put("Small", 0, "s" + std::to_string(i)).ok());
  }
  EXPECT_GT(files_.puts, 0);
  EXPECT_LE(files_.puts, kLargeMessages);
  expectLargeMessages();
  crash();
  expectLargeMessages();
  EXPECT_EQ(static_cast<size_t>(kLargeMessages), bodies("Small", 0).size());
}

TEST_F(LargeAppendTest, SmallOnesAreStored) {
  for (int i = 0; i < 6'000; ++i) {
    ASSERT_TRUE(put("Small", 0, std::string(1024, 's')).ok());
  }
  EXPECT_EQ(0, files_.puts);
  EXPECT_TRUE(eventually([&] { return files_.prefaulted_to > kPrefaultedAtStart; }));
}

TEST_F(LargeAppendTest, NoPagesAreMadePresentForLargeOnes) {
  const std::vector<MessageRecord> batch(400, message("Batch", 0, "of many small messages", {}));
  int64_t end = 0;
  // The log's thread may be late to see that they are large.
  bool none_are_made = false;
  while (!none_are_made && end < kFileBytes - 2 * kStep) {
    files_.prefaulted_to = 0;
    for (const int64_t begin = end; end < begin + kStep;) {
      const PutResult result = store_->putBatch(batch);
      ASSERT_TRUE(result.ok()) << result.detail;
      end = result.end_offset;
    }
    none_are_made = files_.prefaulted_to == 0;
  }
  EXPECT_TRUE(none_are_made);
  EXPECT_GT(files_.puts, 0);
  EXPECT_GT(files_.ends_of_read_ahead, 0);
  for (const int64_t begin = end; end < begin + 2 * kStep;) {
    const PutResult result = put("Small", 0, std::string(1024, 's'));
    ASSERT_TRUE(result.ok());
    end = result.end_offset;
  }
  EXPECT_TRUE(eventually([&] { return files_.prefaulted_to > 0; })) << "small ones have them again";
}

}  // namespace
}  // namespace rocketmq::store::test
