#include "broker/acl/acl_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace rocketmq::broker {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

/// As RocketMQ ships it, with a version as RocketMQ's own changes leave it.
constexpr std::string_view kJavaSample = R"(# A comment.
globalWhiteRemoteAddresses:
  - 10.10.103.*
  - 192.168.0.*

accounts:
  - accessKey: RocketMQ
    secretKey: 12345678
    whiteRemoteAddress:
    admin: false
    defaultTopicPerm: DENY
    defaultGroupPerm: SUB
    topicPerms:
      - topicA=DENY
      - topicB=PUB|SUB
      - topicC=SUB
    groupPerms:
      # the group should convert to retry topic
      - groupA=DENY
      - groupB=PUB|SUB

  - accessKey: rocketmq2
    secretKey: 12345678
    whiteRemoteAddress: 192.168.1.*
    # if it is admin, it could access all resources
    admin: true
dataVersion:
  - counter: 3
    timestamp: 1700000000000
)";

AclFile parse(std::string_view text) {
  auto file = parseAclFile(text);
  EXPECT_TRUE(file.ok()) << file.status().message();
  return file.ok() ? *file : AclFile();
}

std::string errorOf(std::string_view text) {
  const auto file = parseAclFile(text);
  EXPECT_FALSE(file.ok()) << text;
  return file.ok() ? "" : file.status().message();
}

TEST(AclFileTest, JavasSampleIsUnderstood) {
  const AclFile file = parse(kJavaSample);
  ASSERT_EQ(file.global_white_addresses.size(), 2u);
  EXPECT_EQ(file.global_white_addresses[1].value, "192.168.0.*");
  EXPECT_EQ(file.global_white_addresses[1].line, 4);
  ASSERT_EQ(file.accounts.size(), 2u);
  const remoting::PlainAccessConfig& first = file.accounts[0].value;
  EXPECT_EQ(file.accounts[0].line, 7);
  EXPECT_EQ(first.access_key, "RocketMQ");
  EXPECT_EQ(first.secret_key, "12345678");
  EXPECT_EQ(first.white_remote_address, "");
  EXPECT_FALSE(first.admin);
  EXPECT_EQ(first.default_topic_perm, "DENY");
  EXPECT_EQ(first.default_group_perm, "SUB");
  EXPECT_THAT(*first.topic_perms, ElementsAre("topicA=DENY", "topicB=PUB|SUB", "topicC=SUB"));
  EXPECT_THAT(*first.group_perms, ElementsAre("groupA=DENY", "groupB=PUB|SUB"));
  EXPECT_TRUE(file.accounts[1].value.admin);
  EXPECT_EQ(file.version, (model::DataVersion{.counter = 3, .timestamp = 1'700'000'000'000}));
  EXPECT_THAT(file.warnings, ElementsAre());
}

TEST(AclFileTest, EmptyFilesAndListsAreNoMistake) {
  for (const char* const text : {"", "# nothing\n", "accounts:\n", "accounts: []\n",
                                 "globalWhiteRemoteAddresses:\naccounts:\n", "dataVersion: []\n"}) {
    EXPECT_TRUE(parse(text).accounts.empty()) << text;
  }
}

TEST(AclFileTest, ErrorsNameTheLineAndNothingOfTheFile) {
  const std::string account = "accounts:\n  - accessKey: application\n    secretKey: ";
  EXPECT_THAT(errorOf(account + "[verysecret\n"), HasSubstr("line "));
  EXPECT_THAT(errorOf(account + "*verysecret\n"), HasSubstr("must stand in quotes"));
  EXPECT_THAT(errorOf(account + "\"very\\qsecret\"\n"), HasSubstr("line 3: not YAML"));
  EXPECT_THAT(errorOf(account + "{a: verysecret}\n"), HasSubstr("line 3: secretKey must be"));
  EXPECT_THAT(errorOf(account + "secret\n"), HasSubstr("line 2: the account's secretKey"));
  EXPECT_THAT(errorOf("accounts:\n  - secretKey: verysecret\n"),
              HasSubstr("line 2: the account's"));
  EXPECT_THAT(errorOf(account + "verysecret\n    admin: perhaps\n"), HasSubstr("line 4: admin"));
  EXPECT_THAT(errorOf(account + "verysecret\n    topicPerms: a=PUB\n"),
              HasSubstr("line 4: topicPerms must be a list"));
  EXPECT_THAT(errorOf("accounts: application\n"), HasSubstr("line 1: accounts must be a list"));
  EXPECT_THAT(errorOf("- application\n"), HasSubstr("line 1: the file must have"));
  for (const char* const value :
       {"[verysecret", "*verysecret", "{a: verysecret}", "%verysecret", "&verysecret *verysecret",
        "'verysecret", "\"\\U99999999verysecret\"", "!<verysecret> [", "@verysecret", "`verysecret",
        "- verysecret", "|verysecret", "verysecret: x"}) {
    const auto file = parseAclFile(account + value + "\n");
    if (!file.ok()) {
      EXPECT_THAT(file.status().message(), Not(HasSubstr("verysecret"))) << value;
    }
  }
}

TEST(AclFileTest, UnknownKeysAreReportedAndDoNotStopTheFile) {
  const AclFile file = parse(
      "account: []\naccounts:\n  - accessKey: application\n    secretKey: verysecret\n"
      "    topicPerm: [a=PUB]\n");
  EXPECT_EQ(file.accounts.size(), 1u);
  EXPECT_THAT(file.warnings, ElementsAre(HasSubstr("line 1"), HasSubstr("line 5")));
}

TEST(AclFileTest, EveryPrefixOfAFileIsReadOrRefused) {
  for (size_t size = 0; size < kJavaSample.size(); ++size) {
    static_cast<void>(parseAclFile(kJavaSample.substr(0, size)).ok());
  }
  EXPECT_FALSE(parseAclFile("a: " + std::string(100'000, '[')).ok());
}

TEST(AclFileTest, AChangeKeepsWhatItIsNotAbout) {
  const model::DataVersion version{.counter = 4, .timestamp = 5};
  const AclFile before = parse(kJavaSample);
  remoting::PlainAccessConfig account = before.accounts[0].value;
  account.secret_key = "0x1F: *\"new\" ünï";
  account.white_remote_address = "*";
  account.topic_perms = std::vector<std::string>{"topicD=SUB"};
  const AclFile after = parse(withAccount(kJavaSample, account, version));
  ASSERT_EQ(after.accounts.size(), 2u);
  EXPECT_EQ(after.accounts[0].value, account);
  EXPECT_EQ(after.accounts[1].value.access_key, "rocketmq2");
  EXPECT_EQ(after.accounts[1].value.white_remote_address, "192.168.1.*");
  EXPECT_EQ(after.global_white_addresses.size(), 2u);
  EXPECT_EQ(after.version, version);

  const std::string text = "own: {x: '12'}\n" + std::string(kJavaSample);
  const std::string shorter = withoutAccount(text, "RocketMQ", version);
  EXPECT_THAT(shorter, HasSubstr("x: \"12\""));
  ASSERT_EQ(parse(shorter).accounts.size(), 1u);
  EXPECT_EQ(parse(shorter).accounts[0].value.access_key, "rocketmq2");

  const AclFile open = parse(withGlobalWhiteAddresses(text, {"*", "10.0.0.1"}, version));
  ASSERT_EQ(open.global_white_addresses.size(), 2u);
  EXPECT_EQ(open.global_white_addresses[0].value, "*");
  EXPECT_EQ(open.accounts.size(), 2u);
}

TEST(AclFileTest, AChangeMakesAFileOfNothing) {
  const remoting::PlainAccessConfig account{.access_key = "application",
                                            .secret_key = "verysecret"};
  for (const char* const text : {"", "accounts:\n", "# empty\n"}) {
    const AclFile file = parse(withAccount(text, account, {.counter = 1, .timestamp = 2}));
    ASSERT_EQ(file.accounts.size(), 1u) << text;
    EXPECT_EQ(file.accounts[0].value.secret_key, "verysecret");
    EXPECT_EQ(file.version.counter, 1);
  }
}

// A change writes the file again, following every alias.
TEST(AclFileTest, ValuesWithoutEndAreRefused) {
  for (const std::string& text :
       {std::string("date: &a [*a]\n"), std::string("other: &b {k: *b}\n"),
        std::string("a: &a [1,1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
                    "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
                    "d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
                    "e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\n"
                    "f: [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]\n")}) {
    const auto file = parseAclFile(text);
    ASSERT_FALSE(file.ok()) << text;
    EXPECT_NE(file.status().message().find("too many values"), std::string::npos)
        << file.status().message();
  }
}

TEST(AclFileTest, AKeyMustNotBeThereTwice) {
  const auto file = parseAclFile("dataVersion: [{counter: 1, counter: 2}]\n");
  ASSERT_FALSE(file.ok());
  EXPECT_EQ(file.status().message(), "line 1: a key that is there already");
}

// They would come out as others when the file is changed.
TEST(AclFileTest, BytesThatAreNoUtf8AreRefused) {
  EXPECT_FALSE(parseAclFile("accounts:\n- accessKey: accesskey\n  secretKey: \"\xCD\"\n").ok());
}

}  // namespace
}  // namespace rocketmq::broker
