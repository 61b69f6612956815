#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "client/consumer/allocate_within.h"
#include "rocketmq/exceptions.h"

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
  for (const auto& allocate :
       {allocateAveragely(), allocateAveragelyByCircle(), allocateByConsistentHash()}) {
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

TEST(AllocateStrategyTest, ConfiguredQueuesAreTakenAsFarAsTheyExist) {
  const auto allocate = allocateByConfig({{"T", "b", 5}, {"T", "b", 1}, {"T", "elsewhere", 0}});
  EXPECT_EQ(idsOf(allocate("g", "c100", queues(8), clients(3))), (std::vector<int32_t>{1, 5}));
}

// Nobody configures the retry topic's queues, and what failed is to be consumed again.
TEST(AllocateStrategyTest, ConfiguredClientsShareTheRetryTopicAllTheSame) {
  const auto allocate = allocateByConfig({{"T", "b", 1}});
  std::vector<MessageQueue> retries = queues(3);
  for (MessageQueue& queue : retries) {
    queue.topic = "%RETRY%g";
  }
  EXPECT_EQ(idsOf(allocate("g", "c100", retries, clients(2))), (std::vector<int32_t>{0, 1}));
  EXPECT_EQ(idsOf(allocate("g", "c101", retries, clients(2))), (std::vector<int32_t>{2}));
}

TEST(AllocateStrategyTest, StrategiesSeeNamesAsTheApplicationWritesThem) {
  const std::vector<MessageQueue> known{{"NS%T", "b", 0}, {"NS%T", "b", 1}};
  const auto own = [](const std::string& group, const std::string&,
                      const std::vector<MessageQueue>& all, const std::vector<std::string>&) {
    EXPECT_EQ(group, "g");
    EXPECT_EQ(all, (std::vector<MessageQueue>{{"T", "b", 0}, {"T", "b", 1}}));
    return std::vector<MessageQueue>{{"T", "b", 1}};
  };
  const std::vector<MessageQueue> second{{"NS%T", "b", 1}};
  EXPECT_EQ(client::allocateWithin("NS", own, "NS%g", "c100", known, clients(1)), second);
  EXPECT_EQ(client::allocateWithin("NS", allocateByConfig({{"T", "b", 1}}), "NS%g", "c100", known,
                                   clients(1)),
            second);
}

// RocketMQ's own members place the queues by the names that brokers know.
TEST(AllocateStrategyTest, ConsistentHashPlacesQueuesOfANamespaceAsRocketMqDoes) {
  std::vector<MessageQueue> known = queues(32);
  for (MessageQueue& queue : known) {
    queue.topic = "NS%T";
  }
  const auto allocate = allocateByConsistentHash();
  for (const std::string& client : clients(3)) {
    EXPECT_EQ(client::allocateWithin("NS", allocate, "NS%g", client, known, clients(3)),
              allocate("NS%g", client, known, clients(3)));
  }
}

TEST(AllocateStrategyTest, MachineRoomsShareOnlyTheirOwnQueues) {
  std::vector<MessageQueue> all;
  for (const char* broker : {"north@a", "south@b", "west@c", "nowhere"}) {
    for (int i = 0; i < 4; ++i) {
      all.push_back({"T", broker, i});
    }
  }
  const auto allocate = allocateByMachineRoom({"north", "south"});
  // Eight queues for three clients: two in a row for each, and the last two for the first two.
  const std::vector<MessageQueue> first{
      {"T", "north@a", 0}, {"T", "north@a", 1}, {"T", "south@b", 2}};
  const std::vector<MessageQueue> second{
      {"T", "north@a", 2}, {"T", "north@a", 3}, {"T", "south@b", 3}};
  const std::vector<MessageQueue> third{{"T", "south@b", 0}, {"T", "south@b", 1}};
  EXPECT_EQ(allocate("g", "c100", all, clients(3)), first);
  EXPECT_EQ(allocate("g", "c101", all, clients(3)), second);
  EXPECT_EQ(allocate("g", "c102", all, clients(3)), third);
}

// The places were computed by another program, from MD5 and RocketMQ's texts of clients and queues.
TEST(AllocateStrategyTest, ConsistentHashPlacesQueuesAsRocketMqDoes) {
  const auto allocate = allocateByConsistentHash();
  const std::vector<std::string> members{"192.0.2.1@101", "192.0.2.2@102", "192.0.2.3@103"};
  EXPECT_EQ(idsOf(allocate("g", members[0], queues(8), members)), (std::vector<int32_t>{3, 6}));
  EXPECT_EQ(idsOf(allocate("g", members[1], queues(8), members)), (std::vector<int32_t>{7}));
  EXPECT_EQ(idsOf(allocate("g", members[2], queues(8), members)),
            (std::vector<int32_t>{0, 1, 2, 4, 5}));
}

TEST(AllocateStrategyTest, AClientThatIsNoMemberGetsNothing) {
  EXPECT_TRUE(allocateByMachineRoom({"r"})("g", "stranger", queues(8), clients(2)).empty());
  EXPECT_TRUE(allocateByConsistentHash()("g", "stranger", queues(8), clients(2)).empty());
  EXPECT_TRUE(allocateAveragely()("g", "stranger", queues(8), clients(2)).empty());
  EXPECT_TRUE(allocateAveragelyByCircle()("g", "stranger", queues(8), clients(2)).empty());
  EXPECT_TRUE(allocateAveragely()("g", "stranger", queues(8), {}).empty());
}

TEST(AllocateStrategyTest, ARingWithoutPlacesIsRefused) {
  EXPECT_THROW(allocateByConsistentHash(0), MQClientException);
  EXPECT_THROW(allocateByConsistentHash(-1), MQClientException);
}

}  // namespace
}  // namespace rocketmq
