#include "rocketmq/message.h"

#include <gtest/gtest.h>

#include "client/message_decoder.h"
#include "common/compress.h"
#include "common/message/properties.h"
#include "common/message/sys_flag.h"
#include "rocketmq/exceptions.h"
#include "rocketmq/message_util.h"
#include "tests/unit/client/messages.h"

namespace rocketmq::client {
namespace {

TEST(MessageTest, SettersWriteRocketMqsProperties) {
  Message message("T", "TagA", "k1 k2", "body");
  EXPECT_EQ(message.property("TAGS"), "TagA");
  EXPECT_EQ(message.property("KEYS"), "k1 k2");
  message.setKeys(std::vector<std::string>{"a", "b"});
  EXPECT_EQ(message.keys(), "a b");
  EXPECT_EQ(message.delayTimeLevel(), 0);
  message.setDelayTimeLevel(3);
  EXPECT_EQ(message.property("DELAY"), "3");
  message.setDelayTimeLevel(0);
  EXPECT_FALSE(message.properties().contains("DELAY"));
  EXPECT_TRUE(message.waitStoreMsgOk());
  message.setWaitStoreMsgOk(false);
  EXPECT_FALSE(message.waitStoreMsgOk());
}

TEST(MessageTest, UserPropertiesMayNotUseRocketMqsNamesOrBeEmpty) {
  Message message("T", "body");
  message.putUserProperty("mine", "value");
  EXPECT_EQ(message.property("mine"), "value");
  EXPECT_THROW(message.putUserProperty("TAGS", "x"), MQClientException);
  EXPECT_THROW(message.putUserProperty("", "x"), MQClientException);
  EXPECT_THROW(message.putUserProperty("mine", ""), MQClientException);
}

// Promise: a replier does not take an ordinary message for a request: every message has a cluster.
TEST(MessageTest, OnlyARequestCanBeRepliedTo) {
  Message message("T", "body");
  for (const char* name : {"CLUSTER", "CORRELATION_ID", "REPLY_TO_CLIENT"}) {
    try {
      createReplyMessage(message, "reply");
      ADD_FAILURE() << "without " << name;
    } catch (const MQClientException& expected) {
      EXPECT_EQ(expected.code(), ClientErrorCode::kCreateReplyMessage);
    }
    message.putProperty(name, name);
  }
  EXPECT_EQ(createReplyMessage(message, "reply").property("CORRELATION_ID"), "CORRELATION_ID");
}

TEST(MessageTest, AMessageWithoutTagOrKeyHasNoSuchProperty) {
  const Message message("T", "", "", "body");
  EXPECT_TRUE(message.properties().empty());
}

TEST(MessageDecoderTest, EveryFieldOfAStoredMessageIsShown) {
  const MessageExt message = makeMessage({.topic = "TopicA",
                                          .body = "hello",
                                          .properties = "UNIQ_KEY\x01"
                                                        "ID\x02TAGS\x01"
                                                        "TagA\x02",
                                          .queue_id = 3,
                                          .queue_offset = 42,
                                          .physical_offset = 4096,
                                          .reconsume_times = 2},
                                         "broker-a");
  EXPECT_EQ(message.topic(), "TopicA");
  EXPECT_EQ(message.body(), "hello");
  EXPECT_EQ(message.tags(), "TagA");
  EXPECT_EQ(message.msgId(), "ID");
  EXPECT_EQ(message.offsetMsgId(), "7F00000100002A9F0000000000001000");
  EXPECT_EQ(message.brokerName(), "broker-a");
  EXPECT_EQ(message.queueId(), 3);
  EXPECT_EQ(message.queueOffset(), 42);
  EXPECT_EQ(message.commitLogOffset(), 4096);
  EXPECT_EQ(message.reconsumeTimes(), 2);
  EXPECT_EQ(message.bornHost(), "127.0.0.1:50000");
  EXPECT_EQ(message.storeHost(), "127.0.0.1:10911");
  EXPECT_EQ(message.bornTimestamp(), 1'700'000'000'000);
}

TEST(MessageDecoderTest, WithoutUniqueIdTheBrokersIdIsShown) {
  const MessageExt message = makeMessage({});
  EXPECT_EQ(message.msgId(), message.offsetMsgId());
}

TEST(MessageDecoderTest, DecodesAllMessagesOfABody) {
  const std::string body =
      encodeStored({.body = "a"}) + encodeStored({.body = "b"}) + encodeStored({.body = "c"});
  const DecodedMessages decoded = decodeMessages(body, "b");
  EXPECT_TRUE(decoded.rest.isOk());
  ASSERT_EQ(decoded.messages.size(), 3u);
  EXPECT_EQ(decoded.messages[2].body(), "c");
}

TEST(MessageDecoderTest, EveryTruncationGivesTheWholeMessagesBeforeIt) {
  const std::string one = encodeStored({.body = "a"});
  const std::string body = one + one;
  for (size_t size = 0; size < body.size(); ++size) {
    const DecodedMessages decoded = decodeMessages(std::string_view(body).substr(0, size));
    EXPECT_EQ(decoded.messages.size(), size / one.size()) << size;
    EXPECT_EQ(decoded.rest.isOk(), size % one.size() == 0) << size;
  }
}

TEST(MessageDecoderTest, AnUnwantedMessageBeforeBadBytesCountsAsRead) {
  const auto packed = std::make_shared<const PackedMessages>(
      PackedMessages{.records = encodeStored({.properties = "TAGS\x01"
                                                            "a\x02",
                                              .queue_offset = 7}) +
                                encodeStored({.properties = "TAGS\x01"
                                                            "b\x02",
                                              .queue_offset = 8}) +
                                "no record",
                     .broker_name = "b",
                     .min_offset = "3",
                     .max_offset = "9"});
  DecodedMessages decoded = decodePacked(packed, [](const MessageRecord& record) {
    return findProperty(record.properties, property::kTags) == "a";
  });
  EXPECT_FALSE(decoded.rest.isOk());
  EXPECT_EQ(decoded.end_offset, 9);
  ASSERT_EQ(decoded.messages.size(), 1u);
  MessageExt& message = decoded.messages.front();
  EXPECT_EQ(message.queueOffset(), 7);
  EXPECT_GT(message.storeSize(), 0);
  EXPECT_TRUE(message.properties().empty()) << "not unpacked yet";
  unpackOrLog(message);
  EXPECT_EQ(message.tags(), "a");
  EXPECT_EQ(message.property("MIN_OFFSET"), "3");
  EXPECT_EQ(message.property("MAX_OFFSET"), "9");
}

TEST(MessageDecoderTest, CompressedBodiesOfEveryKindAreUnpackedOnce) {
  const std::string plain(5000, 'x');
  for (const CompressionType type :
       {CompressionType::kZlib, CompressionType::kLz4, CompressionType::kZstd}) {
    const std::string body =
        encodeStored({.body = *compress(type, plain),
                      .sys_flag = sys_flag::kCompressed | compressionFlag(type)});
    const auto packed_in =
        std::make_shared<const PackedMessages>(PackedMessages{.records = body, .broker_name = "b"});
    DecodedMessages packed = decodePacked(packed_in, [](const MessageRecord&) { return true; });
    EXPECT_EQ(packed.messages[0].body(), "");
    MessageExt copy = packed.messages[0];
    unpackOrLog(packed.messages[0]);
    unpackOrLog(packed.messages[0]);
    EXPECT_EQ(packed.messages[0].body(), plain);
    unpackOrLog(copy);
    EXPECT_EQ(copy.body(), plain);
    EXPECT_EQ(packed_in.use_count(), 1) << "an unpacked message keeps nothing";
    EXPECT_EQ(decodeMessages(body).messages[0].body(), plain);
  }
}

TEST(MessageDecoderTest, ABodyThatCannotBeUnpackedIsShownAsItWasStored) {
  const std::string body = encodeStored({.body = "no zlib", .sys_flag = sys_flag::kCompressed});
  EXPECT_EQ(decodeMessages(body).messages[0].body(), "no zlib");
}

}  // namespace
}  // namespace rocketmq::client
