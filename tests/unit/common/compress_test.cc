#include "common/compress.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/message/sys_flag.h"
#include "tests/unit/common/hex.h"

namespace rocketmq {
namespace {

constexpr size_t kMegabyte = 1 << 20;

class CompressTest : public testing::TestWithParam<CompressionType> {
 protected:
  static std::string packed(std::string_view plain) {
    auto compressed = compress(GetParam(), plain);
    EXPECT_TRUE(compressed.ok()) << compressed.status().message();
    return compressed.ok() ? *std::move(compressed) : std::string();
  }
};

INSTANTIATE_TEST_SUITE_P(AllTypes, CompressTest,
                         testing::Values(CompressionType::kZlib, CompressionType::kLz4,
                                         CompressionType::kZstd));

std::string incompressible(size_t size) {
  std::string bytes(size, '\0');
  uint32_t state = 12345;
  for (char& byte : bytes) {
    state = state * 1664525 + 1013904223;
    byte = static_cast<char>(state >> 24);
  }
  return bytes;
}

TEST_P(CompressTest, GivesBackWhatWasCompressed) {
  for (const std::string& plain : {std::string(), std::string("x"), std::string(100'000, 'a'),
                                   incompressible(3), incompressible(300'000)}) {
    const auto back = decompress(GetParam(), packed(plain), kMegabyte);
    ASSERT_TRUE(back.ok()) << back.status().message();
    EXPECT_EQ(*back, plain);
  }
}

TEST_P(CompressTest, MakesRepetitiveBodiesSmall) {
  EXPECT_LT(packed(std::string(100'000, 'a')).size(), 2000u);
}

TEST_P(CompressTest, RefusesWhatGrowsPastTheBound) {
  const std::string bomb = packed(std::string(16 * kMegabyte, '\0'));
  const auto refused = decompress(GetParam(), bomb, kMegabyte);
  EXPECT_EQ(refused.status().code(), StatusCode::kInvalidArgument) << refused.status().toString();
  EXPECT_FALSE(decompress(GetParam(), bomb, 0).ok());
}

TEST_P(CompressTest, AllowsExactlyTheBound) {
  const std::string plain(5000, 'a');
  EXPECT_TRUE(decompress(GetParam(), packed(plain), 5000).ok());
  EXPECT_EQ(decompress(GetParam(), packed(plain), 4999).status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_TRUE(decompress(GetParam(), packed(""), 0).ok());
}

TEST_P(CompressTest, RefusesAStreamCutAtAnyByte) {
  const std::string whole =
      packed("a message body that is long enough to be compressed, compressed");
  for (size_t size = 0; size < whole.size(); ++size) {
    const auto cut = decompress(GetParam(), std::string_view(whole).substr(0, size), kMegabyte);
    EXPECT_EQ(cut.status().code(), StatusCode::kCorruption) << size;
  }
}

TEST_P(CompressTest, RefusesBytesThatAreNotAStream) {
  for (const std::string& garbage : {std::string("plain text that was never compressed"),
                                     std::string(64, '\0'), incompressible(500)}) {
    EXPECT_EQ(decompress(GetParam(), garbage, kMegabyte).status().code(), StatusCode::kCorruption);
  }
}

TEST_P(CompressTest, SurvivesDamageAtEveryByte) {
  const std::string whole = packed(std::string(300, 'b') + incompressible(100));
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x55);
    const auto result = decompress(GetParam(), damaged, 4096);
    if (result.ok()) {
      EXPECT_LE(result->size(), 4096u);
    }
  }
}

TEST_P(CompressTest, IsNamedByItsSysFlagBits) {
  EXPECT_EQ(compressionOf(compressionFlag(GetParam()) | sys_flag::kCompressed), GetParam());
}

TEST(CompressionFlagTest, ReadsOldClientsBitsAsZlib) {
  EXPECT_EQ(compressionOf(sys_flag::kCompressed), CompressionType::kZlib);
  EXPECT_EQ(compressionOf(0x301), CompressionType::kZlib);
  EXPECT_EQ(compressionOf(0x101), CompressionType::kLz4);
  EXPECT_EQ(compressionOf(0x201), CompressionType::kZstd);
  EXPECT_EQ(compressionFlag(CompressionType::kZlib), 0x300);
}

TEST(ZlibTest, ReadsAndWritesTheFormatOfJavasDeflater) {
  const std::string stream = test::fromHex("785ecb48cdc9c957c8402701680308b1");
  const auto plain = decompress(CompressionType::kZlib, stream, 100);
  ASSERT_TRUE(plain.ok()) << plain.status().message();
  EXPECT_EQ(*plain, "hello hello hello hello");
  const auto again = compress(CompressionType::kZlib, *plain, 5);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(*again, stream);
}

// The library's command-line tools write frames as Java's streams do: without the plain size.
TEST(FrameTest, ReadsStreamsWithoutAPlainSize) {
  const std::string lz4 =
      test::fromHex("04224d186440a70f0000006868656c6c6f2006005068656c6c6f00000000f26b940b");
  const std::string zstd = test::fromHex("28b52ffd04586500003068656c6c6f200100994b11175eae0d");
  const auto from_lz4 = decompress(CompressionType::kLz4, lz4, 100);
  ASSERT_TRUE(from_lz4.ok()) << from_lz4.status().message();
  EXPECT_EQ(*from_lz4, "hello hello hello hello");
  const auto from_zstd = decompress(CompressionType::kZstd, zstd, 100);
  ASSERT_TRUE(from_zstd.ok()) << from_zstd.status().message();
  EXPECT_EQ(*from_zstd, "hello hello hello hello");
}

TEST(ZlibTest, RefusesALevelThatItDoesNotHave) {
  EXPECT_EQ(compress(CompressionType::kZlib, "x", 10).status().code(),
            StatusCode::kInvalidArgument);
}

// A writer that flushes in the middle may leave several frames behind each other.
TEST(FrameTest, ReadsFramesThatFollowEachOther) {
  for (const CompressionType type : {CompressionType::kLz4, CompressionType::kZstd}) {
    const auto first = compress(type, "first ");
    const auto second = compress(type, "second");
    ASSERT_TRUE(first.ok() && second.ok());
    const auto both = decompress(type, *first + *second, 100);
    ASSERT_TRUE(both.ok()) << both.status().message();
    EXPECT_EQ(*both, "first second");
  }
}

}  // namespace
}  // namespace rocketmq
