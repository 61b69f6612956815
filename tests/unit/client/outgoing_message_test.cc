#include "client/producer/outgoing_message.h"

#include <gtest/gtest.h>

#include <random>

#include "common/compress.h"
#include "common/message/properties.h"
#include "common/message/record.h"
#include "common/message/sys_flag.h"
#include "rocketmq/message_util.h"

namespace rocketmq::client {
namespace {

ProducerConfig config() {
  ProducerConfig result;
  result.producer_group = "PG";
  return result;
}

TEST(OutgoingMessageTest, HeaderHasWhatTheMessageAndTheProducerSay) {
  Message message("T", "TagA", "k1", "hello");
  message.setFlag(7);
  auto outgoing = makeOutgoing(message, config());
  ASSERT_TRUE(outgoing.ok());
  const auto& header = outgoing.value().header;
  EXPECT_EQ(header.producer_group, "PG");
  EXPECT_EQ(header.topic, "T");
  EXPECT_EQ(header.default_topic, "TBW102");
  EXPECT_EQ(header.default_topic_queue_nums, 4);
  EXPECT_EQ(header.flag, 7);
  EXPECT_EQ(header.sys_flag, 0);
  EXPECT_EQ(header.batch, false);
  const PropertyMap properties = parseProperties(*header.properties);
  EXPECT_EQ(properties.at("TAGS"), "TagA");
  EXPECT_EQ(properties.at("KEYS"), "k1");
  EXPECT_EQ(properties.at("WAIT"), "true");
  EXPECT_EQ(properties.at("UNIQ_KEY"), outgoing.value().message_id);
  EXPECT_EQ(message.uniqueKey(), outgoing.value().message_id) << "the application learns the id";
  EXPECT_EQ(outgoing.value().body, "hello");
}

TEST(OutgoingMessageTest, ASecondSendKeepsTheUniqueId) {
  Message message("T", "x");
  const std::string first = makeOutgoing(message, config()).value().message_id;
  EXPECT_EQ(makeOutgoing(message, config()).value().message_id, first);
}

TEST(OutgoingMessageTest, OnlyBodiesAboveTheThresholdAreCompressed) {
  Message small("T", std::string(4096, 'a'));
  EXPECT_EQ(makeOutgoing(small, config()).value().header.sys_flag, 0);
  Message large("T", std::string(4097, 'a'));
  auto outgoing = makeOutgoing(large, config());
  EXPECT_EQ(outgoing.value().header.sys_flag, 0x301);
  const auto plain = decompress(CompressionType::kZlib, outgoing.value().body, 10'000);
  ASSERT_TRUE(plain.ok());
  EXPECT_EQ(*plain, large.body());
  EXPECT_EQ(large.body().size(), 4097u) << "the application's message keeps its plain body";
}

// Promise: what is not too large for the broker as it is does not become so by compression.
TEST(OutgoingMessageTest, ABodyThatCompressionMakesLargerTravelsAsItIs) {
  std::string noise(4 * 1024 * 1024, '\0');
  std::minstd_rand random(1);
  for (char& byte : noise) {
    byte = static_cast<char>(random() >> 8);
  }
  for (const CompressType type : {CompressType::kZlib, CompressType::kLz4, CompressType::kZstd}) {
    ProducerConfig compressing = config();
    compressing.compress_type = type;
    Message message("T", noise);
    const auto outgoing = makeOutgoing(message, compressing);
    ASSERT_TRUE(outgoing.ok());
    EXPECT_EQ(outgoing.value().header.sys_flag, 0);
    EXPECT_TRUE(outgoing.value().body == noise);
  }
}

TEST(OutgoingMessageTest, NamesSizesAndPropertiesAreChecked) {
  const auto refused = [](Message message) { return !makeOutgoing(message, config()).ok(); };
  EXPECT_TRUE(refused(Message("", "x")));
  EXPECT_TRUE(refused(Message("bad topic", "x")));
  EXPECT_TRUE(refused(Message(std::string(128, 't'), "x")));
  EXPECT_TRUE(refused(Message("SCHEDULE_TOPIC_XXXX", "x")));
  EXPECT_TRUE(refused(Message("T", "")));
  EXPECT_TRUE(refused(Message("T", std::string(4 * 1024 * 1024 + 1, 'x'))));
  Message separators("T", "x");
  separators.putProperty("name",
                         "a\x02TAGS\x01"
                         "b");
  EXPECT_TRUE(refused(separators));
  Message long_properties("T", "x");
  long_properties.putProperty("name", std::string(32'767, 'v'));
  EXPECT_TRUE(refused(long_properties));
}

TEST(OutgoingMessageTest, RetryCountsTravelInTheHeaderOfRetryTopics) {
  Message message("%RETRY%G", "x");
  message.putProperty("RECONSUME_TIME", "3");
  message.putProperty("MAX_RECONSUME_TIMES", "16");
  const auto outgoing = makeOutgoing(message, config());
  EXPECT_EQ(outgoing.value().header.reconsume_times, 3);
  EXPECT_EQ(outgoing.value().header.max_reconsume_times, 16);
  const PropertyMap properties = parseProperties(*outgoing.value().header.properties);
  EXPECT_FALSE(properties.contains("RECONSUME_TIME"));
  EXPECT_FALSE(properties.contains("MAX_RECONSUME_TIMES"));
}

TEST(OutgoingMessageTest, NamespacePrefixesTopicAndGroup) {
  ProducerConfig with_namespace = config();
  with_namespace.name_space = "ns";
  Message message("T", "x");
  const auto outgoing = makeOutgoing(message, with_namespace);
  EXPECT_EQ(outgoing.value().header.topic, "ns%T");
  EXPECT_EQ(outgoing.value().header.producer_group, "ns%PG");
  EXPECT_EQ(message.property("INSTANCE_ID"), "ns");
  EXPECT_EQ(message.topic(), "T");
}

// Promise: whoever replies does so to where brokers know the requester, whatever its own namespace.
TEST(OutgoingMessageTest, TheTopicOfAReplyIsInNoNamespace) {
  ProducerConfig with_namespace = config();
  with_namespace.name_space = "ns";
  Message request("T", "x");
  request.putProperty("CLUSTER", "c");
  request.putProperty("CORRELATION_ID", "1");
  request.putProperty("REPLY_TO_CLIENT", "client");
  Message reply = createReplyMessage(request, "y");
  const auto outgoing = makeOutgoing(reply, with_namespace);
  EXPECT_EQ(outgoing.value().header.topic, "c_REPLY_TOPIC");
  EXPECT_EQ(outgoing.value().header.producer_group, "ns%PG");
}

TEST(OutgoingBatchTest, BodyHoldsEveryMessageWithItsOwnId) {
  std::vector<Message> batch{{"T", "a"}, {"T", "tag", "bc"}};
  auto outgoing = makeOutgoingBatch(batch, config());
  ASSERT_TRUE(outgoing.ok());
  EXPECT_TRUE(outgoing.value().is_batch);
  EXPECT_EQ(outgoing.value().header.batch, true);
  EXPECT_EQ(*outgoing.value().header.properties, "WAIT\x01true\x02");
  EXPECT_EQ(outgoing.value().message_id, batch[0].uniqueKey() + "," + batch[1].uniqueKey());
  EXPECT_EQ(outgoing.value().idForLog(), batch[0].uniqueKey() + " and 1 more");
  const std::string body = outgoing.value().body;
  std::string_view rest = body;
  for (const Message& message : batch) {
    const Result<BatchItem> item = takeBatchItem(rest);
    ASSERT_TRUE(item.ok());
    EXPECT_EQ(item->body, message.body());
    EXPECT_EQ(findProperty(item->properties, "UNIQ_KEY"), message.uniqueKey());
  }
  EXPECT_TRUE(rest.empty());
}

TEST(OutgoingBatchTest, MessagesThatCannotTravelTogetherAreRefused) {
  const auto refused = [](std::vector<Message> batch) {
    return !makeOutgoingBatch(batch, config()).ok();
  };
  EXPECT_TRUE(refused({}));
  EXPECT_TRUE(refused({{"T", "a"}, {"U", "b"}}));
  Message delayed("T", "a");
  delayed.setDelayTimeLevel(1);
  EXPECT_TRUE(refused({delayed}));
  const auto withTime = [](auto setter, int64_t time) {
    Message message("T", "a");
    (message.*setter)(time);
    return std::vector<Message>{message};
  };
  EXPECT_FALSE(refused({{"T", "a"}}));
  EXPECT_TRUE(refused(withTime(&Message::setDelayTimeSec, 30)));
  EXPECT_TRUE(refused(withTime(&Message::setDelayTimeMs, 30'000)));
  EXPECT_TRUE(refused(withTime(&Message::setDeliverTimeMs, 2'000'000'000'000)));
  EXPECT_TRUE(refused({{"%RETRY%G", "a"}}));
  Message hasty("T", "a");
  hasty.setWaitStoreMsgOk(false);
  EXPECT_TRUE(refused({{"T", "a"}, hasty}));
  EXPECT_TRUE(refused({{"T", std::string(3 << 20, 'a')}, {"T", std::string(3 << 20, 'a')}}));
}

void expectBatchesUnder1000Bytes(const ProducerConfig& producer) {
  std::vector<Message> messages;
  for (int i = 0; i < 100; ++i) {
    messages.emplace_back("T", std::string(static_cast<size_t>(i * 7 % 300 + 1), 'x'));
  }
  MessageBatchSplitter splitter(messages, 1000, producer.name_space);
  size_t position = 0;
  while (splitter.hasNext()) {
    std::vector<Message> batch = splitter.next();
    ASSERT_FALSE(batch.empty());
    for (const Message& message : batch) {
      EXPECT_EQ(message.body(), messages[position++].body());
    }
    const auto outgoing = makeOutgoingBatch(batch, producer);
    EXPECT_LE(outgoing.value().body.size(), 1000u);
  }
  EXPECT_EQ(position, messages.size());
}

TEST(BatchSplitterTest, BatchesStayUnderTheLimitAndLoseNothing) {
  ProducerConfig producer = config();
  expectBatchesUnder1000Bytes(producer);
  producer.name_space = "MQ_INST_1234567890123456_Bbbbbbbb";
  expectBatchesUnder1000Bytes(producer);
}

TEST(BatchSplitterTest, AMessageAboveTheLimitComesAlone) {
  MessageBatchSplitter splitter({{"T", "a"}, {"T", std::string(5000, 'x')}, {"T", "b"}}, 1000);
  EXPECT_EQ(splitter.next().size(), 1u);
  EXPECT_EQ(splitter.next().front().body().size(), 5000u);
  EXPECT_EQ(splitter.next().size(), 1u);
  EXPECT_FALSE(splitter.hasNext());
}

}  // namespace
}  // namespace rocketmq::client
