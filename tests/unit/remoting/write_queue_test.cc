#include "remoting/write_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <string_view>

namespace rocketmq::remoting {
namespace {

/// Writes up to `bytes_max` bytes of the queue behind `out`, as sendmsg() would.
void writeSome(WriteQueue& queue, size_t pieces_max, size_t bytes_max, std::string& out) {
  std::array<iovec, 16> pieces;
  const size_t count = queue.gather(std::span(pieces).first(pieces_max));
  size_t written = 0;
  for (size_t i = 0; i < count && written < bytes_max; ++i) {
    const size_t part = std::min(pieces[i].iov_len, bytes_max - written);
    out.append(static_cast<const char*>(pieces[i].iov_base), part);
    written += part;
  }
  queue.consume(written);
}

// Promise: whatever is added, here or by another queue that is taken over, and however little the
// socket takes at a time, the bytes leave complete and in order.
TEST(WriteQueueTest, BytesLeaveInOrder) {
  for (unsigned seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const auto text = [&](size_t size_max) {
      return std::string(random() % size_max, static_cast<char>('a' + random() % 26));
    };
    const bool keeps_memory = seed % 2 == 0;
    WriteQueue queue(keeps_memory);
    WriteQueue inbox(keeps_memory);
    std::string expected;
    std::string written;
    for (int step = 0; step < 600; ++step) {
      if (random() % 2 == 0) {
        OutgoingFrame frame{.head = text(600), .body = {}};
        expected += frame.head;
        for (size_t slices = random() % 4; slices > 0; --slices) {
          const auto owner = std::make_shared<const std::string>(text(3000));
          expected += *owner;
          frame.body.add(*owner, owner);
        }
        // Once something waits in the inbox, the next frames come behind it.
        (inbox.empty() && random() % 2 == 0 ? queue : inbox).add(std::move(frame));
      } else if (random() % 4 == 0) {
        queue.take(inbox);
      } else {
        writeSome(queue, 1 + random() % 16, random() % 5000, written);
      }
    }
    queue.take(inbox);
    EXPECT_TRUE(inbox.empty());
    while (!queue.empty()) {
      writeSome(queue, 3, 10'000, written);
    }
    ASSERT_TRUE(written == expected);
  }
}

TEST(WriteQueueTest, SmallFramesShareAPieceAndBigSlicesAreNotCopied) {
  WriteQueue queue;
  const std::string big(5000, 'b');
  for (int i = 0; i < 10; ++i) {
    queue.add({.head = "head", .body = Payload(std::string("small"))});
  }
  OutgoingFrame frame{.head = "head", .body = {}};
  frame.body.add(big, nullptr);
  queue.add(std::move(frame));
  std::array<iovec, 16> pieces;
  ASSERT_EQ(queue.gather(pieces), 2u);
  EXPECT_EQ(pieces[0].iov_len, 10 * 9 + 4u);
  EXPECT_EQ(pieces[1].iov_base, big.data());
}

TEST(WriteQueueTest, MemoryOfSmallPiecesGoesBackAndForthWithTheInbox) {
  WriteQueue queue(true);
  WriteQueue inbox(true);
  std::set<const void*> buffers;
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 25; ++i) {
      inbox.add({.head = std::string(100, 'h'), .body = Payload(std::string(1000, 'b'))});
    }
    queue.take(inbox);
    std::array<iovec, 16> pieces;
    ASSERT_EQ(queue.gather(pieces), 1u);
    if (round > 0) {  // The first text grows.
      buffers.insert(pieces[0].iov_base);
    }
    queue.consume(pieces[0].iov_len);
    ASSERT_TRUE(queue.empty());
  }
  EXPECT_LE(buffers.size(), 2u);
}

TEST(WriteQueueTest, OwnerIsReleasedOnceItsSliceHasLeft) {
  WriteQueue queue;
  auto owner = std::make_shared<const std::string>(5000, 'x');
  const std::weak_ptr<const std::string> watched = owner;
  OutgoingFrame frame{.head = "head", .body = {}};
  const std::string_view bytes = *owner;
  frame.body.add(bytes, std::move(owner));
  queue.add(std::move(frame));
  queue.consume(4 + 4999);
  EXPECT_FALSE(watched.expired());
  queue.consume(1);
  EXPECT_TRUE(watched.expired());
  EXPECT_TRUE(queue.empty());
}

}  // namespace
}  // namespace rocketmq::remoting
