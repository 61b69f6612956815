#include "remoting/spare_text.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace rocketmq::remoting {
namespace {

/// Runs on a thread of its own, which begins without spare memory.
template <class Test>
void onNewThread(Test test) {
  std::thread(test).join();
}

std::string textOf(size_t capacity) {
  std::string text;
  text.reserve(capacity);
  text = "left over";
  return text;
}

TEST(SpareTextTest, MemoryIsUsedAgain) {
  onNewThread([] {
    EXPECT_LT(takeSpareText().capacity(), 100u);
    std::string text = textOf(1000);
    const char* const memory = text.data();
    giveSpareText(std::move(text));
    const std::string again = takeSpareText();
    EXPECT_TRUE(again.empty());
    EXPECT_EQ(again.data(), memory);
    EXPECT_LT(takeSpareText().capacity(), 100u);
  });
}

TEST(SpareTextTest, LargeTextsAndMoreThanAFewAreFreed) {
  onNewThread([] {
    giveSpareText(textOf(1 << 20));
    EXPECT_LT(takeSpareText().capacity(), 100u);
    for (int i = 0; i < 1000; ++i) {
      giveSpareText(textOf(1000));
    }
    size_t kept = 0;
    while (takeSpareText().capacity() >= 1000) {
      ++kept;
    }
    EXPECT_GT(kept, 0u);
    EXPECT_LE(kept, 64u);
  });
}

}  // namespace
}  // namespace rocketmq::remoting
