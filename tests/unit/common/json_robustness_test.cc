#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "common/json/decode.h"
#include "common/json/encode.h"
#include "common/model/config_tables.h"
#include "common/model/message_queue.h"
#include "common/model/topic_route.h"
#include "tests/unit/common/json_filled.h"

namespace rocketmq::json {
namespace {

using std::string_view_literals::operator""sv;

struct Document {
  std::string text;
  Status (*decode)(std::string_view);
};

template <class T>
Document documentOf(Style style) {
  return {encode(Filler().make<T>(), style),
          [](std::string_view text) { return decode<T>(text).status(); }};
}

std::vector<Document> documents() {
  std::vector<Document> out;
  out.push_back(documentOf<model::TopicRouteData>(Style::kFastjson));
  out.push_back(documentOf<model::TopicRouteData>(Style::kStrict));
  out.push_back(documentOf<model::TopicConfigTable>(Style::kFastjson));
  out.push_back(documentOf<model::SubscriptionGroupTable>(Style::kPretty));
  out.push_back(documentOf<model::ConsumerOffsetTable>(Style::kPretty));
  out.push_back(documentOf<std::map<model::MessageQueue, int64_t>>(Style::kFastjson));
  out.push_back(documentOf<std::map<model::MessageQueue, int64_t>>(Style::kStandard));
  return out;
}

TEST(JsonRobustnessTest, EveryCutDocumentIsRefused) {
  for (const auto& [text, decode] : documents()) {
    ASSERT_TRUE(decode(text).isOk()) << text;
    for (size_t size = 0; size < text.size(); ++size) {
      // A copy of its own, so that a sanitizer sees a read past the end.
      const std::vector<char> cut(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(size));
      EXPECT_FALSE(decode({cut.data(), cut.size()}).isOk()) << text.substr(0, size);
    }
  }
}

// Promise: bytes from a peer never crash the decoder. Documents are changed at random places with
// bytes that mean something in JSON; whatever comes out, decoding ends with a value or a Status.
TEST(JsonRobustnessTest, DamagedDocumentsNeverCrash) {
  constexpr std::string_view kBytes = "{}[]\"':,\\/*-+.eE0u19nNtf \n\0\x01\x80\xC2\xFF_"sv;
  size_t refused = 0;
  for (uint32_t seed = 1; seed <= 150; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    for (const auto& [text, decode] : documents()) {
      std::string damaged = text;
      for (auto changes = 1 + random() % 3; changes > 0; --changes) {
        const size_t at = random() % damaged.size();
        const char byte = kBytes[random() % kBytes.size()];
        switch (random() % 3) {
          case 0:
            damaged[at] = byte;
            break;
          case 1:
            damaged.insert(at, 1, byte);
            break;
          default:
            damaged.erase(at, 1 + random() % 8);
            break;
        }
      }
      refused += decode(damaged).isOk() ? 0U : 1U;
    }
  }
  EXPECT_GT(refused, 0U);
}

TEST(JsonRobustnessTest, BombsOfDepthAreRefusedWhereverTheyAre) {
  constexpr size_t kDepth = 50'000;
  for (const std::string_view prefix : {"", "{\"brokerDatas\":", "{\"unknown\":", "{{\"topic\":",
                                        "{\"filterServerTable\":{\"a\":", "{{"}) {
    for (const char* const bracket : {"[", "{", "{\"a\":", "{'", "[["}) {
      std::string bomb(prefix);
      for (size_t i = 0; i < kDepth; ++i) {
        bomb += bracket;
      }
      EXPECT_FALSE(decode<model::TopicRouteData>(bomb).ok());
      EXPECT_FALSE((decode<std::map<model::MessageQueue, int64_t>>(bomb).ok()));
    }
  }
}

TEST(JsonRobustnessTest, NumbersOfAnyLengthEndInAStatus) {
  using Offsets = std::map<int32_t, int64_t>;
  const std::string digits(300'000, '9');
  EXPECT_FALSE(decode<Offsets>("{0:" + digits + "}").ok());
  EXPECT_FALSE(decode<Offsets>("{" + digits + ":0}").ok());
  EXPECT_FALSE(decode<Offsets>("{0:-" + digits + "." + digits + "}").ok());
  EXPECT_FALSE(decode<Offsets>("{0:1E" + digits + "}").ok());
  EXPECT_EQ((*decode<Offsets>("{0:1.5E-" + digits + "}"))[0], 0);
  EXPECT_EQ((*decode<Offsets>("{0:7." + digits + "}"))[0], 7);
  // An error shows the start of what is wrong, not all of it.
  EXPECT_LT(decode<Offsets>("{0:" + digits + "}").status().message().size(), 200U);
}

TEST(JsonRobustnessTest, ALargeRegistrationComesBackWhole) {
  model::TopicConfigTable table;
  for (int32_t i = 0; i < 20'000; ++i) {
    const std::string name = "topic-" + std::to_string(i);
    table.topic_config_table[name] = {.topic_name = name, .read_queue_nums = i};
  }
  const auto decoded = decode<model::TopicConfigTable>(encode(table));
  ASSERT_TRUE(decoded.ok()) << decoded.status().toString();
  EXPECT_EQ(*decoded, table);
}

}  // namespace
}  // namespace rocketmq::json
