#include "common/log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <regex>
#include <string>
#include <vector>

#include "common/log_limiter.h"
#include "common/thread.h"
#include "tests/unit/common/temp_folder.h"

namespace rocketmq {
namespace {

class LogTest : public testing::Test {
 protected:
  ~LogTest() override { log::shutdown(); }

  log::Options options() const {
    return {.directory = folder_.file("logs"), .file_name = "broker.log"};
  }

  /// Everything that was logged to the file; stops logging to it.
  std::string text() const {
    log::shutdown();
    return test::readFile(folder_.file("logs/broker.log"));
  }

  const test::TempFolder folder_;
};

TEST_F(LogTest, WritesTimeLevelThreadAndText) {
  ASSERT_TRUE(log::init(options()).isOk());
  log::info("broker {} joined, {} in all", "broker-a", 3);
  const std::regex line(
      R"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} INFO main - broker broker-a joined, 3 in all\n)");
  const std::string written = text();
  EXPECT_TRUE(std::regex_match(written, line)) << written;
}

TEST_F(LogTest, WhatStrangersCallThemselvesStaysOnItsLine) {
  ASSERT_TRUE(log::init(options()).isOk());
  log::info("client {} joined", "a\n2026-01-01 ERROR main - lost\x1b[2J\x7f \xC3\xA9");
  const std::string written = text();
  EXPECT_EQ(std::count(written.begin(), written.end(), '\n'), 1);
  EXPECT_NE(written.find(R"(client a\x0a2026-01-01 ERROR main - lost\x1b[2J\x7f )"
                         "\xC3\xA9 joined\n"),
            std::string::npos)
      << written;
}

TEST_F(LogTest, NamesLevelsAsRocketMqDoes) {
  log::Options all = options();
  all.level = "debug";
  ASSERT_TRUE(log::init(all).isOk());
  log::debug("d");
  log::info("i");
  log::warn("w");
  log::error("e");
  const std::string written = text();
  for (const char* expected :
       {" DEBUG main - d\n", " INFO main - i\n", " WARN main - w\n", " ERROR main - e\n"}) {
    EXPECT_NE(written.find(expected), std::string::npos) << expected << written;
  }
}

TEST_F(LogTest, ALimiterWritesTheFirstLinesAndThenHowManyItLeftOut) {
  ASSERT_TRUE(log::init(options()).isOk());
  LogLimiter limiter(2);
  for (int i = 0; i < 5; ++i) {
    limiter.warn("w{}", i);
    limiter.error("e{}", i);
  }
  const std::string written = text();
  EXPECT_NE(written.find(" WARN main - w0\n"), std::string::npos) << written;
  EXPECT_NE(written.find(" ERROR main - e0\n"), std::string::npos) << written;
  EXPECT_EQ(written.find("w1"), std::string::npos) << written;
}

TEST_F(LogTest, NamesTheThreadThatLogged) {
  ASSERT_TRUE(log::init(options()).isOk());
  // The thread lives until its line is written: afterwards the system no longer knows its name.
  NamedThread thread("flusher", [this] {
    log::info("hello");
    EXPECT_NE(text().find(" INFO flusher - hello\n"), std::string::npos);
  });
}

TEST_F(LogTest, DropsWhatIsBelowTheLevel) {
  ASSERT_TRUE(log::init(options()).isOk());
  log::debug("hidden");
  ASSERT_TRUE(log::setLevel("debug").isOk());
  log::debug("shown");
  ASSERT_TRUE(log::setLevel("off").isOk());
  log::error("silenced");
  const std::string written = text();
  EXPECT_EQ(written.find("hidden"), std::string::npos);
  EXPECT_NE(written.find("shown"), std::string::npos);
  EXPECT_EQ(written.find("silenced"), std::string::npos);
}

TEST_F(LogTest, RefusesAnUnknownLevel) {
  log::Options wrong = options();
  wrong.level = "loud";
  EXPECT_EQ(log::init(wrong).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(log::setLevel("").code(), StatusCode::kInvalidArgument);
}

TEST_F(LogTest, SaysWhenTheFolderCannotBeWritten) {
  test::writeFile(folder_.file("logs"), "a file where the folder should be");
  const Status status = log::init(options());
  EXPECT_EQ(status.code(), StatusCode::kIo);
  EXPECT_NE(status.message().find(folder_.path()), std::string::npos) << status.message();
}

TEST_F(LogTest, RollsTheFileAndKeepsSoManyOldOnes) {
  log::Options small = options();
  small.file_bytes_max = 1000;
  small.files_max = 2;
  ASSERT_TRUE(log::init(small).isOk());
  for (int i = 0; i < 200; ++i) {
    log::info("message {}", i);
  }
  EXPECT_NE(text().find("message 199"), std::string::npos);
  size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder_.file("logs"))) {
    EXPECT_LE(entry.file_size(), 1000u);
    ++files;
  }
  EXPECT_EQ(files, 3u);
}

TEST_F(LogTest, WritesWhatIsQueuedBeforeItStops) {
  ASSERT_TRUE(log::init(options()).isOk());
  constexpr int kMessages = 5000;
  for (int i = 0; i < kMessages; ++i) {
    log::info("message {}", i);
  }
  const std::string written = text();
  EXPECT_EQ(std::count(written.begin(), written.end(), '\n'), kMessages);
}

TEST_F(LogTest, MayBeSetUpAndStoppedAgain) {
  log::shutdown();
  ASSERT_TRUE(log::init(options()).isOk());
  log::info("first");
  log::Options second = options();
  second.file_name = "second.log";
  ASSERT_TRUE(log::init(second).isOk());
  log::info("second");
  log::shutdown();
  log::shutdown();
  EXPECT_NE(text().find("first"), std::string::npos);
  EXPECT_NE(test::readFile(folder_.file("logs/second.log")).find("second"), std::string::npos);
}

TEST_F(LogTest, SpeaksToStandardErrorWithoutAFile) {
  testing::internal::CaptureStderr();
  log::warn("before {}", "init");
  EXPECT_NE(testing::internal::GetCapturedStderr().find(" WARN main - before init\n"),
            std::string::npos);
  testing::internal::CaptureStderr();
  ASSERT_TRUE(log::init({.console = true}).isOk());
  log::warn("on the console");
  log::shutdown();
  EXPECT_NE(testing::internal::GetCapturedStderr().find(" WARN main - on the console\n"),
            std::string::npos);
}

TEST_F(LogTest, SurvivesThreadsThatLogWhileItStops) {
  ASSERT_TRUE(log::init(options()).isOk());
  testing::internal::CaptureStderr();
  std::atomic<bool> stop{false};
  {
    std::vector<NamedThread> threads;
    for (int i = 0; i < 3; ++i) {
      threads.emplace_back("logger", [&stop] {
        while (!stop) {
          log::debug("below the level");
          log::info("text");
        }
      });
    }
    for (int i = 0; i < 20; ++i) {
      ASSERT_TRUE(log::init(options()).isOk());
      log::shutdown();
    }
    stop = true;
  }
  testing::internal::GetCapturedStderr();
}

}  // namespace
}  // namespace rocketmq
