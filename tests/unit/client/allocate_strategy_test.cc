#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "rocketmq/consumer_config.h"

namespace rocketmq {
namespace {

std::vector<MessageQueue> queues(int count) {
  std::vector<MessageQueue> result;
  for (int i = 0; i < count; ++i) {
    result.push_back({"T", "b", i});
  }
  return result;
}

std::vector<std::string> clients(int count) {
  std::vector<std::string> result;
  for (int i = 0; i < count; ++i) {
    result.push_back("c" + std::to_string(100 + i));
  }
  return result;
}

std::vector<int32_t> idsOf(const std::vector<MessageQueue>& queues) {
  std::vector<int32_t> ids;
  for (const MessageQueue& queue : queues) {
    ids.push_back(queue.queue_id);
  }
  return ids;
}

/// RocketMQ's own formula (AllocateMessageQueueAveragely), written down as its table says.
std::vector<int32_t> averageByTable(int m, int c, int i) {
  const int mod = m % c;
  const int size = m <= c ? 1 : (mod > 0 && i < mod ? m / c + 1 : m / c);
  const int start = mod > 0 && i < mod ? i * size : i * size + mod;
  std::vector<int32_t> ids;
  for (int k = 0; k < std::min(size, m - start); ++k) {
    ids.push_back(start + k);
  }
  return ids;
}

TEST(AllocateStrategyTest, AverageGivesWhatRocketMqsTableGivesForEverySize) {
  const auto allocate = allocateAveragely();
  for (int m = 0; m <= 20; ++m) {
    for (int c = 1; c <= 9; ++c) {
      for (int i = 0; i < c; ++i) {
        SCOPED_TRACE(std::to_string(m) + " queues, client " + std::to_string(i) + " of " +
                     std::to_string(c));
        EXPECT_EQ(idsOf(allocate("g", clients(c)[static_cast<size_t>(i)], queues(m), clients(c))),
                  averageByTable(m, c, i));
      }
    }
  }
}

TEST(AllocateStrategyTest, CircleGivesEveryNthQueue) {
  const auto allocate = allocateAveragelyByCircle();
  EXPECT_EQ(idsOf(allocate("g", "c100", queues(7), clients(3))), (std::vector<int32_t>{0, 3, 6}));
  EXPECT_EQ(idsOf(allocate("g", "c101", queues(7), clients(3))), (std::vector<int32_t>{1, 4}));
  EXPECT_EQ(idsOf(allocate("g", "c102", queues(2), clients(3))), (std::vector<int32_t>{}));
}

TEST(AllocateStrategyTest, EveryQueueGoesToExactlyOneClient) {
  for (const auto& allocate : {allocateAveragely(), allocateAveragelyByCircle()}) {
    for (int m = 0; m <= 33; ++m) {
      for (int c = 1; c <= 11; ++c) {
        std::multiset<int32_t> given;
        for (const std::string& client : clients(c)) {
          for (const int32_t id : idsOf(allocate("g", client, queues(m), clients(c)))) {
            given.insert(id);
          }
        }
        const std::vector<int32_t> all = idsOf(queues(m));
        EXPECT_TRUE(std::equal(given.begin(), given.end(), all.begin(), all.end()))
            << m << " queues, " << c << " clients";
      }
    }
  }
}

TEST(AllocateStrategyTest, AClientThatIsNoMemberGetsNothing) {
  EXPECT_TRUE(allocateAveragely()("g", "stranger", queues(8), clients(2)).empty());
  EXPECT_TRUE(allocateAveragelyByCircle()("g", "stranger", queues(8), clients(2)).empty());
  EXPECT_TRUE(allocateAveragely()("g", "stranger", queues(8), {}).empty());
}

}  // namespace
}  // namespace rocketmq
