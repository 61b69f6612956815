#include "broker/acl/access_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/json/encode.h"
#include "remoting/protocol/bodies/heartbeat.h"
#include "tests/unit/broker/acl/signed_request.h"

namespace rocketmq::broker {
namespace {

using remoting::RequestCode;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using Fields = SignedRequest::Fields;

constexpr const char* kSecret = "very-secret-key";

/// One account called "application" and one administrator called "administrator".
class AccessRulesTest : public ::testing::Test {
 protected:
  /// `lines` are the application's.
  void use(const std::string& lines, const std::string& top_level = {}) {
    const std::string text =
        top_level + "accounts:\n  - accessKey: application\n    secretKey: " + kSecret + "\n" +
        lines + "  - accessKey: administrator\n    secretKey: " + kSecret + "\n    admin: true\n";
    auto rules = compile({{"a.yml", text}});
    ASSERT_TRUE(rules.ok()) << rules.status().message();
    rules_ = *rules;
  }

  Result<std::shared_ptr<const AccessRules>> compile(
      const std::vector<std::pair<std::string, std::string>>& texts) {
    AccessRules::Files files;
    for (const auto& [path, text] : texts) {
      auto file = parseAclFile(text);
      if (!file.ok()) {
        return file.status();
      }
      files.emplace_back(path, std::move(*file));
    }
    warnings_.clear();
    return AccessRules::compile(files, "DefaultCluster_REPLY_TOPIC", warnings_);
  }

  /// The remark, or "" for a request that may pass.
  std::string ask(RequestCode code, const Fields& fields, const std::string& body = {},
                  const std::string& account = "application") const {
    return ask(SignedRequest(
        code, fields, {.access_key = account, .secret_key = kSecret, .security_token = {}}, body));
  }
  std::string ask(const SignedRequest& request) const {
    const auto refusal = rules_->refusal(request.view(), *HostAddress::parse(peer_));
    EXPECT_TRUE(!refusal || refusal->remark.find(kSecret) == std::string::npos);
    return refusal ? refusal->remark : "";
  }
  bool may(RequestCode code, const Fields& fields, const std::string& body = {}) const {
    return ask(code, fields, body).empty();
  }

  std::string peer_ = "10.0.0.1:40000";
  std::vector<std::string> warnings_;
  std::shared_ptr<const AccessRules> rules_;
};

TEST_F(AccessRulesTest, WhoSendsIsFoundOutBeforeWhatMayBeDone) {
  use("    defaultTopicPerm: PUB\n");
  const Fields fields{{"b", "T"}};
  const RequestCode code = RequestCode::kSendMessageV2;
  EXPECT_EQ(ask(code, fields), "");
  EXPECT_THAT(ask(SignedRequest(code, fields, {})), HasSubstr("No accessKey is configured"));
  EXPECT_THAT(ask(SignedRequest(code, {{"b", "T"}, {"AccessKey", ""}}, {})),
              HasSubstr("No accessKey is configured"));
  EXPECT_THAT(ask(code, fields, "", "stranger"), HasSubstr("No acl config for stranger"));
  EXPECT_THAT(
      ask(SignedRequest(
          code, fields,
          {.access_key = "application", .secret_key = "another-key", .security_token = {}})),
      HasSubstr("Check signature failed for accessKey=application"));
  EXPECT_THAT(ask(SignedRequest(code, {{"b", "T"}, {"AccessKey", "application"}}, {})),
              HasSubstr("Check signature failed"));
}

TEST_F(AccessRulesTest, WhoIsRefusedGetsOnlyAnExcerptOfWhatHeCallsHimself) {
  use("    defaultTopicPerm: DENY\n");
  const RequestCode code = RequestCode::kSendMessageV2;
  EXPECT_THAT(ask(code, {{"b", "T"}}, "", "a\n2026 FAKE\x1b[31m"),
              HasSubstr(R"(No acl config for a\x0a2026 FAKE\x1b[31m:)"));
  EXPECT_LT(ask(code, {{"b", "T"}}, "", std::string(100'000, 'a')).size(), 1'000u);
  EXPECT_THAT(ask(code, {{"b", "T\n"}}), HasSubstr(R"(topic T\x0a:)"));
  EXPECT_LT(ask(code, {{"b", std::string(100'000, 't')}}).size(), 1'000u);
}

TEST_F(AccessRulesTest, WhiteAddressesNeedNoSignature) {
  use("    whiteRemoteAddress: 10.0.1.*\n", "globalWhiteRemoteAddresses: [10.0.2.*, \"::1\"]\n");
  const Fields unsigned_fields{{"topic", "T"}, {"AccessKey", "application"}};
  const SignedRequest known(RequestCode::kUpdateAndCreateTopic, unsigned_fields, {});
  const SignedRequest nobody(RequestCode::kUpdateAndCreateTopic, {{"topic", "T"}}, {});
  EXPECT_NE(ask(known), "");
  peer_ = "10.0.1.7:1";
  EXPECT_EQ(ask(known), "");
  EXPECT_NE(ask(nobody), "");
  peer_ = "10.0.2.7:1";
  EXPECT_EQ(ask(nobody), "");
  peer_ = "[::1]:1";
  EXPECT_EQ(ask(nobody), "");
}

TEST_F(AccessRulesTest, EachPermissionOfATopicLetsPassWhatItSays) {
  use("    defaultTopicPerm: DENY\n    defaultGroupPerm: SUB\n"
      "    topicPerms: [none=DENY, in=PUB, out=SUB, both=PUB|SUB, also = SUB|PUB]\n");
  const auto send = [&](const std::string& topic) {
    const bool may_send = may(RequestCode::kSendMessage, {{"topic", topic}});
    EXPECT_EQ(may(RequestCode::kSendMessageV2, {{"b", topic}}), may_send);
    EXPECT_EQ(may(RequestCode::kSendBatchMessage, {{"b", topic}}), may_send);
    EXPECT_EQ(may(RequestCode::kRecallMessage, {{"topic", topic}}), may_send);
    EXPECT_EQ(may(RequestCode::kSendReplyMessage, {{"topic", topic}}), may_send);
    EXPECT_EQ(may(RequestCode::kSendReplyMessageV2, {{"b", topic}}), may_send);
    return may_send;
  };
  const auto read = [&](const std::string& topic) {
    const Fields fields{{"topic", topic}, {"consumerGroup", "G"}};
    const bool may_read = may(RequestCode::kPullMessage, fields);
    EXPECT_EQ(may(RequestCode::kLitePullMessage, fields), may_read);
    EXPECT_EQ(may(RequestCode::kUpdateConsumerOffset, fields), may_read);
    EXPECT_EQ(may(RequestCode::kQueryMessage, fields), may_read);
    return may_read;
  };
  EXPECT_FALSE(send("none") || read("none"));
  EXPECT_TRUE(send("in") && !read("in"));
  EXPECT_TRUE(!send("out") && read("out"));
  EXPECT_TRUE(send("both") && read("both"));
  EXPECT_TRUE(send("also") && read("also"));
  EXPECT_FALSE(send("other") || read("other"));
  EXPECT_THAT(
      ask(RequestCode::kSendMessage, {{"topic", "out"}}),
      HasSubstr("No permission for topic out: accessKey=application needs PUB and has SUB"));
  EXPECT_THAT(ask(RequestCode::kSendMessage, {{"topic", "other"}}),
              HasSubstr("No default permission for topic other"));
}

TEST_F(AccessRulesTest, GroupsAreAskedForSub) {
  use("    defaultTopicPerm: PUB|SUB\n    defaultGroupPerm: DENY\n"
      "    groupPerms: [mine=SUB, half=PUB]\n");
  for (const auto& [group, may_use] :
       {std::pair("mine", true), {"half", false}, {"other", false}}) {
    const Fields fields{{"topic", "T"}, {"consumerGroup", group}, {"group", group}};
    for (const RequestCode code :
         {RequestCode::kPullMessage, RequestCode::kUpdateConsumerOffset,
          RequestCode::kUnregisterClient, RequestCode::kGetConsumerListByGroup,
          RequestCode::kConsumerSendMessageBack}) {
      EXPECT_EQ(may(code, fields), may_use) << group << " " << toString(code);
    }
  }
  // Producers leave without a group of consumers.
  EXPECT_TRUE(may(RequestCode::kUnregisterClient, {{"producerGroup", "P"}}));
  EXPECT_TRUE(may(RequestCode::kUnregisterClient, {{"consumerGroup", ""}}));
}

TEST_F(AccessRulesTest, ARetryTopicIsJudgedByItsGroup) {
  use("    defaultTopicPerm: DENY\n    defaultGroupPerm: DENY\n"
      "    groupPerms: [mine=SUB]\n    topicPerms: [\"%RETRY%too=SUB\"]\n");
  for (const std::string group : {"mine", "too"}) {
    EXPECT_TRUE(may(RequestCode::kSendMessageV2, {{"b", "%RETRY%" + group}, {"a", "other"}}));
    EXPECT_TRUE(
        may(RequestCode::kPullMessage, {{"topic", "%RETRY%" + group}, {"consumerGroup", group}}));
  }
  EXPECT_FALSE(may(RequestCode::kSendMessageV2, {{"b", "%RETRY%other"}, {"a", "mine"}}));
  EXPECT_FALSE(
      may(RequestCode::kPullMessage, {{"topic", "%RETRY%other"}, {"consumerGroup", "mine"}}));
  EXPECT_FALSE(may(RequestCode::kSendMessageV2, {{"b", "%DLQ%mine"}}));
}

TEST_F(AccessRulesTest, AHeartbeatNeedsEveryGroupAndTopicInIt) {
  use("    topicPerms: [T=SUB]\n    groupPerms: [G=SUB, H=SUB]\n");
  const auto heartbeat = [](const std::string& group, const std::string& topic) {
    remoting::HeartbeatData data;
    data.client_id = "c";
    data.producer_data_set.push_back({.group_name = "P"});
    data.consumer_data_set.resize(2);
    data.consumer_data_set[0].group_name = "G";
    data.consumer_data_set[1].group_name = group;
    data.consumer_data_set[1].subscription_data_set.resize(2);
    data.consumer_data_set[1].subscription_data_set[0].topic = "%RETRY%" + group;
    data.consumer_data_set[1].subscription_data_set[1].topic = topic;
    return json::encode(data);
  };
  EXPECT_TRUE(may(RequestCode::kHeartbeat, {}, heartbeat("H", "T")));
  EXPECT_FALSE(may(RequestCode::kHeartbeat, {}, heartbeat("H", "U")));
  EXPECT_FALSE(may(RequestCode::kHeartbeat, {}, heartbeat("I", "T")));
  EXPECT_FALSE(may(RequestCode::kHeartbeat, {}, "no JSON"));
}

TEST_F(AccessRulesTest, AdministratorsMayDoAllAndOthersNothingOfTheirs) {
  use("    defaultTopicPerm: PUB|SUB\n    defaultGroupPerm: PUB|SUB\n");
  for (const int code : {17, 18, 25, 50, 51, 52, 53, 54, 200, 207, 215, 225}) {
    const auto request = static_cast<RequestCode>(code);
    EXPECT_THAT(ask(request, {{"topic", "T"}}),
                HasSubstr("Need admin permission for request code=" + std::to_string(code)));
    EXPECT_EQ(ask(request, {{"topic", "T"}}, "", "administrator"), "");
  }
  for (const int code : {14, 26, 28, 29, 30, 31, 33, 37, 41, 105, 202, 208, 307}) {
    EXPECT_TRUE(may(static_cast<RequestCode>(code), {{"topic", "T"}})) << code;
  }
  EXPECT_EQ(ask(RequestCode::kSendMessage, {{"topic", "T"}}, "", "administrator"), "");
  EXPECT_EQ(ask(RequestCode::kHeartbeat, {}, "no JSON", "administrator"), "");
}

TEST_F(AccessRulesTest, AnAdministratorWithPermissionsIsHeldToThem) {
  use("    admin: true\n    topicPerms: [T=SUB]\n");
  EXPECT_TRUE(may(RequestCode::kUpdateAndCreateTopic, {{"topic", "T"}}));
  EXPECT_FALSE(may(RequestCode::kSendMessage, {{"topic", "T"}}));
}

TEST_F(AccessRulesTest, WhoeverHasAnAccountMayWriteTraces) {
  use("");
  EXPECT_TRUE(may(RequestCode::kSendMessageV2, {{"b", "RMQ_SYS_TRACE_TOPIC"}}));
  EXPECT_FALSE(may(RequestCode::kPullMessage, {{"topic", "RMQ_SYS_TRACE_TOPIC"}}));
}

TEST_F(AccessRulesTest, WhoeverHasAnAccountMaySendRepliesToTheClustersReplyTopic) {
  use("");
  EXPECT_TRUE(may(RequestCode::kSendReplyMessage, {{"topic", "DefaultCluster_REPLY_TOPIC"}}));
  EXPECT_TRUE(may(RequestCode::kSendReplyMessageV2, {{"b", "DefaultCluster_REPLY_TOPIC"}}));
  EXPECT_FALSE(may(RequestCode::kSendReplyMessageV2, {{"b", "Other_REPLY_TOPIC"}}));
  EXPECT_FALSE(may(RequestCode::kSendMessageV2, {{"b", "DefaultCluster_REPLY_TOPIC"}}));
  EXPECT_FALSE(may(RequestCode::kPullMessage, {{"topic", "DefaultCluster_REPLY_TOPIC"}}));
}

TEST_F(AccessRulesTest, OddWordsDenyAndAreReported) {
  use("    defaultTopicPerm: ALL\n    topicPerms: [T=pub]\n");
  EXPECT_FALSE(may(RequestCode::kSendMessage, {{"topic", "T"}}));
  EXPECT_FALSE(may(RequestCode::kSendMessage, {{"topic", "U"}}));
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("a.yml: line 2: defaultTopicPerm is none of"),
                                     HasSubstr("a.yml: line 2: a permission of T is none of")));
}

TEST_F(AccessRulesTest, WhatCannotBeUsedIsNamedWithFileAndLine) {
  const std::string account =
      "accounts:\n  - accessKey: application\n    secretKey: very-secret-key\n";
  const auto errorOf = [&](const std::string& text) {
    const auto rules = compile({{"conf/x.yml", text}});
    EXPECT_FALSE(rules.ok()) << text;
    EXPECT_THAT(rules.status().message(), Not(HasSubstr(kSecret)));
    return rules.status().message();
  };
  EXPECT_THAT(errorOf(account + "    topicPerms: [T]\n"), HasSubstr("conf/x.yml: line 2: "));
  EXPECT_THAT(errorOf(account + "    groupPerms: [a=b=c]\n"), HasSubstr("conf/x.yml: line 2: "));
  EXPECT_THAT(errorOf(account + "    whiteRemoteAddress: here\n"),
              HasSubstr("conf/x.yml: line 2: \"here\" is no address"));
  EXPECT_THAT(errorOf("\nglobalWhiteRemoteAddresses:\n  - here\n"),
              HasSubstr("conf/x.yml: line 3: \"here\""));
}

TEST_F(AccessRulesTest, TheFirstOfTwoAccountsCounts) {
  const std::string account = "  - accessKey: application\n    secretKey: very-secret-key\n";
  auto rules = compile({{"a.yml", "accounts:\n" + account + "    defaultTopicPerm: PUB\n"},
                        {"b.yml", "accounts:\n" + account}});
  ASSERT_TRUE(rules.ok());
  rules_ = *rules;
  EXPECT_TRUE(may(RequestCode::kSendMessage, {{"topic", "T"}}));
  EXPECT_EQ(*rules_->fileOf("application"), "a.yml");
  EXPECT_EQ(rules_->fileOf("stranger"), nullptr);
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("b.yml: line 2: there is an account")));
}

TEST_F(AccessRulesTest, AccountsAndAddressesAreBounded) {
  std::string accounts = "accounts:\n";
  for (size_t i = 0; i <= AccessRules::kAccountsMax; ++i) {
    accounts += "- {accessKey: key" + std::to_string(100'000 + i) + ", secretKey: very-secret}\n";
  }
  EXPECT_THAT(compile({{"a.yml", accounts}}).status().message(), HasSubstr("more than 10000"));
  std::string addresses = "globalWhiteRemoteAddresses:\n";
  for (size_t i = 0; i <= AccessRules::kWhiteAddressesMax; ++i) {
    addresses += "- 10.0.0.1\n";
  }
  EXPECT_THAT(compile({{"a.yml", addresses}}).status().message(), HasSubstr("more than 1000"));
}

}  // namespace
}  // namespace rocketmq::broker
