#include <gmock/gmock.h>

#include <filesystem>

#include "tests/unit/mqstore/mqstore_fixture.h"

namespace rocketmq::store::test {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

/// Stores whose log lies in a folder of its own, as broker.conf says.
class SeparateLogTest : public MqstoreTest {
 protected:
  void SetUp() override {
    options_.commit_log_dir = dir_ / "log";
    makeStore();
    conf_ = dir_ / "broker.conf";
    writeFile(conf_, "storePathCommitLog=" + (dir_ / "log") + "\nmessageDelayLevel=1s 5s\n");
  }
  std::string conf_;
};

TEST_F(SeparateLogTest, SalvageSaysThatTheSettingNamesTheDamagedLog) {
  const std::string advice = "change storePathCommitLog in broker.conf, which is " +
                             (dir_ / "log") + ", to " + (dir_ / "out/commitlog") + "\n";
  const Outcome by_file = run({"salvage", root(), dir_ / "out", "-c", conf_});
  EXPECT_EQ(0, by_file.status) << by_file.output;
  EXPECT_THAT(by_file.output, EndsWith(advice));
  const Outcome by_option = run({"salvage", root(), dir_ / "out2", "--storePathCommitLog",
                                 dir_ / "log", "--messageDelayLevel", "1s 5s"});
  EXPECT_THAT(by_option.output, HasSubstr("to " + (dir_ / "out2/commitlog") + "\n"));
  // The new store is whole in itself.
  const Outcome again = run({"salvage", dir_ / "out", dir_ / "out3"});
  EXPECT_EQ(0, again.status) << again.output;
  EXPECT_THAT(again.output, Not(HasSubstr("storePathCommitLog")));
}

TEST_F(SeparateLogTest, WhoReadsAnotherLogThanTheSettingNamesSaysSo) {
  ASSERT_EQ(0, run({"salvage", root(), dir_ / "out", "-c", conf_}).status);
  const std::string note = "note: the log here is " + (dir_ / "out/commitlog") +
                           "; a broker with " + conf_ + " uses another, storePathCommitLog " +
                           (dir_ / "log") + "\n";
  for (const std::string command : {"verify", "inspect", "dump", "rebuild"}) {
    const Outcome outcome = run({command, dir_ / "out", "-c", conf_});
    EXPECT_EQ(0, outcome.status) << outcome.output;
    EXPECT_THAT(outcome.output, HasSubstr(note)) << command;
  }
  EXPECT_THAT(run({"verify", root(), "-c", conf_}).output, Not(HasSubstr("another")));
  writeFile(conf_, "storePathCommitLog=" + (dir_ / "out/../out/commitlog/") + "\n");
  EXPECT_THAT(run({"verify", dir_ / "out", "-c", conf_}).output, Not(HasSubstr("another")));
}

}  // namespace
}  // namespace rocketmq::store::test
