#include "remoting/answer.h"

#include <gtest/gtest.h>

#include <map>

#include "remoting/protocol/commands/offsets.h"

namespace rocketmq::remoting {
namespace {

TEST(AnswerTest, EveryStatusHasItsResponseCode) {
  const std::map<StatusCode, ResponseCode> expected = {
      {StatusCode::kOk, ResponseCode::kSuccess},
      {StatusCode::kInvalidArgument, ResponseCode::kSystemError},
      {StatusCode::kNotFound, ResponseCode::kQueryNotFound},
      {StatusCode::kCorruption, ResponseCode::kSystemError},
      {StatusCode::kIo, ResponseCode::kSystemError},
      {StatusCode::kReadOnly, ResponseCode::kServiceNotAvailable},
      {StatusCode::kTimeout, ResponseCode::kSystemError},
      {StatusCode::kBusy, ResponseCode::kSystemBusy},
      {StatusCode::kClosed, ResponseCode::kSystemError},
      {StatusCode::kUnsupported, ResponseCode::kRequestCodeNotSupported},
      {StatusCode::kInternal, ResponseCode::kSystemError},
  };
  EXPECT_EQ(expected.size(), static_cast<size_t>(StatusCode::kInternal) + 1);
  for (const auto& [status, response] : expected) {
    EXPECT_EQ(responseCodeOf(status), response) << toString(status);
  }
  EXPECT_EQ(responseCodeOf(static_cast<StatusCode>(200)), ResponseCode::kSystemError);
}

TEST(AnswerTest, AFailedStatusBecomesItsCodeAndRemark) {
  const Answer<GetMaxOffsetReply> answer(Status::busy("come back later"));
  EXPECT_EQ(answer.code, ResponseCode::kSystemBusy);
  EXPECT_EQ(answer.remark, "come back later");
  EXPECT_FALSE(answer.header.has_value());
}

TEST(AnswerTest, FieldsAndBodiesMakeASuccess) {
  const Answer<GetMaxOffsetReply> fields(GetMaxOffsetReply{.offset = 5});
  EXPECT_EQ(fields.code, ResponseCode::kSuccess);
  EXPECT_EQ(fields.header->offset, 5);
  EXPECT_TRUE(fields.body.empty());

  const auto body = Answer<NoFields>::ofBody(Payload("bytes"));
  EXPECT_EQ(body.code, ResponseCode::kSuccess);
  EXPECT_FALSE(body.header.has_value());
  EXPECT_EQ(body.body.size(), 5u);
}

}  // namespace
}  // namespace rocketmq::remoting
