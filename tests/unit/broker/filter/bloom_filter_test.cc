// Promise: the bits are those that a Java broker sets.
#include "broker/filter/bloom_filter.h"

#include <gmock/gmock.h>

#include <array>
#include <string>

namespace rocketmq::broker {
namespace {

using ::testing::ElementsAre;

// The published results of other implementations.
TEST(BloomFilterTest, TheHashIsMurmur3) {
  EXPECT_EQ(0u, murmur3(""));
  EXPECT_EQ(static_cast<uint64_t>(-2129773440516405919), murmur3("foo"));
  EXPECT_EQ(0xcbd8a7b341bd9b02, murmur3("hello"));
  EXPECT_EQ(0xe34bbc7bbc071b6c, murmur3("The quick brown fox jumps over the lazy dog"));
}

// config/consumerFilter.json and consumequeue_ext of a 4.9.8 broker with its defaults.
TEST(BloomFilterTest, PositionsAndBitsAreThoseOfAJavaBroker) {
  const BloomFilter bloom(20, 32);
  EXPECT_EQ(112, bloom.bits());
  const auto positions = bloom.positionsOf("CG_SQL#TopicA");
  EXPECT_THAT(positions, ElementsAre(37, 11, 60));
  std::array<char, 14> map{};
  BloomFilter::set(positions, map);
  EXPECT_EQ(std::string("\0\x08\0\0\x20\0\0\x10\0\0\0\0\0\0", 14),
            std::string(map.data(), map.size()));
  EXPECT_TRUE(BloomFilter::areSet(positions, {map.data(), map.size()}));
  for (const size_t at : {size_t{1}, size_t{4}, size_t{7}}) {
    std::array<char, 14> less = map;
    less[at] = 0;
    EXPECT_FALSE(BloomFilter::areSet(positions, {less.data(), less.size()})) << at;
  }
}

TEST(BloomFilterTest, LengthsFollowTheExpectedNamesAndTheError) {
  EXPECT_EQ(8, BloomFilter(99, 1).bits());
  EXPECT_THAT(BloomFilter(99, 1).positionsOf("g#t"), testing::SizeIs(1));
  // k = log2(1 / 0.01), m = 1000 x 6.64 x 1.44.
  EXPECT_EQ(9592, BloomFilter(1, 1000).bits());
  EXPECT_THAT(BloomFilter(1, 1000).positionsOf("g#t"), testing::SizeIs(7));
  EXPECT_LT(BloomFilter(1, 20'000).bytes(), 32'747);
}

TEST(BloomFilterTest, UnwantedNamesAreMostlyNotSet) {
  const BloomFilter bloom(20, 32);
  std::array<char, 14> map{};
  for (int i = 0; i < 32; ++i) {
    BloomFilter::set(bloom.positionsOf("in" + std::to_string(i)), map);
  }
  int hits = 0;
  for (int i = 0; i < 32; ++i) {
    EXPECT_TRUE(
        BloomFilter::areSet(bloom.positionsOf("in" + std::to_string(i)), {map.data(), map.size()}));
  }
  for (int i = 0; i < 1000; ++i) {
    hits +=
        BloomFilter::areSet(bloom.positionsOf("out" + std::to_string(i)), {map.data(), map.size()})
            ? 1
            : 0;
  }
  EXPECT_LT(hits, 300);
}

}  // namespace
}  // namespace rocketmq::broker
