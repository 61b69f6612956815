#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>

#include "tests/unit/mqstore/mqstore_fixture.h"

namespace rocketmq::store::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

namespace fs = std::filesystem;

/// What verify says of an index that ends before the log.
class IndexEndTest : public MqstoreTest {
 protected:
  /// By name, so by age.
  std::vector<std::string> indexFiles() const {
    std::vector<std::string> paths;
    for (const auto& entry : fs::directory_iterator(root() + "/index")) {
      paths.push_back(entry.path());
    }
    std::sort(paths.begin(), paths.end());
    return paths;
  }
  void expectBehind() {
    const Outcome stopped = verify(root());
    EXPECT_EQ(1, stopped.status) << stopped.output;
    EXPECT_THAT(stopped.output, HasSubstr("fault commitlog/"));
    EXPECT_THAT(stopped.output, HasSubstr("the index is behind: keys of "));
    writeFile(root() + "/abort", "");
    const Outcome killed = verify(root());
    EXPECT_EQ(0, killed.status) << killed.output;
    EXPECT_THAT(killed.output, HasSubstr("the index is behind: keys of "));
    fs::remove(root() + "/abort");
    const std::string conf = dir_ / "broker.conf";
    writeFile(conf, "messageIndexEnable=false\n");
    EXPECT_EQ(0, run({"verify", root(), "-c", conf, "--messageDelayLevel", "1s 5s"}).status);
  }
  void expectClean() {
    const Outcome outcome = verify(root());
    EXPECT_EQ(0, outcome.status) << outcome.output;
    EXPECT_THAT(outcome.output, HasSubstr("clean: 0 faults, 0 notes"));
  }
};

TEST_F(IndexEndTest, NewestFilesThatAreGoneAreAFaultAfterACleanStop) {
  makeStore(200);
  ASSERT_LE(3u, indexFiles().size());
  expectClean();
  while (!indexFiles().empty()) {
    fs::remove(indexFiles().back());
    expectBehind();
  }
  fs::remove(root() + "/index");  // The checkpoint knows of full files.
  expectBehind();
  open();
  close();
  expectClean();
}

TEST_F(IndexEndTest, AStoreThatWasNeverIndexedIsClean) {
  options_.message_index_enable = false;
  makeStore(200);
  ASSERT_FALSE(fs::exists(root() + "/index"));
  expectClean();
}

TEST_F(IndexEndTest, AStoreWithoutKeysIsClean) {
  makeStore(60);
  open();
  send("Bills", 3, 100);
  close();
  expectClean();
  options_.root_dir = dir_ / "keyless";
  open();
  send("Bills", 3, 100);
  close();
  fs::create_directory(root() + "/index");
  expectClean();
}

TEST_F(IndexEndTest, ANewFileWithoutHeaderIsWhatAKillLeaves) {
  makeStore(60);
  const auto bytes = fs::file_size(indexFiles().back());
  const std::string name = root() + "/index/99991231235959999";
  writeFile(name, std::string(bytes, '\0'));
  writeFile(root() + "/abort", "");
  const Outcome killed = verify(root());
  EXPECT_EQ(0, killed.status) << killed.output;
  EXPECT_THAT(killed.output, HasSubstr("note  index/99991231235959999 at 0: nothing is written"));
  fs::remove(root() + "/abort");
  const Outcome stopped = verify(root());
  EXPECT_EQ(1, stopped.status);
  EXPECT_THAT(stopped.output, HasSubstr("the header counts -1 entries"));
  writeFile(root() + "/abort", "");
  flip(name, 36);
  EXPECT_EQ(1, verify(root()).status);
}

TEST_F(IndexEndTest, AFileOfAbsurdLengthIsNamedAndNotTheOthers) {
  makeStore(100);
  ASSERT_EQ(2u, indexFiles().size());
  const std::string absurd = indexFiles().front();
  const auto bytes = fs::file_size(absurd);
  fs::resize_file(absurd, bytes + (uint64_t{20} << 30));
  const Outcome outcome = verify(root());
  EXPECT_EQ(1, outcome.status);
  EXPECT_THAT(outcome.output, HasSubstr("fault index/" + fs::path(absurd).filename().string()));
  EXPECT_THAT(outcome.output,
              Not(HasSubstr("fault index/" + fs::path(indexFiles()[1]).filename().string())));
}

}  // namespace
}  // namespace rocketmq::store::test
