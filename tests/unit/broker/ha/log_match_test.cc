// Promise: a slave whose log goes on differently from its master's copies nothing, neither when it
// connects nor when the master's log has grown past its own, says so, and is no slave that a send
// could count on.

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <future>
#include <string>

#include <asio/post.hpp>

#include "broker/ha/log_distance.h"
#include "common/atomic_file.h"
#include "common/log.h"
#include "tests/unit/broker/ha/ha_fixture.h"
#include "tests/unit/broker/ha/java_peers.h"

namespace rocketmq::broker {
namespace {

using test::RawListener;
using test::RawSocket;

class LogMatchTest : public HaTest {
 protected:
  /// The slave has all that the master has, and stops.
  void copyAndStopSlave() {
    startMaster();
    startSlave(server_->port());
    ASSERT_TRUE(slaveHas(master_.store_->commitLogMaxOffset()));
    stopSlave();
  }
  void stopSlave() {
    client_.reset();
    slave_.reset();
    ASSERT_TRUE(eventually([&] { return server_ == nullptr || server_->slaves().empty(); }));
  }
  /// What the slave took as a master of its own, or from one that is gone.
  void sendToSlave(int count, const std::string& body, int64_t born_ms = 0) {
    Replica alone(dir_, "slave", BrokerRole::kAsyncMaster);
    MessageRecord record;
    record.topic = "T";
    record.body = body;
    record.born_timestamp_ms = born_ms;
    for (int i = 0; i < count; ++i) {
      alone.store_->put(record);
    }
  }
  std::string slaveLog() { return Replica(dir_, "slave", BrokerRole::kAsyncMaster).log(); }

  bool slaveSays(LogMatch match) {
    return eventually([&] { return client_->state().log_match == match; });
  }
  bool slaveFollows() {
    return eventually([&] { return client_->state().is_following; });
  }
  static int countOf(const std::string& text, const std::string& part) {
    int count = 0;
    for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
      ++count;
    }
    return count;
  }
  /// The first report of a slave.
  int64_t asked() {
    RawListener listener;
    startSlave(listener.port());
    RawSocket socket = listener.accept();
    const auto report = socket.readBytes(8);
    EXPECT_TRUE(report);
    stopSlave();
    return report ? fromBigEndian(*report) : -1;
  }
};

// A master dies with three messages that its slave does not have. The slave becomes the master and
// takes other ones of the same size, so that records begin at the same offsets in both logs.
TEST_F(LogMatchTest, AnOldMasterWithMessagesOfItsOwnCopiesNothing) {
  master_.configure([](BrokerSettings& settings) { settings.slave_timeout_ms = 100; });
  master_.send(5, "common");
  copyAndStopSlave();
  sendToSlave(3, "theirs");
  const std::string log = slaveLog();
  master_.send(2, "mine..");
  startSlave(server_->port());
  EXPECT_TRUE(slaveSays(LogMatch::kDifferent));
  // The master's log grows to the end of the slave's, and further.
  for (int i = 0; i < 4; ++i) {
    const int64_t end = master_.send(1, "mine..");
    EXPECT_NE(waitFor(end), ReplicaOutcome::kReplicated);
    for (const SlaveConnection::State& slave : server_->slaves()) {
      EXPECT_FALSE(slave.is_following);
    }
  }
  EXPECT_EQ(client_->state().log_match, LogMatch::kDifferent);
  EXPECT_EQ(slave_->log(), log);
  // Set up anew it follows.
  stopSlave();
  std::filesystem::rename(dir_ / "slave", dir_ / "moved away");
  startSlave(server_->port());
  EXPECT_TRUE(slaveHas(master_.store_->commitLogMaxOffset()));
  EXPECT_TRUE(slaveSays(LogMatch::kSame));
}

// The master has lost the end of its log.
TEST_F(LogMatchTest, ASlaveThatIsAheadWaitsAndIsNotWaitedFor) {
  master_.send(5, "common");
  copyAndStopSlave();
  sendToSlave(3, "theirs");
  const std::string log = slaveLog();
  startSlave(server_->port());
  ASSERT_TRUE(slaveSays(LogMatch::kAhead));
  EXPECT_TRUE(client_->state().is_connected);
  EXPECT_EQ(waitFor(master_.store_->commitLogMaxOffset()), ReplicaOutcome::kSlaveNotAvailable);
  ASSERT_EQ(server_->slaves().size(), 1u);
  EXPECT_FALSE(server_->slaves().front().is_following);
  // What is sent now is not what the slave has there.
  EXPECT_EQ(waitFor(master_.send(1, "mine..")), ReplicaOutcome::kSlaveNotAvailable);
  EXPECT_TRUE(slaveSays(LogMatch::kDifferent));
  EXPECT_EQ(slave_->log(), log);
}

// A heartbeat in the middle of the comparison does not say that the master has nothing there.
TEST_F(LogMatchTest, AMasterThatPausesForItsLimitHasTheLog) {
  master_.configure([](BrokerSettings& settings) {
    settings.ha_transfer_batch_bytes = 100;
    settings.ha_flow_control = true;
    settings.ha_bytes_per_second_max = 8'000;
    settings.ha_heartbeat_interval_ms = 20;
  });
  sendToSlave(60, "common");
  const std::string log = slaveLog();
  ASSERT_GT(std::ssize(log), 4096);
  ASSERT_TRUE(master_.store_->close().isOk());
  std::filesystem::remove_all(dir_ / "master");
  std::filesystem::copy(dir_ / "slave", dir_ / "master", std::filesystem::copy_options::recursive);
  master_.open();
  startMaster();
  startSlave(server_->port());
  EXPECT_TRUE(eventually([&] {
    EXPECT_NE(client_->state().log_match, LogMatch::kAhead);
    return client_->state().log_match == LogMatch::kSame;
  }));
}

TEST_F(LogMatchTest, OneHeartbeatIsNoProofThatTheMasterHasNothing) {
  sendToSlave(5, "common");
  JavaMaster master(slaveLog(), kFileBytes);
  startSlave(master.port());
  master.accept();
  master.sendHeartbeat();
  ASSERT_TRUE(eventually([&] { return client_->state().last_read_ms > 0; }));
  std::promise<void> read;
  asio::post(pool_.context(0), [&] { read.set_value(); });
  read.get_future().wait();
  EXPECT_EQ(client_->state().log_match, LogMatch::kUnknown);
  master.sendAll(kFileBytes);
  EXPECT_TRUE(slaveSays(LogMatch::kSame));
}

// The master has removed what the slave lacks.
TEST_F(LogMatchTest, ASlaveThatIsTooFarBehindSaysSo) {
  master_.send(5, "common");
  copyAndStopSlave();
  while (master_.store_->commitLogMaxOffset() < 2 * kFileBytes) {
    master_.send(1);
  }
  server_->stop();
  server_.reset();
  ASSERT_TRUE(master_.store_->close().isOk());
  master_.store_.reset();
  ASSERT_TRUE(std::filesystem::remove(dir_ / "master/commitlog/00000000000000000000"));
  master_.open();
  startMaster();
  startSlave(server_->port());
  EXPECT_TRUE(slaveSays(LogMatch::kAhead)) << "nothing is known of the master's log";
  client_->setMasterLogBegin(master_.store_->commitLogMinOffset());
  EXPECT_TRUE(slaveSays(LogMatch::kBehind));
  // All that the master has is missing there.
  EXPECT_EQ(messagesBetween(*master_.store_, slave_->store_->commitLogMaxOffset(),
                            master_.store_->commitLogMaxOffset()),
            master_.store_->maxOffset("T", 0) - master_.store_->minOffset("T", 0));
}

// Such a slave may be connected when it happens.
TEST_F(LogMatchTest, ASlaveThatItsMasterLeavesBehindSaysSo) {
  master_.send(5);
  startMaster();
  startSlave(server_->port());
  ASSERT_TRUE(slaveSays(LogMatch::kSame));
  client_->setMasterLogBegin(master_.store_->commitLogMaxOffset() + 1);
  EXPECT_TRUE(slaveSays(LogMatch::kBehind));
  EXPECT_FALSE(client_->state().is_following);
}

// As where both masters deliver the same delayed message.
TEST_F(LogMatchTest, RecordsThatDifferInTheirHeadsAloneAreToldApart) {
  const std::string large(6000, 'x');
  master_.send(1, large);
  sendToSlave(1, large, 1);
  startMaster();
  master_.send(1);
  startSlave(server_->port());
  EXPECT_TRUE(slaveSays(LogMatch::kDifferent));
  EXPECT_GT(kFileBytes, 2 * 6000) << "the end of the file is not what it compares";
}

TEST_F(LogMatchTest, ASlaveThatHasTheSameGoesOn) {
  for (int round = 0; round < 3; ++round) {
    master_.send(20);
    copyAndStopSlave();
    server_->stop();
    master_.send(200);
    startMaster();
    startSlave(server_->port());
    EXPECT_TRUE(slaveHas(master_.store_->commitLogMaxOffset()));
    EXPECT_TRUE(slaveSays(LogMatch::kSame));
    EXPECT_EQ(slave_->log(), master_.log());
    ASSERT_TRUE(eventually([&] {
      const auto slaves = server_->slaves();
      return !slaves.empty() && slaves.front().is_following;
    }));
    EXPECT_EQ(waitFor(master_.send(1)), ReplicaOutcome::kReplicated);
    stopSlave();
    server_->stop();
  }
}

// What the slave copies beside the log is about the log of the master that it follows.
TEST_F(LogMatchTest, ItFollowsOnceTheConnectionOfNowHasShownThatTheLogsAreTheSame) {
  sendToSlave(5, "common");
  const std::string log = slaveLog();
  JavaMaster master(log, kFileBytes);
  startSlave(master.port());
  master.accept();
  ASSERT_TRUE(client_->state().is_connected);
  EXPECT_FALSE(client_->state().is_following);
  master.sendAll(kFileBytes);
  EXPECT_TRUE(slaveFollows());
  master.hangUp();
  master.accept();
  EXPECT_FALSE(client_->state().is_following) << "the master may have lost its log's end";
  EXPECT_EQ(client_->state().log_match, LogMatch::kUnknown);
  master.sendAll(kFileBytes);
  EXPECT_TRUE(slaveFollows());
  master.hangUp();
  master.setLog(std::string(log.size(), 'x'));
  master.accept();
  master.sendAll(kFileBytes);
  EXPECT_TRUE(slaveSays(LogMatch::kDifferent));
  EXPECT_FALSE(client_->state().is_following);
}

TEST_F(LogMatchTest, ASlaveWithNothingToCompareFollowsWhenTheMasterTakesItOn) {
  JavaMaster master("", kFileBytes);
  startSlave(master.port());
  master.accept();
  EXPECT_FALSE(client_->state().is_following) << "it may be refused";
  master.sendHeartbeat();
  EXPECT_TRUE(slaveFollows());
  EXPECT_TRUE(slaveSays(LogMatch::kSame));
}

TEST_F(LogMatchTest, AnotherMasterIsNotFollowedFromTheMomentItIsNamed) {
  slave_.emplace(dir_, "slave", BrokerRole::kSlave);
  client_.emplace(pool_, *slave_->store_, slave_->settings_, slave_->clock_);
  client_->start();
  JavaMaster before("", kFileBytes);
  JavaMaster after("", kFileBytes);
  client_->setMasterAddress("127.0.0.1:" + std::to_string(before.port()));
  before.accept();
  before.sendHeartbeat();
  ASSERT_TRUE(slaveFollows());
  client_->setMasterAddress("127.0.0.1:" + std::to_string(after.port()));
  EXPECT_FALSE(client_->state().is_following);
  after.accept();
  after.sendHeartbeat();
  EXPECT_TRUE(slaveFollows());
}

TEST_F(LogMatchTest, TheDifferenceIsLoggedWhenItIsFoundAndNotWithEachAttempt) {
  const test::TempDir logs;
  ASSERT_TRUE(log::init({.directory = logs.path().string(), .file_name = "broker.log"}).isOk());
  sendToSlave(5, "common");
  const std::string same = slaveLog();
  const std::string other(same.size(), 'x');
  JavaMaster master(same, kFileBytes);
  const auto offer = [&](const std::string& log, LogMatch match) {
    master.setLog(log);
    master.accept();
    master.sendAll(kFileBytes);
    EXPECT_TRUE(slaveSays(match));
    if (match == LogMatch::kSame) {
      master.hangUp();
    } else {
      EXPECT_FALSE(master.socket().readBytes(8)) << "the slave closes the connection";
    }
  };
  startSlave(master.port());
  offer(other, LogMatch::kDifferent);
  offer(same, LogMatch::kSame);
  offer(other, LogMatch::kDifferent);
  offer(same, LogMatch::kSame);
  for (int attempt = 0; attempt < 3; ++attempt) {
    offer(other, LogMatch::kDifferent);
  }
  stopSlave();
  log::shutdown();
  const std::string written = *readWholeFile(logs / "broker.log");
  EXPECT_EQ(countOf(written, "this slave's log differs from its master's"), 3) << written;
}

TEST_F(LogMatchTest, WhatIsComparedIsTheEndOfTheNewestFile) {
  EXPECT_EQ(asked(), 0) << "no log";
  sendToSlave(1, "first");
  EXPECT_EQ(asked(), 1) << "0 would ask for the newest file";
  sendToSlave(60, "more");
  const auto end = std::ssize(slaveLog());
  ASSERT_LT(end, kFileBytes);
  EXPECT_EQ(asked(), end - 4096);
  sendToSlave(1, std::string(6000, 'x'));
  EXPECT_EQ(asked(), std::ssize(slaveLog()) - 8192) << "the last record is larger";
}

}  // namespace
}  // namespace rocketmq::broker
