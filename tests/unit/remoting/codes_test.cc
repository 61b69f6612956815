#include "remoting/protocol/codes.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "remoting/protocol/command_list.h"

namespace rocketmq::remoting {
namespace {

/// True when the enum has a constant of this value: the compiler prints its name, not a cast.
template <auto kValue>
constexpr bool isDeclared() {
  constexpr std::string_view function = __PRETTY_FUNCTION__;
  constexpr std::string_view marker = "kValue = ";
  return function[function.find(marker) + marker.size()] != '(';
}

template <class Code, int32_t... kValues>
std::set<int32_t> declaredAmong(std::integer_sequence<int32_t, kValues...>) {
  std::set<int32_t> declared;
  ((isDeclared<static_cast<Code>(kValues)>() ? void(declared.insert(kValues)) : void()), ...);
  return declared;
}

/// The codes of the enum below 1000, which all of them are.
template <class Code>
std::set<int32_t> declaredCodes() {
  return declaredAmong<Code>(std::make_integer_sequence<int32_t, 1000>());
}

template <class Code>
std::string nameOf(int32_t code) {
  return toString(static_cast<Code>(code));
}

std::set<int32_t> listedCommands() {
  std::set<int32_t> codes;
  forEachType(AllCommands{}, [&](auto tag) {
    const auto code = static_cast<int32_t>(decltype(tag)::Type::kCode);
    EXPECT_TRUE(codes.insert(code).second) << "twice in the list: " << code;
  });
  return codes;
}

TEST(CodesTest, EveryRequestCodeHasExactlyOneCommand) {
  const std::set<int32_t> declared = declaredCodes<RequestCode>();
  ASSERT_TRUE(declared.contains(10) && declared.contains(907) && !declared.contains(13));
  EXPECT_EQ(listedCommands(), declared);
}

/// The names that the enum's declared codes have.
template <class Code>
std::map<int32_t, std::string> declaredNames() {
  std::map<int32_t, std::string> names;
  for (const int32_t code : declaredCodes<Code>()) {
    names[code] = nameOf<Code>(code);
  }
  return names;
}

TEST(CodesTest, RequestCodesHaveTheNamesOfTheProtocol) {
  const std::map<int32_t, std::string> expected = {
      {10, "SEND_MESSAGE"},
      {11, "PULL_MESSAGE"},
      {12, "QUERY_MESSAGE"},
      {14, "QUERY_CONSUMER_OFFSET"},
      {15, "UPDATE_CONSUMER_OFFSET"},
      {17, "UPDATE_AND_CREATE_TOPIC"},
      {18, "UPDATE_AND_CREATE_TOPIC_LIST"},
      {21, "GET_ALL_TOPIC_CONFIG"},
      {25, "UPDATE_BROKER_CONFIG"},
      {26, "GET_BROKER_CONFIG"},
      {28, "GET_BROKER_RUNTIME_INFO"},
      {29, "SEARCH_OFFSET_BY_TIMESTAMP"},
      {30, "GET_MAX_OFFSET"},
      {31, "GET_MIN_OFFSET"},
      {32, "GET_EARLIEST_MSG_STORETIME"},
      {33, "VIEW_MESSAGE_BY_ID"},
      {34, "HEART_BEAT"},
      {35, "UNREGISTER_CLIENT"},
      {36, "CONSUMER_SEND_MSG_BACK"},
      {37, "END_TRANSACTION"},
      {38, "GET_CONSUMER_LIST_BY_GROUP"},
      {39, "CHECK_TRANSACTION_STATE"},
      {40, "NOTIFY_CONSUMER_IDS_CHANGED"},
      {41, "LOCK_BATCH_MQ"},
      {42, "UNLOCK_BATCH_MQ"},
      {43, "GET_ALL_CONSUMER_OFFSET"},
      {45, "GET_ALL_DELAY_OFFSET"},
      {46, "CHECK_CLIENT_CONFIG"},
      {50, "UPDATE_AND_CREATE_ACL_CONFIG"},
      {51, "DELETE_ACL_CONFIG"},
      {52, "GET_BROKER_CLUSTER_ACL_INFO"},
      {53, "UPDATE_GLOBAL_WHITE_ADDRS_CONFIG"},
      {54, "GET_BROKER_CLUSTER_ACL_CONFIG"},
      {60, "GET_TIMER_CHECK_POINT"},
      {61, "GET_TIMER_METRICS"},
      {100, "PUT_KV_CONFIG"},
      {101, "GET_KV_CONFIG"},
      {102, "DELETE_KV_CONFIG"},
      {103, "REGISTER_BROKER"},
      {104, "UNREGISTER_BROKER"},
      {105, "GET_ROUTEINFO_BY_TOPIC"},
      {106, "GET_BROKER_CLUSTER_INFO"},
      {200, "UPDATE_AND_CREATE_SUBSCRIPTIONGROUP"},
      {201, "GET_ALL_SUBSCRIPTIONGROUP_CONFIG"},
      {202, "GET_TOPIC_STATS_INFO"},
      {203, "GET_CONSUMER_CONNECTION_LIST"},
      {204, "GET_PRODUCER_CONNECTION_LIST"},
      {205, "WIPE_WRITE_PERM_OF_BROKER"},
      {206, "GET_ALL_TOPIC_LIST_FROM_NAMESERVER"},
      {207, "DELETE_SUBSCRIPTIONGROUP"},
      {208, "GET_CONSUME_STATS"},
      {215, "DELETE_TOPIC_IN_BROKER"},
      {216, "DELETE_TOPIC_IN_NAMESRV"},
      {217, "REGISTER_TOPIC_IN_NAMESRV"},
      {219, "GET_KVLIST_BY_NAMESPACE"},
      {220, "RESET_CONSUMER_CLIENT_OFFSET"},
      {221, "GET_CONSUMER_STATUS_FROM_CLIENT"},
      {222, "INVOKE_BROKER_TO_RESET_OFFSET"},
      {223, "INVOKE_BROKER_TO_GET_CONSUMER_STATUS"},
      {224, "GET_TOPICS_BY_CLUSTER"},
      {225, "UPDATE_AND_CREATE_SUBSCRIPTIONGROUP_LIST"},
      {300, "QUERY_TOPIC_CONSUME_BY_WHO"},
      {303, "QUERY_CONSUME_TIME_SPAN"},
      {304, "GET_SYSTEM_TOPIC_LIST_FROM_NS"},
      {305, "GET_SYSTEM_TOPIC_LIST_FROM_BROKER"},
      {306, "CLEAN_EXPIRED_CONSUMEQUEUE"},
      {307, "GET_CONSUMER_RUNNING_INFO"},
      {308, "QUERY_CORRECTION_OFFSET"},
      {309, "CONSUME_MESSAGE_DIRECTLY"},
      {310, "SEND_MESSAGE_V2"},
      {311, "GET_UNIT_TOPIC_LIST"},
      {312, "GET_HAS_UNIT_SUB_TOPIC_LIST"},
      {313, "GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST"},
      {314, "CLONE_GROUP_OFFSET"},
      {315, "VIEW_BROKER_STATS_DATA"},
      {316, "CLEAN_UNUSED_TOPIC"},
      {317, "GET_BROKER_CONSUME_STATS"},
      {318, "UPDATE_NAMESRV_CONFIG"},
      {319, "GET_NAMESRV_CONFIG"},
      {320, "SEND_BATCH_MESSAGE"},
      {321, "QUERY_CONSUME_QUEUE"},
      {322, "QUERY_DATA_VERSION"},
      {323, "RESUME_CHECK_HALF_MESSAGE"},
      {324, "SEND_REPLY_MESSAGE"},
      {325, "SEND_REPLY_MESSAGE_V2"},
      {326, "PUSH_REPLY_MESSAGE_TO_CLIENT"},
      {327, "ADD_WRITE_PERM_OF_BROKER"},
      {328, "GET_ALL_PRODUCER_INFO"},
      {329, "DELETE_EXPIRED_COMMITLOG"},
      {351, "GET_TOPIC_CONFIG"},
      {352, "GET_SUBSCRIPTIONGROUP_CONFIG"},
      {361, "LITE_PULL_MESSAGE"},
      {370, "RECALL_MESSAGE"},
      {402, "GET_ALL_MESSAGE_REQUEST_MODE"},
      {907, "GET_BROKER_HA_STATUS"}};
  EXPECT_EQ(declaredNames<RequestCode>(), expected);
}

TEST(CodesTest, ResponseCodesHaveTheNamesOfTheProtocol) {
  const std::map<int32_t, std::string> expected = {{0, "SUCCESS"},
                                                   {1, "SYSTEM_ERROR"},
                                                   {2, "SYSTEM_BUSY"},
                                                   {3, "REQUEST_CODE_NOT_SUPPORTED"},
                                                   {10, "FLUSH_DISK_TIMEOUT"},
                                                   {11, "SLAVE_NOT_AVAILABLE"},
                                                   {12, "FLUSH_SLAVE_TIMEOUT"},
                                                   {13, "MESSAGE_ILLEGAL"},
                                                   {14, "SERVICE_NOT_AVAILABLE"},
                                                   {15, "VERSION_NOT_SUPPORTED"},
                                                   {16, "NO_PERMISSION"},
                                                   {17, "TOPIC_NOT_EXIST"},
                                                   {18, "TOPIC_EXIST_ALREADY"},
                                                   {19, "PULL_NOT_FOUND"},
                                                   {20, "PULL_RETRY_IMMEDIATELY"},
                                                   {21, "PULL_OFFSET_MOVED"},
                                                   {22, "QUERY_NOT_FOUND"},
                                                   {23, "SUBSCRIPTION_PARSE_FAILED"},
                                                   {24, "SUBSCRIPTION_NOT_EXIST"},
                                                   {25, "SUBSCRIPTION_NOT_LATEST"},
                                                   {26, "SUBSCRIPTION_GROUP_NOT_EXIST"},
                                                   {27, "FILTER_DATA_NOT_EXIST"},
                                                   {28, "FILTER_DATA_NOT_LATEST"},
                                                   {29, "INVALID_PARAMETER"},
                                                   {206, "CONSUMER_NOT_ONLINE"},
                                                   {207, "CONSUME_MSG_TIMEOUT"},
                                                   {208, "NO_MESSAGE"},
                                                   {209, "UPDATE_AND_CREATE_ACL_CONFIG_FAILED"},
                                                   {210, "DELETE_ACL_CONFIG_FAILED"},
                                                   {211, "UPDATE_GLOBAL_WHITE_ADDRS_CONFIG_FAILED"},
                                                   {215, "FLOW_CONTROL"},
                                                   {604, "ILLEGAL_OPERATION"}};
  EXPECT_EQ(declaredNames<ResponseCode>(), expected);
}

TEST(CodesTest, UnknownCodesPrintAsNumbers) {
  EXPECT_EQ(nameOf<RequestCode>(200050), "200050");
  EXPECT_EQ(nameOf<RequestCode>(-1), "-1");
  EXPECT_EQ(nameOf<RequestCode>(13), "13");
  EXPECT_EQ(nameOf<ResponseCode>(2007), "2007");
  EXPECT_EQ(nameOf<ResponseCode>(9), "9");
}

TEST(CodesTest, LanguagesGoByNameAndOrdinal) {
  constexpr std::string_view names[] = {"JAVA",   "CPP",  "DOTNET", "PYTHON", "DELPHI",
                                        "ERLANG", "RUBY", "OTHER",  "HTTP",   "GO",
                                        "PHP",    "OMS",  "RUST",   "NODE_JS"};
  int32_t ordinal = 0;
  for (const std::string_view name : names) {
    const auto language = static_cast<Language>(ordinal);
    EXPECT_EQ(toString(language), name);
    EXPECT_EQ(languageFromName(name), language);
    EXPECT_EQ(languageFromOrdinal(ordinal), language);
    ++ordinal;
  }
  EXPECT_EQ(languageFromName("rust"), Language::kRust);
  for (const char* unknown : {"", "JAV", "JAVAX", "C++", "14"}) {
    EXPECT_EQ(languageFromName(unknown), Language::kOther) << unknown;
  }
  EXPECT_EQ(languageFromOrdinal(-1), Language::kOther);
  EXPECT_EQ(languageFromOrdinal(14), Language::kOther);
  EXPECT_EQ(toString(static_cast<Language>(77)), "OTHER");
}

TEST(CodesTest, VersionsHaveTheNamesOfTheirReleases) {
  const std::pair<int32_t, const char*> known[] = {
      {0, "V3_0_0_SNAPSHOT"},
      {1, "V3_0_0_ALPHA1"},
      {7, "V3_0_0_BETA6_SNAPSHOT"},
      {14, "V3_0_0_BETA9"},
      {15, "V3_0_0_FINAL"},
      {16, "V3_0_1_SNAPSHOT"},
      {26, "V3_0_6_SNAPSHOT"},
      {28, "V3_0_7_SNAPSHOT"},
      {37, "V3_0_11"},
      {45, "V3_0_15"},
      {46, "V3_1_0_SNAPSHOT"},
      {62, "V3_1_8_SNAPSHOT"},
      {85, "V3_2_9"},
      {86, "V3_3_1_SNAPSHOT"},
      {121, "V3_4_9"},
      {211, "V3_9_9"},
      {212, "V4_0_0_SNAPSHOT"},
      {213, "V4_0_0"},
      {232, "V4_1_0_SNAPSHOT"},
      {253, "V4_2_0"},
      {317, "V4_5_2"},
      {333, "V4_6_0"},
      {355, "V4_7_1"},
      {399, "V4_9_3"},
      {401, "V4_9_4"},
      {409, "V4_9_8"},
      {413, "V5_0_0"},
      {441, "V5_1_4"},
      {479, "V5_3_3"},
      {611, "V5_9_9"},
      {612, "HIGHER_VERSION"},
      {613, "HIGHER_VERSION"},
      {INT32_MAX, "HIGHER_VERSION"},
      {-1, "-1"},
  };
  for (const auto& [version, name] : known) {
    EXPECT_EQ(versionName(version), name);
  }
}

TEST(CodesTest, VersionsFromFourOnFollowTheirFormula) {
  for (int32_t minor = 0; minor < 20; ++minor) {
    for (int32_t patch = 0; patch < 10; ++patch) {
      const std::string name = "V" + std::to_string(4 + minor / 10) + "_" +
                               std::to_string(minor % 10) + "_" + std::to_string(patch);
      const int32_t version = 213 + 20 * minor + 2 * patch;
      EXPECT_EQ(versionName(version), name);
      EXPECT_EQ(versionName(version - 1), name + "_SNAPSHOT");
    }
  }
}

}  // namespace
}  // namespace rocketmq::remoting
