// Promises about the daemons as processes: how they start, refuse to start, and stop.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>

#include "tests/support/daemon.h"
#include "tests/support/raw_client.h"
#include "tests/support/sanitizers.h"
#include "tests/support/temp_dir.h"

namespace rocketmq::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

class DaemonsTest : public ::testing::Test {
 protected:
  /// The daemon ends by itself, unsuccessfully, with one line that has all of `words`.
  void expectRefusal(const std::string& program, const std::vector<std::string>& arguments,
                     const std::vector<std::string>& words) {
    const Cluster::Outcome outcome = runProgram(programPath(program), arguments);
    EXPECT_GT(outcome.status, 0) << outcome.output;
    EXPECT_LT(outcome.status, 128) << outcome.output;
    EXPECT_EQ(std::count(outcome.output.begin(), outcome.output.end(), '\n'), 1) << outcome.output;
    for (const std::string& word : words) {
      EXPECT_NE(outcome.output.find(word), std::string::npos) << word << " in " << outcome.output;
    }
  }

  std::string conf(const std::string& name, const std::string& text) {
    const std::string path = folder_ / name;
    std::ofstream(path) << text;
    return path;
  }

  std::string brokerConf(const std::string& more) {
    return conf("own.conf", "brokerIP1=127.0.0.1\nbindAddress=127.0.0.1\nlistenPort=" +
                                std::to_string(freePort()) +
                                "\nstorePathRootDir=" + (folder_ / "own-store") +
                                "\nlogDir=" + (folder_ / "logs") + "\n" + more);
  }

  TempDir folder_;
};

TEST_F(DaemonsTest, APortThatIsTakenIsSaidInOneLine) {
  Cluster cluster(folder_.path().string());
  cluster.start();
  const std::string port = std::to_string(cluster.namesrvPort());
  expectRefusal("rocketmq-namesrv",
                {"-c", conf("n.conf", "listenPort=" + port +
                                          "\nbindAddress=127.0.0.1\nlogDir=" + (folder_ / "logs") +
                                          "\nkvConfigPath=" + (folder_ / "kv") + "\n")},
                {port});
  const std::string broker_port = std::to_string(cluster.brokerPort());
  expectRefusal("rocketmq-broker", {"-c", brokerConf("listenPort=" + broker_port + "\n")},
                {broker_port});
}

TEST_F(DaemonsTest, AStoreThatAnotherBrokerHoldsIsRefused) {
  Cluster cluster(folder_.path().string());
  cluster.start();
  expectRefusal("rocketmq-broker",
                {"-c", brokerConf("storePathRootDir=" + cluster.folder() + "/store\n")},
                {cluster.folder() + "/store"});
  RawClient client(cluster.brokerPort());
  EXPECT_EQ(client.call(28, "").code, 0) << "the first broker goes on";
}

TEST_F(DaemonsTest, AFolderThatCannotBeWrittenIsSaidInOneLine) {
  // A file where the folder should be stops root as well.
  conf("a-file", "x");
  expectRefusal("rocketmq-broker",
                {"-c", brokerConf("storePathRootDir=" + (folder_ / "a-file") + "/store\n")},
                {folder_ / "a-file"});
}

TEST_F(DaemonsTest, ABadValueIsRefusedWithFileLineAndRange) {
  expectRefusal("rocketmq-broker", {"-c", brokerConf("maxMessageSize=huge\n")},
                {"own.conf", "maxMessageSize", "huge"});
  expectRefusal("rocketmq-broker", {"-c", brokerConf("listenPort=123456\n")},
                {"listenPort", "123456", "65535"});
  expectRefusal("rocketmq-namesrv", {"-c", conf("n.conf", "listenPort=-1\n")}, {"listenPort"});
}

TEST_F(DaemonsTest, AMisspeltSettingOnTheCommandLineIsRefusedWithTheNearestName) {
  expectRefusal("rocketmq-broker", {"-c", brokerConf(""), "--fileReservedTim=3"},
                {"command line", "fileReservedTim:", "no such setting", "fileReservedTime?"});
  expectRefusal("rocketmq-broker", {"--listenPort=x", "-c", brokerConf("")},
                {"command line", "listenPort = x", "65535"});
  expectRefusal("rocketmq-broker", {"-c", brokerConf(""), "--listenPort"},
                {"value of --listenPort is missing"});
  expectRefusal("rocketmq-broker", {"-c", brokerConf(""), "--listenPor"}, {"listenPort?"});
  // Those of gflags and of a Java broker are none of ours.
  const Cluster::Outcome shown =
      runProgram(programPath("rocketmq-broker"),
                 {"--c", brokerConf(""), "--sendMessageThreadPoolNums", "16", "--p"});
  EXPECT_EQ(shown.status, 0) << shown.output;
}

// In the same words as a broker, and as far as a broker does.
TEST_F(DaemonsTest, ANameServerReadsItsCommandLineAsABrokerDoes) {
  const std::string file = conf("n.conf", "listenPort=0\n");
  expectRefusal("rocketmq-namesrv", {"-c", file, "--brokerLiveTimeou=3000"},
                {"command line", "brokerLiveTimeou:", "no such setting", "brokerLiveTimeout?"});
  expectRefusal("rocketmq-namesrv", {"-c", file, "--listenPort"},
                {"value of --listenPort is missing"});
  const Cluster::Outcome shown =
      runProgram(programPath("rocketmq-namesrv"),
                 {"--c", file, "--serverWorkerThreads=8", "--brokerLiveTimeout", "3000", "--p"});
  EXPECT_EQ(shown.status, 0) << shown.output;
  EXPECT_NE(shown.output.find("brokerLiveTimeout=3000\n"), std::string::npos) << shown.output;
}

TEST_F(DaemonsTest, AMissingSettingsFileIsSaidInOneLine) {
  expectRefusal("rocketmq-broker", {"-c", folder_ / "nowhere.conf"}, {"nowhere.conf"});
}

TEST_F(DaemonsTest, AJavaBrokersSettingsAreAcceptedAndAMisspeltOneIsNamed) {
  Cluster cluster(folder_.path().string(), {{"sendMessageThreadPoolNums", "16"},
                                            {"useReentrantLockWhenPutMessage", "true"},
                                            {"transientStorePoolEnable", "false"},
                                            {"flushDiskTyp", "SYNC_FLUSH"}});
  cluster.start();
  cluster.stopBroker();
  const std::string output = cluster.broker().output();
  EXPECT_NE(output.find("flushDiskTyp"), std::string::npos) << output;
  EXPECT_NE(output.find("flushDiskType"), std::string::npos) << output;
  EXPECT_EQ(output.find("sendMessageThreadPoolNums"), std::string::npos) << output;
}

TEST_F(DaemonsTest, SigtermStopsCleanlyWithinThreeSecondsUnderConnections) {
  Cluster cluster(folder_.path().string());
  cluster.start();
  cluster.createTopic("Stop");
  RawClient idle(cluster.brokerPort());
  RawClient held(cluster.brokerPort());
  held.request(11,
               "{\"consumerGroup\":\"G\",\"topic\":\"Stop\",\"queueId\":0,\"queueOffset\":0,"
               "\"maxMsgNums\":32,\"commitOffset\":0,\"sysFlag\":6,\"suspendTimeoutMillis\":15000,"
               "\"subscription\":\"*\",\"subVersion\":0}");
  const auto started = steady_clock::now();
  EXPECT_EQ(cluster.broker().stop(SIGTERM, std::chrono::seconds(10)), 0);
  EXPECT_LT(steady_clock::now() - started, std::chrono::seconds(3));
  EXPECT_NE(access((folder_ / "store/abort").c_str(), F_OK), 0) << "abort tells of a clean stop";

  // The name server has forgotten the broker at once, not after its timeout.
  RawClient namesrv(cluster.namesrvPort());
  EXPECT_EQ(namesrv.call(105, "{\"topic\":\"Stop\"}").code, 17);
  EXPECT_EQ(cluster.namesrv().stop(SIGTERM, std::chrono::seconds(3)), 0);
}

TEST_F(DaemonsTest, AKilledBrokerIsForgottenWhenItsConnectionCloses) {
  Cluster cluster(folder_.path().string());
  cluster.start();
  cluster.createTopic("Killed");
  RawClient namesrv(cluster.namesrvPort());
  ASSERT_EQ(namesrv.call(105, "{\"topic\":\"Killed\"}").code, 0);
  cluster.killBroker();
  EXPECT_TRUE(eventually([&] { return namesrv.call(105, "{\"topic\":\"Killed\"}").code == 17; },
                         std::chrono::seconds(2)));
}

// Long before the next regular registration, after 30 s.
TEST_F(DaemonsTest, ANameServerThatComesBackLearnsTheBrokerAgain) {
  Cluster cluster(folder_.path().string());
  cluster.start();
  cluster.createTopic("Again");
  cluster.stopNamesrv();
  cluster.startNamesrv();
  RawClient namesrv(cluster.namesrvPort());
  EXPECT_TRUE(eventually([&] { return namesrv.call(105, "{\"topic\":\"Again\"}").code == 0; },
                         std::chrono::seconds(10)));
}

// The bars are the product's: 200 ms and 40 MiB for the broker, 50 ms and 15 MiB for the name
// server. A machine that also builds or tests something else gets three tries.
// The machine may be busy with other tests: a bar is met when one of many starts meets it.
TEST_F(DaemonsTest, StartIsQuickAndIdleMemorySmall) {
  const milliseconds namesrv_max{50 * timeFactor()};
  const milliseconds broker_max{200 * timeFactor()};
  Cluster cluster(folder_.path().string());
  milliseconds best_namesrv{10'000};
  milliseconds best_broker{10'000};
  for (int i = 0; i < 30 && (best_namesrv >= namesrv_max || best_broker >= broker_max); ++i) {
    const auto start = steady_clock::now();
    cluster.startNamesrv();
    RawClient namesrv(cluster.namesrvPort());
    ASSERT_EQ(namesrv.call(206, "").code, 0);
    const auto namesrv_up = steady_clock::now();
    cluster.startBroker();
    RawClient broker(cluster.brokerPort());
    const auto sent = broker.call(
        310,
        "{\"a\":\"P\",\"b\":\"Started\",\"c\":\"TBW102\",\"d\":4,\"e\":0,\"f\":0,\"g\":1,"
        "\"h\":0}",
        "first");
    ASSERT_EQ(sent.code, 0) << sent.remark;
    const auto broker_up = steady_clock::now();
    best_namesrv =
        std::min(best_namesrv, std::chrono::duration_cast<milliseconds>(namesrv_up - start));
    best_broker =
        std::min(best_broker, std::chrono::duration_cast<milliseconds>(broker_up - namesrv_up));
    EXPECT_LT(cluster.namesrv().residentKib(), 15 * 1024 * memoryFactor());
    EXPECT_LT(cluster.broker().residentKib(), 40 * 1024 * memoryFactor());
    cluster.stopBroker();
    cluster.stopNamesrv();
  }
  EXPECT_LT(best_namesrv, namesrv_max);
  EXPECT_LT(best_broker, broker_max);
}

}  // namespace
}  // namespace rocketmq::test
