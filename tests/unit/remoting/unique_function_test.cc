#include "remoting/unique_function.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>
#include <utility>

namespace rocketmq::remoting {
namespace {

TEST(UniqueFunctionTest, EmptyOneIsFalse) {
  UniqueFunction<void()> empty;
  EXPECT_FALSE(empty);
  UniqueFunction<void()> null = nullptr;
  EXPECT_FALSE(null);
}

TEST(UniqueFunctionTest, MovesWhatCannotBeCopied) {
  UniqueFunction<int(int)> add = [base = std::make_unique<int>(40)](int x) { return *base + x; };
  UniqueFunction<int(int)> moved = std::move(add);
  EXPECT_EQ(moved(2), 42);
  EXPECT_FALSE(add);  // NOLINT(bugprone-use-after-move): a moved-from one is empty.
}

TEST(UniqueFunctionTest, CallablesOfAnySizeLiveAndDieOnce) {
  const auto owner = std::make_shared<int>(1);
  {
    const std::array<std::string, 8> big{"a", "b"};
    UniqueFunction<std::string()> small_one = [owner] { return std::string("small"); };
    UniqueFunction<std::string()> big_one = [owner, big] { return big[1]; };
    EXPECT_EQ(owner.use_count(), 3);
    std::swap(small_one, big_one);
    EXPECT_EQ(small_one(), "b");
    EXPECT_EQ(big_one(), "small");
    big_one = nullptr;
    EXPECT_EQ(owner.use_count(), 2);
  }
  EXPECT_EQ(owner.use_count(), 1);
}

TEST(UniqueFunctionTest, PassesReferencesAndMoveOnlyArguments) {
  UniqueFunction<void(std::unique_ptr<int>, int&)> store = [](std::unique_ptr<int> from, int& to) {
    to = *from;
  };
  int value = 0;
  store(std::make_unique<int>(5), value);
  EXPECT_EQ(value, 5);
}

}  // namespace
}  // namespace rocketmq::remoting
