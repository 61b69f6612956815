// Queue files that were cut in the middle of an entry.
#include <gmock/gmock.h>

#include <filesystem>
#include <tuple>

#include "store/queue/queue_entry.h"
#include "tests/unit/store/queue_extension_fixture.h"

namespace rocketmq::store::test {
namespace {

constexpr int kMessages = 30;
constexpr const char* kSchedule = "SCHEDULE_TOPIC_XXXX";

/// Whether the store was stopped cleanly, has its file `queueends`, and has the extension on.
class CutQueueTest : public QueueExtensionTest,
                     public ::testing::WithParamInterface<std::tuple<bool, bool, bool>> {
 protected:
  CutQueueTest() {
    options_.queue_extension = std::get<2>(GetParam());
    options_.delay_level_ms = {1000, 7'200'000};
  }

  void fill() {
    open();
    sendTagged(kMessages);
    for (int i = 0; i < kMessages; ++i) {
      ASSERT_TRUE(put(kSchedule, 1, "later", properties({{"DELAY", "2"}})).ok());
    }
    // With no file of the right length the setting seems to have changed.
    ASSERT_TRUE(put("B", 0, "whole").ok());
    ASSERT_TRUE(flushEverything());
    ends_ = entries();
  }
  void stop() {
    if (std::get<0>(GetParam())) {
      close();
    } else {
      options_.root_dir = crashedCopy();
      store_.reset();
    }
    if (!std::get<1>(GetParam())) {
      std::filesystem::remove(root() + "/queueends");
    }
  }
  /// Leaves so many bytes of the last entry.
  void cut(const char* topic, int32_t queue_id, int bytes) {
    std::filesystem::resize_file(
        queueFile(topic, queue_id),
        static_cast<uintmax_t>((kMessages - 1) * kQueueEntryBytes + bytes));
  }
  /// What readers see of the last entries: tags codes and times.
  std::vector<int64_t> entries() {
    std::vector<int64_t> seen;
    for (const auto& [topic, queue_id] : {std::pair("A", 0), std::pair(kSchedule, 1)}) {
      for (const QueueEntry& entry : store_->queueEntries(topic, queue_id, kMessages - 2, 9)) {
        seen.push_back(entry.physical_offset);
        seen.push_back(entry.tags_code);
      }
    }
    return seen;
  }

  std::vector<int64_t> ends_;
};

TEST_P(CutQueueTest, TheEntryComesBackFromTheLogAsItWas) {
  const std::string folder = dir_ / "store";
  for (const int bytes : {5, 12, 19}) {
    SCOPED_TRACE(bytes);
    options_.root_dir = folder + std::to_string(bytes);
    fill();
    stop();
    cut("A", 0, bytes);
    cut(kSchedule, 1, bytes);
    open();
    EXPECT_EQ(ends_, entries());
    EXPECT_EQ(kMessages / 2, countOf("odd"));
    EXPECT_EQ(kMessages, put("A", 0, "more").queue_offset);
    close();
  }
}

INSTANTIATE_TEST_SUITE_P(Stores, CutQueueTest,
                         ::testing::Combine(::testing::Bool(), ::testing::Bool(),
                                            ::testing::Bool()));

}  // namespace
}  // namespace rocketmq::store::test
