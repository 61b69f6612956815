#include "common/message/recall_handle.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "common/base64.h"

namespace rocketmq {
namespace {

// As RocketMQ 5.3 writes it.
constexpr std::string_view kText =
    "djEgVG9waWNUZXN0IGJyb2tlci1hIDE3MDAwMDAwMDAwMDEgMEEwMTAyMDMwNDA1MDYwNzA4MDkwQTBCMEMwRDBFMEY=";
const RecallHandle kHandle{.topic = "TopicTest",
                           .broker_name = "broker-a",
                           .deliver_ms = 1'700'000'000'001,
                           .unique_key = "0A0102030405060708090A0B0C0D0E0F"};

TEST(RecallHandleTest, IsWrittenAndReadAsRocketMqDoes) {
  EXPECT_EQ(kHandle.encode(), kText);
  const auto parsed = RecallHandle::parse(kText);
  ASSERT_TRUE(parsed.ok()) << parsed.status().message();
  EXPECT_EQ(*parsed, kHandle);
}

TEST(RecallHandleTest, RefusesWhatIsNoHandleWithAReason) {
  std::vector<std::string> handles = {"", "not a handle", std::string(kText) + "x"};
  for (const std::string_view plain :
       {"v2 T b 1 K", "v1 T b 1", "v1 T b 1 ", "v1  b 1 K", "v1 T b soon K", "v1 T b 1 K more",
        "v1 T b 99999999999999999999 K", " v1 T b 1 K", "v1", "v1 T b 1 K\x02TAGS\x01x",
        "v1 T b 1x K"}) {
    handles.push_back(base64Url(plain));
  }
  for (const std::string& handle : handles) {
    const auto parsed = RecallHandle::parse(handle);
    EXPECT_EQ(parsed.status().code(), StatusCode::kInvalidArgument) << handle;
    EXPECT_TRUE(parsed.status().message().starts_with("recall handle is invalid")) << handle;
  }
}

TEST(RecallHandleTest, EveryCutOfAHandleIsRefusedOrNamesAnotherKey) {
  for (size_t size = 0; size < kText.size(); ++size) {
    const auto parsed = RecallHandle::parse(kText.substr(0, size));
    EXPECT_FALSE(parsed.ok() && *parsed == kHandle && size + 1 < kText.size()) << size;
  }
}

}  // namespace
}  // namespace rocketmq
