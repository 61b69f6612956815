#include "remoting/protocol/frame.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "common/bytes.h"
#include "tests/unit/remoting/test_vectors.h"

namespace rocketmq::remoting {
namespace {

std::vector<std::string> exampleFrames() {
  return {fromHex(kRouteRequestJson), fromHex(kQueryOffsetRequestBinary),
          fromHex(kOffsetReplyBinary), fromHex(kMaxOffsetReplyJson)};
}

/// Writes a frame's head with HeaderWriter, and the body behind it.
std::string encode(const CommandHead& head, const std::vector<ExtFields::Entry>& fields,
                   std::string_view body = {}) {
  std::string out;
  HeaderWriter writer(out, head);
  for (const auto& [name, value] : fields) {
    writer.add(name, value);
  }
  writer.finish(body.size());
  return out.append(body);
}

TEST(FrameTest, SizeIsUnknownUntilTheLengthWordIsComplete) {
  const std::string frame = fromHex(kOffsetReplyBinary);
  for (size_t size = 0; size < 4; ++size) {
    const auto peeked = peekFrameSize(std::string_view(frame).substr(0, size), kFrameBytesMax);
    ASSERT_TRUE(peeked.ok());
    EXPECT_FALSE(peeked->has_value());
  }
  const auto peeked = peekFrameSize(std::string_view(frame).substr(0, 4), kFrameBytesMax);
  ASSERT_TRUE(peeked.ok());
  EXPECT_EQ(*peeked, frame.size());
}

TEST(FrameTest, LengthsThatCannotBeRightAreRefusedAtOnce) {
  const auto peek = [](int32_t total, size_t max = kFrameBytesMax) {
    std::string word;
    ByteWriter(word).write(total);
    return peekFrameSize(word, max).status().code();
  };
  EXPECT_EQ(peek(-1), StatusCode::kCorruption);
  EXPECT_EQ(peek(INT32_MIN), StatusCode::kCorruption);
  EXPECT_EQ(peek(INT32_MAX), StatusCode::kCorruption);
  EXPECT_EQ(peek(0), StatusCode::kCorruption);
  EXPECT_EQ(peek(3), StatusCode::kCorruption);
  EXPECT_EQ(peek(4), StatusCode::kOk);
  EXPECT_EQ(peek(static_cast<int32_t>(kFrameBytesMax)), StatusCode::kOk);
  EXPECT_EQ(peek(static_cast<int32_t>(kFrameBytesMax) + 1), StatusCode::kCorruption);
  EXPECT_EQ(peek(1000, 999), StatusCode::kCorruption);
  EXPECT_EQ(peekFrameSize("GET / HTTP/1.1", kFrameBytesMax).status().code(),
            StatusCode::kCorruption);
}

TEST(FrameTest, DecodesTheJsonRequestOfAJavaClient) {
  const DecodedFrame frame(fromHex(kRouteRequestJson));
  ASSERT_TRUE(frame.isOk()) << frame.status().toString();
  EXPECT_EQ(frame->code, 105);
  EXPECT_EQ(frame->language, Language::kJava);
  EXPECT_EQ(frame->version, 409);
  EXPECT_EQ(frame->opaque, 1);
  EXPECT_EQ(frame->flag, 0);
  EXPECT_EQ(frame->serialize_type, SerializeType::kJson);
  EXPECT_EQ(frame->remark, "");
  EXPECT_EQ(frame->body, "");
  EXPECT_EQ(frame->ext_fields.size(), 1u);
  EXPECT_EQ(frame.field("topic"), "TopicTest");
}

TEST(FrameTest, DecodesTheJsonAnswerOfAJavaBroker) {
  const DecodedFrame frame(fromHex(kMaxOffsetReplyJson));
  ASSERT_TRUE(frame.isOk()) << frame.status().toString();
  EXPECT_EQ(frame->code, 0);
  EXPECT_EQ(frame->opaque, 7);
  EXPECT_TRUE(frame->isResponse());
  EXPECT_FALSE(frame->isOneway());
  EXPECT_EQ(frame.field("offset"), "12");
}

TEST(FrameTest, DecodesTheBinaryRequestAndAnswer) {
  const DecodedFrame request(fromHex(kQueryOffsetRequestBinary));
  ASSERT_TRUE(request.isOk()) << request.status().toString();
  EXPECT_EQ(request->code, 14);
  EXPECT_EQ(request->language, Language::kJava);
  EXPECT_EQ(request->version, 409);
  EXPECT_EQ(request->opaque, 2);
  EXPECT_EQ(request->serialize_type, SerializeType::kBinary);
  EXPECT_EQ(request->ext_fields.size(), 4u);
  EXPECT_EQ(request.field("consumerGroup"), "CG");
  EXPECT_EQ(request.field("topic"), "TopicTest");
  EXPECT_EQ(request.field("queueId"), "0");
  EXPECT_EQ(request.field("bname"), "broker-a");

  const DecodedFrame answer(fromHex(kOffsetReplyBinary));
  ASSERT_TRUE(answer.isOk()) << answer.status().toString();
  EXPECT_EQ(answer->opaque, 2);
  EXPECT_EQ(answer->flag, 1);
  EXPECT_EQ(answer.field("offset"), "42");
}

TEST(FrameTest, WritesTheVeryBytesOfJavaPeers) {
  const CommandHead java{.language = Language::kJava, .version = 409, .remark = {}};
  CommandHead head = java;
  head.code = 105;
  head.opaque = 1;
  EXPECT_EQ(encode(head, {{"topic", "TopicTest"}}), fromHex(kRouteRequestJson));

  head = java;
  head.opaque = 7;
  head.flag = kFlagResponse;
  EXPECT_EQ(encode(head, {{"offset", "12"}}), fromHex(kMaxOffsetReplyJson));

  head.opaque = 2;
  head.serialize_type = SerializeType::kBinary;
  EXPECT_EQ(encode(head, {{"offset", "42"}}), fromHex(kOffsetReplyBinary));

  head.code = 14;
  head.flag = 0;
  EXPECT_EQ(encode(head, {{"consumerGroup", "CG"},
                          {"topic", "TopicTest"},
                          {"queueId", "0"},
                          {"bname", "broker-a"}}),
            fromHex(kQueryOffsetRequestBinary));
}

TEST(FrameTest, AppendsBehindFramesThatAreAlreadyInTheString) {
  std::string out = "earlier frames";
  HeaderWriter writer(out, {.code = 35, .serialize_type = SerializeType::kJson, .remark = {}});
  writer.add("clientID", "c");
  writer.finish(3);
  out += "abc";

  ASSERT_EQ(out.substr(0, 14), "earlier frames");
  const DecodedFrame frame(std::string_view(out).substr(14));
  ASSERT_TRUE(frame.isOk()) << frame.status().toString();
  EXPECT_EQ(frame.field("clientID"), "c");
  EXPECT_EQ(frame->body, "abc");
}

// Promise: no length word says anything but the length.
TEST(FrameTest, ABodyThatIsLongerThanAFrameCanBeIsLeftOut) {
  constexpr size_t kMostBytes = std::numeric_limits<int32_t>::max();
  for (const SerializeType type : {SerializeType::kJson, SerializeType::kBinary}) {
    for (const size_t bytes : {kMostBytes, kMostBytes + 1, 3 * kMostBytes}) {
      std::string out;
      HeaderWriter writer(out, {.flag = kFlagResponse, .serialize_type = type, .remark = {}});
      writer.add("field", "value");
      EXPECT_FALSE(writer.finish(bytes));
      const DecodedFrame frame(out);
      ASSERT_TRUE(frame.isOk()) << frame.status().toString();
      EXPECT_EQ(frame->code, static_cast<int32_t>(ResponseCode::kSystemError));
      EXPECT_NE(frame->remark.find("body is longer than"), std::string_view::npos);
    }
    std::string out;
    HeaderWriter writer(out, {.serialize_type = type, .remark = {}});
    EXPECT_TRUE(writer.finish(2'000'000'000));
    EXPECT_GT(loadBigEndian<int32_t>(out.data()), 2'000'000'000);
  }
}

TEST(FrameTest, BodyIsEverythingBehindTheHeader) {
  const std::string body("\0\xff{}\n", 5);
  for (const SerializeType type : {SerializeType::kJson, SerializeType::kBinary}) {
    const DecodedFrame frame(
        encode({.code = 1, .serialize_type = type, .remark = "r"}, {{"k", "v"}}, body));
    ASSERT_TRUE(frame.isOk()) << frame.status().toString();
    EXPECT_EQ(frame->body, body);
    EXPECT_EQ(frame->remark, "r");
  }
}

TEST(FrameTest, FrameOfTheLargestSizeDecodes) {
  const std::string header = "{\"code\":1}";
  const std::string frame = jsonFrame(header, std::string(kFrameBytesMax - 4 - header.size(), 'b'));
  const auto size = peekFrameSize(frame, kFrameBytesMax);
  ASSERT_TRUE(size.ok());
  EXPECT_EQ(*size, frame.size());
  const DecodedFrame decoded(frame);
  ASSERT_TRUE(decoded.isOk()) << decoded.status().toString();
  EXPECT_EQ(decoded->body.size(), kFrameBytesMax - 4 - header.size());
}

TEST(FrameTest, LargeHeadersSurviveBothCodecs) {
  std::string value(kRequestHeaderBytesMax - 300, 'v');
  value[1000] = '"';
  value.back() = '\x02';
  for (const SerializeType type : {SerializeType::kJson, SerializeType::kBinary}) {
    const DecodedFrame frame(
        encode({.code = 310, .serialize_type = type, .remark = {}}, {{"i", value}, {"b", "T"}}));
    ASSERT_TRUE(frame.isOk()) << frame.status().toString();
    EXPECT_EQ(frame.field("i"), value);
    EXPECT_EQ(frame.field("b"), "T");
  }
}

// Promise: an answer may have as many ids as a batch has messages.
TEST(FrameTest, HeadersOfAnswersMayBeLongerThanThoseOfRequests) {
  const std::string ids(8u << 20, 'A');
  for (const SerializeType type : {SerializeType::kJson, SerializeType::kBinary}) {
    const DecodedFrame answer(
        encode({.flag = kFlagResponse, .serialize_type = type, .remark = {}}, {{"msgId", ids}}));
    ASSERT_TRUE(answer.isOk()) << answer.status().toString();
    EXPECT_EQ(answer.field("msgId"), ids);
  }
}

// Promise: an answer that repeats a peer's text is never written longer than a peer takes.
TEST(FrameTest, HeaderThatIsTooLongIsReplacedByARefusal) {
  const std::string text(kHeaderBytesMax, 't');
  const DecodedFrame answer(
      encode({.opaque = 5, .flag = kFlagResponse, .remark = text}, {{"k", "v"}}, "body"));
  ASSERT_TRUE(answer.isOk()) << answer.status().toString();
  EXPECT_EQ(answer->code, static_cast<int32_t>(ResponseCode::kSystemError));
  EXPECT_EQ(answer->opaque, 5);
  EXPECT_EQ(answer->remark, "header is longer than 16777215 bytes");
  EXPECT_EQ(answer->ext_fields.size(), 0u);
  EXPECT_EQ(answer->body, "body");

  const DecodedFrame request(encode({.code = 10, .opaque = 6, .remark = {}},
                                    {{"topic", text.substr(0, kRequestHeaderBytesMax)}}));
  ASSERT_TRUE(request.isOk()) << request.status().toString();
  EXPECT_EQ(request->code, 10);
  EXPECT_EQ(request->ext_fields.size(), 0u);
}

TEST(FrameTest, HeaderThatIsTooLongIsRefusedUnread) {
  const std::string header =
      R"({"code":10,"remark":")" + std::string(kRequestHeaderBytesMax, 't') + "\"}";
  std::string frame(kFramePrefixBytes, '\0');
  storeBigEndian(frame.data(), static_cast<int32_t>(4 + header.size()));
  storeBigEndian(frame.data() + 4, static_cast<int32_t>(header.size()));
  frame += header;
  CommandView view;
  const Status decoded = decodeFrame(frame.data(), frame.size(), view, kRequestHeaderBytesMax);
  EXPECT_EQ(decoded.code(), StatusCode::kCorruption);
  EXPECT_NE(decoded.message().find("longer than 524288"), std::string::npos) << decoded.message();
}

TEST(FrameTest, WrongPrefixesAreCorruption) {
  const std::string good = jsonFrame("{\"code\":1}", "body");
  ASSERT_TRUE(DecodedFrame(good).isOk());
  EXPECT_TRUE(DecodedFrame(good + "x").isCorrupt());
  EXPECT_TRUE(DecodedFrame("").isCorrupt());

  std::string unknown_type = good;
  unknown_type[4] = 2;
  EXPECT_TRUE(DecodedFrame(unknown_type).isCorrupt());
  unknown_type[4] = '\xff';
  EXPECT_TRUE(DecodedFrame(unknown_type).isCorrupt());

  std::string long_header = good;
  long_header[7] = static_cast<char>(good.size() - 8 + 1);
  EXPECT_TRUE(DecodedFrame(long_header).isCorrupt());

  std::string negative = good;
  negative[0] = '\xff';
  EXPECT_TRUE(DecodedFrame(negative).isCorrupt());
  EXPECT_TRUE(DecodedFrame(std::string("\0\0\0\4\0\0\0\0", 8)).isCorrupt());
}

TEST(FrameTest, FramesCutAtAnyByteAreCorruption) {
  for (const std::string& frame : exampleFrames()) {
    ASSERT_TRUE(DecodedFrame(frame).isOk());
    for (size_t size = 0; size < frame.size(); ++size) {
      EXPECT_TRUE(DecodedFrame(frame.substr(0, size)).isCorrupt()) << size;
    }
  }
}

TEST(FrameTest, HeadersCutAtAnyByteAreCorruption) {
  for (const std::string& frame : exampleFrames()) {
    const auto type = static_cast<SerializeType>(frame[4]);
    const std::string header = frame.substr(kFramePrefixBytes);
    for (size_t size = 0; size < header.size(); ++size) {
      EXPECT_TRUE(DecodedFrame(makeFrame(type, header.substr(0, size))).isCorrupt()) << size;
      EXPECT_TRUE(DecodedFrame(makeFrame(type, header.substr(0, size), "body")).isCorrupt())
          << size;
    }
  }
}

// Promise: whatever bytes arrive, decoding ends, and everything that it hands out lies inside the
// frame.
TEST(FrameTest, DamagedFramesNeverLeadOutsideTheFrame) {
  const std::vector<std::string> frames = exampleFrames();
  constexpr std::string_view kTroublesome = "{}[]\",:\\u0\x00\xff";
  for (uint32_t seed = 1; seed <= 20000; ++seed) {
    SCOPED_TRACE(seed);
    std::minstd_rand random(seed);
    const auto below = [&random](size_t bound) { return random() % bound; };
    std::string bytes = frames[below(frames.size())];
    for (size_t damages = 1 + below(3); damages > 0; --damages) {
      bytes[8 + below(bytes.size() - 8)] = kTroublesome[below(kTroublesome.size())];
    }
    const DecodedFrame frame(bytes);
    EXPECT_TRUE(frame.isOk() || frame.isCorrupt());
    EXPECT_TRUE(frame.contains(frame->remark) && frame.contains(frame->body));
    for (const auto& [name, value] : frame->ext_fields) {
      EXPECT_TRUE(frame.contains(name) && frame.contains(value));
    }
  }
}

TEST(FrameTest, DecodingReusesTheStorageOfFieldsAndForgetsTheFrameBefore) {
  std::string large = encode({.code = 1, .flag = kFlagResponse, .remark = "remark"},
                             {{"a", "1"}, {"b", "2"}, {"c", "3"}}, "body");
  CommandView view;
  ASSERT_TRUE(decodeFrame(large.data(), large.size(), view).isOk());
  const auto* storage = &*view.ext_fields.begin();

  for (const SerializeType type : {SerializeType::kBinary, SerializeType::kJson}) {
    std::string small = encode({.opaque = 9, .serialize_type = type, .remark = {}}, {{"d", "4"}});
    ASSERT_TRUE(decodeFrame(small.data(), small.size(), view).isOk());
    EXPECT_EQ(&*view.ext_fields.begin(), storage);
    EXPECT_EQ(view.ext_fields.size(), 1u);
    EXPECT_EQ(view.ext_fields.find("a"), nullptr);
    EXPECT_EQ(view.serialize_type, type);
    EXPECT_EQ(view.code, 0);
    EXPECT_EQ(view.flag, 0);
    EXPECT_EQ(view.opaque, 9);
    EXPECT_EQ(view.remark, "");
    EXPECT_EQ(view.body, "");
  }
}

}  // namespace
}  // namespace rocketmq::remoting
