#include "rocketmq/message_properties.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

namespace rocketmq {
namespace {

using Model = std::map<std::string, std::string>;
using Entries = std::vector<MessageProperties::Entry>;

TEST(MessagePropertiesTest, TheyAreWhatAMapWouldBe) {
  MessageProperties properties;
  Model model;
  std::minstd_rand random(1);
  for (int i = 0; i < 10'000; ++i) {
    const std::string name = "name" + std::to_string(random() % 20);
    ASSERT_EQ(properties.contains(name), model.contains(name));
    if (random() % 2 == 0) {
      properties.put(name, std::to_string(i));
      model[name] = std::to_string(i);
    } else if (properties.contains(name)) {
      properties.erase(properties.find(name));
      model.erase(name);
    }
    ASSERT_EQ(properties.size(), model.size());
    ASSERT_EQ(Model(properties.begin(), properties.end()), model) << "after step " << i;
  }
}

TEST(MessagePropertiesTest, TheyKeepTheOrderInWhichTheyCame) {
  MessageProperties properties;
  properties.put("b", "1");
  properties.put("a", "2");
  properties.put("c", "3");
  properties.erase(properties.find("a"));
  properties.put("b", "4");
  EXPECT_EQ(Entries(properties.begin(), properties.end()), (Entries{{"b", "4"}, {"c", "3"}}));
}

}  // namespace
}  // namespace rocketmq
