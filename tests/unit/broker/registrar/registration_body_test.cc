// In which form a broker's topics go to name servers, by how long they are.

#include "broker/registrar/registration_body.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "common/model/permission.h"
#include "remoting/protocol/bodies/register_broker.h"
#include "remoting/protocol/codes.h"

namespace rocketmq::broker {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr int32_t kReadWrite = 6;

model::TopicConfigTable topics(int count) {
  model::TopicConfigTable table;
  for (int i = 0; i < count; ++i) {
    const std::string name = "topic-" + std::to_string(i);
    table.topic_config_table[name] = {.topic_name = name,
                                      .read_queue_nums = 4,
                                      .write_queue_nums = 4,
                                      .perm = kReadWrite,
                                      .attributes = {{{"message.type", "FIFO"}}}};
  }
  return table;
}

model::TopicConfigTable decoded(const RegistrationBody& body) {
  const auto text =
      remoting::decodeRegisterBrokerBody(body.bytes, body.compressed, remoting::kAnnouncedVersion);
  EXPECT_TRUE(text.ok()) << text.status().message();
  return text.ok() ? text->topic_config_serialize_wrapper : model::TopicConfigTable{};
}

TEST(RegistrationBodyTest, AShortOneIsPlainUnlessTheSettingsSayOtherwise) {
  const auto plain = RegistrationBody::encode(topics(10), kReadWrite, false, {});
  ASSERT_TRUE(plain.ok());
  EXPECT_FALSE(plain->compressed);
  EXPECT_EQ(decoded(*plain), topics(10));
  const auto compressed = RegistrationBody::encode(topics(10), kReadWrite, true, {});
  ASSERT_TRUE(compressed.ok());
  EXPECT_TRUE(compressed->compressed);
  EXPECT_EQ(decoded(*compressed).topic_config_table.size(), 10u);
}

// RocketMQ 4.9 reads lines of five words; one with attributes has six.
TEST(RegistrationBodyTest, ALongOneIsCompressedAndHasNoAttributes) {
  const auto body = RegistrationBody::encode(topics(1000), model::kPermissionRead, false,
                                             {.plain_bytes_max = 50'000, .bytes_max = 20'000});
  ASSERT_TRUE(body.ok()) << body.status().message();
  EXPECT_TRUE(body->compressed);
  EXPECT_LT(body->bytes.size(), 20'000u);
  const auto table = decoded(*body).topic_config_table;
  ASSERT_EQ(table.size(), 1000u);
  EXPECT_EQ(table.at("topic-7").perm, model::kPermissionRead);
  EXPECT_FALSE(table.at("topic-7").attributes);
}

TEST(RegistrationBodyTest, OneThatIsTooLongEvenSoSaysHowLongAndWhatToDo) {
  const auto body = RegistrationBody::encode(topics(1000), kReadWrite, false,
                                             {.plain_bytes_max = 1'000, .bytes_max = 1'000});
  ASSERT_EQ(body.status().code(), StatusCode::kUnsupported);
  EXPECT_THAT(body.status().message(),
              AllOf(HasSubstr("1000 topics"), HasSubstr("name servers take 1000"),
                    HasSubstr("mqadmin deleteTopic")));
}

// Many topics with names that are alike are short when they are compressed.
TEST(RegistrationBodyTest, OneThatUnpacksToMoreThanNameServersTakeIsTooLong) {
  const RegistrationBody::Limits limits{.plain_bytes_max = 1'000, .unpacked_bytes_max = 20'000};
  for (const bool compress : {false, true}) {
    const auto body = RegistrationBody::encode(topics(1000), kReadWrite, compress, limits);
    ASSERT_EQ(body.status().code(), StatusCode::kUnsupported);
    EXPECT_THAT(body.status().message(),
                AllOf(HasSubstr("1000 topics"), HasSubstr("unpacked"),
                      HasSubstr("name servers take 20000"), HasSubstr("mqadmin deleteTopic")));
  }
  EXPECT_EQ(RegistrationBody::Limits().unpacked_bytes_max, remoting::kRegisterBodyBytesMax);
}

// What clients can make with default settings: 20,000 topics with the longest names, and 20,000
// groups with two topics each.
TEST(RegistrationBodyTest, AllThatClientsMayMakeByDefaultFitsIntoAFrame) {
  model::TopicConfigTable table;
  const auto add = [&](const std::string& name) {
    table.topic_config_table[name] = {
        .topic_name = name, .read_queue_nums = 8, .write_queue_nums = 8, .perm = kReadWrite};
  };
  for (int i = 10'000; i < 30'000; ++i) {
    const std::string number = std::to_string(i);
    add(number + std::string(122, 'T'));
    add("%RETRY%" + number + std::string(250, 'G'));
    add("%DLQ%" + number + std::string(250, 'G'));
  }
  const auto body = RegistrationBody::encode(table, kReadWrite, false, {});
  ASSERT_TRUE(body.ok()) << body.status().message();
  EXPECT_TRUE(body->compressed);
  EXPECT_EQ(decoded(*body).topic_config_table.size(), 60'000u) << "our name servers take it";
}

}  // namespace
}  // namespace rocketmq::broker
