#include "common/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rocketmq {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(TextTest, CaseIsIgnoredInAsciiOnly) {
  EXPECT_TRUE(equalsIgnoreCase("", ""));
  EXPECT_TRUE(equalsIgnoreCase("True", "tRUE"));
  EXPECT_FALSE(equalsIgnoreCase("true", "tru"));
  EXPECT_FALSE(equalsIgnoreCase("[", "{")) << "they differ by the bit that letters differ by";
  EXPECT_FALSE(equalsIgnoreCase("\xC4", "\xE4"));
}

TEST(TextTest, ListsLeaveOutWhatIsEmpty) {
  EXPECT_THAT(splitList(";a; b;;", ';'), ElementsAre("a", " b"));
  EXPECT_THAT(splitList("", ';'), IsEmpty());
  EXPECT_THAT(splitTrimmedList(" a ;\t; b;\r\n", ';'), ElementsAre("a", "b"));
}

TEST(TextTest, HostAndPortAreToldFromWhatPeopleMistakeForThem) {
  EXPECT_TRUE(isHostAndPort("127.0.0.1:9876"));
  EXPECT_TRUE(isHostAndPort("[::1]:9876"));
  for (const char* wrong :
       {"", ":", "host", "host:", ":9876", "host:port", "host:123456", "a:1,b:2"}) {
    EXPECT_FALSE(isHostAndPort(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace rocketmq
