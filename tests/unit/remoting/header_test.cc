#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <vector>

#include "remoting/protocol/frame.h"
#include "remoting/protocol/header_json.h"
#include "tests/unit/remoting/test_vectors.h"

namespace rocketmq::remoting {
namespace {

bool decodes(std::string_view header) { return DecodedFrame(jsonFrame(header)).isOk(); }

std::string jsonText(std::string_view text) {
  const JsonString json(text);
  std::string out(json.room(), '\0');
  out.resize(static_cast<size_t>(json.write(out.data()) - out.data()));
  // The quick way writes the same, or gives up at what has an escape or might have one.
  std::string plain(text.size() + JsonString::kQuotesBytes, '\0');
  const char* const end = JsonString::writePlain(text, plain.data());
  if (end != nullptr) {
    EXPECT_EQ(plain, out);
    EXPECT_EQ(end, plain.data() + plain.size());
  } else {
    EXPECT_NE(out.find_first_of("\\\xC2\xE2"), std::string::npos) << out;
  }
  return out;
}

/// The header that HeaderWriter makes, without the prefix.
std::string headerText(const CommandHead& head, const std::vector<ExtFields::Entry>& fields = {}) {
  std::string out;
  HeaderWriter writer(out, head);
  for (const auto& [name, value] : fields) {
    writer.add(name, value);
  }
  writer.finish(0);
  return out.substr(kFramePrefixBytes);
}

// Reading JSON ------------------------------------------------------------------------------------

TEST(JsonHeaderTest, MissingKeysTakeTheirDefaults) {
  const DecodedFrame frame(jsonFrame("{}"));
  ASSERT_TRUE(frame.isOk()) << frame.status().toString();
  EXPECT_EQ(frame->code, 0);
  EXPECT_EQ(frame->language, Language::kJava);
  EXPECT_EQ(frame->version, 0);
  EXPECT_EQ(frame->opaque, 0);
  EXPECT_EQ(frame->flag, 0);
  EXPECT_EQ(frame->remark, "");
  EXPECT_EQ(frame->ext_fields.size(), 0u);
}

TEST(JsonHeaderTest, KeysComeInAnyOrderWithAnySpace) {
  // The shape of the C++ client: a blank remark and a line feed at the end.
  const DecodedFrame frame(jsonFrame(
      " {\r\n\t\"version\" : 333 , \"remark\":\"\",\"opaque\":-3,\n\"language\":\"CPP\",\"flag\":2,"
      "\"extFields\" : { \"b\" :\t\"T\" , \"e\" : 3 } ,\"code\":310 }\n"));
  ASSERT_TRUE(frame.isOk()) << frame.status().toString();
  EXPECT_EQ(frame->code, 310);
  EXPECT_EQ(frame->language, Language::kCpp);
  EXPECT_EQ(frame->version, 333);
  EXPECT_EQ(frame->opaque, -3);
  EXPECT_TRUE(frame->isOneway());
  EXPECT_EQ(frame.field("b"), "T");
  EXPECT_EQ(frame.field("e"), "3");
}

TEST(JsonHeaderTest, NumbersMayBeStringsAndNullMeansAbsent) {
  const DecodedFrame text(jsonFrame(
      R"({"code":"105","flag":"1","opaque":"-7","version":"409","language":null,"remark":null})"));
  ASSERT_TRUE(text.isOk()) << text.status().toString();
  EXPECT_EQ(text->code, 105);
  EXPECT_EQ(text->flag, 1);
  EXPECT_EQ(text->opaque, -7);
  EXPECT_EQ(text->version, 409);
  EXPECT_EQ(text->language, Language::kJava);
  EXPECT_EQ(text->remark, "");

  const DecodedFrame odd(jsonFrame(R"({"code":null,"flag":"","opaque":12.9,"version":3})"));
  ASSERT_TRUE(odd.isOk()) << odd.status().toString();
  EXPECT_EQ(odd->code, 0);
  EXPECT_EQ(odd->flag, 0);
  EXPECT_EQ(odd->opaque, 12);
}

TEST(JsonHeaderTest, NumbersThatDoNotFitAreCorruption) {
  EXPECT_TRUE(decodes(R"({"opaque":2147483647})"));
  EXPECT_TRUE(decodes(R"({"opaque":-2147483648})"));
  EXPECT_FALSE(decodes(R"({"opaque":2147483648})"));
  EXPECT_FALSE(decodes(R"({"code":"ten"})"));
  EXPECT_FALSE(decodes(R"({"code":true})"));
  EXPECT_FALSE(decodes(R"({"code":[1]})"));
  EXPECT_FALSE(decodes(R"({"code":1e3})"));
}

TEST(JsonHeaderTest, LanguageIsANameOrAnOrdinalAndMayBeUnknown) {
  const auto language = [](const std::string& value) {
    const DecodedFrame frame(jsonFrame("{\"language\":" + value + "}"));
    EXPECT_TRUE(frame.isOk()) << frame.status().toString();
    return frame->language;
  };
  EXPECT_EQ(language("\"GO\""), Language::kGo);
  EXPECT_EQ(language("\"NODE_JS\""), Language::kNodeJs);
  EXPECT_EQ(language("\"cpp\""), Language::kCpp);
  EXPECT_EQ(language("12"), Language::kRust);
  EXPECT_EQ(language("14"), Language::kOther);
  EXPECT_EQ(language("-1"), Language::kOther);
  EXPECT_EQ(language("99999999999"), Language::kOther);
  EXPECT_EQ(language("\"COBOL\""), Language::kOther);
  EXPECT_EQ(language("\"\""), Language::kOther);
}

TEST(JsonHeaderTest, FieldsOfAnyTypeBecomeText) {
  const DecodedFrame frame(jsonFrame(
      R"({"extFields":{"s":"text","i":4,"l":1795234400170,"n":-5,"d":1.5,"e":1.0E+20,"t":true,)"
      R"("f":false,"gone":null,"empty":"","o":{"a":[1,{"b":"}\""}]},"list":[ 1 , "]" ],"z":{}}})"));
  ASSERT_TRUE(frame.isOk()) << frame.status().toString();
  EXPECT_EQ(frame.field("s"), "text");
  EXPECT_EQ(frame.field("i"), "4");
  EXPECT_EQ(frame.field("l"), "1795234400170");
  EXPECT_EQ(frame.field("n"), "-5");
  EXPECT_EQ(frame.field("d"), "1.5");
  EXPECT_EQ(frame.field("e"), "1.0E+20");
  EXPECT_EQ(frame.field("t"), "true");
  EXPECT_EQ(frame.field("f"), "false");
  EXPECT_EQ(frame.field("gone"), "(absent)");
  EXPECT_EQ(frame.field("empty"), "");
  EXPECT_EQ(frame.field("o"), R"({"a":[1,{"b":"}\""}]})");
  EXPECT_EQ(frame.field("list"), R"([ 1 , "]" ])");
  EXPECT_EQ(frame.field("z"), "{}");
}

TEST(JsonHeaderTest, FieldsMayBeNullOrEmptyButNothingElse) {
  EXPECT_TRUE(decodes(R"({"extFields":null,"code":1})"));
  EXPECT_TRUE(decodes(R"({"extFields":{},"code":1})"));
  EXPECT_FALSE(decodes(R"({"extFields":[],"code":1})"));
  EXPECT_FALSE(decodes(R"({"extFields":"a","code":1})"));
}

TEST(JsonHeaderTest, TheLastOfTwoFieldsWithOneNameWins) {
  const DecodedFrame frame(jsonFrame(R"({"extFields":{"a":"1","b":"2","a":"3"}})"));
  ASSERT_TRUE(frame.isOk());
  EXPECT_EQ(frame.field("a"), "3");
}

TEST(JsonHeaderTest, UnknownKeysAreIgnored) {
  const DecodedFrame frame(
      jsonFrame(R"({"a":1,"b":"x\ny","c":[[],{"code":7}],"d":null,"e":true,)"
                R"("serializeTypeCurrentRPC":"JSON","customHeader":{"code":8},"code":9})"));
  ASSERT_TRUE(frame.isOk()) << frame.status().toString();
  EXPECT_EQ(frame->code, 9);
}

TEST(JsonHeaderTest, EscapesAreUndone) {
  const DecodedFrame frame(
      jsonFrame(R"({"extFields":{"i":"k\u0001v\u0002\"\\\/\b\f\n\r\t'\'","\u0061":"\u00e4\u20AC",)"
                R"("x":"\x41\xe4","c":"\ud83d\ude00!","raw":"tab)"
                "\t\x01"
                R"("},"remark":"a\"b\\c\nd"})"));
  ASSERT_TRUE(frame.isOk()) << frame.status().toString();
  EXPECT_EQ(frame.field("i"), "k\x01v\x02\"\\/\b\f\n\r\t''");
  EXPECT_EQ(frame.field("a"), "\xC3\xA4\xE2\x82\xAC");
  EXPECT_EQ(frame.field("x"), "A\xC3\xA4");
  EXPECT_EQ(frame.field("c"), "\xF0\x9F\x98\x80!");
  EXPECT_EQ(frame.field("raw"), "tab\t\x01");
  EXPECT_EQ(frame->remark, "a\"b\\c\nd");
}

TEST(JsonHeaderTest, HalvesOfSurrogatePairsBecomeTheReplacementCharacter) {
  const auto value = [](std::string_view escapes) {
    const DecodedFrame frame(jsonFrame("{\"remark\":\"" + std::string(escapes) + "\"}"));
    EXPECT_TRUE(frame.isOk()) << frame.status().toString();
    return std::string(frame->remark);
  };
  const std::string bad = "\xEF\xBF\xBD";
  EXPECT_EQ(value(R"(\ud83d)"), bad);
  EXPECT_EQ(value(R"(\ud83dx)"), bad + "x");
  EXPECT_EQ(value(R"(\ude00\ud83d)"), bad + bad);
  EXPECT_EQ(value(R"(\ud83d\u0041)"), bad + "A");
  EXPECT_EQ(value(R"(\ud83d\n)"), bad + "\n");
  EXPECT_EQ(value(R"(\ud83d\ud83d\ude00)"), bad + "\xF0\x9F\x98\x80");
}

TEST(JsonHeaderTest, WhatIsNotJsonIsCorruption) {
  for (const char* header : {"",
                             " ",
                             "null",
                             "[]",
                             "\"code\"",
                             "1",
                             "{",
                             "{\"code\"}",
                             "{\"code\":}",
                             "{code:1}",
                             "{\"code\":1,}",
                             "{\"code\":1 \"flag\":0}",
                             "{\"code\":1}x",
                             "{\"code\":1}{}",
                             "{,}",
                             R"({"remark":"\q"})",
                             R"({"remark":"\u12g4"})",
                             R"({"remark":"\u12"})",
                             R"({"remark":"\)",
                             R"({"remark":"\"})",
                             R"({"a":tru})",
                             R"({"a":-})",
                             R"({"a":+1})",
                             R"({"a":1.})",
                             R"({"a":1e})",
                             R"({"a":.5})",
                             R"({"a":nan})",
                             R"({"a":[1,]})",
                             R"({"a":[1})",
                             R"({"a":{"b"}})",
                             R"({"a":{"b":1]})",
                             R"({"a":{1:2}})",
                             R"({"a":["\)"}) {
    const DecodedFrame frame(jsonFrame(header));
    EXPECT_TRUE(frame.isCorrupt()) << header;
  }
}

TEST(JsonHeaderTest, ErrorsNameTheByte) {
  const DecodedFrame frame(jsonFrame(R"({"code":1,"a":nope})"));
  EXPECT_EQ(frame.status().message(), "JSON header cannot be read at byte 14 of 19");
}

TEST(JsonHeaderTest, NestingIsBounded) {
  const auto nested = [](size_t depth) {
    return "{\"a\":" + std::string(depth, '[') + std::string(depth, ']') + "}";
  };
  EXPECT_TRUE(decodes(nested(32)));
  EXPECT_FALSE(decodes(nested(33)));
  EXPECT_FALSE(decodes(nested(1 << 20)));
}

// Writing JSON ------------------------------------------------------------------------------------

TEST(JsonHeaderTest, MoreFieldsThanAnyRequestHasAreRefused) {
  const auto header = [](size_t count) {
    std::string fields;
    for (size_t i = 0; i < count; ++i) {
      fields += (i == 0 ? "\"f" : ",\"f") + std::to_string(i) + "\":\"\"";
    }
    return "{\"extFields\":{" + fields + "}}";
  };
  EXPECT_TRUE(decodes(header(ExtFields::kEntriesMax)));
  const DecodedFrame refused(jsonFrame(header(ExtFields::kEntriesMax + 1)));
  EXPECT_NE(refused.status().message().find("more than 1024 extFields"), std::string::npos)
      << refused.status().toString();
}

TEST(JsonHeaderTest, KeysAreWrittenAsJavaWritesThem) {
  EXPECT_EQ(headerText({.code = 17,
                        .language = Language::kCpp,
                        .version = 409,
                        .opaque = -2,
                        .flag = 1,
                        .remark = "no \"topic\"\n"},
                       {{"a", "1"}, {"b", ""}}),
            R"({"code":17,"extFields":{"a":"1","b":""},"flag":1,"language":"CPP","opaque":-2,)"
            R"("remark":"no \"topic\"\n","serializeTypeCurrentRPC":"JSON","version":409})");
}

TEST(JsonHeaderTest, WithoutFieldsOrRemarkTheirKeysAreLeftOut) {
  EXPECT_EQ(headerText({.code = 34, .opaque = 1, .remark = {}}),
            R"({"code":34,"flag":0,"language":"CPP","opaque":1,"serializeTypeCurrentRPC":"JSON",)"
            R"("version":409})");
}

TEST(JsonHeaderTest, TextIsEscapedAsFastjsonDoes) {
  EXPECT_EQ(jsonText(""), R"("")");
  EXPECT_EQ(jsonText("plain /path/ 'single'"), R"("plain /path/ 'single'")");
  EXPECT_EQ(jsonText("\"\\\b\t\n\f\r"), R"("\"\\\b\t\n\f\r")");
  EXPECT_EQ(jsonText(std::string_view("\0\x01\x02\x0B\x1F\x7F", 6)),
            R"("\u0000\u0001\u0002\u000B\u001F\u007F")");
  EXPECT_EQ(jsonText("\xC2\x80\xC2\x9F\xE2\x80\xA8\xE2\x80\xA9"), R"("\u0080\u009F\u2028\u2029")");
  // Neighbours of those, other scripts and half characters pass unchanged.
  for (const std::string plain : {"\xC2\xA0", "\xE2\x80\xA7", "\xE2\x81\xA8", "\xE6\xB6\x88",
                                  "\xF0\x9F\x98\x80", "\xC2", "\xE2\x80", "\xE2", "\xFF"}) {
    EXPECT_EQ(jsonText(plain), '"' + plain + '"');
  }
}

TEST(JsonHeaderTest, EveryTextSurvivesWritingAndReading) {
  std::string all;
  for (int round = 0; round < 2; ++round) {
    for (int byte = 0; byte < 256; ++byte) {
      all.push_back(static_cast<char>(byte));
    }
  }
  for (size_t from = 0; from < all.size(); from += 7) {
    const std::string text = all.substr(from, 100);
    const DecodedFrame frame(jsonFrame(headerText({.remark = text}, {{text, text}})));
    ASSERT_TRUE(frame.isOk()) << frame.status().toString();
    EXPECT_EQ(frame->remark, text);
    EXPECT_EQ(frame.field(text), text);
  }
}

// ROCKETMQ codec ----------------------------------------------------------------------------------

class BinaryHeaderTest : public testing::Test {
 protected:
  /// The fixed part up to the remark's length.
  static std::string fixedPart(int16_t code = 10, int8_t language = 0) {
    std::string header;
    ByteWriter writer(header);
    writer.write(code);
    writer.write(language);
    writer.write(int16_t{409});
    writer.write(int32_t{77});
    writer.write(int32_t{0});
    return header;
  }

  static std::string entry(std::string_view name, std::string_view value) {
    std::string bytes;
    ByteWriter writer(bytes);
    writer.write(static_cast<int16_t>(name.size()));
    writer.writeBytes(name);
    writer.write(static_cast<int32_t>(value.size()));
    writer.writeBytes(value);
    return bytes;
  }

  static std::string withEntries(std::string header, std::string_view entries) {
    ByteWriter writer(header);
    writer.write(int32_t{0});
    writer.write(static_cast<int32_t>(entries.size()));
    writer.writeBytes(entries);
    return header;
  }

  static DecodedFrame decode(const std::string& header) {
    return DecodedFrame(makeFrame(SerializeType::kBinary, header, "body"));
  }
};

TEST_F(BinaryHeaderTest, ZeroLengthsMeanAbsentAndTheLastEntryWins) {
  const DecodedFrame frame = decode(withEntries(
      fixedPart(), entry("a", "1") + entry("b", "") + entry("", "x") + entry("a", "2")));
  ASSERT_TRUE(frame.isOk()) << frame.status().toString();
  EXPECT_EQ(frame->remark, "");
  EXPECT_EQ(frame.field("a"), "2");
  EXPECT_EQ(frame.field("b"), "(absent)");
  EXPECT_EQ(frame.field(""), "(absent)");
  EXPECT_EQ(frame->body, "body");
}

TEST_F(BinaryHeaderTest, MoreFieldsThanAnyRequestHasAreRefused) {
  std::string entries;
  for (size_t i = 0; i < ExtFields::kEntriesMax; ++i) {
    entries += entry("f", "1");
  }
  EXPECT_TRUE(decode(withEntries(fixedPart(), entries)).isOk());
  const DecodedFrame refused = decode(withEntries(fixedPart(), entries + entry("f", "1")));
  EXPECT_NE(refused.status().message().find("more than 1024 extFields"), std::string::npos)
      << refused.status().toString();
}

TEST_F(BinaryHeaderTest, UnknownLanguagesAreOther) {
  EXPECT_EQ(decode(withEntries(fixedPart(10, 9), ""))->language, Language::kGo);
  EXPECT_EQ(decode(withEntries(fixedPart(10, 13), ""))->language, Language::kNodeJs);
  EXPECT_EQ(decode(withEntries(fixedPart(10, 14), ""))->language, Language::kOther);
  EXPECT_EQ(decode(withEntries(fixedPart(10, -1), ""))->language, Language::kOther);
}

TEST_F(BinaryHeaderTest, LengthsThatDoNotFitAreCorruption) {
  const auto ends_with = [](std::initializer_list<int32_t> words) {
    std::string header = fixedPart();
    for (const int32_t word : words) {
      ByteWriter(header).write(word);
    }
    return decode(header).isCorrupt();
  };
  EXPECT_FALSE(ends_with({0, 0}));
  EXPECT_TRUE(ends_with({0, 1}));
  EXPECT_TRUE(ends_with({0, -1}));
  EXPECT_TRUE(ends_with({-1, 0}));
  EXPECT_TRUE(ends_with({5, 0}));
  EXPECT_TRUE(ends_with({INT32_MAX, 0}));
  EXPECT_TRUE(ends_with({INT32_MIN, 0}));

  const std::string good = entry("name", "value");
  EXPECT_TRUE(decode(withEntries(fixedPart(), good)).isOk());
  for (size_t size = 1; size < good.size(); ++size) {
    EXPECT_TRUE(decode(withEntries(fixedPart(), good.substr(0, size))).isCorrupt()) << size;
  }
  for (const size_t length_byte : {size_t{0}, size_t{6}}) {
    std::string negative = good;
    negative[length_byte] = '\xff';
    EXPECT_TRUE(decode(withEntries(fixedPart(), negative)).isCorrupt()) << length_byte;
  }
}

TEST_F(BinaryHeaderTest, BytesBehindTheEntriesAreIgnored) {
  const DecodedFrame frame = decode(withEntries(fixedPart(), entry("a", "1")) + "extra");
  ASSERT_TRUE(frame.isOk()) << frame.status().toString();
  EXPECT_EQ(frame->ext_fields.size(), 1u);
}

TEST_F(BinaryHeaderTest, RemarkAndSignedNumbersSurvive) {
  const std::string remark = "caf\xC3\xA9 \"quoted\"\n";
  const std::string header = headerText({.code = -1,
                                         .language = Language::kGo,
                                         .version = 409,
                                         .opaque = INT32_MIN,
                                         .flag = 3,
                                         .serialize_type = SerializeType::kBinary,
                                         .remark = remark});
  const DecodedFrame frame = decode(header);
  ASSERT_TRUE(frame.isOk()) << frame.status().toString();
  EXPECT_EQ(frame->code, -1);
  EXPECT_EQ(frame->language, Language::kGo);
  EXPECT_EQ(frame->opaque, INT32_MIN);
  EXPECT_EQ(frame->flag, 3);
  EXPECT_EQ(frame->remark, remark);
}

TEST_F(BinaryHeaderTest, CodesBeyondSixteenBitsAreCutOffAsInJava) {
  const std::string header =
      headerText({.code = 200050, .serialize_type = SerializeType::kBinary, .remark = {}});
  EXPECT_EQ(decode(header)->code, 3442);
}

// Promise: a field name that this codec cannot carry costs the field, not the frame.
TEST_F(BinaryHeaderTest, NamesTooLongForTheCodecAreLeftOut) {
  const std::string name(32768, 'n');
  const std::string header = headerText({.serialize_type = SerializeType::kBinary, .remark = {}},
                                        {{name, "1"}, {name.substr(1), "2"}, {"b", "3"}});
  const DecodedFrame frame = decode(header);
  ASSERT_TRUE(frame.isOk()) << frame.status().toString();
  EXPECT_EQ(frame->ext_fields.size(), 2u);
  EXPECT_EQ(frame.field(name.substr(1)), "2");
  EXPECT_EQ(frame.field("b"), "3");
}

}  // namespace
}  // namespace rocketmq::remoting
