// Promise: a slave of RocketMQ's follows our master, and our slave follows a master of RocketMQ's,
// byte for byte. The other end is scripted (java_peers.h).

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/unit/broker/ha/ha_fixture.h"
#include "tests/unit/broker/ha/java_peers.h"

namespace rocketmq::broker {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using test::RawListener;

/// No multiple of a record's size, so that pieces end inside of records.
constexpr int64_t kOddBatch = 777;

class JavaWireTest : public HaTest {
 protected:
  void fillFiles(int64_t files) {
    while (master_.store_->commitLogMaxOffset() < files * kFileBytes + 1000) {
      master_.send(1);
    }
  }
  int64_t masterEnd() const { return master_.store_->commitLogMaxOffset(); }

  /// Where the last record ends that is whole in the first `bytes` of a log.
  static int64_t wholeRecordsIn(const std::string& log, int64_t bytes) {
    int64_t end = 0;
    for (int64_t next = 0; next <= bytes && end < std::ssize(log);) {
      end = next;
      next += fromBigEndian(std::string_view(log).substr(static_cast<size_t>(end), 4));
    }
    return end;
  }
  /// What our slave reports first when its log ends there: it compares up to 4 KiB of the file in
  /// which that is with the master's, and 0 would ask for the newest file.
  static int64_t firstReport(int64_t end) {
    return end == 0 ? 0 : std::max({end - 4096, end - end % kFileBytes, int64_t{1}});
  }
  /// Where the blank at the end of the first file begins.
  static int64_t blankOf(const std::string& log) {
    int64_t at = 0;
    for (int64_t next = 0; next < kFileBytes;) {
      at = next;
      next += fromBigEndian(std::string_view(log).substr(static_cast<size_t>(at), 4));
    }
    return at;
  }

  JavaSlave java_slave_{kFileBytes};
};

// Our master, a slave of RocketMQ's.

TEST_F(JavaWireTest, AJavaSlaveFollowsFromTheNewestFileOn) {
  fillFiles(3);
  master_.configure([](BrokerSettings& settings) { settings.ha_transfer_batch_bytes = kOddBatch; });
  startMaster();
  java_slave_.connectTo(server_->port());
  java_slave_.report();
  java_slave_.followTo(masterEnd());
  EXPECT_EQ(java_slave_.min(), 3 * kFileBytes);
  // Across the end of a file, with somebody who waits for the slave.
  while (masterEnd() < 4 * kFileBytes + 1000) {
    const int64_t end = master_.send(1);
    java_slave_.followTo(end);
    ASSERT_EQ(waitFor(end), ReplicaOutcome::kReplicated);
  }
  EXPECT_EQ(java_slave_.log(), master_.log().substr(3 * kFileBytes));
  // Heartbeats name the end of the slave's log, else it would leave.
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(java_slave_.take(), (JavaHeader{.offset = masterEnd(), .bytes = 0}));
  }
}

TEST_F(JavaWireTest, AJavaSlaveMayGetAllFiles) {
  fillFiles(3);
  master_.configure([](BrokerSettings& settings) {
    settings.ha_new_slave_gets_all = true;
    settings.ha_transfer_batch_bytes = 1 << 30;
  });
  startMaster();
  java_slave_.connectTo(server_->port());
  java_slave_.report();
  java_slave_.followTo(masterEnd());
  EXPECT_EQ(java_slave_.log(), master_.log());
}

TEST_F(JavaWireTest, PiecesFitIntoTheBufferOfAJavaSlave) {
  constexpr int64_t kLargeFile = 8 << 20;
  Replica large(dir_, "large", BrokerRole::kAsyncMaster, kLargeFile);
  large.configure([](BrokerSettings& settings) { settings.ha_transfer_batch_bytes = 1 << 30; });
  const int64_t end = large.send(60, std::string(100'000, 'x'));
  server_ = std::move(*HaServer::start(pool_, *large.store_, large.settings_));
  JavaSlave slave(kLargeFile);
  slave.connectTo(server_->port());
  slave.report();
  slave.followTo(end);
  EXPECT_EQ(slave.log(), large.log());
  server_.reset();
}

// Java's slave appends pieces as they come, half records too, and recovers a file that is full as
// ending where its blank begins. So it may ask for any byte.
TEST_F(JavaWireTest, AJavaSlaveGoesOnFromAnyByte) {
  fillFiles(2);
  const std::string log = master_.log();
  startMaster();
  std::vector<int64_t> ends{1,
                            kFileBytes - 1,
                            kFileBytes,
                            kFileBytes + 1,
                            blankOf(log),
                            blankOf(log) + 8,
                            masterEnd() - 1};
  for (int64_t end = 13; end < masterEnd(); end += 397) {
    ends.push_back(end);
  }
  for (const int64_t end : ends) {
    SCOPED_TRACE(end);
    java_slave_.setLog(0, log.substr(0, static_cast<size_t>(end)));
    java_slave_.connectTo(server_->port());
    java_slave_.report();
    java_slave_.followTo(masterEnd());
    ASSERT_EQ(java_slave_.log(), log);
  }
}

TEST_F(JavaWireTest, AJavaSlaveThatReconnectsInsideOfARecordLosesNothing) {
  master_.configure([](BrokerSettings& settings) { settings.ha_transfer_batch_bytes = kOddBatch; });
  const int64_t end = master_.send(100);  // All in the newest file.
  startMaster();
  for (int piece = 0; java_slave_.max() < end; ++piece) {
    if (piece % 3 == 0) {
      java_slave_.connectTo(server_->port());
      java_slave_.report();
    }
    ASSERT_TRUE(java_slave_.take());
  }
  EXPECT_EQ(java_slave_.log(), master_.log());
}

// 4.9 reports for the first time 5 s after it has connected.
TEST_F(JavaWireTest, AJavaSlaveHearsNothingBeforeItsFirstReport) {
  const int64_t end = master_.send(3);
  startMaster();
  java_slave_.connectTo(server_->port());
  EXPECT_FALSE(java_slave_.socket().readable(300)) << "six times the interval of heartbeats";
  const std::string report = bigEndian(0, 8);
  ASSERT_TRUE(java_slave_.socket().write(report.substr(0, 5)));
  EXPECT_FALSE(java_slave_.socket().readable(100)) << "this is not a report yet";
  ASSERT_TRUE(java_slave_.socket().write(report.substr(5)));
  java_slave_.followTo(end);
  EXPECT_EQ(java_slave_.log(), master_.log());
}

TEST_F(JavaWireTest, OfReportsThatComeTogetherTheLastCounts) {
  const int64_t end = master_.send(3);
  startMaster();
  java_slave_.connectTo(server_->port());
  ASSERT_TRUE(java_slave_.socket().write(bigEndian(0, 8) + bigEndian(100, 8) +
                                         bigEndian(static_cast<uint64_t>(end), 8)));
  // Until they have been taken there is no slave to wait for.
  EXPECT_TRUE(eventually([&] { return waitFor(end) == ReplicaOutcome::kReplicated; }));
}

TEST_F(JavaWireTest, AJavaSlaveThatWantsWhatIsGoneGetsHeartbeatsAndStays) {
  fillFiles(3);
  ASSERT_TRUE(master_.store_->close().isOk());
  std::filesystem::remove(dir_ / "master/commitlog/00000000000000000000");
  master_.open();
  ASSERT_EQ(master_.store_->commitLogMinOffset(), kFileBytes);
  startMaster();
  java_slave_.setLog(0, std::string(1000, 'x'));
  java_slave_.connectTo(server_->port());
  java_slave_.report();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(java_slave_.take(), (JavaHeader{.offset = 1000, .bytes = 0}));
  }
  // Whatever it reports from now on, nobody may count on it.
  java_slave_.setLog(0, std::string(1001, 'x'));
  java_slave_.report();
  ASSERT_TRUE(eventually([this] {
    const auto slaves = server_->slaves();
    return slaves.size() == 1 && slaves[0].ack_offset == 1001;
  }));
  EXPECT_FALSE(server_->slaves()[0].is_following);
}

TEST_F(JavaWireTest, AJavaSlaveThatIsAheadIsLetGo) {
  const int64_t end = master_.send(3);
  startMaster();
  java_slave_.setLog(0, std::string(static_cast<size_t>(end) + 1, 'x'));
  java_slave_.connectTo(server_->port());
  java_slave_.report();
  EXPECT_EQ(java_slave_.socket().readToEnd(), "");
  // 4.9's master looks at later reports as well.
  java_slave_.setLog(0, "");
  java_slave_.connectTo(server_->port());
  java_slave_.report();
  java_slave_.followTo(end);
  ASSERT_TRUE(java_slave_.socket().write(bigEndian(static_cast<uint64_t>(end) + 1, 8)));
  EXPECT_TRUE(java_slave_.socket().closedByPeer());
}

// A master of RocketMQ's, our slave.

TEST_F(JavaWireTest, OurSlaveBeginsWithAJavaMastersNewestFile) {
  fillFiles(3);
  JavaMaster master(master_.log(), kFileBytes);
  startSlave(master.port());
  EXPECT_EQ(master.accept(), 0) << "the first report of a slave without a log";
  EXPECT_EQ(master.next(), 3 * kFileBytes);
  master.sendAll(kOddBatch);
  master.awaitReport(master.max());
  // The log goes on, also across the end of a file.
  fillFiles(4);
  master.setLog(master_.log());
  master.sendAll(kOddBatch);
  master.awaitReport(master.max());
  EXPECT_EQ(slave_->store_->commitLogMinOffset(), 3 * kFileBytes);
  EXPECT_EQ(slave_->log(), master.log().substr(3 * kFileBytes));
}

TEST_F(JavaWireTest, OurSlaveTakesPiecesInWhateverPartsTheyCome) {
  fillFiles(1);
  // Else it begins with the newest file.
  JavaMaster master(master_.log().substr(0, kFileBytes - 1), kFileBytes);
  startSlave(master.port());
  std::mt19937 random(6);
  master.accept();
  while (master.next() < master.max()) {
    const auto upTo = [&](int64_t max) {
      return std::uniform_int_distribution<int64_t>(1, max)(random);
    };
    master.sendPiece(upTo(2000), static_cast<size_t>(upTo(40)));
    if (upTo(3) == 1) {
      master.sendHeartbeat();  // Inside of a record too: that is where the master goes on.
    }
  }
  master.setLog(master_.log());
  master.sendAll(kOddBatch, 5);
  master.awaitReport(master.max());
  EXPECT_EQ(slave_->log(), master.log());
}

TEST_F(JavaWireTest, OurSlaveReconnectsWithItsLastWholeRecord) {
  const int64_t end = master_.send(100);
  JavaMaster master(master_.log(), kFileBytes);
  startSlave(master.port());
  EXPECT_EQ(master.accept(), 0);
  int connections = 1;
  for (int64_t have = 0; have < end; ++connections) {
    do {
      master.sendPiece(kOddBatch);
    } while (wholeRecordsIn(master.log(), master.next()) <= have);
    have = wholeRecordsIn(master.log(), master.next());
    master.awaitReport(have);
    master.hangUp();
    ASSERT_EQ(master.accept(), firstReport(have));
  }
  EXPECT_GT(connections, 5);
  EXPECT_EQ(slave_->log(), master.log());
}

// "The remaining space may be any value", says CommitLog of what follows a file's last record.
TEST_F(JavaWireTest, OurSlaveCopiesTheEndOfAFileAsItIs) {
  fillFiles(1);
  std::string log = master_.log();
  const int64_t blank = blankOf(log);
  ASSERT_GT(kFileBytes - blank, 8);
  for (int64_t at = blank + 8; at < kFileBytes; ++at) {
    log[static_cast<size_t>(at)] = static_cast<char>(at);
  }
  JavaMaster master(log.substr(0, kFileBytes - 1), kFileBytes);
  startSlave(master.port());
  master.accept();
  master.sendAll(kOddBatch);
  master.setLog(log);
  master.sendAll(kOddBatch);
  master.awaitReport(master.max());
  EXPECT_EQ(slave_->log(), log);
}

TEST_F(JavaWireTest, OurSlaveLeavesAMasterWhoseOffsetIsNotItsOwn) {
  master_.send(10);
  JavaMaster master(master_.log(), kFileBytes);
  startSlave(master.port());
  master.accept();
  for (const auto& [offset, bytes] : std::vector<std::pair<int64_t, int32_t>>{
           {master.max() + 1, 0}, {master.max() - 1, 100}, {0, 100}, {master.max(), -1}, {-1, 0}}) {
    SCOPED_TRACE(std::to_string(offset) + ", " + std::to_string(bytes));
    master.sendAll(kOddBatch);
    master.awaitReport(master.max());
    master.sendHeader(offset, bytes);
    EXPECT_TRUE(master.socket().closedByPeer());
    ASSERT_TRUE(master.hasSlave());
    EXPECT_EQ(master.accept(), firstReport(master.max()))
        << "it tries again with the log that it has";
  }
}

// A Java master closes after 20 s without a byte.
TEST_F(JavaWireTest, OurSlaveReportsAlsoWhileNothingComes) {
  const int64_t end = master_.send(10);
  JavaMaster master(master_.log(), kFileBytes);
  startSlave(master.port());
  master.accept();
  master.sendAll(kOddBatch);
  master.awaitReport(end);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(master.readReport(), end);
  }
}

TEST_F(JavaWireTest, OurSlaveLeavesAMasterThatIsSilent) {
  JavaMaster master("", kFileBytes);
  startSlave(master.port());
  slave_->configure([](BrokerSettings& settings) { settings.ha_housekeeping_interval_ms = 200; });
  master.accept();
  EXPECT_TRUE(master.socket().closedByPeer());
  EXPECT_TRUE(master.hasSlave());
}

TEST_F(JavaWireTest, WhatCannotBeAppendedIsAskedForAtGrowingIntervals) {
  master_.send(10);
  std::string log = master_.log();
  // The end of a file where this slave's files have none.
  log.replace(0, 8, bigEndian(100, 4) + bigEndian(kBlankMagic, 4));
  JavaMaster master(log, kFileBytes);
  startSlave(master.port());
  const auto begin = steady_clock::now();
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(master.accept(), 0);
    master.sendAll(kOddBatch);
    EXPECT_TRUE(master.socket().closedByPeer());
  }
  // 100, 200 and 400 ms lie between the four.
  EXPECT_GE(steady_clock::now() - begin, milliseconds(700));
  EXPECT_EQ(slave_->log(), "");
}

TEST_F(JavaWireTest, AMasterThatMovesWhileItIsConnectedToIsFound) {
  slave_.emplace(dir_, "slave", BrokerRole::kSlave);
  client_.emplace(pool_, *slave_->store_, slave_->settings_, slave_->clock_);
  client_->start();
  for (int i = 0; i < 20; ++i) {
    const RawListener before;
    JavaMaster after("", kFileBytes);
    client_->setMasterAddress(before.address());
    client_->setMasterAddress("127.0.0.1:" + std::to_string(after.port()));
    ASSERT_TRUE(after.hasSlave());
    EXPECT_EQ(after.accept(), 0);
  }
}

}  // namespace
}  // namespace rocketmq::broker
