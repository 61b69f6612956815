#include "common/settings.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "common/nearest_name.h"
#include "common/rocketmq_known_keys.h"
#include "common/settings_docs.h"

namespace rocketmq {
namespace {

enum class Flush : uint8_t { kAsync, kSync };

struct TestSettings {
  int32_t listen_port = 10911;
  bool auto_create = true;
  int64_t file_bytes = 1 << 30;
  double ratio = 0.75;
  std::string broker_ip;
  std::string role = "ASYNC_MASTER";
  Flush flush = Flush::kAsync;
  uint16_t small = 7;
  struct {
    int32_t keep_hours = 72;
  } store;

  static const SettingsTable<TestSettings>& settings();
};

const SettingsTable<TestSettings>& TestSettings::settings() {
  using S = TestSettings;
  static const SettingsTable<S> table = {
      setting("listenPort", &S::listen_port, range(1, 65535), Change::kRestart,
              "Port of the broker.")
          .important(),
      setting("autoCreateTopicEnable", &S::auto_create, Change::kLive, "Create topics."),
      setting("mappedFileSizeCommitLog", &S::file_bytes, atLeast(1024), Change::kRestart,
              "Bytes of a file."),
      setting("diskRatio", &S::ratio, range(0.1, 1.0), Change::kLive, "Share of a|b.").own(),
      setting("brokerIP1", &S::broker_ip, Change::kRestart, "Address.")
          .documentedDefault("first local address")
          .important(),
      setting("brokerRole", &S::role, oneWordOf({"ASYNC_MASTER", "SLAVE"}), Change::kRestart,
              "Role."),
      setting("flushDiskType", &S::flush,
              oneOf<Flush>({{"ASYNC_FLUSH", Flush::kAsync}, {"SYNC_FLUSH", Flush::kSync}}),
              Change::kRestart, "When to answer."),
      setting("small", &S::small, atLeast(1), Change::kLive, "A number of 16 bits."),
      setting<S>(
          "fileReservedTime", [](S& s) -> int32_t& { return s.store.keep_hours; }, range(1, 1000),
          Change::kLive, "Hours."),
  };
  return table;
}

PropertiesFile conf(std::string_view text) {
  auto file = parsePropertiesFile("broker.conf", text);
  EXPECT_TRUE(file.ok()) << file.status().message();
  return file.ok() ? *std::move(file) : PropertiesFile{};
}

Result<std::vector<std::string>> load(TestSettings& settings, std::string_view text) {
  return loadSettings(settings, conf(text), rocketmqKnownKeys());
}

std::string loadError(std::string_view text) {
  TestSettings settings;
  const auto warnings = load(settings, text);
  EXPECT_EQ(warnings.status().code(), StatusCode::kInvalidArgument) << text;
  return warnings.status().message();
}

TEST(LoadSettingsTest, SetsEveryTypeAndTrimsBlanks) {
  TestSettings settings;
  const auto warnings = load(settings,
                             "listenPort = 10921 \n autoCreateTopicEnable=FALSE\n"
                             "mappedFileSizeCommitLog=+2147483648\ndiskRatio=0.5\t\n"
                             "brokerIP1= 10.0.0.1  \nflushDiskType=SYNC_FLUSH \nsmall=65535\n"
                             "brokerRole=SLAVE\nfileReservedTime=48\n");
  ASSERT_TRUE(warnings.ok()) << warnings.status().message();
  EXPECT_TRUE(warnings->empty());
  EXPECT_EQ(settings.listen_port, 10921);
  EXPECT_FALSE(settings.auto_create);
  EXPECT_EQ(settings.file_bytes, int64_t{1} << 31);
  EXPECT_EQ(settings.ratio, 0.5);
  EXPECT_EQ(settings.broker_ip, "10.0.0.1");
  EXPECT_EQ(settings.role, "SLAVE");
  EXPECT_EQ(settings.flush, Flush::kSync);
  EXPECT_EQ(settings.small, 65535);
  EXPECT_EQ(settings.store.keep_hours, 48);
}

TEST(LoadSettingsTest, RefusesABadValueWithFileLineAndRange) {
  EXPECT_EQ(loadError("# comment\nlistenPort = 70000\n"),
            "broker.conf:2: listenPort = 70000: allowed 1..65535");
  EXPECT_EQ(loadError("autoCreateTopicEnable=yes"),
            "broker.conf:1: autoCreateTopicEnable = yes: allowed true or false");
  EXPECT_EQ(loadError("mappedFileSizeCommitLog=1"),
            "broker.conf:1: mappedFileSizeCommitLog = 1: allowed at least 1024");
  EXPECT_EQ(loadError("diskRatio=1.5"), "broker.conf:1: diskRatio = 1.5: allowed 0.1..1");
  EXPECT_EQ(loadError("brokerRole=MASTER"),
            "broker.conf:1: brokerRole = MASTER: allowed ASYNC_MASTER, SLAVE");
  EXPECT_EQ(loadError("flushDiskType=sync"),
            "broker.conf:1: flushDiskType = sync: allowed ASYNC_FLUSH, SYNC_FLUSH");
  EXPECT_EQ(loadError("small=0"), "broker.conf:1: small = 0: allowed 1..65535");
}

TEST(LoadSettingsTest, RefusesWhatIsNotANumber) {
  for (const char* value : {"", "x", "1x", "1 2", "0x10", "+", "-", "+-1", "1.0", "1e3", "0", "-1",
                            "99999999999999999999", "1024 * 1024"}) {
    EXPECT_NE(loadError(std::string("listenPort=") + value), "") << value;
  }
  for (const char* value : {"", "x", "nan", "inf", "-inf", "0", "0.09", "1e300", "0.5f"}) {
    EXPECT_NE(loadError(std::string("diskRatio=") + value), "") << value;
  }
}

TEST(LoadSettingsTest, ListsEveryBadValueAndChangesNothing) {
  TestSettings settings;
  const auto warnings = load(settings, "fileReservedTime=1\nsmall=x\nlistenPort=0\n");
  EXPECT_EQ(warnings.status().message(),
            "broker.conf:2: small = x: allowed 1..65535\n"
            "broker.conf:3: listenPort = 0: allowed 1..65535");
  EXPECT_EQ(settings.store.keep_hours, 72);
}

TEST(LoadSettingsTest, ShortensAValueThatIsNotFitToPrint) {
  const std::string error = loadError("listenPort=\\n" + std::string(5000, 'x'));
  EXPECT_LT(error.size(), 300u);
  EXPECT_EQ(error.find('\n'), std::string::npos);
}

TEST(LoadSettingsTest, LetsTheLastOfTwoLinesWin) {
  TestSettings settings;
  ASSERT_TRUE(load(settings, "listenPort=nonsense\nlistenPort=2\n").ok());
  EXPECT_EQ(settings.listen_port, 2);
  EXPECT_NE(loadError("listenPort=2\nlistenPort=nonsense\n").find(":2:"), std::string::npos);
}

TEST(LoadSettingsTest, AcceptsRocketMqsOtherKeysInSilence) {
  TestSettings settings;
  const auto warnings =
      load(settings, "warmMapedFileEnable=true\naclEnable=false\nuseEpollNativeSelector=true\n");
  ASSERT_TRUE(warnings.ok());
  EXPECT_TRUE(warnings->empty());
}

TEST(LoadSettingsTest, WarnsOnceAboutAnUnknownKeyAndSuggestsTheNearest) {
  TestSettings settings;
  const auto warnings = load(settings, "listenport=1\n\nbrokerIp1=x\nbrokerIp1=y\nzzzzzzzz=1\n");
  ASSERT_TRUE(warnings.ok());
  EXPECT_EQ(*warnings,
            (std::vector<std::string>{
                "broker.conf:1: listenport: there is no such setting; did you mean listenPort?",
                "broker.conf:4: brokerIp1: there is no such setting; did you mean brokerIP1?",
                "broker.conf:5: zzzzzzzz: there is no such setting"}));
}

TEST(NearestNameTest, CountsLettersAddedRemovedAndChanged) {
  const std::array<std::string_view, 3> names = {"listenPort", "haListenPort", "brokerName"};
  EXPECT_EQ(nearestName("listnPort", names), "listenPort");
  EXPECT_EQ(nearestName("haListenPrt", names), "haListenPort");
  EXPECT_EQ(nearestName("BROKERNAME", names), "brokerName");
  EXPECT_EQ(nearestName("brokreName", names), "brokerName");
  EXPECT_EQ(nearestName("something else", names), std::nullopt);
  EXPECT_EQ(nearestName("", names), std::nullopt);
  EXPECT_EQ(nearestName(std::string(100'000, 'x'), names), std::nullopt);
}

TEST(KnownKeysTest, HasTheKeysOfBothReleases) {
  const auto keys = rocketmqKnownKeys();
  EXPECT_TRUE(std::ranges::is_sorted(keys));
  EXPECT_EQ(std::ranges::adjacent_find(keys), keys.end());
  for (const std::string_view key :
       {"brokerClusterName", "warmMapedFileEnable", "timerWheelEnable", "serverWorkerThreads",
        "clientWorkerThreads", "kvConfigPath", "isEnableBatchPush", "mapedFileSizeCommitLog"}) {
    EXPECT_TRUE(std::ranges::binary_search(keys, key)) << key;
  }
}

TEST(PrintSettingsTest, PrintsValuesThatLoadBack) {
  TestSettings settings;
  settings.listen_port = 1;
  settings.flush = Flush::kSync;
  settings.ratio = 0.3;
  settings.broker_ip = "x";
  const std::string text = formatPropertiesFile(printSettings(settings));
  EXPECT_EQ(text,
            "autoCreateTopicEnable=true\nbrokerIP1=x\nbrokerRole=ASYNC_MASTER\ndiskRatio=0.3\n"
            "fileReservedTime=72\nflushDiskType=SYNC_FLUSH\nlistenPort=1\n"
            "mappedFileSizeCommitLog=1073741824\nsmall=7\n");
  TestSettings back;
  ASSERT_TRUE(load(back, text).ok());
  EXPECT_EQ(printSettings(back), printSettings(settings));
}

TEST(PrintSettingsTest, PrintsTheImportantOnesAlone) {
  EXPECT_EQ(showImportantSettings(TestSettings{}),
            (PropertiesByKey{{"brokerIP1", ""}, {"listenPort", "10911"}}));
}

constexpr std::array<std::string_view, 2> kBlackList = {"brokerIP1", "rocketmqHome"};

TEST(UpdateLiveTest, AppliesLiveSettingsAndReportsTheRest) {
  TestSettings settings;
  const auto update = updateLive(settings,
                                 conf("fileReservedTime=24\nlistenPort=2\nnoSuchKey=1\nsmall= 8\n"
                                      "flushDiskType=ASYNC_FLUSH\n"),
                                 kBlackList);
  ASSERT_TRUE(update.ok()) << update.status().message();
  EXPECT_EQ(update->refused_key, std::nullopt);
  EXPECT_EQ(update->applied, (std::vector<std::string>{"fileReservedTime", "small"}));
  EXPECT_EQ(update->at_restart, (std::vector<std::string>{"listenPort"}))
      << "flushDiskType is what it was";
  EXPECT_EQ(update->ignored, (std::vector<std::string>{"noSuchKey"}));
  EXPECT_EQ(update->for_file, (PropertiesByKey{{"fileReservedTime", "24"},
                                               {"flushDiskType", "ASYNC_FLUSH"},
                                               {"listenPort", "2"},
                                               {"small", "8"}}));
  EXPECT_EQ(settings.store.keep_hours, 24);
  EXPECT_EQ(settings.small, 8);
  EXPECT_EQ(settings.listen_port, 10911) << "changes at the next start only";
}

TEST(UpdateLiveTest, RefusesTheWholeUpdateForABlackListedKey) {
  for (const std::string key : {"brokerIP1", "rocketmqHome"}) {
    TestSettings settings;
    const auto update =
        updateLive(settings, conf("fileReservedTime=24\n" + key + "=x\nsmall=bad"), kBlackList);
    ASSERT_TRUE(update.ok());
    EXPECT_EQ(update->refused_key, key);
    EXPECT_TRUE(update->applied.empty());
    EXPECT_TRUE(update->for_file.empty());
    EXPECT_EQ(settings.store.keep_hours, 72);
  }
}

TEST(UpdateLiveTest, ChangesNothingWhenOneValueIsBad) {
  TestSettings settings;
  const auto update =
      updateLive(settings, conf("fileReservedTime=24\nlistenPort=0\nsmall=-1\n"), kBlackList);
  EXPECT_EQ(update.status().message(),
            "broker.conf:2: listenPort = 0: allowed 1..65535\n"
            "broker.conf:3: small = -1: allowed 1..65535");
  EXPECT_EQ(settings.store.keep_hours, 72);
}

TEST(SettingsDocsTest, TabulatesEverySettingByName) {
  const std::string table = settingsAsMarkdown<TestSettings>();
  EXPECT_TRUE(
      table.starts_with("| Key | Default | Allowed | Takes effect | Meaning |\n"
                        "| --- | --- | --- | --- | --- |\n"
                        "| `autoCreateTopicEnable` | `true` | true or false | at once | "
                        "Create topics. |\n"))
      << table;
  EXPECT_NE(table.find("| `brokerIP1` | `first local address` | any text | at restart |"),
            std::string::npos);
  EXPECT_NE(table.find("| `diskRatio` | `0.75` | 0.1..1 | at once | "
                       "Share of a\\|b. Not in RocketMQ. |\n"),
            std::string::npos);
  EXPECT_EQ(std::count(table.begin(), table.end(), '\n'),
            static_cast<ptrdiff_t>(TestSettings::settings().size() + 2));
}

TEST(SettingsDocsTest, SampleFileLoadsToTheDefaultsButForWhatItSets) {
  const std::string sample = sampleSettingsFile<TestSettings>({{"fileReservedTime", "48"}});
  EXPECT_NE(sample.find("# Port of the broker.\n# Allowed: 1..65535. Takes effect at restart.\n"
                        "#listenPort=10911\n"),
            std::string::npos)
      << sample;
  EXPECT_NE(sample.find("# Default: first local address\n#brokerIP1=\n"), std::string::npos);
  EXPECT_NE(sample.find("\nfileReservedTime=48\n"), std::string::npos);
  TestSettings expected;
  expected.store.keep_hours = 48;
  TestSettings loaded;
  const auto warnings = load(loaded, sample);
  ASSERT_TRUE(warnings.ok()) << warnings.status().message();
  EXPECT_EQ(printSettings(loaded), printSettings(expected));
}

struct TwiceTheSameKey {
  int32_t a = 1;
  int32_t b = 2;

  static const SettingsTable<TwiceTheSameKey>& settings() {
    using S = TwiceTheSameKey;
    static const SettingsTable<S> table = {
        setting("key", &S::a, range(1, 2), Change::kLive, "a"),
        setting("key", &S::b, range(1, 2), Change::kLive, "b"),
    };
    return table;
  }
};

TEST(SettingsTableDeathTest, StopsAtAMistakeInATable) {
  EXPECT_DEATH(printSettings(TwiceTheSameKey{}), "check failed");
  EXPECT_DEATH(setting("x", &TestSettings::small, range(1, 70000), Change::kLive, ""),
               "check failed");
  EXPECT_DEATH(setting("x", &TestSettings::small, Change::kLive, ""), "check failed");
  EXPECT_DEATH(sampleSettingsFile<TestSettings>({{"noSuchKey", "1"}}), "check failed");
}

}  // namespace
}  // namespace rocketmq
