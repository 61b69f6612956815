#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/wait.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "common/compress.h"
#include "common/message/sys_flag.h"
#include "tests/unit/mqstore/mqstore_fixture.h"

namespace rocketmq::store::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class DumpTest : public MqstoreTest {
 protected:
  std::vector<std::string> dump(const std::vector<std::string>& options = {}) {
    std::vector<std::string> arguments = {"dump", root()};
    arguments.insert(arguments.end(), options.begin(), options.end());
    const Outcome outcome = run(arguments);
    EXPECT_EQ(0, outcome.status) << outcome.output;
    std::vector<std::string> lines;
    std::istringstream in(outcome.output);
    for (std::string line; std::getline(in, line);) {
      lines.push_back(line);
    }
    return lines;
  }
};

TEST_F(DumpTest, EveryRecordIsALineWithAllItsFields) {
  makeStore(10);
  const auto lines = dump();
  ASSERT_EQ(31u, lines.size());
  EXPECT_EQ(
      fmt::format(R"({{"physicalOffset":0,"size":{},"topic":"Orders","queueId":0,"queueOffset":0,)"
                  R"("sysFlag":0,"flag":0,"bornTimestamp":{},"bornHost":"10.1.2.3:4567",)"
                  R"("storeTimestamp":{},"storeHost":"127.0.0.1:10911","reconsumeTimes":0,)"
                  R"("preparedTransactionOffset":0,"properties":{{"KEYS":"k0","TAGS":"A",)"
                  R"("UNIQ_KEY":"uk0"}},"body":"body-0{}"}})",
                  physicalOffset("Orders", 1, 0), clock_.nowMs() - 7000, clock_.nowMs() - 7000,
                  std::string(80, 'x')),
      lines[0]);
}

TEST_F(DumpTest, FiltersAndPositionsNarrowItDown) {
  makeStore(100);
  EXPECT_EQ(200u, dump({"--topic", "Orders"}).size());
  EXPECT_EQ(100u, dump({"--topic", "Orders", "--queue", "1"}).size());
  const auto tail = dump({"--topic", "Orders", "--queue", "1", "--from", "95"});
  ASSERT_EQ(5u, tail.size());
  EXPECT_THAT(tail[0], HasSubstr("\"queueOffset\":95,"));
  const int64_t place = physicalOffset("Bills", 3, 60);
  const auto from = dump({"--from", std::to_string(place), "--count", "2"});
  ASSERT_EQ(2u, from.size());
  EXPECT_THAT(from[0], HasSubstr(fmt::format("\"physicalOffset\":{},", place)));
  const auto between = dump({"--from", std::to_string(place + 1), "--count", "1"});
  EXPECT_EQ(from[1], between.at(0));
  EXPECT_EQ(2, run({"dump", root(), "--queue", "1"}).status);
}

TEST_F(DumpTest, NothingIsPrintedWithTheReason) {
  makeStore(10);
  const auto nothing = [&](std::vector<std::string> options) {
    options.insert(options.begin(), {"dump", root()});
    return run(options);
  };
  const Outcome no_topic = nothing({"--topic", "Nope"});
  EXPECT_EQ(1, no_topic.status);
  EXPECT_EQ("mqstore dump: there is no topic Nope in this store\n", no_topic.output);
  const Outcome no_queue = nothing({"--topic", "Orders", "--queue", "7"});
  EXPECT_EQ(1, no_queue.status);
  EXPECT_EQ("mqstore dump: topic Orders has no queue 7 in this store\n", no_queue.output);
  const Outcome queue_end = nothing({"--topic", "Orders", "--queue", "1", "--from", "10"});
  EXPECT_EQ(0, queue_end.status);
  EXPECT_EQ("mqstore dump: no record of topic Orders from queue 1 offset 10 on\n",
            queue_end.output);
  const Outcome log_end = nothing({"--from", "99999999"});
  EXPECT_EQ(0, log_end.status);
  EXPECT_EQ("mqstore dump: no record from log offset 99999999 on\n", log_end.output);
  EXPECT_EQ("mqstore dump: --count 0 asks for no record\n", nothing({"--count", "0"}).output);
}

TEST_F(DumpTest, BodiesThatAreNoTextAreBase64AndCompressedOnesCanBePlain) {
  open();
  ASSERT_TRUE(put("T", 0, std::string("\xFF\x00\x01\x02", 4)).ok());
  const std::string packed = compress(CompressionType::kZlib, "plain text").value();
  MessageRecord record = message("T", 0, packed);
  record.sys_flag = sys_flag::kCompressed;
  ASSERT_TRUE(store_->put(record).ok());
  record.body = "not packed";
  ASSERT_TRUE(store_->put(record).ok());
  close();
  const auto raw = dump();
  EXPECT_THAT(raw.at(0), HasSubstr(R"("bodyBase64":"/wABAg==")"));
  EXPECT_THAT(raw.at(1), Not(HasSubstr("plain text")));
  const auto plain = dump({"--decompress"});
  EXPECT_THAT(plain.at(1), HasSubstr(R"("body":"plain text")"));
  EXPECT_THAT(plain.at(2), HasSubstr(R"("body":"not packed","bodyError":)"));
}

TEST_F(DumpTest, DamageIsSaidAndStepsOver) {
  makeStore(10);
  flipLog(physicalOffset("Bills", 3, 4) + 90);
  const Outcome outcome = run({"dump", root(), "--topic", "Bills"});
  EXPECT_EQ(1, outcome.status);
  EXPECT_THAT(outcome.output, HasSubstr("hold no intact record"));
  EXPECT_THAT(outcome.output, Not(HasSubstr("\"bill4\"")));
  EXPECT_THAT(outcome.output, HasSubstr("\"bill5\""));
}

TEST_F(DumpTest, GoldenStoreIsDumpedAsItsReaderSawIt) {
  options_.root_dir = unpackGolden("java-4.9.8-clean");
  std::ifstream lines(ROCKETMQ_SOURCE_DIR "/tests/golden/java-4.9.8-clean.tsv");
  size_t expected = 0;
  for (std::string line; std::getline(lines, line);) {
    expected += line.starts_with("MSG\tGoldenPlain\t2\t") ? 1u : 0u;
  }
  EXPECT_EQ(expected, dump({"--topic", "GoldenPlain", "--queue", "2"}).size());
}

TEST_F(DumpTest, InspectShowsQueuesWithTheirRanges) {
  makeStore(100);
  const Outcome outcome = run({"inspect", root()});
  EXPECT_EQ(0, outcome.status);
  EXPECT_THAT(outcome.output, HasSubstr("stopped cleanly"));
  EXPECT_THAT(outcome.output, HasSubstr("  records   301 of "));
  EXPECT_THAT(outcome.output, ::testing::ContainsRegex("Orders +1 +2 +0 +100 +100"));
  flipLog(physicalOffset("Bills", 3, 4) + 90);
  EXPECT_THAT(run({"inspect", root()}).output,
              HasSubstr(fmt::format("damage    at {}: 101 bytes", physicalOffset("Bills", 3, 4))));
}

TEST_F(DumpTest, SettingsFileTellsTheSizes) {
  makeStore(10);
  writeFile(dir_ / "broker.conf",
            "mappedFileSizeCommitLog=16384\nmaxHashSlotNum=64\nmaxIndexNum=256\n");
  EXPECT_EQ(0, run({"verify", root(), "-c", dir_ / "broker.conf"}).status);
  writeFile(dir_ / "broker.conf", "mappedFileSizeCommitLog=32768\n");
  EXPECT_EQ(1, run({"verify", root(), "-c", dir_ / "broker.conf"}).status);
  writeFile(dir_ / "broker.conf", "mappedFileSizeCommitLog=much\n");
  EXPECT_EQ(2, run({"verify", root(), "-c", dir_ / "broker.conf"}).status);
}

TEST_F(DumpTest, SettingsFileTellsWhereTheLogIsWhenTheFolderHasNone) {
  makeStore(10);
  std::filesystem::rename(root() + "/commitlog", dir_ / "log");
  writeFile(dir_ / "broker.conf", "storePathCommitLog=" + (dir_ / "log") + "\n");
  const Outcome outcome = run({"verify", root(), "-c", dir_ / "broker.conf"});
  EXPECT_EQ(0, outcome.status) << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr("31 records"));
  // A copy with its log is not taken for the store that it was copied from.
  std::filesystem::copy(dir_ / "log", root() + "/commitlog");
  std::filesystem::remove_all(dir_ / "log");
  EXPECT_EQ(0, run({"verify", root(), "-c", dir_ / "broker.conf"}).status);
}

TEST_F(DumpTest, OutputThatCannotBeWrittenIsNoSuccess) {
  makeStore(200);
  for (const std::string command : {"dump --count 1", "dump", "inspect", "verify"}) {
    const std::string shell = fmt::format("'{}' {} '{}' 2>'{}' >/dev/full", ROCKETMQ_STORE_PROGRAM,
                                          command, root(), dir_ / "errors");
    const int status = std::system(shell.c_str());
    EXPECT_TRUE(WIFEXITED(status)) << command;
    EXPECT_EQ(2, WEXITSTATUS(status)) << command;
    EXPECT_THAT(readFile(dir_ / "errors"),
                HasSubstr("cannot write the output: No space left on device"))
        << command;
  }
}

}  // namespace
}  // namespace rocketmq::store::test
