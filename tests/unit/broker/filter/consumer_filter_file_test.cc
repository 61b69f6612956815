// Promise: consumerFilter.json is read and written as a Java broker does it, and nothing that a
// file may hold makes a filter that skips a message its group wants.
#include <gmock/gmock.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include "broker/filter/consumer_filters.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/broker/filter/properties.h"

namespace rocketmq::broker {
namespace {

using testing::HasSubstr;

/// What a 4.9.8 broker has written.
constexpr const char* kJavaFile = R"json({
	"filterDataByTopic":{
		"TopicA":{
			"groupFilterData":{
				"CG_SQL":{
					"bloomFilterData":{
						"bitNum":112,
						"bitPos":[37,11,60]
					},
					"bornTime":1795231844805,
					"clientVersion":1795231844861,
					"consumerGroup":"CG_SQL",
					"dead":false,
					"deadTime":0,
					"expression":"a > 3 AND TAGS IN ('TagA')",
					"expressionType":"SQL92",
					"topic":"TopicA"
				}
			},
			"topic":"TopicA"
		}
	}
})json";
constexpr const char* kEmptyFile = "{\n\t\"filterDataByTopic\":{}\n}";
constexpr int64_t kBornMs = 1795231844805;

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  EXPECT_NE(std::string::npos, at) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

class ConsumerFilterFileTest : public testing::Test {
 protected:
  void SetUp() override {
    clock_.advance(std::chrono::milliseconds(kBornMs + 3'600'000 - clock_.nowMs()));
  }

  void write(const std::string& content, const std::string& suffix = "") const {
    std::ofstream(path_ + suffix, std::ios::binary) << content;
  }
  std::string read(const std::string& suffix = "") const {
    std::ostringstream content;
    content << std::ifstream(path_ + suffix, std::ios::binary).rdbuf();
    return content.str();
  }
  Result<std::unique_ptr<ConsumerFilters>> open(BloomFilter bloom = BloomFilter(20, 32)) const {
    return ConsumerFilters::open(path_, bloom, clock_);
  }
  /// Opens what `content` is.
  std::unique_ptr<ConsumerFilters> load(const std::string& content) const {
    write(content);
    auto filters = open();
    EXPECT_TRUE(filters.ok()) << filters.status().message();
    return filters.ok() ? std::move(*filters) : nullptr;
  }
  static std::shared_ptr<ConsumerFilter> enterJavas(ConsumerFilters& filters) {
    return *filters.enter({.group = "CG_SQL",
                           .topic = "TopicA",
                           .type = "SQL92",
                           .expression = "a > 3 AND TAGS IN ('TagA')"},
                          1795231844861);
  }

  rocketmq::test::TempDir dir_;
  const std::string path_ = (dir_.path() / "consumerFilter.json").string();
  ManualClock clock_;
};

TEST_F(ConsumerFilterFileTest, WithoutAFileTheTableIsEmptyAndWrittenAsRocketMqDoes) {
  const auto filters = open();
  ASSERT_TRUE(filters.ok()) << filters.status().message();
  EXPECT_TRUE((*filters)->persist().isOk());
  EXPECT_EQ(kEmptyFile, read());
}

TEST_F(ConsumerFilterFileTest, AJavaBrokersFileComesBackByteForByteOnceItsGroupIsThere) {
  const auto filters = load(kJavaFile);
  enterJavas(*filters)->markAlive();
  ASSERT_TRUE(filters->persist().isOk());
  EXPECT_EQ(kJavaFile, read());
}

TEST_F(ConsumerFilterFileTest, WhatIsLoadedIsDeadForHalfAMinuteAndMarkedForAllTheSame) {
  const auto filters = load(kJavaFile);
  const auto data = filters->find("CG_SQL", "TopicA");
  ASSERT_TRUE(data);
  EXPECT_TRUE(data->dead);
  EXPECT_EQ(clock_.nowMs() - 30'000, data->dead_time);
  EXPECT_EQ(kBornMs, data->born_time);
  std::array<char, 14> map{};
  EXPECT_TRUE(filters->mark("TopicA", filter::propertiesOf({{"a", "4"}, {"TAGS", "TagA"}}), map));
  EXPECT_EQ(std::string("\0\x08\0\0\x20\0\0\x10\0\0\0\0\0\0", 14),
            std::string(map.data(), map.size()));
  ASSERT_TRUE(filters->persist().isOk());
  EXPECT_THAT(read(), HasSubstr("\"dead\":true,\n\t\t\t\t\t\"deadTime\":" +
                                std::to_string(clock_.nowMs() - 30'000) + ","));
  // Again after the next start: the first time counts.
  clock_.advance(std::chrono::hours(1));
  EXPECT_EQ(data->dead_time, (*open())->find("CG_SQL", "TopicA")->dead_time);
}

TEST_F(ConsumerFilterFileTest, AFilterCannotHaveDiedBeforeItWasBorn) {
  const auto filters =
      load(replaced(kJavaFile, std::to_string(kBornMs), std::to_string(clock_.nowMs() - 1)));
  EXPECT_EQ(clock_.nowMs() - 1, filters->find("CG_SQL", "TopicA")->dead_time);
}

TEST_F(ConsumerFilterFileTest, MapsFromBeforeTheStartSayNothing) {
  const auto filters = load(kJavaFile);
  filters->useBitMaps([] { return int64_t{500}; });
  const auto filter = enterJavas(*filters);
  EXPECT_TRUE(filter->matchesBitMap(499, std::string(14, '\0')));
  EXPECT_FALSE(filter->matchesBitMap(500, std::string(14, '\0')));
}

TEST_F(ConsumerFilterFileTest, AFileForOtherBitMapsIsNotUsedAtAll) {
  for (const auto& [from, to] :
       {std::pair("112", "120"), std::pair("[37,11,60]", "[37,11]"),
        std::pair("[37,11,60]", "[37,11,61]"), std::pair("[37,11,60]", "[37,11,2000000000]")}) {
    EXPECT_FALSE(load(replaced(kJavaFile, from, to))->find("CG_SQL", "TopicA")) << to;
  }
  write(kJavaFile);
  EXPECT_FALSE((*open(BloomFilter(20, 64)))->find("CG_SQL", "TopicA"));
}

TEST_F(ConsumerFilterFileTest, TheFormerFileIsKeptAndUsedWhenTheNewerIsTorn) {
  {
    const auto filters = load(kJavaFile);
    clock_.advance(std::chrono::hours(24));
    filters->removeDead(std::chrono::hours(24));
    ASSERT_TRUE(filters->persist().isOk());
  }
  EXPECT_EQ(kEmptyFile, read());
  EXPECT_EQ(kJavaFile, read(".bak"));
  const std::string whole = kJavaFile;
  for (size_t length = 0; length < whole.size(); length += 7) {
    write(whole.substr(0, length));
    const auto filters = open();
    ASSERT_TRUE(filters.ok()) << length << ": " << filters.status().message();
    EXPECT_TRUE((*filters)->find("CG_SQL", "TopicA")) << length;
  }
}

TEST_F(ConsumerFilterFileTest, WithoutAnythingThatCanBeReadTheStartIsRefusedAndNamesTheFile) {
  for (const std::string& content :
       {std::string("{"), std::string("[]"), std::string("\0\0\0\0", 4),
        std::string(R"({"filterDataByTopic":[1,2]})"),
        std::string(R"({"filterDataByTopic":{"T":7}})"),
        std::string(R"({"filterDataByTopic":{"T":{"groupFilterData":"x"}}})"),
        replaced(kJavaFile, "1795231844805", "\"yesterday\""),
        replaced(kJavaFile, "[37,11,60]", "{\"a\":1}")}) {
    write(content);
    const auto filters = open();
    ASSERT_FALSE(filters.ok()) << content;
    EXPECT_EQ(StatusCode::kCorruption, filters.status().code()) << content;
    EXPECT_THAT(filters.status().message(), HasSubstr(path_)) << content;
  }
}

TEST_F(ConsumerFilterFileTest, WhatCannotBeUsedIsLeftOutAndTheRestStays) {
  const std::string good =
      std::string(kJavaFile).substr(std::string(kJavaFile).find("\"CG_SQL\""),
                                    std::string(kJavaFile).find("\t\t\t},\n\t\t\t\"topic\"") -
                                        std::string(kJavaFile).find("\"CG_SQL\""));
  const auto with = [&](const std::string& other) {
    return replaced(kJavaFile, "\"CG_SQL\"", other + ",\n\"CG_SQL\"");
  };
  for (const std::string& other :
       {std::string("\"X\":null"), std::string("\"X\":{}"),
        "\"X\"" + replaced(good.substr(8), "a > 3 AND", "a > > 3 AND"),
        "\"X\"" + replaced(good.substr(8), "a > 3 AND", std::string(20'000, '(')),
        "\"X\"" + replaced(good.substr(8), "\"a > 3 AND TAGS IN ('TagA')\"", "{\"a\":1}"),
        "\"X\"" + replaced(good.substr(8), "SQL92", "TAG"),
        "\"X\"" + replaced(good.substr(8), "SQL92", "JavaScript")}) {
    const auto filters = load(with(other));
    ASSERT_NE(nullptr, filters) << other;
    EXPECT_FALSE(filters->find("X", "TopicA")) << other.substr(0, 100);
    EXPECT_TRUE(filters->find("CG_SQL", "TopicA")) << other.substr(0, 100);
  }
}

TEST_F(ConsumerFilterFileTest, AFileWithTooManyFiltersIsReadUpToTheBound) {
  ConsumerFilters many(path_, BloomFilter(20, 32), clock_);
  for (size_t i = 0; i < ConsumerFilters::kGroupsMax; ++i) {
    ASSERT_TRUE(many.enter({.group = "g" + std::to_string(i),
                            .topic = "T",
                            .type = "SQL92",
                            .expression = "a > 5"},
                           1)
                    .ok());
  }
  ASSERT_TRUE(many.persist().isOk());
  // One more than there may be, by hand.
  const std::string content = read();
  const size_t first = content.find("\"g0\":");
  const size_t second = content.find("\"g1\":");
  std::string copy = content.substr(first, second - first);
  const BloomFilter bloom(20, 32);
  const auto positions = [&](const std::string& group) {
    std::string text;
    for (const int32_t position : bloom.positionsOf(group + "#T")) {
      text += (text.empty() ? "[" : ",") + std::to_string(position);
    }
    return text + "]";
  };
  copy = replaced(replaced(copy, "\"g0\":", "\"zz\":"), positions("g0"), positions("zz"));
  const auto filters = load(content.substr(0, first) + copy + content.substr(first));
  // They are all dead: the longest dead has made room for the last.
  size_t found = filters->find("zz", "T") ? 1u : 0u;
  for (size_t i = 0; i < ConsumerFilters::kGroupsMax; ++i) {
    found += filters->find("g" + std::to_string(i), "T") ? 1u : 0u;
  }
  EXPECT_EQ(ConsumerFilters::kGroupsMax, found);
}

TEST_F(ConsumerFilterFileTest, AnUnchangedTableIsNotWrittenAgain) {
  const auto filters = load(kJavaFile);
  ASSERT_TRUE(filters->persist().isOk());
  std::filesystem::remove(path_);
  ASSERT_TRUE(filters->persist().isOk());
  EXPECT_FALSE(std::filesystem::exists(path_));
  enterJavas(*filters)->markAlive();
  ASSERT_TRUE(filters->persist().isOk());
  EXPECT_EQ(kJavaFile, read());
}

}  // namespace
}  // namespace rocketmq::broker
