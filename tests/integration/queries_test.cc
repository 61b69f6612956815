// Promise: a message is found by key, by either id and by its place, also after a restart and a
// kill; requests that ask for nothing possible are answered with a reason and harm nobody.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/clock.h"
#include "rocketmq/default_mq_producer.h"
#include "tests/support/daemon.h"
#include "tests/support/eventually.h"
#include "tests/support/raw_client.h"
#include "tests/support/temp_dir.h"

namespace rocketmq::test {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr int kQueryMessage = 12;
constexpr int kSearchOffset = 29;
constexpr int kViewMessageById = 33;
constexpr int kSendBack = 36;
constexpr int kViewBrokerStats = 315;
constexpr int kQueryConsumeQueue = 321;
constexpr int kQueryNotFound = 22;
constexpr int kNoGroup = 26;

class QueriesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    cluster_.start();
    cluster_.createTopic("Asked", 1);
    ProducerConfig config;
    config.namesrv_addr = cluster_.namesrvAddr();
    config.producer_group = "askers";
    producer_ = std::make_unique<DefaultMQProducer>(config);
    producer_->start();
  }

  SendResult send(const std::string& key) {
    Message message("Asked", "TagA", key, "body of " + key);
    return producer_->send(message);
  }
  std::string admin(const std::vector<std::string>& arguments) const {
    return cluster_.admin(arguments).output;
  }
  /// The index follows the log within moments.
  bool isFoundByKey(const std::string& key, const std::string& id) const {
    return eventually([&] {
      return admin({"queryMsgByKey", "-t", "Asked", "-k", key}).find(id) != std::string::npos;
    });
  }
  void expectFoundEveryWay(const std::string& key, const SendResult& sent) const {
    EXPECT_TRUE(isFoundByKey(key, sent.msg_id)) << key;
    const auto has_key = HasSubstr("Keys:                [" + key + "]");
    EXPECT_THAT(admin({"queryMsgByUniqueKey", "-t", "Asked", "-i", sent.msg_id}), has_key);
    EXPECT_THAT(admin({"queryMsgById", "-i", sent.offset_msg_id}), has_key);
    EXPECT_THAT(admin({"queryMsgByOffset", "-t", "Asked", "-b", "broker-a", "-i", "0", "-o",
                       std::to_string(sent.queue_offset)}),
                has_key);
  }
  /// One number after another in the place of `%`.
  static std::string with(std::string fields, const std::string& value) {
    return fields.replace(fields.find('%'), 1, value);
  }

  TempDir folder_;
  Cluster cluster_{folder_.path().string()};
  std::unique_ptr<DefaultMQProducer> producer_;
};

const std::string kAbsurdNumbers[] = {"-1", "-9223372036854775808", "9223372036854775807",
                                      "4611686018427387904"};

TEST_F(QueriesTest, AMessageIsFoundEveryWayAlsoAfterARestartAndAKill) {
  const SendResult first = send("first");
  expectFoundEveryWay("first", first);
  cluster_.stopBroker();
  cluster_.startBroker();
  const SendResult second = send("second");
  cluster_.killBroker();
  cluster_.startBroker();
  expectFoundEveryWay("first", first);
  expectFoundEveryWay("second", second);
}

TEST_F(QueriesTest, AKeyIsSearchedInTheTimeThatWasAskedFor) {
  const int64_t before_ms = SystemClock::instance().nowMs() - 60'000;
  const SendResult sent = send("timed");
  ASSERT_TRUE(isFoundByKey("timed", sent.msg_id));
  const auto between = [&](int64_t begin_ms, int64_t end_ms) {
    return admin({"queryMsgByKey", "-t", "Asked", "-k", "timed", "-b", std::to_string(begin_ms),
                  "-e", std::to_string(end_ms)});
  };
  EXPECT_THAT(between(before_ms, before_ms + 120'000), HasSubstr(sent.msg_id));
  EXPECT_THAT(between(0, before_ms), Not(HasSubstr(sent.msg_id)));
  EXPECT_THAT(between(before_ms + 120'000, before_ms + 240'000), Not(HasSubstr(sent.msg_id)));
  EXPECT_THAT(between(before_ms + 120'000, before_ms), Not(HasSubstr(sent.msg_id)));
}

TEST_F(QueriesTest, QueriesForNothingPossibleAreAnsweredAndHarmNobody) {
  const SendResult sent = send("known");
  ASSERT_TRUE(isFoundByKey("known", sent.msg_id));
  RawClient broker(cluster_.brokerPort());
  for (const std::string& number : kAbsurdNumbers) {
    SCOPED_TRACE(number);
    const auto view = broker.call(kViewMessageById, with(R"({"offset":"%"})", number));
    EXPECT_NE(0, view.code);
    EXPECT_THAT(view.remark, HasSubstr(number));
    EXPECT_TRUE(view.body.empty());
    const auto searched = broker.call(
        kSearchOffset, with(R"({"topic":"Asked","queueId":"0","timestamp":"%"})", number));
    EXPECT_EQ(0, searched.code) << searched.remark;
    EXPECT_THAT(searched.ext.at("offset"), ::testing::AnyOf("0", "1"));
    const auto entries =
        broker.call(kQueryConsumeQueue,
                    with(R"({"topic":"Asked","queueId":"0","index":"%","count":"7"})", number));
    EXPECT_EQ(0, entries.code) << entries.remark;
    EXPECT_THAT(entries.remark, HasSubstr("Index " + number + " of 0@Asked"));
    const auto keyed = broker.call(
        kQueryMessage, with(R"({"topic":"Asked","key":"nobodys","maxNum":"1","beginTimestamp":"%",)"
                            R"("endTimestamp":"0"})",
                            number));
    EXPECT_EQ(kQueryNotFound, keyed.code) << keyed.remark;
  }
  for (const std::string number : {"-2147483648", "-1", "0", "2147483647"}) {
    SCOPED_TRACE(number);
    const auto keyed = broker.call(
        kQueryMessage, with(R"({"topic":"Asked","key":"known","maxNum":"%","beginTimestamp":"0",)"
                            R"("endTimestamp":"9223372036854775807"})",
                            number));
    EXPECT_EQ(0, keyed.code) << keyed.remark;
    EXPECT_EQ(1u, decodeMessages(keyed.body).size());
    const auto entries =
        broker.call(kQueryConsumeQueue,
                    with(R"({"topic":"Asked","queueId":"0","index":"0","count":"%"})", number));
    EXPECT_EQ(0, entries.code) << entries.remark;
  }
  const auto huge = broker.call(
      kQueryMessage, with(R"({"topic":"Asked","key":"%","maxNum":"64","beginTimestamp":"0",)"
                          R"("endTimestamp":"9223372036854775807"})",
                          std::string(60'000, 'k')));
  EXPECT_EQ(kQueryNotFound, huge.code) << huge.remark;
  EXPECT_NE(0, broker.call(kQueryMessage, R"({"topic":"Asked","key":"known"})").code);
  expectFoundEveryWay("known", sent);
}

TEST_F(QueriesTest, AbsurdSendBacksAreRefusedWithAReasonOrBounded) {
  const SendResult sent = send("back");
  RawClient broker(cluster_.brokerPort());
  // The id ends in the place in the log, 16 hexadecimal digits.
  const std::string offset = std::to_string(
      std::stoll(sent.offset_msg_id.substr(sent.offset_msg_id.size() - 16), nullptr, 16));
  const auto sendBack = [&](const std::string& at, const std::string& group,
                            const std::string& level) {
    return broker.call(kSendBack, R"({"offset":")" + at + R"(","group":")" + group +
                                      R"(","delayLevel":")" + level +
                                      R"(","originMsgId":"","originTopic":"Asked",)"
                                      R"("unitMode":"false","maxReconsumeTimes":"16"})");
  };
  for (const std::string& number : kAbsurdNumbers) {
    const auto refused = sendBack(number, "backers", "0");
    EXPECT_NE(0, refused.code) << number;
    EXPECT_THAT(refused.remark, HasSubstr(number));
  }
  EXPECT_EQ(kNoGroup, sendBack(offset, "no such/group", "0").code);
  EXPECT_EQ(kNoGroup, sendBack(offset, std::string(300, 'g'), "0").code);
  // A negative level is a death sentence, one beyond the table its last.
  EXPECT_EQ(0, sendBack(offset, "backers", "-2147483648").code);
  EXPECT_EQ(0, sendBack(offset, "backers", "2147483647").code);
  EXPECT_THAT(admin({"queryDLQ", "-g", "backers"}), HasSubstr("1 dead letters"));
  EXPECT_THAT(admin({"topicStatus", "-t", "SCHEDULE_TOPIC_XXXX"}),
              ContainsRegex("broker-a +17 +0 +1 "));
}

TEST_F(QueriesTest, CountersShowTheTrafficAndBeginAnewAfterARestart) {
  for (int i = 0; i < 5; ++i) {
    send("counted");
  }
  RawClient broker(cluster_.brokerPort());
  const auto putsOf = [](RawClient& client, const std::string& key) {
    return client.call(kViewBrokerStats,
                       R"({"statsName":"TOPIC_PUT_NUMS","statsKey":")" + key + "\"}");
  };
  EXPECT_TRUE(eventually(
      [&] { return putsOf(broker, "Asked").body.find("\"sum\":5,") != std::string::npos; },
      std::chrono::seconds(20)))
      << putsOf(broker, "Asked").body;
  EXPECT_THAT(admin({"statsAll", "-t", "Asked"}), ContainsRegex("Asked .* 5 +NO_CONSUMER"));
  const auto unknown = putsOf(broker, std::string(10'000, 'x'));
  EXPECT_NE(0, unknown.code);
  EXPECT_THAT(unknown.remark, HasSubstr("TOPIC_PUT_NUMS"));
  EXPECT_NE(0, broker.call(kViewBrokerStats, R"({"statsName":"NONE","statsKey":"Asked"})").code);

  cluster_.stopBroker();
  cluster_.startBroker();
  RawClient again(cluster_.brokerPort());
  EXPECT_NE(0, putsOf(again, "Asked").code);
  EXPECT_THAT(admin({"topicStatus", "-t", "Asked"}), ContainsRegex("broker-a +0 +0 +5 "));
}

}  // namespace
}  // namespace rocketmq::test
