#include <gmock/gmock.h>
#include <sys/mount.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <vector>

#include "store/inspect/rebuild.h"
#include "tests/support/private_mounts.h"
#include "tests/unit/mqstore/mqstore_fixture.h"

namespace rocketmq::store::test {
namespace {

using ::testing::HasSubstr;

namespace fs = std::filesystem;

/// A store whose queues and index lie on another disk, by links.
class LinkedFoldersTest : public MqstoreTest {
 protected:
  void SetUp() override {
    makeStore();
    fs::create_directories(dir_ / "disk");
    fs::rename(root() + "/consumequeue", dir_ / "disk/queues");
    fs::create_directory_symlink(dir_ / "disk/queues/", root() + "/consumequeue");
    fs::rename(root() + "/index", dir_ / "disk/index");
    fs::create_directory_symlink("../disk/index", dir_ / "store/step");
    fs::create_directory_symlink("step", root() + "/index");
    queues_ = filesOf(dir_ / "disk/queues");
  }
  Outcome rebuild(const std::string& more = "--keep-old") {
    return run({"rebuild", root(), "--messageDelayLevel", "1s 5s", more});
  }
  void expectLinked() {
    EXPECT_TRUE(fs::is_symlink(root() + "/consumequeue"));
    EXPECT_TRUE(fs::is_symlink(root() + "/index"));
    EXPECT_TRUE(queues_ == filesOf(dir_ / "disk/queues"));
    EXPECT_EQ(0, verify(root()).status);
  }
  std::map<std::string, std::string> queues_;
};

TEST_F(LinkedFoldersTest, RebuildMakesThemAnewWhereTheyAre) {
  flip(dir_ / "disk/queues/Orders/0/00000000000000000000", 20 * 3);
  const Outcome outcome = rebuild();
  EXPECT_EQ(0, outcome.status) << outcome.output;
  expectLinked();
  EXPECT_TRUE(fs::exists(dir_ / "disk/queues.old"));
  EXPECT_TRUE(fs::exists(dir_ / "disk/index.old"));
  EXPECT_FALSE(fs::exists(root() + "/consumequeue.old"));
}

TEST_F(LinkedFoldersTest, ALinkToNothingIsFilledAgain) {
  fs::rename(dir_ / "disk/queues", dir_ / "disk/queues.replaced");
  writeFile(dir_ / "disk/queues.rebuild/half", "written");
  EXPECT_EQ(0, rebuild("--max-lines=5").status);
  expectLinked();
  fs::remove_all(dir_ / "disk/queues");
  EXPECT_EQ(0, rebuild("--mappedFileSizeConsumeQueue=1000").status);
  expectLinked();
  EXPECT_EQ(2, std::distance(fs::directory_iterator(dir_ / "disk"), fs::directory_iterator()));
}

/// A store with a disk mounted in the place of a folder.
class MountedFoldersTest : public MqstoreTest {
 protected:
  void mountOver(const std::string& folder) {
    if (!rocketmq::test::enterPrivateMounts() ||
        ::mount(folder.c_str(), folder.c_str(), nullptr, MS_BIND, nullptr) != 0) {
      GTEST_SKIP() << "nothing can be mounted here: " << std::strerror(errno)
                   << "; run as root, or where user namespaces are allowed";
    }
    mounted_.push_back(folder);
  }
  void TearDown() override {
    for (const std::string& folder : mounted_) {
      ::umount2(folder.c_str(), MNT_DETACH);
    }
  }
  std::vector<std::string> mounted_;
};

TEST_F(MountedFoldersTest, RebuildIsRefusedBeforeItReadsTheLog) {
  for (const std::string folder : {"consumequeue", "index"}) {
    options_.root_dir = dir_ / ("with-mounted-" + folder);
    makeStore(3);
    mountOver(root() + "/" + folder);
    if (IsSkipped()) {
      return;
    }
    const Snapshot before = snapshot(root() + "/" + folder);
    const auto report = inspect::rebuild(
        posixFileSystem(), root(), {}, [](const inspect::Finding&) {},
        [](const char* phase, int64_t, int64_t) { ADD_FAILURE() << phase; });
    EXPECT_THAT(report.status().message(), HasSubstr("where a disk is mounted there, mount it at"));
    EXPECT_FALSE(fs::exists(root() + "/consumequeue.rebuild"));
    EXPECT_FALSE(fs::exists(root() + "/index.rebuild"));
    EXPECT_TRUE(before == snapshot(root() + "/" + folder));
    EXPECT_EQ(0, verify(root()).status);
  }
}

}  // namespace
}  // namespace rocketmq::store::test
