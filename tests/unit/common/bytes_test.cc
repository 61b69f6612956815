#include "common/bytes.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace rocketmq {
namespace {

TEST(BytesTest, WritesTheHighestByteFirst) {
  std::string out;
  ByteWriter writer(out);
  writer.write(int8_t{-1});
  writer.write(uint16_t{0x0102});
  writer.write(int32_t{0x03040506});
  writer.write(int64_t{-2});
  EXPECT_EQ(out, std::string("\xFF\x01\x02\x03\x04\x05\x06\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFE", 15));
  ByteReader reader(out);
  EXPECT_EQ(reader.read<int8_t>(), -1);
  EXPECT_EQ(reader.read<uint16_t>(), 0x0102);
  EXPECT_EQ(reader.read<int32_t>(), 0x03040506);
  EXPECT_EQ(reader.read<int64_t>(), -2);
  EXPECT_FALSE(reader.failed());
  EXPECT_EQ(reader.remaining(), 0u);
}

TEST(BytesTest, OverwritesInPlace) {
  std::string out = "abcdef";
  ByteWriter(out).overwrite(2, uint16_t{0x5859});
  EXPECT_EQ(out, "abXYef");
}

TEST(BytesTest, FailsForGoodWhenItRunsOutOfBytes) {
  ByteReader reader("abc");
  EXPECT_EQ(reader.read<int32_t>(), 0);
  EXPECT_TRUE(reader.failed());
  EXPECT_EQ(reader.read<int8_t>(), 0) << "the bytes that were left are not read either";
  EXPECT_EQ(reader.remaining(), 0u);
}

TEST(BytesTest, RefusesLengthsOutsideOfWhatIsThere) {
  for (const int64_t size : {int64_t{-1}, int64_t{4}, std::numeric_limits<int64_t>::min(),
                             std::numeric_limits<int64_t>::max()}) {
    ByteReader reader("abc");
    EXPECT_TRUE(reader.readBytes(size).empty()) << size;
    EXPECT_TRUE(reader.failed()) << size;
  }
  ByteReader reader("abc");
  EXPECT_EQ(reader.readBytes(0), "");
  EXPECT_EQ(reader.readBytes(3), "abc");
  EXPECT_FALSE(reader.failed());
}

}  // namespace
}  // namespace rocketmq
