// Promise: with enableConsumeQueueExt and enableCalcFilterBitMap consumers get exactly the messages
// that their SQL92 expression wants, over restarts and kills, and the broker decides by the bit
// maps of consumequeue_ext where it can.

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "rocketmq/default_mq_producer.h"
#include "rocketmq/default_mq_push_consumer.h"
#include "tests/support/daemon.h"
#include "tests/support/raw_client.h"
#include "tests/support/read_file.h"
#include "tests/support/temp_dir.h"

namespace rocketmq::test {
namespace {

constexpr int kPullMessage = 11;
constexpr int kHeartbeat = 34;
constexpr int kPullRetryImmediately = 20;
constexpr std::streamoff kMapBytes = 14;  // RocketMQ's defaults: 112 bits.

/// A push consumer that notes which numbers it got.
class Numbers {
 public:
  Numbers(const std::string& namesrv_addr, const std::string& group, const std::string& expression)
      : consumer_(group) {
    consumer_.config().namesrv_addr = namesrv_addr;
    consumer_.config().consume_from_where = ConsumeFromWhere::kFirstOffset;
    consumer_.subscribe("Bits", MessageSelector::bySql(expression));
    consumer_.registerMessageListener(
        [this](const std::vector<MessageExt>& messages, ConsumeConcurrentlyContext&) {
          std::lock_guard lock(mutex_);
          for (const MessageExt& message : messages) {
            numbers_.insert(std::stoi(message.body()));
          }
          return ConsumeConcurrentlyStatus::kConsumeSuccess;
        });
    consumer_.start();
  }

  std::set<int> all() const {
    std::lock_guard lock(mutex_);
    return numbers_;
  }

 private:
  mutable std::mutex mutex_;
  std::set<int> numbers_;
  DefaultMQPushConsumer consumer_;
};

void writeFile(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
}

class FilterBitMapsTest : public testing::Test {
 protected:
  void SetUp() override {
    cluster_.start();
    cluster_.createTopic("Bits", 1);
    producer_.config().namesrv_addr = cluster_.namesrvAddr();
    producer_.start();
  }

  /// Numbers whose property n is themselves; each until it is acknowledged.
  void send(int from, int to) {
    for (int i = from; i < to; ++i) {
      Message message("Bits", std::to_string(i));
      message.putUserProperty("n", std::to_string(i % 10));
      ASSERT_TRUE(eventually([&] {
        try {
          producer_.send(message);
          return true;
        } catch (const MQException&) {
          return false;
        }
      }));
    }
  }
  static std::set<int> endingIn(const std::set<int>& digits, int end) {
    std::set<int> numbers;
    for (int i = 0; i < end; ++i) {
      if (digits.contains(i % 10)) {
        numbers.insert(i);
      }
    }
    return numbers;
  }
  static std::string heartbeat(const std::string& expression, int version) {
    return R"({"clientID":"c","producerDataSet":[],"consumerDataSet":[{"consumeFromWhere":)"
           R"("CONSUME_FROM_FIRST_OFFSET","consumeType":"CONSUME_PASSIVELY","groupName":"bits_raw",)"
           R"("messageModel":"CLUSTERING","subscriptionDataSet":[{"classFilterMode":false,)"
           R"("codeSet":[],"expressionType":"SQL92","subString":")" +
           jsonEscape(expression) + R"(","subVersion":)" + std::to_string(version) +
           R"(,"tagsSet":[],"topic":"Bits"}],"unitMode":false}]})";
  }
  static std::string pullHeader(int offset, int version) {
    return R"({"consumerGroup":"bits_raw","topic":"Bits","queueOffset":")" +
           std::to_string(offset) +
           R"(","queueId":"0","maxMsgNums":"32","sysFlag":"0","commitOffset":"0",)"
           R"("suspendTimeoutMillis":"0","subVersion":")" +
           std::to_string(version) + R"(","expressionType":"SQL92"})";
  }
  std::string filterFile() const { return cluster_.folder() + "/store/config/consumerFilter.json"; }
  std::string unitFile() const {
    return cluster_.folder() + "/store/consumequeue_ext/Bits/0/00000000000000000000";
  }
  /// Clears the bit map at `offset` of the file; what it was.
  std::string clearMap(std::streamoff offset) const {
    std::fstream file(unitFile(), std::ios::binary | std::ios::in | std::ios::out);
    std::string map(kMapBytes, '\0');
    file.seekg(offset);
    file.read(map.data(), kMapBytes);
    file.seekp(offset);
    file << std::string(kMapBytes, '\0');
    EXPECT_TRUE(file.good());
    return map;
  }

  TempDir folder_;
  Cluster cluster_{folder_.path().string(),
                   {{"enablePropertyFilter", "true"},
                    {"enableConsumeQueueExt", "true"},
                    {"enableCalcFilterBitMap", "true"}}};
  DefaultMQProducer producer_{"bits_producer"};
};

TEST_F(FilterBitMapsTest, ConsumersGetExactlyWhatTheyWantOverARestartAndAKill) {
  send(0, 20);
  const Numbers large(cluster_.namesrvAddr(), "bits_large", "n > 7");
  const Numbers small(cluster_.namesrvAddr(), "bits_small", "n < 2");
  const auto receivedAllTo = [&](int end) {
    return eventually([&] {
      return large.all() == endingIn({8, 9}, end) && small.all() == endingIn({0, 1}, end);
    });
  };
  EXPECT_TRUE(receivedAllTo(20));
  send(20, 120);
  EXPECT_TRUE(receivedAllTo(120));

  cluster_.stopBroker();
  cluster_.startBroker();
  send(120, 220);
  EXPECT_TRUE(receivedAllTo(220));

  cluster_.killBroker();
  cluster_.startBroker();
  send(220, 320);
  EXPECT_TRUE(receivedAllTo(320));

  // A consumer that comes late finds everything too.
  const Numbers late(cluster_.namesrvAddr(), "bits_late", "n = 5");
  EXPECT_TRUE(eventually([&] { return late.all() == endingIn({5}, 320); }));
}

// To tell a decision by the map from one by the properties, the map of a wanted message is cleared.
TEST_F(FilterBitMapsTest, TheBrokerDecidesByTheMapOnlyForMessagesSinceTheGroupIsThere) {
  RawClient client(cluster_.brokerPort());
  const auto subscribe = [&](const std::string& expression, int version) {
    const auto beat = client.call(kHeartbeat, "", heartbeat(expression, version));
    EXPECT_EQ(0, beat.code) << beat.remark;
  };
  const auto pull = [&](int offset, int version) {
    return client.call(kPullMessage, pullHeader(offset, version));
  };
  send(0, 10);
  subscribe("n = 3", 1);          // The group is known from here on.
  EXPECT_EQ(0, pull(0, 1).code);  // Number 3, by its properties.
  send(10, 20);
  EXPECT_EQ(0, pull(10, 1).code);
  EXPECT_EQ(48 << 20, std::filesystem::file_size(unitFile()));
  // The first ten have units of 20 bytes, without a map.
  const std::string map = clearMap(10 * 20 + 3 * (20 + kMapBytes) + 20);
  EXPECT_NE(std::string(kMapBytes, '\0'), map);
  EXPECT_EQ(kPullRetryImmediately, pull(10, 1).code);
  // A new expression does not trust maps from before it.
  subscribe("n = 3 AND n < 4", 2);
  EXPECT_EQ(0, pull(10, 2).code);
}

// The broker remembers the group over a restart: what is stored before it comes back has maps.
TEST_F(FilterBitMapsTest, MessagesAreMarkedForAGroupThatIsAwayOverARestartAndAKill) {
  RawClient(cluster_.brokerPort()).call(kHeartbeat, "", heartbeat("n = 3", 1));
  cluster_.stopBroker();
  EXPECT_THAT(readFile(filterFile()), testing::HasSubstr("\"expression\":\"n = 3\""));
  cluster_.startBroker();
  send(0, 10);
  cluster_.killBroker();
  cluster_.startBroker();
  send(10, 20);
  RawClient client(cluster_.brokerPort());
  client.call(kHeartbeat, "", heartbeat("n = 3", 1));
  const std::streamoff unit = 20 + kMapBytes;
  EXPECT_NE(std::string(kMapBytes, '\0'), clearMap(3 * unit + 20));
  EXPECT_EQ(std::string(kMapBytes, '\0'), clearMap(4 * unit + 20));
  EXPECT_NE(std::string(kMapBytes, '\0'), clearMap(13 * unit + 20));
  // The maps of this run count, those of the one before do not.
  EXPECT_EQ(kPullRetryImmediately, client.call(kPullMessage, pullHeader(10, 1)).code);
  const auto found = client.call(kPullMessage, pullHeader(0, 1));
  EXPECT_EQ(0, found.code) << found.remark;
}

TEST_F(FilterBitMapsTest, QueryCqShowsTheMapsAndWhatTheGroupsFilterMakesOfThem) {
  RawClient client(cluster_.brokerPort());
  send(0, 1);
  client.call(kHeartbeat, "", heartbeat("n = 3", 1));
  send(1, 4);
  const std::string shown =
      cluster_.admin({"queryCq", "-t", "Bits", "-q", "0", "-i", "0", "-g", "bits_raw"}).output;
  const auto entry = [&shown](int index) {
    const size_t begin = shown.find("idx: " + std::to_string(index) + "\n");
    return shown.substr(begin, shown.find("=====", begin) - begin);
  };
  EXPECT_THAT(shown, testing::AllOf(testing::HasSubstr("Subscription data: \n{"),
                                    testing::HasSubstr("\"expression\":\"n = 3\""),
                                    testing::HasSubstr("\"bitNum\":112"),
                                    testing::HasSubstr("\"dead\":false")));
  // From before the group: without a map, which leaves it to the properties.
  EXPECT_THAT(entry(0), testing::AllOf(testing::HasSubstr("\"bitMapSize\":0,"),
                                       testing::HasSubstr("bitMap='null', eval=true")));
  EXPECT_THAT(entry(2),
              testing::AllOf(testing::HasSubstr("\"filterBitMap\":\"AAAAAAAAAAAAAAAAAAA=\""),
                             testing::HasSubstr("\"size\":34,"),
                             testing::HasSubstr("eval=false, msg='null'")));
  EXPECT_THAT(entry(3), testing::AllOf(testing::ContainsRegex("bitMap='[01]*1[01]*"),
                                       testing::HasSubstr("eval=true")));
  // Without its units the address leads nowhere, and nothing is made up.
  writeFile(unitFile(), std::string(48 << 20, '\0'));
  EXPECT_THAT(cluster_.admin({"queryCq", "-t", "Bits", "-q", "0", "-i", "0", "-c", "1"}).output,
              testing::HasSubstr("eval=false, msg='Cq extend not exist!addr: -92233720368547758"));
}

TEST_F(FilterBitMapsTest, ATornFileIsReadFromItsBackup) {
  RawClient(cluster_.brokerPort()).call(kHeartbeat, "", heartbeat("n = 3", 1));
  cluster_.stopBroker();
  const std::string whole = readFile(filterFile());
  writeFile(filterFile() + ".bak", whole);
  writeFile(filterFile(), whole.substr(0, whole.size() / 2));
  cluster_.startBroker();
  send(0, 4);
  EXPECT_NE(std::string(kMapBytes, '\0'), clearMap(3 * (20 + kMapBytes) + 20));
}

}  // namespace
}  // namespace rocketmq::test
