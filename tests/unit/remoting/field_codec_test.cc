#include "remoting/protocol/field_codec.h"

#include <gtest/gtest.h>

#include <string>

#include "remoting/protocol/commands/commands.h"
#include "tests/unit/remoting/test_vectors.h"

namespace rocketmq::remoting {
namespace {

/// One field of each type, as a command would declare them.
struct Sample {
  int32_t small = -1;
  int64_t large = -1;
  bool flag = false;
  std::string text;
  std::string_view view;
  std::optional<int32_t> maybe_small{};
  std::optional<int64_t> maybe_large{};
  std::optional<std::string> maybe_text{};
  bool defaulted = true;

  static constexpr auto fields() {
    return std::tuple{required("small", &Sample::small).shortName("s"),
                      optional("large", &Sample::large).shortName("l"),
                      optional("flag", &Sample::flag),
                      optional("text", &Sample::text),
                      optional("view", &Sample::view),
                      optional("maybeSmall", &Sample::maybe_small),
                      optional("maybeLarge", &Sample::maybe_large),
                      optional("maybeText", &Sample::maybe_text),
                      optional("defaulted", &Sample::defaulted)};
  }
};

ExtFields fieldsOf(std::initializer_list<ExtFields::Entry> entries) {
  ExtFields fields;
  for (const auto& [name, value] : entries) {
    fields.add(name, value);
  }
  return fields;
}

/// Decodes {"small": text} and gives the number, or the error's message.
std::string decodeSmall(std::string_view text) {
  Sample sample;
  const Status status = decodeFields(fieldsOf({{"small", text}}), NameStyle::kLong, sample);
  return status.isOk() ? std::to_string(sample.small) : status.message();
}

bool decodeFlag(std::string_view text) {
  Sample sample;
  EXPECT_TRUE(
      decodeFields(fieldsOf({{"small", "1"}, {"flag", text}}), NameStyle::kLong, sample).isOk());
  return sample.flag;
}

TEST(FieldCodecTest, NumbersOfThirtyTwoBitsAreReadWhole) {
  EXPECT_EQ(decodeSmall("0"), "0");
  EXPECT_EQ(decodeSmall("-2147483648"), "-2147483648");
  EXPECT_EQ(decodeSmall("2147483647"), "2147483647");
  EXPECT_EQ(decodeSmall("+5"), "5");
  EXPECT_EQ(decodeSmall("007"), "7");
  for (const char* bad : {"", " ", "abc", "2147483648", "-2147483649", "1.0", "1 ", " 1", "0x1",
                          "1L", "+", "-", "+-5", "--5"}) {
    EXPECT_EQ(decodeSmall(bad),
              "field 'small' = \"" + std::string(bad) + "\" is not a number of 32 bits");
  }
}

TEST(FieldCodecTest, NumbersOfSixtyFourBitsAreReadWhole) {
  Sample sample;
  ASSERT_TRUE(decodeFields(fieldsOf({{"small", "1"}, {"large", "-9223372036854775808"}}),
                           NameStyle::kLong, sample)
                  .isOk());
  EXPECT_EQ(sample.large, INT64_MIN);
  for (const char* name : {"large", "maybeLarge"}) {
    const Status status = decodeFields(fieldsOf({{"small", "1"}, {name, "9223372036854775808"}}),
                                       NameStyle::kLong, sample);
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    EXPECT_EQ(status.message(), "field '" + std::string(name) +
                                    "' = \"9223372036854775808\" is not a number of 64 bits");
  }
}

TEST(FieldCodecTest, OnlyTheWordTrueInAnyCaseIsTrue) {
  for (const char* text : {"true", "TRUE", "True", "tRuE"}) {
    EXPECT_TRUE(decodeFlag(text)) << text;
  }
  for (const char* text : {"false", "", "1", "yes", "tru", "truee", " true", "\x94\x92\x95\x85"}) {
    EXPECT_FALSE(decodeFlag(text)) << text;
  }
}

TEST(FieldCodecTest, MissingRequiredFieldIsNamed) {
  Sample sample;
  const Status status = decodeFields(fieldsOf({{"large", "1"}}), NameStyle::kLong, sample);
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "missing required field 'small'");
}

TEST(FieldCodecTest, LongTextsOfPeersAreCutInErrors) {
  const std::string message = decodeSmall(std::string(1 << 20, 'x'));
  EXPECT_EQ(message,
            "field 'small' = \"" + std::string(64, 'x') + "...\" is not a number of 32 bits");
}

TEST(FieldCodecTest, AbsentOptionalsKeepTheirDefaultsAndEmptyTextsAreKept) {
  Sample sample;
  ASSERT_TRUE(
      decodeFields(fieldsOf({{"small", "1"}, {"maybeText", ""}}), NameStyle::kLong, sample).isOk());
  EXPECT_EQ(sample.large, -1);
  EXPECT_TRUE(sample.defaulted);
  EXPECT_FALSE(sample.maybe_small.has_value());
  EXPECT_EQ(sample.maybe_text, "");
}

TEST(FieldCodecTest, ViewsStayInTheFrameAndStringsAreCopies) {
  const std::string text = "a text that is longer than small strings";
  Sample sample;
  ASSERT_TRUE(decodeFields(fieldsOf({{"small", "1"}, {"text", text}, {"view", text}}),
                           NameStyle::kLong, sample)
                  .isOk());
  EXPECT_EQ(sample.view.data(), text.data());
  EXPECT_EQ(sample.text, text);
  EXPECT_NE(sample.text.data(), text.data());
}

TEST(FieldCodecTest, ShortNamesAreUsedAloneAndFieldsWithoutOneAreLeftOut) {
  std::string out;
  HeaderWriter writer(out, {.code = 1, .remark = {}});
  encodeFields(Sample{.small = 4, .large = 5, .text = "t", .view = {}}, NameStyle::kShort, writer);
  writer.finish(0);
  const DecodedFrame frame(out);
  ASSERT_TRUE(frame.isOk());
  EXPECT_EQ(frame->ext_fields.size(), 2u);
  EXPECT_EQ(frame.field("s"), "4");
  EXPECT_EQ(frame.field("l"), "5");

  Sample sample;
  ASSERT_TRUE(decodeFields(frame->ext_fields, NameStyle::kShort, sample).isOk());
  EXPECT_EQ(sample.small, 4);
  EXPECT_EQ(sample.large, 5);
  EXPECT_EQ(decodeFields(frame->ext_fields, NameStyle::kLong, sample).message(),
            "missing required field 'small'");
}

// The header of the Node client, with numbers and booleans where Java has strings.
TEST(FieldCodecTest, NumbersAndBooleansOfOtherLanguagesDecode) {
  const DecodedFrame frame(jsonFrame(
      R"({"code":310,"language":"JAVA","version":121,"opaque":3,"flag":0,"extFields":{"a":"PG",)"
      R"("b":"T","c":"TBW102","d":4,"e":1,"f":0,"g":1795234400170,"h":0,"i":"TAGS\u0001a\u0002",)"
      R"("j":0,"k":false}})"));
  ASSERT_TRUE(frame.isOk()) << frame.status().toString();
  BasicSendMessageV2<std::string_view> send;
  const Status status = decodeFields(frame->ext_fields, NameStyle::kShort, send);
  ASSERT_TRUE(status.isOk()) << status.message();
  EXPECT_EQ(send.producer_group, "PG");
  EXPECT_EQ(send.topic, "T");
  EXPECT_EQ(send.default_topic, "TBW102");
  EXPECT_EQ(send.default_topic_queue_nums, 4);
  EXPECT_EQ(send.queue_id, 1);
  EXPECT_EQ(send.born_timestamp_ms, 1795234400170);
  EXPECT_EQ(send.properties,
            "TAGS\x01"
            "a\x02");
  EXPECT_EQ(send.unit_mode, false);
  EXPECT_FALSE(send.batch.has_value());
  EXPECT_FALSE(send.max_reconsume_times.has_value());
}

}  // namespace
}  // namespace rocketmq::remoting
