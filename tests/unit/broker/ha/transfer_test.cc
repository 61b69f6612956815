#include "broker/ha/transfer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace rocketmq::broker {
namespace {

using Kind = TransferReader::Step::Kind;

std::string_view view(const auto& bytes) { return {bytes.data(), bytes.size()}; }

TEST(TransferTest, BytesAreThoseOfJava) {
  EXPECT_EQ(view(encodeReport(10595)), std::string_view("\0\0\0\0\0\0\x29\x63", 8));
  EXPECT_EQ(view(TransferHeader{.offset = 1, .bytes = 0x0203}.encode()),
            std::string_view("\0\0\0\0\0\0\0\1\0\0\2\3", 12));
}

TEST(TransferTest, NewestWholeReportCountsHoweverTheBytesCome) {
  const std::string sent = std::string(view(encodeReport(1))) + std::string(view(encodeReport(2)));
  for (size_t split = 0; split <= sent.size(); ++split) {
    SCOPED_TRACE(split);
    ReportReader reader;
    const auto first = reader.feed(std::string_view(sent).substr(0, split));
    const auto second = reader.feed(std::string_view(sent).substr(split));
    EXPECT_EQ(first, split < 8    ? std::nullopt
                     : split < 16 ? std::optional<int64_t>(1)
                                  : std::optional<int64_t>(2));
    EXPECT_EQ(second, split < 16 ? std::optional<int64_t>(2) : std::nullopt);
  }
}

/// "offset+bytes:" for each header and the log bytes behind it.
std::string take(TransferReader& reader, std::string_view bytes) {
  std::string seen;
  for (auto step = reader.next(bytes); step.kind != Kind::kNone; step = reader.next(bytes)) {
    seen += step.kind == Kind::kHeader
                ? std::to_string(step.header.offset) + "+" + std::to_string(step.header.bytes) + ":"
                : std::string(step.log_bytes);
  }
  return seen;
}

TEST(TransferTest, PiecesAndHeartbeatsAreFoundHoweverTheBytesCome) {
  std::string sent;
  sent += view(TransferHeader{.offset = 0, .bytes = 3}.encode());
  sent += "abc";
  sent += view(TransferHeader{.offset = 3, .bytes = 0}.encode());
  sent += view(TransferHeader{.offset = 3, .bytes = 2}.encode());
  sent += "de";
  for (size_t split = 0; split <= sent.size(); ++split) {
    SCOPED_TRACE(split);
    TransferReader reader;
    std::string seen = take(reader, std::string_view(sent).substr(0, split));
    seen += take(reader, std::string_view(sent).substr(split));
    EXPECT_EQ(seen, "0+3:abc3+0:3+2:de");
  }
}

}  // namespace
}  // namespace rocketmq::broker
