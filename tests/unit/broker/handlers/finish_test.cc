#include "broker/handlers/finish.h"

#include <gtest/gtest.h>

#include "remoting/protocol/commands/send_message.h"

namespace rocketmq::broker {
namespace {

using remoting::Answer;
using remoting::ResponseCode;

/// The answer to a record that is stored, when its safety is `code`.
Answer<remoting::SendMessageReply> answerFor(ResponseCode code, WhenUnsafe how) {
  Answer<remoting::SendMessageReply> answer(remoting::SendMessageReply{});
  tellSafety(answer, {.code = code, .remark = "why"}, how);
  return answer;
}

TEST(FinishTest, WhoMustNotRepeatIsToldOnlyOfWhatIsNotStored) {
  for (const ResponseCode code : {ResponseCode::kFlushDiskTimeout, ResponseCode::kFlushSlaveTimeout,
                                  ResponseCode::kSlaveNotAvailable}) {
    const auto said = answerFor(code, WhenUnsafe::kSay);
    EXPECT_EQ(said.code, code);
    EXPECT_EQ(said.remark, "why");
    EXPECT_TRUE(said.header);
    const auto success = answerFor(code, WhenUnsafe::kSucceed);
    EXPECT_EQ(success.code, ResponseCode::kSuccess);
    EXPECT_EQ(success.remark, "");
    EXPECT_TRUE(success.header);
  }
  for (const WhenUnsafe how : {WhenUnsafe::kSay, WhenUnsafe::kSucceed}) {
    const auto lost = answerFor(ResponseCode::kServiceNotAvailable, how);
    EXPECT_EQ(lost.code, ResponseCode::kServiceNotAvailable);
    EXPECT_EQ(lost.remark, "why");
    EXPECT_FALSE(lost.header) << "no place of a message that may be gone";
    EXPECT_EQ(answerFor(ResponseCode::kSuccess, how).code, ResponseCode::kSuccess);
  }
}

}  // namespace
}  // namespace rocketmq::broker
