// Promise: a broker of ours takes over all that a Java master has, and gives a Java slave all that
// it asks for. The Java side is scripted; what it has are the files of a real one (tests/golden),
// which are also what it would answer.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/broker.h"
#include "common/mutex.h"
#include "remoting/io_pool.h"
#include "remoting/protocol/commands/commands.h"
#include "remoting/protocol/commands/namesrv_registration.h"
#include "remoting/server.h"
#include "tests/support/daemon.h"
#include "tests/support/eventually.h"
#include "tests/support/raw_client.h"
#include "tests/support/read_file.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/broker/ha/java_peers.h"

namespace rocketmq::broker {
namespace {

using remoting::Answer;
using remoting::NoFields;
using remoting::RequestContext;
using test::eventually;
using test::RawClient;
using test::readFile;
using testing::HasSubstr;
using testing::StartsWith;

constexpr int64_t kFileBytes = 262'144;

constexpr int kQueryConsumerOffset = 14;
constexpr int kGetAllTopicConfig = 21;
constexpr int kGetBrokerRuntimeInfo = 28;
constexpr int kGetAllConsumerOffset = 43;
constexpr int kGetAllDelayOffset = 45;
constexpr int kGetTimerCheckPoint = 60;
constexpr int kGetTimerMetrics = 61;
constexpr int kRegisterBroker = 103;
constexpr int kGetAllSubscriptionGroupConfig = 201;
constexpr int kGetAllMessageRequestMode = 402;
constexpr int kGetBrokerHaStatus = 907;

/// A Java master and its name server, at one address.
class JavaBroker {
 public:
  /// `config`: its folder of that name. A release that does not know timers has no timercheck.
  JavaBroker(std::filesystem::path config, std::string ha_address, size_t log_end)
      : config_(std::move(config)), ha_address_(std::move(ha_address)) {
    router_.setGuard([this](const RequestContext& context) -> std::optional<Answer<NoFields>> {
      MutexLock lock(mutex_);
      asked_.insert(context.command.code);
      return std::nullopt;
    });
    router_.handle<remoting::RegisterBroker>(
        {}, [this](const remoting::RegisterBroker&, const RequestContext&) {
          remoting::RegisterBrokerReply reply;
          reply.ha_server_address = ha_address_;
          reply.master_address = address();
          return Answer<remoting::RegisterBrokerReply>(reply);
        });
    router_.handle<remoting::GetBrokerRuntimeInfo>(
        {}, [log_end](const remoting::GetBrokerRuntimeInfo&, const RequestContext&) {
          return Answer<NoFields>::ofBody(R"({"table":{"commitLogMaxOffset":")" +
                                          std::to_string(log_end) + "\"}}");
        });
    serve<remoting::GetAllTopicConfig>("topics.json");
    serve<remoting::GetAllConsumerOffset>("consumerOffset.json");
    serve<remoting::GetAllDelayOffset>("delayOffset.json");
    serve<remoting::GetAllSubscriptionGroupConfig>("subscriptionGroup.json");
    if (hasTimers()) {
      serve<remoting::GetTimerCheckPoint>("timercheck", 56);
      serve<remoting::GetTimerMetrics>("timermetrics");
    }
    server_ = std::move(*remoting::Server::start(pool_, router_, {.bind_address = "127.0.0.1"}));
  }
  ~JavaBroker() { server_->stop(std::chrono::milliseconds(0)); }

  bool hasTimers() const { return std::filesystem::exists(config_ / "timercheck"); }
  std::string address() const { return "127.0.0.1:" + std::to_string(server_->port()); }
  /// The codes of all requests.
  std::set<int> asked() const {
    MutexLock lock(mutex_);
    return asked_;
  }

 private:
  template <class C>
  void serve(const std::string& file, size_t bytes_max = std::string::npos) {
    router_.handle<C>(
        {}, [text = readFile(config_ / file).substr(0, bytes_max)](
                const C&, const RequestContext&) { return Answer<NoFields>::ofBody(text); });
  }

  const std::filesystem::path config_;
  const std::string ha_address_;
  remoting::IoPool pool_{"java", 1};
  remoting::Router router_{nullptr};
  mutable Mutex mutex_;
  std::set<int> asked_ ROCKETMQ_GUARDED_BY(mutex_);
  std::unique_ptr<remoting::Server> server_;
};

class JavaPairTest : public testing::TestWithParam<std::string> {
 protected:
  JavaPairTest() {
    const std::string archive = ROCKETMQ_SOURCE_DIR "/tests/golden/" + GetParam() + ".tar.gz";
    const std::string unpack =
        "tar --sparse -xzf '" + archive + "' -C '" + dir_.path().string() + "'";
    EXPECT_EQ(std::system(unpack.c_str()), 0);
  }
  std::filesystem::path java() const { return dir_.path() / GetParam(); }
  bool isOf5() const { return GetParam().find("-5.") != std::string::npos; }
  /// How far golden_group is in each queue of GoldenPlain.
  std::string consumed() const { return isOf5() ? "125" : "150"; }

  BrokerSettings settings() const {
    BrokerSettings settings;
    settings.cluster_name = "GoldenCluster";
    settings.broker_name = "golden-a";
    settings.advertised_ip = "127.0.0.1";
    settings.bind_address = "127.0.0.1";
    settings.listen_port = 0;
    settings.ha_listen_port = test::freePort();
    settings.log_dir = dir_ / "logs";
    settings.commit_log_file_bytes = kFileBytes;
    settings.consume_queue_file_bytes = 20'000;
    settings.index_hash_slots = 512;
    settings.index_entries_max = 1024;
    return settings;
  }

  void start(const BrokerSettings& settings) {
    auto started = Broker::start(settings);
    ASSERT_TRUE(started.ok()) << started.status().message();
    broker_ = std::move(*started);
  }

  /// In the folder "slave".
  void startSlaveOf(const JavaBroker& master) {
    BrokerSettings ours = settings();
    ours.broker_role = BrokerRole::kSlave;
    ours.broker_id = 1;
    ours.namesrv_addr = master.address();
    ours.store_root = dir_ / "slave";
    start(ours);
  }
  void expectSameStore() const {
    EXPECT_EQ(logOf(dir_.path() / "slave"), logOf(java()));
    EXPECT_EQ(queuesOf(dir_.path() / "slave"), queuesOf(java()));
  }

  /// The log of a store folder to the end of its last record.
  static std::string logOf(const std::filesystem::path& store) {
    std::set<std::filesystem::path> files;
    for (const auto& file : std::filesystem::directory_iterator(store / "commitlog")) {
      files.insert(file.path());
    }
    std::string log;
    for (const auto& file : files) {
      log += readFile(file);
    }
    size_t end = 0;
    while (end + 4 <= log.size()) {
      const int64_t size = fromBigEndian(std::string_view(log).substr(end, 4));
      if (size == 0) {
        break;
      }
      end += static_cast<size_t>(size);
    }
    return log.substr(0, end);
  }

  /// Path below consumequeue/ and content of each file, without the zeros at its end.
  static std::map<std::string, std::string> queuesOf(const std::filesystem::path& store) {
    std::map<std::string, std::string> queues;
    const auto root = store / "consumequeue";
    for (const auto& file : std::filesystem::recursive_directory_iterator(root)) {
      if (file.is_regular_file()) {
        std::string content = readFile(file.path());
        content.erase(content.find_last_not_of('\0') + 1);
        if (!content.empty()) {
          queues[std::filesystem::relative(file.path(), root).string()] = content;
        }
      }
    }
    return queues;
  }

  test::TempDir dir_;
  std::unique_ptr<Broker> broker_;
};

TEST_P(JavaPairTest, OurSlaveHasWhatTheJavaMasterHas) {
  const std::string log = logOf(java());
  ASSERT_GT(log.size(), static_cast<size_t>(kFileBytes));
  // A new slave gets a master's newest file on, so the master begins with one file.
  JavaMaster master(log.substr(0, kFileBytes - 1), kFileBytes);
  JavaBroker java_broker(java() / "config", "127.0.0.1:" + std::to_string(master.port()),
                         log.size());
  startSlaveOf(java_broker);

  EXPECT_EQ(master.accept(), 0);
  master.sendAll(32'768);

  std::vector<int> expected{kRegisterBroker,       kGetAllTopicConfig,
                            kGetAllConsumerOffset, kGetAllDelayOffset,
                            kGetBrokerRuntimeInfo, kGetAllSubscriptionGroupConfig};
  if (java_broker.hasTimers()) {
    expected.insert(expected.end(), {kGetTimerCheckPoint, kGetTimerMetrics});
  }
  EXPECT_TRUE(eventually([&] {
    const std::set<int> asked = java_broker.asked();
    return std::all_of(expected.begin(), expected.end(),
                       [&](int code) { return asked.contains(code); });
  })) << testing::PrintToString(java_broker.asked());

  RawClient client(broker_->port());
  const std::string queue =
      R"({"consumerGroup":"golden_group","topic":"GoldenPlain","queueId":"2"})";
  // Offsets wait for the log that they speak of.
  EXPECT_NE(client.call(kQueryConsumerOffset, queue).ext["offset"], consumed());
  EXPECT_EQ(client.call(kGetAllDelayOffset, "").body, R"({"offsetTable":{}})");
  master.setLog(log);
  master.sendAll(32'768);
  master.awaitReport(master.max());
  EXPECT_TRUE(eventually(
      [&] { return client.call(kQueryConsumerOffset, queue).ext["offset"] == consumed(); }));
  EXPECT_TRUE(eventually([&] {
    return client.call(kGetAllTopicConfig, "").body.find("\"GoldenDelay\"") != std::string::npos;
  }));
  EXPECT_TRUE(eventually([&] {
    return client.call(kGetAllSubscriptionGroupConfig, "").body.find("\"golden_group\"") !=
           std::string::npos;
  }));
  const std::string delays =
      isOf5() ? R"({"offsetTable":{1:1,2:1,3:1,18:0}})" : R"({"offsetTable":{1:1,2:1,3:1}})";
  EXPECT_TRUE(eventually([&] { return client.call(kGetAllDelayOffset, "").body == delays; }))
      << client.call(kGetAllDelayOffset, "").body;
  EXPECT_TRUE(broker_->stop().isOk());
  expectSameStore();
}

// As docs/migration.md says: the older files by hand, because a Java master sends its newest only.
TEST_P(JavaPairTest, OurSlaveGoesOnFromFilesThatWereCopiedByHand) {
  const std::string log = logOf(java());
  JavaMaster master(log, kFileBytes);
  JavaBroker java_broker(java() / "config", "127.0.0.1:" + std::to_string(master.port()),
                         log.size());
  const std::filesystem::path copied = dir_.path() / "slave/commitlog";
  std::filesystem::create_directories(copied);
  std::filesystem::copy(java() / "commitlog/00000000000000000000", copied);
  startSlaveOf(java_broker);
  EXPECT_GT(master.accept(), 0);
  master.sendAll(32'768);
  master.awaitReport(master.max());
  EXPECT_TRUE(broker_->stop().isOk());
  expectSameStore();
}

TEST_P(JavaPairTest, AJavaSlaveGetsWhatOurMasterHas) {
  const std::string log = logOf(java());
  BrokerSettings ours = settings();
  ours.broker_role = BrokerRole::kAsyncMaster;
  ours.store_root = java().string();
  ours.ha_new_slave_gets_all = true;
  start(ours);

  JavaSlave slave(kFileBytes);
  slave.connectTo(static_cast<uint16_t>(ours.ha_listen_port));
  slave.report();
  slave.followTo(static_cast<int64_t>(log.size()));
  EXPECT_THAT(slave.log(), StartsWith(log));

  EXPECT_TRUE(eventually([&] {
    while (slave.socket().readable(0)) {
      slave.take();  // Delayed messages that have become due meanwhile, and heartbeats.
    }
    const std::string status = RawClient(broker_->port()).call(kGetBrokerHaStatus, "").body;
    return status.find(R"("diff":0,"diffMessages":0,"inSync":true,"slaveAckOffset":)" +
                       std::to_string(slave.max())) != std::string::npos &&
           status.find(R"("inSyncSlaveNums":1,"master":true,"masterCommitLogMaxOffset":)" +
                       std::to_string(slave.max())) != std::string::npos;
  })) << RawClient(broker_->port()).call(kGetBrokerHaStatus, "").body;

  // SlaveSynchronize of 5.3; 4.9 asks for the first four.
  RawClient client(broker_->port());
  const auto bodyOf = [&client](int code) {
    const RawClient::Frame answer = client.call(code, "");
    EXPECT_EQ(answer.code, 0) << code << ": " << answer.remark;
    EXPECT_TRUE(answer.ext.empty()) << code;
    return answer.body;
  };
  const std::string topics = bodyOf(kGetAllTopicConfig);
  EXPECT_THAT(topics, StartsWith(R"({"dataVersion":{"counter":)"));
  EXPECT_THAT(topics, HasSubstr(R"("topicConfigTable":{)"));
  EXPECT_THAT(topics, HasSubstr(R"("order":false,"perm":6,"readQueueNums":4,"topicFilterType":)"
                                R"("SINGLE_TAG","topicName":"GoldenPlain","topicSysFlag":0,)"
                                R"("writeQueueNums":4})"));
  const std::string offsets = bodyOf(kGetAllConsumerOffset);
  EXPECT_THAT(offsets, StartsWith(R"({"dataVersion":{"counter":)"));
  const std::string n = consumed();
  EXPECT_THAT(offsets, HasSubstr(R"(,"stateVersion":0,"timestamp":0},"offsetTable":{)"
                                 R"("%RETRY%golden_group@golden_group":{0:1},)"
                                 R"("GoldenPlain@golden_group":{0:)" +
                                 n + ",1:" + n + ",2:" + n + ",3:" + n + "}"));
  EXPECT_THAT(bodyOf(kGetAllDelayOffset), StartsWith(R"({"offsetTable":{1:1,2:1,3:1)"));
  const std::string groups = bodyOf(kGetAllSubscriptionGroupConfig);
  EXPECT_THAT(groups, StartsWith(R"({"dataVersion":{"counter":)"));
  EXPECT_THAT(groups, HasSubstr(R"("subscriptionGroupTable":{)"));
  EXPECT_THAT(groups, HasSubstr(R"("groupName":"golden_group")"));
  EXPECT_EQ(bodyOf(kGetAllMessageRequestMode), R"({"messageRequestModeMap":{}})");
  // TimerCheckpoint.decode reads 56 bytes and looks at no more.
  EXPECT_GE(bodyOf(kGetTimerCheckPoint).size(), 56u);
  EXPECT_THAT(bodyOf(kGetTimerMetrics), StartsWith(R"({"dataVersion":{"counter":)"));
  EXPECT_TRUE(broker_->stop().isOk());
}

INSTANTIATE_TEST_SUITE_P(Java, JavaPairTest,
                         testing::Values("java-4.9.8-clean", "java-5.3.3-clean"),
                         [](const auto& instance) {
                           std::string name = instance.param;
                           std::erase_if(name, [](char c) { return c == '-' || c == '.'; });
                           return name;
                         });

}  // namespace
}  // namespace rocketmq::broker
