#include "common/atomic_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "tests/unit/common/temp_folder.h"

namespace rocketmq {
namespace {

bool isBraced(std::string_view text) { return text.starts_with('{') && text.ends_with('}'); }

class AtomicFileTest : public testing::Test {
 protected:
  const test::TempFolder folder_;
  const std::string path_ = folder_.file("topics.json");
  const std::string backup_ = path_ + ".bak";
};

TEST_F(AtomicFileTest, WritesAFileWithTheFoldersAboveIt) {
  const std::string path = folder_.file("config/deep/topics.json");
  ASSERT_TRUE(replaceFile(path, "{1}").isOk());
  EXPECT_EQ(test::readFile(path), "{1}");
  EXPECT_FALSE(std::filesystem::exists(path + ".bak"));
}

TEST_F(AtomicFileTest, KeepsTheContentBeforeAsBackup) {
  for (const char* content : {"{1}", "{2}", "{3}"}) {
    ASSERT_TRUE(replaceFile(path_, content).isOk());
  }
  EXPECT_EQ(test::readFile(path_), "{3}");
  EXPECT_EQ(test::readFile(backup_), "{2}");
  size_t files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
    ++files;
  }
  EXPECT_EQ(files, 2u) << "no temporary file is left";
}

TEST_F(AtomicFileTest, KeepsAGoodBackupWhenTheFileIsEmpty) {
  test::writeFile(path_, "");
  test::writeFile(backup_, "{old}");
  ASSERT_TRUE(replaceFile(path_, "{new}").isOk());
  EXPECT_EQ(test::readFile(backup_), "{old}");
}

TEST_F(AtomicFileTest, RecoversFromACrashBetweenBackupAndRename) {
  // Then both names mean the same file.
  test::writeFile(path_, "{1}");
  std::filesystem::create_hard_link(path_, backup_);
  test::writeFile(path_ + ".tmp", "{torn");
  test::writeFile(path_ + ".bak.tmp", "{torn");
  ASSERT_TRUE(replaceFile(path_, "{2}").isOk());
  EXPECT_EQ(test::readFile(path_), "{2}");
  EXPECT_EQ(test::readFile(backup_), "{1}");
  EXPECT_FALSE(std::filesystem::exists(path_ + ".tmp"));
  EXPECT_FALSE(std::filesystem::exists(path_ + ".bak.tmp"));
}

TEST_F(AtomicFileTest, NamesThePathWhenItCannotWrite) {
  test::writeFile(folder_.file("file"), "x");
  const Status status = replaceFile(folder_.file("file/topics.json"), "{}");
  EXPECT_EQ(status.code(), StatusCode::kIo);
  EXPECT_NE(status.message().find(folder_.file("file")), std::string::npos) << status.message();
}

TEST_F(AtomicFileTest, LeavesTheFileAloneWhenItCannotReplaceIt) {
  std::filesystem::create_directories(path_ + ".tmp/occupied");
  test::writeFile(path_, "{old}");
  EXPECT_EQ(replaceFile(path_, "{new}").code(), StatusCode::kIo);
  EXPECT_EQ(test::readFile(path_), "{old}");
}

// Promise: whoever keeps settings elsewhere, and only links to them, finds the change there.
TEST_F(AtomicFileTest, ReplacesWhatALinkLeadsTo) {
  const std::string target = folder_.file("elsewhere/real.json");
  std::filesystem::create_directories(folder_.file("elsewhere"));
  std::filesystem::create_symlink("elsewhere/real.json", folder_.file("link.json"));
  std::filesystem::create_symlink(folder_.file("link.json"), path_);
  ASSERT_TRUE(replaceFile(path_, "{1}").isOk()) << "it leads to nothing yet";
  ASSERT_TRUE(replaceFile(path_, "{2}").isOk());
  EXPECT_TRUE(std::filesystem::is_symlink(path_));
  EXPECT_FALSE(std::filesystem::is_symlink(target));
  EXPECT_EQ(test::readFile(target), "{2}");
  EXPECT_EQ(test::readFile(backup_), "{1}") << "where readWithBackup() looks for it";
  EXPECT_FALSE(std::filesystem::is_symlink(backup_));
}

TEST_F(AtomicFileTest, LeavesLinksAloneThatLeadNowhere) {
  std::filesystem::create_symlink("topics.json", path_);
  EXPECT_EQ(replaceFile(path_, "{}").code(), StatusCode::kIo);
  EXPECT_TRUE(std::filesystem::is_symlink(path_));
}

TEST_F(AtomicFileTest, ReadsTheFileWhenItIsWhole) {
  test::writeFile(path_, "{new}");
  test::writeFile(backup_, "{old}");
  EXPECT_EQ(*readWithBackup(path_, isBraced), "{new}");
  EXPECT_EQ(*readWithBackup(path_), "{new}");
}

TEST_F(AtomicFileTest, FallsBackToTheBackup) {
  test::writeFile(backup_, "{old}");
  EXPECT_EQ(*readWithBackup(path_, isBraced), "{old}") << "missing";
  for (const char* torn : {"", "{ne", "garbage"}) {
    test::writeFile(path_, torn);
    const auto content = readWithBackup(path_, isBraced);
    ASSERT_TRUE(content.ok()) << torn;
    EXPECT_EQ(*content, "{old}") << torn;
  }
}

TEST_F(AtomicFileTest, FallsBackWhereverTheFileIsCut) {
  const std::string whole = "{\"topicConfigTable\":{}}";
  test::writeFile(backup_, "{}");
  for (size_t size = 0; size < whole.size() - 1; ++size) {
    test::writeFile(path_, whole.substr(0, size));
    EXPECT_EQ(*readWithBackup(path_, isBraced), "{}") << size;
  }
}

// Promise: no crash on the way to the next content takes the only whole one.
TEST_F(AtomicFileTest, MendsATornFileSoThatItIsNoBackupLater) {
  test::writeFile(path_, "{torn");
  test::writeFile(backup_, "{old}");
  EXPECT_EQ(*readWithBackup(path_, isBraced), "{old}");
  EXPECT_EQ(test::readFile(path_), "{torn") << "to read changes nothing";
  EXPECT_EQ(*readAndMend(path_, isBraced), "{old}");
  EXPECT_EQ(test::readFile(path_), "{old}");
  EXPECT_EQ(test::readFile(backup_), "{old}");
  ASSERT_TRUE(replaceFile(path_, "{new}").isOk());
  EXPECT_EQ(test::readFile(backup_), "{old}");
}

TEST_F(AtomicFileTest, MendsNothingButATornFile) {
  EXPECT_EQ(readAndMend(path_, isBraced).status().code(), StatusCode::kNotFound);
  test::writeFile(backup_, "{old}");
  EXPECT_EQ(*readAndMend(path_, isBraced), "{old}");
  EXPECT_FALSE(std::filesystem::exists(path_));
  test::writeFile(path_, "{new}");
  EXPECT_EQ(*readAndMend(path_, isBraced), "{new}");
  EXPECT_EQ(test::readFile(backup_), "{old}");
}

TEST_F(AtomicFileTest, TellsNothingThereFromNothingWhole) {
  EXPECT_EQ(readWithBackup(path_, isBraced).status().code(), StatusCode::kNotFound);
  test::writeFile(path_, "");
  EXPECT_EQ(readWithBackup(path_, isBraced).status().code(), StatusCode::kNotFound);
  test::writeFile(path_, "{torn");
  const auto torn = readWithBackup(path_, isBraced);
  EXPECT_EQ(torn.status().code(), StatusCode::kCorruption);
  EXPECT_NE(torn.status().message().find(path_), std::string::npos);
  test::writeFile(backup_, "{also torn");
  EXPECT_EQ(readWithBackup(path_, isBraced).status().code(), StatusCode::kCorruption);
}

TEST_F(AtomicFileTest, SaysThatAFileIsEmptyWhenNothingReplacesIt) {
  const auto saidOf = [&] {
    testing::internal::CaptureStderr();
    EXPECT_EQ(readWithBackup(path_, isBraced).status().code(), StatusCode::kNotFound);
    return testing::internal::GetCapturedStderr();
  };
  EXPECT_EQ(saidOf(), "") << "a first start";
  test::writeFile(path_, "");
  EXPECT_NE(saidOf().find(path_ + " is empty"), std::string::npos);
  test::writeFile(backup_, "");
  EXPECT_NE(saidOf().find(path_ + " is empty"), std::string::npos);
}

TEST_F(AtomicFileTest, DoesNotHideAFileThatCannotBeRead) {
  std::filesystem::create_directories(path_);
  test::writeFile(backup_, "{old}");
  EXPECT_EQ(readWithBackup(path_).status().code(), StatusCode::kIo);
}

// What the next start would not read.
TEST_F(AtomicFileTest, RefusesToWriteMoreThanIsRead) {
  ASSERT_TRUE(replaceFile(path_, "{old}").isOk());
  const Status written = replaceFile(path_, std::string(kSmallFileBytesMax + 1, '\0'));
  EXPECT_EQ(written.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(written.message().find(path_), std::string::npos) << written.message();
  EXPECT_EQ(test::readFile(path_), "{old}");
}

TEST_F(AtomicFileTest, ReadsUpToItsBound) {
  const std::string large(200'000, 'x');
  test::writeFile(path_, large);
  const auto whole = readWholeFile(path_, large.size());
  ASSERT_TRUE(whole.ok());
  EXPECT_EQ(*whole, large);
  EXPECT_EQ(readWholeFile(path_, large.size() - 1).status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace rocketmq
