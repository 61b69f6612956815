#include "namesrv/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "common/settings_docs.h"
#include "tests/unit/common/temp_folder.h"

namespace rocketmq::namesrv {
namespace {

using test::readFile;
using test::TempFolder;
using test::writeFile;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class SettingsTest : public testing::Test {
 protected:
  Result<std::vector<std::string>> load(std::string_view text) {
    writeFile(folder_.file("namesrv.conf"), text);
    return loadNamesrvFile(settings_, folder_.file("namesrv.conf"));
  }

  TempFolder folder_;
  NamesrvSettings settings_;
};

TEST_F(SettingsTest, AJavaNameServersFileIsTakenInSilence) {
  const auto warnings = load(
      "rocketmqHome=/opt/rocketmq\nlistenPort = "
      "9976\nbindAddress=127.0.0.1\nproductEnvName=center\n"
      "clusterTest=false\nclientRequestThreadPoolNums=8\nserverWorkerThreads=8\n"
      "orderMessageEnable=true\n");
  ASSERT_TRUE(warnings.ok()) << warnings.status().message();
  EXPECT_THAT(*warnings, IsEmpty());
  EXPECT_EQ(settings_.listen_port, 9976);
  EXPECT_TRUE(settings_.order_message);
}

TEST_F(SettingsTest, AKeyNobodyKnowsIsNamedWithTheNearestOne) {
  const auto warnings = load("listenPrt=9976\n");
  ASSERT_TRUE(warnings.ok());
  EXPECT_THAT(*warnings, ElementsAre(AllOf(HasSubstr("namesrv.conf:1"), HasSubstr("listenPort"))));
}

TEST_F(SettingsTest, AskingForWhatIsNotSupportedIsAnsweredWithAWarning) {
  const auto warnings = load("supportActingMaster=true\n");
  ASSERT_TRUE(warnings.ok());
  EXPECT_THAT(*warnings, ElementsAre(HasSubstr("supportActingMaster has no effect")));
}

TEST_F(SettingsTest, ABadValueIsRefusedWithFileLineAndRange) {
  const auto refused = load("bindAddress=127.0.0.1\nlistenPort=70000\n");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(refused.status().message(),
              AllOf(HasSubstr("namesrv.conf:2"), HasSubstr("listenPort"), HasSubstr("0..65535")));
  EXPECT_EQ(settings_, NamesrvSettings{});
}

TEST_F(SettingsTest, AMissingFileIsNamed) {
  const auto missing = loadNamesrvFile(settings_, folder_.file("nowhere.conf"));
  ASSERT_FALSE(missing.ok());
  EXPECT_THAT(missing.status().message(), HasSubstr("nowhere.conf"));
}

TEST_F(SettingsTest, PathsThatAreNotSetAreBelowTheHomeFolder) {
  settings_.log_dir = "/elsewhere";
  const NamesrvSettings complete = settings_.withDefaultPaths();
  EXPECT_THAT(complete.kv_config_path, testing::EndsWith("/namesrv/kvConfig.json"));
  EXPECT_THAT(complete.config_store_path, testing::EndsWith("/namesrv/namesrv.properties"));
  EXPECT_EQ(complete.log_dir, "/elsewhere");
}

// conf/namesrv.conf is what this expects; after a change of the table copy it from the failure.
TEST_F(SettingsTest, TheSampleFileIsMadeOfTheTable) {
  EXPECT_EQ(readFile(ROCKETMQ_SOURCE_DIR "/conf/namesrv.conf"),
            sampleSettingsFile<NamesrvSettings>({{"listenPort", "9876"}}));
}

class LiveSettingsTest : public SettingsTest {
 protected:
  LiveSettingsTest() : settings_file_(folder_.file("namesrv.properties")) {
    NamesrvSettings initial;
    initial.config_store_path = settings_file_;
    live_ = std::make_unique<LiveSettings>(initial);
  }

  std::string settings_file_;
  std::unique_ptr<LiveSettings> live_;
};

TEST_F(LiveSettingsTest, AnUpdateTakesEffectAndIsKeptForTheNextStart) {
  writeFile(settings_file_, "# a comment\nlistenPort=9976\norderMessageEnable=false\n");
  const auto outcome = live_->update("orderMessageEnable=true\nnoSuchKey=1\n");
  ASSERT_TRUE(outcome.ok()) << outcome.status().message();
  EXPECT_THAT(outcome->applied, ElementsAre("orderMessageEnable"));
  EXPECT_THAT(outcome->ignored, ElementsAre("noSuchKey"));
  EXPECT_TRUE(live_->orderMessage());
  EXPECT_TRUE(live_->current()->order_message);
  EXPECT_EQ(readFile(settings_file_), "listenPort=9976\norderMessageEnable=true\n");
}

TEST_F(LiveSettingsTest, WhatNeedsARestartIsKeptForIt) {
  const auto outcome = live_->update("scanNotActiveBrokerInterval=7000\n");
  ASSERT_TRUE(outcome.ok());
  EXPECT_THAT(outcome->at_restart, ElementsAre("scanNotActiveBrokerInterval"));
  EXPECT_EQ(live_->current()->scan_interval_ms, 10'000);
  EXPECT_EQ(readFile(settings_file_), "scanNotActiveBrokerInterval=7000\n");
}

TEST_F(LiveSettingsTest, AFileThatTheNextStartWouldNotReadIsNotWritten) {
  const std::string long_value(700'000, 'a');
  ASSERT_TRUE(live_->update("bindAddress=" + long_value + "\n").ok());
  const std::string before = readFile(settings_file_);
  EXPECT_FALSE(live_->update("metricsBindAddress=" + long_value + "\n").ok());
  EXPECT_EQ(readFile(settings_file_), before);
}

TEST_F(LiveSettingsTest, ABlackListedKeyRefusesTheWholeUpdate) {
  for (const char* key :
       {"configBlackList", "configStorePath", "kvConfigPath", "logDir", "rocketmqHome"}) {
    const auto outcome = live_->update("orderMessageEnable=true\n" + std::string(key) + "=x\n");
    ASSERT_TRUE(outcome.ok());
    EXPECT_EQ(outcome->refused_key, key);
    EXPECT_FALSE(live_->orderMessage());
    EXPECT_EQ(readFile(settings_file_), "");
  }
}

TEST_F(LiveSettingsTest, TheBlackListCanBeMadeLonger) {
  NamesrvSettings initial;
  initial.config_store_path = settings_file_;
  initial.config_black_list = "orderMessageEnable;logLevel";
  LiveSettings live(initial);
  EXPECT_EQ(live.update("logLevel=warn\n")->refused_key, "logLevel");
  EXPECT_EQ(live.update("kvConfigPath=x\n")->refused_key, "kvConfigPath");
}

TEST_F(LiveSettingsTest, ABadValueChangesNothing) {
  const auto outcome = live_->update("orderMessageEnable=true\nbrokerLiveTimeout=soon\n");
  ASSERT_FALSE(outcome.ok());
  EXPECT_THAT(outcome.status().message(), HasSubstr("brokerLiveTimeout"));
  EXPECT_FALSE(live_->orderMessage());
  EXPECT_EQ(readFile(settings_file_), "");
}

}  // namespace
}  // namespace rocketmq::namesrv
