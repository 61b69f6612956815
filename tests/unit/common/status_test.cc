#include "common/status.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <string>

namespace rocketmq {
namespace {

TEST(StatusTest, SaysWhatHappenedAndWhere) {
  const Status status = Status::notFound("no topic").withContext("pull").withContext("broker-a");
  EXPECT_EQ(status.toString(), "NotFound: broker-a: pull: no topic");
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_EQ(Status::ok().withContext("pull").toString(), "OK");
  EXPECT_EQ(Status::io("open file", ENOENT).message(), "open file: No such file or directory");
}

Result<std::unique_ptr<int>> half(int number) {
  if (number % 2 != 0) {
    return Status::invalidArgument("odd");
  }
  return std::make_unique<int>(number / 2);
}

Result<int> quarter(int number) {
  ROCKETMQ_ASSIGN_OR_RETURN(const std::unique_ptr<int> first, half(number));
  ROCKETMQ_ASSIGN_OR_RETURN(const std::unique_ptr<int> second, half(*first));
  return *second;
}

TEST(ResultTest, PassesValuesAndFailuresUpwards) {
  EXPECT_EQ(*quarter(12), 3);
  EXPECT_TRUE(quarter(12).status().isOk());
  EXPECT_EQ(quarter(6).status().toString(), "InvalidArgument: odd");
  EXPECT_FALSE(quarter(5).ok());
}

TEST(ResultDeathTest, StopsWhenAFailureIsReadAsAValue) {
  EXPECT_DEATH(static_cast<void>(quarter(5).value()), "check failed");
  EXPECT_DEATH(static_cast<void>(Result<int>(Status::ok())), "check failed");
}

}  // namespace
}  // namespace rocketmq
