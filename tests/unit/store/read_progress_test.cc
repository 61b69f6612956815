#include "store/recovery/read_progress.h"

#include <gtest/gtest.h>

namespace rocketmq::store {
namespace {

using std::chrono::seconds;

TEST(ReadProgressTest, ALineComesOnceInAPeriod) {
  const ReadProgress::TimePoint began{};
  constexpr int64_t kMib = 1 << 20;
  ReadProgress progress(100 * kMib, 300 * kMib, began);
  EXPECT_EQ(std::nullopt, progress.lineAt(150 * kMib, began + seconds(2)));
  EXPECT_EQ("the commit log has been read up to 209715200, 50 % of 200 MiB at most, 26 MB/s",
            progress.lineAt(200 * kMib, began + seconds(4)));
  EXPECT_EQ(std::nullopt, progress.lineAt(210 * kMib, began + seconds(6)));
  EXPECT_TRUE(progress.lineAt(250 * kMib, began + seconds(7)).has_value());
}

}  // namespace
}  // namespace rocketmq::store
