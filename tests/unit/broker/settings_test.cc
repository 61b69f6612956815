#include "broker/settings.h"

#include <gtest/gtest.h>

#include <string>

#include "common/rocketmq_known_keys.h"
#include "common/settings.h"

namespace rocketmq::broker {
namespace {

Result<std::vector<std::string>> load(BrokerSettings& settings, const std::string& text) {
  const auto file = parsePropertiesFile("broker.conf", text);
  EXPECT_TRUE(file.ok());
  return loadSettings(settings, *file, rocketmqKnownKeys());
}

TEST(BrokerSettingsTest, RocketMqsOwnSampleFileLoadsWithoutAWord) {
  BrokerSettings settings;
  const auto warnings = load(settings,
                             "brokerClusterName = DefaultCluster\n"
                             "brokerName = broker-a\n"
                             "brokerId = 0\n"
                             "deleteWhen = 04\n"
                             "fileReservedTime = 48\n"
                             "brokerRole = ASYNC_MASTER\n"
                             "flushDiskType = ASYNC_FLUSH\n"
                             "sendMessageThreadPoolNums=16\n"
                             "transientStorePoolEnable=false\n");
  ASSERT_TRUE(warnings.ok()) << warnings.status().message();
  EXPECT_TRUE(warnings->empty()) << warnings->front();
  EXPECT_EQ(settings.broker_name, "broker-a");
  EXPECT_EQ(settings.file_reserved_hours, 48);
}

TEST(BrokerSettingsTest, DefaultsAreRocketMqs) {
  const PropertiesByKey printed = printSettings(BrokerSettings{});
  for (const auto& [key, value] : PropertiesByKey{
           {"brokerClusterName", "DefaultCluster"},
           {"listenPort", "10911"},
           {"brokerPermission", "6"},
           {"defaultTopicQueueNums", "8"},
           {"autoCreateTopicEnable", "true"},
           {"maxMessageSize", "4194304"},
           {"fileReservedTime", "72"},
           {"deleteWhen", "04"},
           {"diskMaxUsedSpaceRatio", "75"},
           {"diskSpaceWarningLevelRatio", "90"},
           {"diskSpaceCleanForciblyRatio", "85"},
           {"cleanFileForciblyEnable", "true"},
           {"cleanResourceInterval", "10000"},
           {"mappedFileSizeCommitLog", "1073741824"},
           {"mappedFileSizeConsumeQueue", "6000000"},
           {"maxHashSlotNum", "5000000"},
           {"maxIndexNum", "20000000"},
           {"flushDiskType", "ASYNC_FLUSH"},
           {"syncFlushTimeout", "5000"},
           {"messageDelayLevel", "1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h"},
           {"longPollingEnable", "true"},
           {"shortPollingTimeMills", "1000"},
           {"regionId", "DefaultRegion"},
           {"registerNameServerPeriod", "30000"},
           {"flushConsumerOffsetInterval", "5000"},
           {"serverChannelMaxIdleTimeSeconds", "120"},
           {"configBlackList", "configBlackList;brokerConfigPath"}}) {
    ASSERT_TRUE(printed.contains(key)) << key;
    EXPECT_EQ(printed.at(key), value) << key;
  }
}

TEST(BrokerSettingsTest, ABadValueIsNamedWithItsLine) {
  for (const char* line : {"deleteWhen=24", "deleteWhen=04;;16", "deleteWhen=;", "deleteWhen=-1",
                           "listenPort=70000", "messageDelayLevel=1s 2x", "brokerRole=MASTER",
                           "logLevel=loud", "flushDiskType=NEVER", "fileReservedTime=-1"}) {
    BrokerSettings settings;
    const auto warnings = load(settings, std::string("\n") + line + "\n");
    ASSERT_FALSE(warnings.ok()) << line;
    EXPECT_NE(warnings.status().message().find("broker.conf:2"), std::string::npos)
        << warnings.status().message();
    EXPECT_EQ(settings, BrokerSettings{});
  }
  for (const char* hours : {"04;16;23", "4", "0;9;23", "04;", "04;16;;"}) {
    BrokerSettings settings;
    EXPECT_TRUE(load(settings, std::string("deleteWhen=") + hours + "\n").ok()) << hours;
  }
}

TEST(BrokerSettingsTest, WhatIsLeftOpenIsFilledIn) {
  BrokerSettings settings;
  ASSERT_TRUE(completeSettings(settings).isOk());
  EXPECT_FALSE(settings.broker_name.empty());
  EXPECT_FALSE(settings.advertised_ip.empty());
  EXPECT_EQ(settings.advertised_ha_ip, settings.advertised_ip);
  EXPECT_TRUE(settings.store_root.ends_with("/store"));
  EXPECT_EQ(settings.config_path, settings.store_root + "/config/broker.properties");
  BrokerSettings again = settings;
  ASSERT_TRUE(completeSettings(again).isOk());
  EXPECT_EQ(again, settings);
}

// Ways of RocketMQ to keep messages where this broker would not find them.
TEST(BrokerSettingsTest, AStoreOfAnotherKindIsRefused) {
  for (const char* line :
       {"storePathCommitLog=/data1/log,/data2/log", "readOnlyCommitLogStorePaths=/data3/log",
        "storeType=defaultRocksDB", "enableDLegerCommitLog=true"}) {
    BrokerSettings settings;
    ASSERT_TRUE(load(settings, std::string(line) + "\n").ok()) << line;
    const std::string key = std::string(line).substr(0, std::string(line).find('='));
    EXPECT_NE(std::string::npos, completeSettings(settings).message().find(key)) << line;
  }
  BrokerSettings settings;
  ASSERT_TRUE(load(settings, "storeType=default\nenableDLegerCommitLog=false\n").ok());
  EXPECT_TRUE(completeSettings(settings).isOk());
}

TEST(BrokerSettingsTest, NameServersAreHostsWithPorts) {
  for (const char* good : {"127.0.0.1:9876", "a:1;b:2", "rmq-namesrv:9876;", "[::1]:9876"}) {
    BrokerSettings settings;
    settings.namesrv_addr = good;
    EXPECT_TRUE(completeSettings(settings).isOk()) << good;
  }
  for (const char* bad : {"127.0.0.1", "a:1,b:2", ":9876", "a:", "a:1;b"}) {
    BrokerSettings settings;
    settings.namesrv_addr = bad;
    EXPECT_FALSE(completeSettings(settings).isOk()) << bad;
  }
}

TEST(BrokerSettingsTest, HowFilesAreDeletedReachesTheStore) {
  BrokerSettings settings;
  const store::LiveStoreOptions usual = liveStoreOptionsOf(settings);
  EXPECT_EQ(10, usual.delete_files_max);
  EXPECT_EQ(100, usual.delete_log_files_pause_ms);
  EXPECT_EQ(100, usual.delete_queue_files_pause_ms);
  EXPECT_EQ(120'000, usual.delete_again_interval_ms);
  ASSERT_TRUE(load(settings,
                   "deleteFileBatchMax=1\ndeleteCommitLogFilesInterval=2\n"
                   "deleteConsumeQueueFilesInterval=3\nredeleteHangedFileInterval=4\n")
                  .ok());
  const store::LiveStoreOptions options = liveStoreOptionsOf(settings);
  EXPECT_EQ(1, options.delete_files_max);
  EXPECT_EQ(2, options.delete_log_files_pause_ms);
  EXPECT_EQ(3, options.delete_queue_files_pause_ms);
  EXPECT_EQ(4, options.delete_again_interval_ms);
}

TEST(BrokerSettingsTest, RatiosOutsideRocketMqsBoundsAreTakenAsTheBound) {
  BrokerSettings settings;
  settings.disk_used_percent_max = 99;
  settings.disk_warning_percent = 99;
  settings.disk_clean_forcibly_percent = 1;
  const store::LiveStoreOptions options = liveStoreOptionsOf(settings);
  EXPECT_EQ(options.disk_used_percent_max, 95);
  EXPECT_DOUBLE_EQ(options.disk_warning_ratio, 0.90);
  EXPECT_DOUBLE_EQ(options.disk_clean_forcibly_ratio, 0.30);
}

TEST(BrokerSettingsTest, ASyncMasterWaitsForAsManySlavesAsTheSettingsSay) {
  BrokerSettings settings;
  EXPECT_EQ(1, settings.slavesToWaitFor(0)) << "one in any case, as in 4.9";
  EXPECT_EQ(1, settings.slavesToWaitFor(5));
  settings.in_sync_replicas = 3;
  EXPECT_EQ(2, settings.slavesToWaitFor(0));
  settings.all_ack_in_sync = true;
  EXPECT_EQ(2, settings.slavesToWaitFor(1));
  EXPECT_EQ(4, settings.slavesToWaitFor(4));
  settings.all_ack_in_sync = false;
  settings.auto_in_sync_replicas = true;
  EXPECT_EQ(0, settings.slavesToWaitFor(0));
  EXPECT_EQ(1, settings.slavesToWaitFor(1));
  EXPECT_EQ(2, settings.slavesToWaitFor(5)) << "no more than inSyncReplicas";
  settings.min_in_sync_replicas = 2;
  EXPECT_EQ(1, settings.slavesToWaitFor(0)) << "no fewer than minInSyncReplicas";
}

TEST(BrokerSettingsTest, TheAdvertisedAddressOfAnIpv6HostHasBrackets) {
  BrokerSettings settings;
  settings.advertised_ip = "2001:db8::1";
  EXPECT_EQ(settings.advertisedAddress(), "[2001:db8::1]:10911");
  settings.advertised_ip = "broker.example";
  EXPECT_EQ(settings.advertisedAddress(), "broker.example:10911");
}

}  // namespace
}  // namespace rocketmq::broker
