#include "broker/send/stored_properties.h"

#include <gtest/gtest.h>

#include "common/message/properties.h"

namespace rocketmq::broker {
namespace {

std::string text(const PropertyMap& map) { return formatProperties(map); }

TEST(StoredPropertiesTest, ScanFindsWhatTheBrokerActsOn) {
  const std::string properties = text({{"DELAY", "3"},
                                       {"UNIQ_KEY", "0A"},
                                       {"WAIT", "false"},
                                       {"TRAN_MSG", "true"},
                                       {"REPLY_TO_CLIENT", "c1"},
                                       {"mine", "x"}});
  const SendProperties scanned = scanSendProperties(properties);
  EXPECT_EQ(scanned.delay_level, 3);
  EXPECT_EQ(scanned.unique_key, "0A");
  EXPECT_FALSE(scanned.waits_for_store);
  EXPECT_TRUE(scanned.is_prepared);
  EXPECT_EQ(scanned.reply_to_client, "c1");
  EXPECT_FALSE(scanned.has_pop_handle);
}

TEST(StoredPropertiesTest, AbsentOrMalformedEntriesMeanTheDefaults) {
  const std::string properties = text({{"DELAY", "soon"}}) + "WAIT\x02" + "TRAN_MSG\x01";
  const SendProperties scanned = scanSendProperties(properties);
  EXPECT_EQ(scanned.delay_level, 0);
  EXPECT_TRUE(scanned.waits_for_store);
  EXPECT_FALSE(scanned.is_prepared);
}

TEST(StoredPropertiesTest, TheClientsOwnEntriesAreKeptAsTheyCame) {
  std::string out;
  const std::string properties =
      "b\x01"
      "2\x02"
      "a\x01"
      "1";
  appendClientProperties(properties, scanSendProperties(properties), out);
  EXPECT_EQ(out, properties + "\x02");
  out.clear();
  appendClientProperties("", {}, out);
  EXPECT_EQ(out, "");
}

TEST(StoredPropertiesTest, AClientCannotSmuggleInAPopHandle) {
  std::string out;
  const std::string properties = text({{"POP_CK", "x"}, {"a", "1"}});
  appendClientProperties(properties, scanSendProperties(properties), out);
  EXPECT_EQ(parseProperties(out), (PropertyMap{{"a", "1"}}));
}

TEST(StoredPropertiesTest, TheBrokersEntriesWinOverTheClients) {
  std::string out;
  const std::string properties = text({{"CLUSTER", "faked"}, {"a", "1"}});
  appendClientProperties(properties, scanSendProperties(properties), out);
  appendStamp({.region = "R", .cluster = "C", .trace_on = false}, out);
  appendRealTarget({.topic = "T", .queue_id = 7}, out);
  EXPECT_EQ(parseProperties(out), (PropertyMap{{"CLUSTER", "C"},
                                               {"MSG_REGION", "R"},
                                               {"REAL_QID", "7"},
                                               {"REAL_TOPIC", "T"},
                                               {"TRACE_ON", "false"},
                                               {"a", "1"}}));
}

}  // namespace
}  // namespace rocketmq::broker
