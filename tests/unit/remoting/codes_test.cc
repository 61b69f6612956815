#include "remoting/protocol/codes.h"

#include <gtest/gtest.h>

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

/// The codes of the enum below 400, which all of them are.
template <class Code>
std::set<int32_t> declaredCodes() {
  return declaredAmong<Code>(std::make_integer_sequence<int32_t, 400>());
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
  ASSERT_TRUE(declared.contains(10) && declared.contains(361) && !declared.contains(13));
  EXPECT_EQ(listedCommands(), declared);
}

TEST(CodesTest, EveryCodeHasANameOfItsOwn) {
  const auto check = [](const std::set<int32_t>& codes, auto name) {
    std::set<std::string> names;
    for (const int32_t code : codes) {
      EXPECT_NE(name(code), std::to_string(code));
      EXPECT_TRUE(names.insert(name(code)).second) << name(code);
      EXPECT_EQ(name(code).find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_2"), std::string::npos);
    }
  };
  check(declaredCodes<RequestCode>(), nameOf<RequestCode>);
  check(declaredCodes<ResponseCode>(), nameOf<ResponseCode>);
}

TEST(CodesTest, NamesAreThoseOfTheProtocol) {
  EXPECT_EQ(nameOf<RequestCode>(10), "SEND_MESSAGE");
  EXPECT_EQ(nameOf<RequestCode>(29), "SEARCH_OFFSET_BY_TIMESTAMP");
  EXPECT_EQ(nameOf<RequestCode>(32), "GET_EARLIEST_MSG_STORETIME");
  EXPECT_EQ(nameOf<RequestCode>(34), "HEART_BEAT");
  EXPECT_EQ(nameOf<RequestCode>(41), "LOCK_BATCH_MQ");
  EXPECT_EQ(nameOf<RequestCode>(105), "GET_ROUTEINFO_BY_TOPIC");
  EXPECT_EQ(nameOf<RequestCode>(200), "UPDATE_AND_CREATE_SUBSCRIPTIONGROUP");
  EXPECT_EQ(nameOf<RequestCode>(216), "DELETE_TOPIC_IN_NAMESRV");
  EXPECT_EQ(nameOf<RequestCode>(304), "GET_SYSTEM_TOPIC_LIST_FROM_NS");
  EXPECT_EQ(nameOf<RequestCode>(310), "SEND_MESSAGE_V2");
  EXPECT_EQ(nameOf<RequestCode>(361), "LITE_PULL_MESSAGE");
  EXPECT_EQ(nameOf<ResponseCode>(0), "SUCCESS");
  EXPECT_EQ(nameOf<ResponseCode>(17), "TOPIC_NOT_EXIST");
  EXPECT_EQ(nameOf<ResponseCode>(207), "CONSUME_MSG_TIMEOUT");
  EXPECT_EQ(nameOf<ResponseCode>(215), "FLOW_CONTROL");
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
