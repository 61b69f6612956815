// A broker that is killed while topics are being made. Promise: each topic whose send was answered
// is there after the next start, and after the stop that follows nothing is left but topics.json.

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "tests/support/daemon.h"
#include "tests/support/raw_client.h"
#include "tests/support/temp_dir.h"

namespace rocketmq::test {
namespace {

constexpr int kSendMessageV2 = 310;
constexpr int kGetTopicConfig = 351;

/// More than fit into a table that is written with each topic.
constexpr int kTopics = 600;

std::string topicName(int number) { return "made-by-a-send-" + std::to_string(number); }

std::string sendFields(const std::string& topic) {
  return R"({"a":"producer","b":")" + topic +
         R"(","c":"TBW102","d":"4","e":"0","f":"0","g":"1700000000000","h":"0","i":"","j":"0",)"
         R"("k":"false","l":"0","m":"false"})";
}

TEST(TopicsKill, TopicsOfAnsweredSendsAreThereAfterAKill) {
  const TempDir dir;
  Cluster cluster(dir.path().string());
  cluster.start();
  {
    RawClient client(cluster.brokerPort());
    for (int i = 0; i < kTopics; ++i) {
      ASSERT_EQ(client.call(kSendMessageV2, sendFields(topicName(i)), "body").code, 0) << i;
    }
  }
  cluster.killBroker();
  cluster.startBroker();
  {
    RawClient client(cluster.brokerPort());
    for (int i = 0; i < kTopics; ++i) {
      const auto answer = client.call(kGetTopicConfig, R"({"topic":")" + topicName(i) + "\"}");
      EXPECT_EQ(answer.code, 0) << topicName(i) << ": " << answer.remark;
    }
    EXPECT_EQ(client.call(kSendMessageV2, sendFields("one-more"), "body").code, 0);
  }
  cluster.stopBroker();
  for (const auto& file : std::filesystem::recursive_directory_iterator(dir.path())) {
    EXPECT_NE(file.path().extension(), ".changes") << file.path();
  }
}

}  // namespace
}  // namespace rocketmq::test
