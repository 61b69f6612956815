#include "tests/fault/replicated_pair.h"

#include <fstream>
#include <iterator>

#include "store/inspect/read_only_files.h"
#include "store/inspect/store_layout.h"

namespace rocketmq::test {
namespace {

Cluster::Settings with(Cluster::Settings settings, const std::string& role) {
  settings["brokerRole"] = role;
  return settings;
}

}  // namespace

Cluster::Settings smallFiles() {
  return {{"slaveReadEnable", "true"},
          {"mappedFileSizeCommitLog", "262144"},
          {"mappedFileSizeConsumeQueue", "4000"},
          {"maxMessageSize", "65536"},
          {"maxTransferCountOnMessageInMemory", "1000"}};
}

store::inspect::LogComparison compareLogsOf(const std::string& first_store,
                                            const std::string& second_store) {
  namespace inspect = store::inspect;
  FileSystem& files = inspect::readOnlyFileSystem();
  const auto layoutOf = [&files](const std::string& folder) {
    return *inspect::readLayout(files, folder, {}, [](const inspect::Finding&) {});
  };
  return inspect::compareLogs(files, layoutOf(first_store), layoutOf(second_store), {});
}

ReplicatedPair::ReplicatedPair(const Cluster::Settings& settings, const std::string& role)
    : cluster_(master_dir_.path().string(), with(settings, role)),
      slave_(cluster_, slave_dir_.path().string(), settings) {
  cluster_.start();
}

void ReplicatedPair::startSlave(const std::string& topic) {
  slave_.start();
  ASSERT_TRUE(awaitSlaves("1"));
  ASSERT_TRUE(awaitTopic(topic));
}

bool ReplicatedPair::awaitTopic(const std::string& topic) const {
  return eventually([&] {
    std::ifstream file(slave_.storeFolder() + "/config/topics.json");
    const std::string topics(std::istreambuf_iterator<char>(file), {});
    return topics.find("\"" + topic + "\"") != std::string::npos;
  });
}

void ReplicatedPair::promoteSlave() {
  slave_.stop();
  slave_.set("brokerRole", "ASYNC_MASTER");
  slave_.set("brokerId", "0");
  slave_.start();
}

bool ReplicatedPair::awaitSlaves(const std::string& count) {
  return eventually(
      [&] { return runtimeInfo(cluster_, cluster_.brokerAddr(), "haInSyncSlaveCount") == count; });
}

store::inspect::LogComparison ReplicatedPair::compare() const {
  return compareLogsOf(master_dir_.path().string() + "/store", slave_.storeFolder());
}

void ReplicatedPair::expectSameLogs() {
  ASSERT_TRUE(eventually([this] { return slave_.hasCaughtUp(); }, std::chrono::seconds(60)));
  const auto comparison = compare();
  EXPECT_FALSE(comparison.first_difference) << *comparison.first_difference;
  EXPECT_EQ(comparison.first_end, comparison.second_end);
  EXPECT_EQ(comparison.begin, 0);
}

}  // namespace rocketmq::test
