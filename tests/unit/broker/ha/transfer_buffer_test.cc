#include "broker/ha/transfer_buffer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <string>
#include <vector>

namespace rocketmq::broker {
namespace {

/// A stream of pieces of `sizes` bytes; 0 makes a heartbeat.
struct Stream {
  std::string log;
  std::string wire;

  explicit Stream(const std::vector<int32_t>& sizes) {
    for (const int32_t size : sizes) {
      const auto offset = static_cast<int64_t>(log.size());
      const auto header = TransferHeader{.offset = offset, .bytes = size}.encode();
      std::string piece(static_cast<size_t>(size), '\0');
      std::generate(piece.begin(), piece.end(), [this] { return static_cast<char>(random_()); });
      wire.append(header.data(), header.size());
      wire += piece;
      log += piece;
    }
  }

 private:
  std::minstd_rand random_{7};
};

/// Gives the stream's bytes to the buffer as recvmsg() does, at most `step` at a time, and drops
/// what has come from time to time. Returns the log's bytes; checks the headers.
std::string receive(const Stream& stream, size_t step, size_t keep_max) {
  TransferBuffer buffer;
  std::string log;
  size_t at = 0;
  while (at < stream.wire.size()) {
    size_t given = 0;
    for (const iovec& part : buffer.room()) {
      const size_t bytes = std::min({part.iov_len, step - given, stream.wire.size() - at});
      std::memcpy(part.iov_base, stream.wire.data() + at, bytes);
      given += bytes;
      at += bytes;
    }
    EXPECT_GT(given, 0u);
    const bool goes_on = buffer.received(given, [&](const TransferHeader& header) {
      EXPECT_EQ(header.offset, static_cast<int64_t>(log.size() + buffer.logBytes().size()));
      return true;
    });
    EXPECT_TRUE(goes_on);
    // All but some bytes, as a record that is not whole stays.
    if (const size_t held = buffer.logBytes().size(); held > keep_max) {
      const size_t dropped = held - held / 7;
      log += buffer.logBytes().substr(0, dropped);
      buffer.dropFront(dropped);
    }
  }
  return log + std::string(buffer.logBytes());
}

// Promise: however a master cuts the log into pieces, and however these come, the log's bytes are
// in the buffer in their order.
TEST(TransferBufferTest, LogBytesAreThoseOfTheMaster) {
  const std::vector<std::vector<int32_t>> all_sizes = {
      std::vector<int32_t>(40, 32'768),                      // A backlog.
      {32'768, 32'768, 100, 32'768, 32'768, 0, 32'768, 70},  // The end of a file, a heartbeat.
      {0, 0, 0, 5, 0, 5, 5, 5, 6, 6, 5},
      std::vector<int32_t>(3000, 7),  // More headers than one receive has places for.
      {1'000'000, 12, 1'000'000, 13, 12, 12, 12},
  };
  for (size_t i = 0; i < all_sizes.size(); ++i) {
    const Stream stream(all_sizes[i]);
    for (const size_t step : {1u, 11u, 13u, 32'779u, 32'780u, 100'000u, 10'000'000u}) {
      if (step < 1000 && stream.wire.size() > 400'000) {
        continue;
      }
      SCOPED_TRACE(std::to_string(i) + ", received " + std::to_string(step) + " bytes at a time");
      EXPECT_TRUE(receive(stream, step, 0) == stream.log);
      EXPECT_TRUE(receive(stream, step, 600'000) == stream.log);
    }
  }
}

TEST(TransferBufferTest, BacklogIsReceivedToItsPlace) {
  const Stream stream(std::vector<int32_t>(10, 32'768));
  TransferBuffer buffer;
  const auto give = [&](size_t at, size_t bytes) {
    std::memcpy(buffer.room()[0].iov_base, stream.wire.data() + at, bytes);
    return buffer.received(bytes, [](const TransferHeader&) { return true; });
  };
  ASSERT_TRUE(give(0, kTransferHeaderBytes));
  ASSERT_TRUE(give(kTransferHeaderBytes, 32'768));
  // Now it is known how large pieces are: header, piece, header, ... kReadBytes of the log.
  const auto room = buffer.room();
  ASSERT_EQ(room.size(), 2 * TransferBuffer::kReadBytes / 32'768 + 1);
  EXPECT_EQ(room[0].iov_len, kTransferHeaderBytes);
  EXPECT_EQ(room[1].iov_base, buffer.logBytes().data() + 32'768);
  EXPECT_EQ(room[3].iov_base, buffer.logBytes().data() + 2 * 32'768);
}

TEST(TransferBufferTest, HeaderThatIsRefusedEndsIt) {
  const Stream stream({4, 4, 4});
  TransferBuffer buffer;
  const size_t first = buffer.room()[0].iov_len;
  std::memcpy(buffer.room()[0].iov_base, stream.wire.data(), first);
  EXPECT_FALSE(buffer.received(first, [](const TransferHeader&) { return false; }));
  EXPECT_TRUE(buffer.logBytes().empty());
}

}  // namespace
}  // namespace rocketmq::broker
