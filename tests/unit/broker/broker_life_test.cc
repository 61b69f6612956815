// A whole broker starts, stops, and keeps what it has promised.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <string>
#include <vector>

#include "broker/topic/topic_table.h"
#include "common/atomic_file.h"
#include "common/descriptor.h"
#include "common/message/message_id.h"
#include "common/model/config_tables.h"
#include "remoting/protocol/commands/broker_admin.h"
#include "remoting/protocol/commands/offsets.h"
#include "remoting/protocol/commands/transaction.h"
#include "tests/support/daemon.h"
#include "tests/support/eventually.h"
#include "tests/support/file_limit.h"
#include "tests/support/raw_socket.h"
#include "tests/unit/broker/broker_fixture.h"

namespace rocketmq::broker {
namespace {

using test::eventually;

TEST_F(BrokerTest, ARestartKeepsMessagesTopicsGroupsAndOffsets) {
  send("kept");
  ASSERT_TRUE(peer_->call(remoting::Heartbeat{}, heartbeatOf("c1", "G"))->success());
  remoting::UpdateConsumerOffset commit;
  commit.consumer_group = "G";
  commit.topic = "T";
  commit.commit_offset = 1;
  ASSERT_TRUE(peer_->call(commit)->success());

  restart();
  EXPECT_EQ(pull(0), std::vector<std::string>{"kept"});
  remoting::QueryConsumerOffset query;
  query.consumer_group = "G";
  query.topic = "T";
  EXPECT_EQ(peer_->call(query)->header.offset, 1);
  EXPECT_TRUE(members("G").empty());
  EXPECT_EQ(send("more").queue_offset, 1);
}

TEST_F(BrokerTest, OffsetsAreOnTheDiskAfterTheirIntervalFromTheStartOn) {
  stop();
  settings_.flush_consumer_offset_interval_ms = 100;
  start();
  send("a");
  remoting::UpdateConsumerOffset commit;
  commit.consumer_group = "G";
  commit.topic = "T";
  commit.commit_offset = 1;
  ASSERT_TRUE(peer_->call(commit)->success());
  EXPECT_TRUE(eventually(
      [&] {
        const auto text = readWholeFile(settings_.store_root + "/config/consumerOffset.json");
        return text.ok() && text->find("T@G") != std::string::npos;
      },
      seconds(5)))
      << "RocketMQ begins after ten seconds, whatever the interval";
}

TEST_F(BrokerTest, ATopicCountsAsDeletedByAJavaBrokerOnlyWithATopicsJsonThatLacksIt) {
  for (const bool has_file : {false, true}) {
    send("kept");
    stop();
    const std::string path = settings_.store_root + "/config/topics.json";
    auto table = json::decode<model::TopicConfigTable>(*readWholeFile(path));
    ASSERT_TRUE(table.ok());
    ASSERT_EQ(table->topic_config_table.erase("T"), 1u);
    for (const std::string& file : {path, path + ".bak"}) {
      std::filesystem::remove(file);
    }
    if (has_file) {
      std::ofstream(path) << json::encode(*table, json::Style::kPretty);
    }
    std::filesystem::remove_all(settings_.store_root + "/consumequeue/T");
    start();
    EXPECT_EQ(std::filesystem::exists(settings_.store_root + "/deletedtopics"), has_file);
  }
}

// Without a reserve whoever connects takes the files that logs and tables need.
TEST_F(BrokerTest, ConnectionsLeaveFilesForTheBroker) {
  constexpr size_t kFiles = 400;
  stop();
  {
    const test::FileLimit limit(kFiles);
    start();
  }
  const auto port = static_cast<uint16_t>(broker_->port());
  std::vector<test::RawSocket> open;
  for (size_t i = 0; i < kFiles / 2; ++i) {
    open.push_back(test::RawSocket::connectTo(port));
  }
  // The broker has one or two of its own at its start, to see whether it can be reached.
  EXPECT_FALSE(open[kFiles / 2 - 3].readable(0));
  EXPECT_TRUE(test::RawSocket::connectTo(port).closedByPeer());
}

TEST_F(BrokerTest, StoppingIsQuickAlsoWithPullsHeld) {
  send("a");
  std::atomic<int> ended{0};
  for (int i = 0; i < 10; ++i) {
    peer_->callLater(pullOf(1, pull_sys_flag::kSubscription | pull_sys_flag::kSuspend),
                     [&](const CallResult<remoting::PullMessage>&) { ++ended; });
  }
  EXPECT_EQ(pull(0).size(), 1u);
  const auto begin = Clock::now();
  EXPECT_TRUE(broker_->stop().isOk());
  EXPECT_LT(Clock::now() - begin, seconds(3));
  EXPECT_TRUE(eventually([&] { return ended == 10; }));
}

TEST_F(BrokerTest, ASecondBrokerOnTheSameFolderSaysSo) {
  const auto second = Broker::start(settings_);
  ASSERT_FALSE(second.ok());
  EXPECT_NE(second.status().message().find("lock"), std::string::npos) << second.status().message();
}

// Opening a table merges what was appended beside it, which the broker that is there goes on with.
TEST_F(BrokerTest, ASecondBrokerOnTheSameFolderLeavesTheTablesOfTheFirst) {
  for (int i = 0; i < 600; ++i) {  // More than is written as a whole each time.
    ASSERT_TRUE(peer_->call(topicOf(std::string(100, 't') + std::to_string(i), 1))->success());
  }
  ASSERT_FALSE(Broker::start(settings_).ok());
  ASSERT_TRUE(peer_->call(topicOf("New", 1))->success());
  // As after the first one's sudden end.
  test::TempDir copied;
  const std::string path = copied / "topics.json";
  for (const char* const end : {"", ".changes"}) {
    std::filesystem::copy_file(settings_.store_root + "/config/topics.json" + end, path + end);
  }
  const LiveSettings live(std::make_shared<const BrokerSettings>(settings_));
  const auto topics = TopicTable::open(path, live, SystemClock::instance());
  ASSERT_TRUE(topics.ok()) << topics.status().message();
  EXPECT_NE((*topics)->find("New"), nullptr);
}

TEST_F(BrokerTest, ATakenPortIsNamed) {
  test::TempDir other;
  BrokerSettings settings = settingsIn(other);
  settings.listen_port = broker_->port();
  settings.ha_listen_port = test::freePort();  // Not the one above, which anybody may have.
  const auto second = Broker::start(settings);
  ASSERT_FALSE(second.ok());
  EXPECT_NE(second.status().message().find(std::to_string(broker_->port())), std::string::npos)
      << second.status().message();
}

class SyncFlushBrokerTest : public BrokerTest {
 protected:
  SyncFlushBrokerTest() {
    stop();
    settings_.flush_disk_type = store::FlushMode::kSync;
    start();
  }
};

TEST_F(SyncFlushBrokerTest, WhatIsAnsweredIsOnTheDiskAndReadable) {
  EXPECT_EQ(send("synced").queue_offset, 0);
  EXPECT_EQ(pull(0), std::vector<std::string>{"synced"});
}

class SlaveBrokerTest : public BrokerTest {
 protected:
  SlaveBrokerTest() {
    stop();
    settings_.broker_role = BrokerRole::kSlave;
    settings_.broker_id = 1;
    start();
  }
};

TEST_F(SlaveBrokerTest, WhatWouldWriteIntoTheLogIsRefused) {
  const auto sent = peer_->call(sendOf<remoting::SendMessageV2>("T"), "body");
  ASSERT_TRUE(sent.ok()) << sent.status().message();
  EXPECT_FALSE(sent->success());
  remoting::EndTransaction commit;
  commit.producer_group = "P";
  commit.commit_or_rollback = remoting::kTransactionCommit;
  commit.message_id = "none";
  const auto ended = peer_->call(commit);
  ASSERT_TRUE(ended.ok()) << ended.status().message();
  EXPECT_EQ(ended->code, ResponseCode::kSlaveNotAvailable);
}

TEST(BrokerStartTest, ImpossibleSettingsAreRefusedInOneLine) {
  test::TempDir dir;
  const auto refusal = [&](auto change) {
    BrokerSettings settings = settingsIn(dir);
    change(settings);
    const auto broker = Broker::start(settings);
    EXPECT_FALSE(broker.ok());
    return broker.status().message();
  };
  EXPECT_NE(refusal([](BrokerSettings& s) { s.broker_role = BrokerRole::kSlave; }).find("brokerId"),
            std::string::npos);
  EXPECT_NE(refusal([](BrokerSettings& s) { s.namesrv_addr = "nonsense"; }).find("nonsense"),
            std::string::npos);
  EXPECT_NE(refusal([](BrokerSettings& s) { s.advertised_ip = "no such host!"; }).find("brokerIP1"),
            std::string::npos);
  EXPECT_NE(refusal([](BrokerSettings& s) { s.bind_address = "nowhere"; }).find("nowhere"),
            std::string::npos);
  EXPECT_NE(refusal([](BrokerSettings& s) { s.store_root = "/proc/no-store"; }).find("/proc"),
            std::string::npos);
}

TEST_F(BrokerTest, WhereTheNextStartLooksAndLogsIsNotChangedByRequest) {
  for (const char* key : {"brokerConfigPath", "rocketmqHome", "configBlackList", "logDir"}) {
    EXPECT_EQ(peer_->call(remoting::UpdateBrokerConfig{}, std::string(key) + "=x\n")->code,
              ResponseCode::kNoPermission)
        << key;
  }
}

// Promise: what has been accepted does not end the next start.
TEST_F(BrokerTest, SettingsWithWhichItWouldNotStartAreRefused) {
  const std::string port = std::to_string(broker_->port());
  const std::string below = std::to_string(broker_->port() - 2);
  for (const std::string& setting :
       {std::string("brokerIP1=no such host"), std::string("bindAddress=abc"),
        std::string("metricsBindAddress=abc"), "haListenPort=" + port, "metricsPort=" + port,
        "metricsPort=" + below, std::string("maxIndexNum=1"),
        std::string("tls.config.file=/none/tls.properties"),
        std::string("tls.test.mode.enable=false")}) {
    const auto answer = peer_->call(remoting::UpdateBrokerConfig{}, setting + "\n");
    EXPECT_NE(answer->code, ResponseCode::kSuccess) << setting;
    EXPECT_FALSE(answer->remark.empty()) << setting;
  }
  EXPECT_EQ(peer_->call(remoting::UpdateBrokerConfig{}, "metricsPort=0\n")->code,
            ResponseCode::kSuccess);
}

// Owners of queues, positions and statistics do not wait behind an administrator's long request.
TEST_F(BrokerTest, WhatTheBrokerWritesByItselfDoesNotWaitForAdministration) {
  const std::string pipe = dir_ / "tls.properties";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  auto update = std::async(std::launch::async, [this, &pipe] {
    return peer_->call(remoting::UpdateBrokerConfig{}, "tls.config.file=" + pipe, seconds(60));
  });
  Descriptor writer;
  ASSERT_TRUE(eventually([&] {
    writer = Descriptor(::open(pipe.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
    return writer.valid();  // Somebody reads it now, to the end, which does not come.
  }));

  remoting::LockBatchBody body;
  body.client_id = "c1";
  body.consumer_group = "G";
  body.mq_set = {{.topic = "T", .broker_name = "broker-a", .queue_id = 0}};
  ASSERT_TRUE(peer_->call(remoting::LockBatchQueues{}, json::encode(body))->success());
  EXPECT_TRUE(eventually([this] {
    const auto file = readWholeFile(settings_.store_root + "/config/queueLocks.json");
    return file.ok() && file->find("c1") != std::string::npos;
  }));
  EXPECT_EQ(update.wait_for(seconds(0)), std::future_status::timeout);
  writer = Descriptor();
  EXPECT_TRUE(update.get().ok());
}

TEST(BrokerStartTest, AnAddressNobodyCanReachIsExplained) {
  test::TempDir dir;
  BrokerSettings settings = settingsIn(dir);
  settings.advertised_ip = "127.0.0.2";  // Not bound: the broker listens on 127.0.0.1.
  std::promise<std::string> promise;
  auto broker = Broker::start(settings, [&](const std::string& line) { promise.set_value(line); });
  ASSERT_TRUE(broker.ok()) << broker.status().message();
  auto future = promise.get_future();
  ASSERT_EQ(future.wait_for(seconds(10)), std::future_status::ready);
  const std::string line = future.get();
  EXPECT_NE(line.find("127.0.0.2"), std::string::npos) << line;
  EXPECT_NE(line.find("brokerIP1"), std::string::npos) << line;
}

}  // namespace
}  // namespace rocketmq::broker
