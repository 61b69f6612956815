#include "remoting/acl/signature.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "remoting/acl/request_signer.h"
#include "remoting/protocol/frame.h"

namespace rocketmq::remoting {
namespace {

using testing::ElementsAre;

std::string sign(const std::string& key, std::vector<std::string_view> pieces) {
  const Signature signature = SigningKey(key).sign(pieces);
  return {signature.data(), signature.size()};
}

/// A request as it comes off the wire.
class Request {
 public:
  explicit Request(ExtFields fields, std::string body = {}) : body_(std::move(body)) {
    view_.ext_fields = std::move(fields);
    view_.body = body_;
  }

  bool isSignedWith(const std::string& key) const { return isSignedBy(view_, SigningKey(key)); }

 private:
  std::string body_;
  CommandView view_;
};

ExtFields fields(std::initializer_list<std::pair<std::string_view, std::string_view>> entries) {
  ExtFields made;
  for (const auto& [name, value] : entries) {
    made.add(name, value);
  }
  return made;
}

TEST(SignatureTest, IsWhatJavaClientsSend) {
  // Captured from a Java client; its secret key is 12345678.
  EXPECT_EQ(sign("12345678", {"rocketmq2"}), "Ou1T58RIcyZWaTIwzkhJZWn/Zvs=");
  EXPECT_EQ(sign("12345678", {"rocketmq2", "TBW102"}), "/u5P/wZUbhjanu4LM/UzEdo2u2I=");
  EXPECT_EQ(sign("12345678", {"rocketmq2", "192.0.2.2@1795232240012", "CLIENT_INNER_PRODUCER"}),
            "ZuKTQIWTW0wA7LFizRv+DqY7WcY=");
  EXPECT_EQ(sign("12345678",
                 {"rocketmq2", R"({"clientID":"192.0.2.2@1795232240012","consumerDataSet":[],)"
                               R"("producerDataSet":[{"groupName":"CLIENT_INNER_PRODUCER"}]})"}),
            "YyjwC2PV3DZaSKRkDXBDL9uTQ94=");
}

TEST(SignatureTest, IsTheHmacOfRfc2202) {
  // RFC 2202, test cases 2 and 6 (a key longer than a block), in Base64.
  EXPECT_EQ(sign("Jefe", {"what do ya want ", "for nothing?"}), "7/zfauXrL6LSdBbV8YTfnCWafHk=");
  EXPECT_EQ(
      sign(std::string(80, '\xAA'), {"Test Using Larger Than Block-Size Key - Hash Key First"}),
      "qkrl4VJy0A6VcFY3zoo7Ve1AIRI=");
}

TEST(SignatureTest, FieldsAreSortedByNameAndTheLastOfOneNameCounts) {
  EXPECT_THAT(signedValues({{"topic", "T"}, {"a", "1"}, {"AccessKey", "K"}, {"a", "2"}}),
              ElementsAre("K", "2", "T"));
}

TEST(SignatureTest, ARequestIsCheckedAgainstItsFieldsAndItsBody) {
  const std::string signature = sign("12345678", {"rocketmq2", "TBW102", "body"});
  const auto request = [&](std::string_view topic, const std::string& body, std::string_view sent) {
    return Request(fields({{"topic", topic}, {"Signature", sent}, {"AccessKey", "rocketmq2"}}),
                   body);
  };
  EXPECT_TRUE(request("TBW102", "body", signature).isSignedWith("12345678"));
  EXPECT_FALSE(request("TBW102", "body", signature).isSignedWith("12345679"));
  EXPECT_FALSE(request("TBW103", "body", signature).isSignedWith("12345678"));
  EXPECT_FALSE(request("TBW102", "bodY", signature).isSignedWith("12345678"));
  EXPECT_FALSE(request("TBW102", "body", "").isSignedWith("12345678"));
  EXPECT_FALSE(request("TBW102", "body", signature.substr(1)).isSignedWith("12345678"));
  EXPECT_FALSE(Request(fields({{"AccessKey", "rocketmq2"}})).isSignedWith("12345678"));
}

TEST(SignatureTest, EachReleaseOfTheClientIsUnderstood) {
  // AccessKey < _UNIQUE_KEY_QUERY < __ZONE_NAME < key in the order of bytes.
  const auto query = [](const std::string& signature) {
    return Request(fields({{"key", "k"},
                           {"AccessKey", "A"},
                           {"_UNIQUE_KEY_QUERY", "true"},
                           {"__ZONE_NAME", "z"},
                           {"Signature", signature}}));
  };
  EXPECT_TRUE(query(sign("secret", {"A", "true", "k"})).isSignedWith("secret"));
  EXPECT_TRUE(query(sign("secret", {"A", "k"})).isSignedWith("secret"));
  EXPECT_FALSE(query(sign("secret", {"A", "true", "z", "k"})).isSignedWith("secret"));
  EXPECT_FALSE(query(sign("secret", {"A", "z", "k"})).isSignedWith("secret"));
  EXPECT_FALSE(query(sign("secret", {"k"})).isSignedWith("secret"));
}

// Each reading of which fields are signed costs a hash of the body, and a body may have 16 MiB.
TEST(SignatureTest, ThereIsOneReadingOfARequestWithABody) {
  const auto request = [](const std::string& signature, const std::string& body) {
    return Request(fields({{"AccessKey", "A"},
                           {"_UNIQUE_KEY_QUERY", "true"},
                           {"__ZONE_NAME", "z"},
                           {"Signature", signature}}),
                   body);
  };
  EXPECT_TRUE(request(sign("secret", {"A", "true", "body"}), "body").isSignedWith("secret"));
  EXPECT_FALSE(request(sign("secret", {"A", "body"}), "body").isSignedWith("secret"));
  EXPECT_FALSE(request(sign("secret", {"A", "true", "z", "body"}), "body").isSignedWith("secret"));
}

TEST(RequestSignerTest, WhatItSignsPassesTheCheckInBothCodecs) {
  const auto signer = RequestSigner::of(
      {.access_key = "rocketmq2", .secret_key = "12345678", .security_token = "token"});
  ASSERT_NE(signer, nullptr);
  Payload body(std::string("bo"));
  body.add("dy", nullptr);
  for (const SerializeType codec : {SerializeType::kJson, SerializeType::kBinary}) {
    std::string frame;
    HeaderWriter writer(frame, {.code = 10, .serialize_type = codec, .remark = {}});
    HeaderWriter::KeptFields kept;
    writer.keepFields(kept);
    writer.add("topic", "grün \"x\"");
    writer.add("queueId", "3");
    signer->sign(writer, kept, body);
    writer.finish(body.size());
    frame += "body";

    CommandView view;
    ASSERT_TRUE(decodeFrame(frame.data(), frame.size(), view).isOk());
    EXPECT_EQ(*view.ext_fields.find("AccessKey"), "rocketmq2");
    EXPECT_EQ(*view.ext_fields.find("SecurityToken"), "token");
    EXPECT_TRUE(isSignedBy(view, SigningKey("12345678")));
    EXPECT_FALSE(isSignedBy(view, SigningKey("87654321")));
    EXPECT_EQ(frame.find("12345678"), std::string::npos);
  }
}

TEST(RequestSignerTest, HalfOfThePairIsAMistake) {
  EXPECT_EQ(RequestSigner::of({}), nullptr);
  EXPECT_TRUE(SessionCredentials().check().isOk());
  EXPECT_FALSE((SessionCredentials{.access_key = "a", .secret_key = {}, .security_token = {}})
                   .check()
                   .isOk());
  EXPECT_FALSE((SessionCredentials{.access_key = {}, .secret_key = "s", .security_token = {}})
                   .check()
                   .isOk());
}

}  // namespace
}  // namespace rocketmq::remoting
