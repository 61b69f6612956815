#include "common/validate.h"

#include <gtest/gtest.h>

#include <string>

namespace rocketmq {
namespace {

TEST(ValidateTest, AcceptsEveryNameThatRocketMqAccepts) {
  for (const std::string& name :
       {std::string("T"), std::string("Topic_Test-1"), std::string("%RETRY%group"),
        std::string("a|b"), std::string("0"), std::string(127, 'x')}) {
    EXPECT_TRUE(validateTopic(name).isOk()) << name;
    EXPECT_TRUE(validateGroup(name).isOk()) << name;
  }
  EXPECT_TRUE(validateGroup(std::string(255, 'x')).isOk());
}

TEST(ValidateTest, RefusesNamesOutsideTheRules) {
  for (const std::string& name :
       {std::string(), std::string(" "), std::string("a b"), std::string("a.b"), std::string("a+b"),
        std::string("a/b"), std::string("a\0b", 3), std::string("\xE4\xB8\xAD"),
        std::string(256, 'x')}) {
    EXPECT_EQ(validateTopic(name).code(), StatusCode::kInvalidArgument) << name;
    EXPECT_EQ(validateGroup(name).code(), StatusCode::kInvalidArgument) << name;
  }
  EXPECT_FALSE(validateTopic(std::string(128, 'x')).isOk());
}

TEST(ValidateTest, SaysWhichRuleWasBroken) {
  EXPECT_NE(validateTopic("").message().find("topic is blank"), std::string::npos);
  EXPECT_NE(validateTopic("a.b").message().find("illegal characters"), std::string::npos);
  EXPECT_NE(validateTopic(std::string(128, 'x')).message().find("127"), std::string::npos);
  EXPECT_NE(validateGroup(std::string(256, 'x')).message().find("group"), std::string::npos);
}

TEST(ValidateTest, KnowsTheBrokersOwnTopics) {
  for (const char* topic :
       {"TBW102", "SCHEDULE_TOPIC_XXXX", "BenchmarkTest", "RMQ_SYS_TRANS_HALF_TOPIC",
        "RMQ_SYS_TRACE_TOPIC", "RMQ_SYS_TRANS_OP_HALF_TOPIC", "TRANS_CHECK_MAX_TIME_TOPIC",
        "SELF_TEST_TOPIC", "OFFSET_MOVED_EVENT", "CHECKPOINT_TOPIC", "rmq_sys_wheel_timer"}) {
    EXPECT_TRUE(isSystemTopic(topic)) << topic;
  }
  EXPECT_FALSE(isSystemTopic("TopicTest"));
  EXPECT_FALSE(isSystemTopic("tbw102"));
  EXPECT_FALSE(isSystemTopic("xrmq_sys_"));
}

TEST(ValidateTest, ForbidsSendingToTheInnermostTopicsOnly) {
  EXPECT_TRUE(isForbiddenToSend("SCHEDULE_TOPIC_XXXX"));
  EXPECT_TRUE(isForbiddenToSend("RMQ_SYS_TRANS_OP_HALF_TOPIC"));
  EXPECT_TRUE(isForbiddenToSend("OFFSET_MOVED_EVENT"));
  EXPECT_FALSE(isForbiddenToSend("TBW102"));
  EXPECT_FALSE(isForbiddenToSend("BenchmarkTest"));
  EXPECT_FALSE(isForbiddenToSend("TopicTest"));
}

TEST(ValidateTest, KnowsGroupsThatNobodyCreates) {
  EXPECT_TRUE(isSystemGroup("TOOLS_CONSUMER"));
  EXPECT_TRUE(isSystemGroup("CID_ONSAPI_PULL"));
  EXPECT_TRUE(isSystemGroup("CID_RMQ_SYS_TRANS"));
  EXPECT_FALSE(isSystemGroup("my_group"));
}

TEST(ValidateTest, TellsRetryAndDeadLetterTopicsByTheirPrefix) {
  EXPECT_TRUE(isRetryTopic("%RETRY%g"));
  EXPECT_FALSE(isRetryTopic("RETRY%g"));
  EXPECT_TRUE(isDlqTopic("%DLQ%g"));
  EXPECT_FALSE(isDlqTopic("%RETRY%g"));
}

}  // namespace
}  // namespace rocketmq
