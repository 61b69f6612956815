// Master and slave as the HA port sees them: our master with a slave made of raw bytes, our slave
// with such a master, and both of ours with each other.

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <fstream>
#include <future>
#include <string>
#include <vector>

#include "broker/ha/log_distance.h"
#include "broker/ha/transfer.h"
#include "broker/ha/transfer_buffer.h"
#include "common/bytes.h"
#include "tests/support/no_more_watches.h"
#include "tests/support/raw_socket.h"
#include "tests/unit/broker/ha/ha_fixture.h"

namespace rocketmq::broker {
namespace {

using test::RawListener;
using test::RawSocket;

std::string view(const auto& bytes) { return {bytes.data(), bytes.size()}; }

// As in docs: the first report asks for the log, further ones acknowledge it.
TEST_F(HaTest, MasterSpeaksTheProtocolOfJava) {
  const int64_t end = master_.send(3);
  startMaster();
  RawSocket slave = RawSocket::connectTo(server_->port());
  ASSERT_TRUE(slave.write(view(encodeReport(0))));
  EXPECT_EQ(slave.readBytes(kTransferHeaderBytes),
            view(TransferHeader{.offset = 0, .bytes = static_cast<int32_t>(end)}.encode()));
  EXPECT_EQ(slave.readBytes(static_cast<size_t>(end)), master_.log());
  // Heartbeats while there is nothing to send.
  EXPECT_EQ(slave.readBytes(kTransferHeaderBytes),
            view(TransferHeader{.offset = end, .bytes = 0}.encode()));
  ASSERT_TRUE(slave.write(view(encodeReport(end))));
  EXPECT_EQ(waitFor(end), ReplicaOutcome::kReplicated);
}

TEST_F(HaTest, SlaveWithoutALogGetsTheNewestFileOrAllAsConfigured) {
  while (master_.store_->commitLogMaxOffset() < 3 * kFileBytes) {
    master_.send(10);
  }
  startMaster();
  const auto firstOffset = [this] {
    RawSocket slave = RawSocket::connectTo(server_->port());
    EXPECT_TRUE(slave.write(view(encodeReport(0))));
    return loadBigEndian<int64_t>(slave.readBytes(kTransferHeaderBytes)->data());
  };
  EXPECT_EQ(firstOffset(), 3 * kFileBytes);
  master_.configure([](BrokerSettings& settings) { settings.ha_new_slave_gets_all = true; });
  EXPECT_EQ(firstOffset(), 0);
}

TEST_F(HaTest, SlaveAheadOfTheMasterIsRefused) {
  const int64_t end = master_.send(3);
  startMaster();
  RawSocket slave = RawSocket::connectTo(server_->port());
  ASSERT_TRUE(slave.write(view(encodeReport(end + 1))));
  EXPECT_EQ(slave.readToEnd(), "");
}

// Promise: log that cannot be read for now is not told to be gone, to the slave or to anybody.
TEST_F(HaTest, SlaveGetsLaterWhatCannotBeReadNow) {
  while (master_.store_->commitLogMaxOffset() < 3 * kFileBytes) {
    master_.send(10);
  }
  ASSERT_TRUE(master_.store_->close().isOk());
  master_.configure([](BrokerSettings& settings) {
    settings.ha_new_slave_gets_all = true;
    settings.message_index = false;  // It would map the log to read it.
  });
  master_.open();
  master_.files_.unmappable = "/commitlog/";
  startMaster();
  startSlave(server_->port());
  // By the pump, and by heartbeats.
  ASSERT_TRUE(eventually([this] { return master_.files_.refused >= 6; }));
  master_.files_.unmappable = nullptr;
  const int64_t end = master_.send(1);
  EXPECT_TRUE(slaveHas(end));
  EXPECT_EQ(waitFor(end), ReplicaOutcome::kReplicated);
}

// Promise: a limit of the system's costs this connection, not the broker.
TEST_F(HaTest, SlaveWhoseConnectionCannotBeWatchedIsTurnedAway) {
  master_.send(3);
  startMaster();
  std::promise<bool> refuses;
  pool_.post(0, [&] { refuses.set_value(test::refuseMoreWatches()); });
  ASSERT_TRUE(refuses.get_future().get());
  RawSocket slave = RawSocket::connectTo(server_->port());
  EXPECT_EQ(slave.readToEnd(), "");
}

TEST_F(HaTest, FlowControlLimitsHowFastTheLogIsCopied) {
  const auto limit = [](BrokerSettings& limited) {
    limited.ha_flow_control = true;
    limited.ha_bytes_per_second_max = 20'000;
  };
  master_.configure([](BrokerSettings& settings) { settings.ha_new_slave_gets_all = true; });
  master_.configure([](BrokerSettings& settings) { settings.ha_transfer_batch_bytes = 1000; });
  master_.send(100);
  const int64_t end = master_.send(100);
  startMaster();
  master_.configure(limit);
  const auto begin = std::chrono::steady_clock::now();
  startSlave(server_->port());
  ASSERT_TRUE(slaveHas(end));
  // A write, which goes as a whole, has up to eight batches.
  const int64_t least_ms = (end - 2 * 8 * 1000) * 1000 / 20'000;
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(least_ms));
}

// One write is more than the limit lets through in a second.
TEST_F(HaTest, FlowControlOfAMasterHoldsForLargeBatchesToo) {
  master_.configure([](BrokerSettings& settings) {
    settings.ha_new_slave_gets_all = true;
    settings.ha_transfer_batch_bytes = kFileBytes;
    settings.ha_flow_control = true;
    settings.ha_bytes_per_second_max = 80'000;
  });
  const int64_t end = master_.send(60, std::string(4000, 'x'));
  ASSERT_GT(end, 8 * kFileBytes) << "two writes";
  startMaster();
  const auto begin = std::chrono::steady_clock::now();
  startSlave(server_->port());
  ASSERT_TRUE(slaveHas(end));
  EXPECT_GE(std::chrono::steady_clock::now() - begin,
            std::chrono::milliseconds(8 * kFileBytes * 1000 / 80'000 - 10));
}

TEST_F(HaTest, FlowControlOfASlaveLimitsWhatItTakes) {
  master_.configure([](BrokerSettings& settings) { settings.ha_new_slave_gets_all = true; });
  const int64_t end = master_.send(200, std::string(4000, 'x'));
  startMaster();
  startSlave(server_->port(), [](BrokerSettings& settings) {
    settings.ha_flow_control = true;
    settings.ha_bytes_per_second_max = 400'000;
  });
  const auto begin = std::chrono::steady_clock::now();
  ASSERT_TRUE(slaveHas(end));
  // The last read is not waited for.
  const int64_t read_bytes = TransferBuffer::kReadBytes;
  const int64_t least_ms = (end - read_bytes) * 1000 / 400'000;
  EXPECT_GT(least_ms, 1200);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(least_ms));
}

TEST_F(HaTest, ASlaveThatPausesForItsLimitStaysConnected) {
  master_.configure([](BrokerSettings& settings) { settings.ha_new_slave_gets_all = true; });
  const int64_t end = master_.send(100, std::string(4000, 'x'));
  startMaster();
  startSlave(server_->port(), [](BrokerSettings& settings) {
    settings.ha_flow_control = true;
    settings.ha_bytes_per_second_max = 400'000;
    settings.ha_housekeeping_interval_ms = 200;
  });
  ASSERT_TRUE(eventually([&] { return !server_->slaves().empty(); }));
  const std::string address = server_->slaves().front().address;
  ASSERT_TRUE(slaveHas(end));
  EXPECT_EQ(server_->slaves().front().address, address);
}

class DamagedHaTest : public HaTest {
 protected:
  /// Of a master that does not run.
  void damage(int64_t offset) {
    std::fstream file(dir_ / "master/commitlog/00000000000000000000",
                      std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(offset).write(std::string(36, '\0').data(), 36);
  }
};

TEST_F(DamagedHaTest, ASlaveGetsPastDamageInItsMastersLog) {
  const int64_t damaged = master_.send(5);
  const int64_t end = master_.send(5);
  damage(damaged);
  startMaster();
  startSlave(server_->port());
  EXPECT_TRUE(slaveHas(end));
  EXPECT_TRUE(eventually([&] { return waitFor(master_.send(1)) == ReplicaOutcome::kReplicated; }));
  EXPECT_EQ(slave_->log(), master_.log());
}

// Promise: each damaged place costs a moment, however many there are: what was copied in front of
// it makes up for the attempt that failed.
TEST_F(DamagedHaTest, ManyDamagedPlacesDoNotKeepASlaveWaiting) {
  for (int i = 0; i < 6; ++i) {
    const int64_t damaged = master_.send(5);
    master_.send(1);
    damage(damaged);
  }
  const int64_t end = master_.send(1);
  startMaster();
  const auto begin = std::chrono::steady_clock::now();
  startSlave(server_->port());
  EXPECT_TRUE(slaveHas(end));
  // Pauses that grow would be 6.3 s together.
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(4));
}

TEST_F(HaTest, MessagesBetweenAreCountedAcrossFiles) {
  master_.send(1);
  const int64_t from = master_.store_->commitLogMaxOffset();
  while (master_.store_->commitLogMaxOffset() < 3 * kFileBytes) {
    master_.send(1);
  }
  const int64_t end = master_.store_->commitLogMaxOffset();
  EXPECT_EQ(messagesBetween(*master_.store_, from, end), master_.store_->maxOffset("T", 0) - 1);
  EXPECT_EQ(messagesBetween(*master_.store_, end, end), 0);
  // A slave of RocketMQ's may have half of a record.
  EXPECT_EQ(messagesBetween(*master_.store_, from + 1, end), master_.store_->maxOffset("T", 0) - 2);
  EXPECT_EQ(messagesBetween(*master_.store_, end - 1, end), 0);
  master_.send(kMessagesCountedMax);
  const int64_t all = master_.store_->maxOffset("T", 0);
  const int64_t estimate =
      messagesBetween(*master_.store_, 0, master_.store_->commitLogMaxOffset());
  EXPECT_NEAR(static_cast<double>(estimate), static_cast<double>(all),
              0.02 * static_cast<double>(all));
}

TEST_F(HaTest, SendsAreRefusedWhileTooFewAreInSyncAndWaitForAsManyAsAskedFor) {
  startMaster();
  EXPECT_TRUE(server_->hasEnoughInSync());
  master_.configure([](BrokerSettings& settings) {
    settings.min_in_sync_replicas = 2;
    settings.slave_timeout_ms = 200;
  });
  EXPECT_FALSE(server_->hasEnoughInSync());
  RawSocket first = RawSocket::connectTo(server_->port());
  ASSERT_TRUE(first.write(view(encodeReport(0))));
  EXPECT_TRUE(eventually([&] { return server_->hasEnoughInSync(); }));
  RawSocket second = RawSocket::connectTo(server_->port());
  ASSERT_TRUE(second.write(view(encodeReport(0))));
  ASSERT_TRUE(eventually([&] { return server_->slaves().size() == 2; }));
  const int64_t end = master_.send(1);
  ASSERT_TRUE(first.write(view(encodeReport(end))));
  EXPECT_TRUE(eventually([&] { return waitFor(end) == ReplicaOutcome::kReplicated; }));
  // One of the two is not enough when all that are in sync must have it.
  master_.configure([](BrokerSettings& settings) { settings.all_ack_in_sync = true; });
  EXPECT_EQ(waitFor(end), ReplicaOutcome::kTimeout);
  // A slave that is too far behind is not in sync.
  master_.configure([](BrokerSettings& settings) { settings.ha_in_sync_gap_bytes_max = 10; });
  EXPECT_EQ(waitFor(end), ReplicaOutcome::kReplicated);
}

TEST_F(HaTest, ASlaveTakesThePlaceOfAConnectionThatSaysNothing) {
  const int64_t end = master_.send(3);
  startMaster();
  std::vector<RawSocket> mute;
  for (int i = 0; i < 64; ++i) {
    mute.push_back(RawSocket::connectTo(server_->port()));
  }
  ASSERT_TRUE(eventually([this] { return server_->slaves().size() == 64; }));
  RawSocket slave = RawSocket::connectTo(server_->port());
  ASSERT_TRUE(slave.write(view(encodeReport(0))));
  EXPECT_EQ(slave.readBytes(kTransferHeaderBytes),
            view(TransferHeader{.offset = 0, .bytes = static_cast<int32_t>(end)}.encode()));
  EXPECT_TRUE(mute.front().closedByPeer());
  EXPECT_EQ(server_->slaves().size(), 64u);
}

TEST_F(HaTest, TheTransferSpeedIsThatOfTheLog) {
  const int64_t end = master_.send(3);
  startMaster();
  RawSocket slave = RawSocket::connectTo(server_->port());
  ASSERT_TRUE(slave.write(view(encodeReport(0))));
  ASSERT_TRUE(slave.readBytes(kTransferHeaderBytes + static_cast<size_t>(end)));
  const auto speed = [this] {
    const auto slaves = server_->slaves();
    return slaves.empty() ? -1 : slaves.front().bytes_per_second;
  };
  ASSERT_TRUE(eventually([&] { return speed() > 0; }));
  EXPECT_LE(speed(), end);
  EXPECT_TRUE(eventually([&] { return speed() == 0; })) << "there are heartbeats only";
}

TEST_F(HaTest, SilentSlaveIsCutOff) {
  master_.configure([](BrokerSettings& settings) { settings.ha_housekeeping_interval_ms = 100; });
  startMaster();
  RawSocket slave = RawSocket::connectTo(server_->port());
  EXPECT_TRUE(slave.closedByPeer());
  EXPECT_TRUE(eventually([&] { return server_->slaves().empty(); }));
}

TEST_F(HaTest, SlaveFollowsAMasterThatSplitsRecords) {
  const int64_t end = master_.send(20);
  const std::string log = master_.log();
  RawListener listener;
  startSlave(listener.port());
  RawSocket master = listener.accept();
  ASSERT_EQ(master.readBytes(kReportBytes), view(encodeReport(0)));
  for (size_t at = 0; at < log.size(); at += 77) {
    const std::string piece = log.substr(at, 77);
    ASSERT_TRUE(master.write(view(TransferHeader{.offset = static_cast<int64_t>(at),
                                                 .bytes = static_cast<int32_t>(piece.size())}
                                      .encode()) +
                             piece));
  }
  ASSERT_TRUE(slaveHas(end));
  EXPECT_EQ(slave_->log(), log);
  int64_t reported = 0;
  while (reported < end) {
    const auto report = master.readBytes(kReportBytes);
    ASSERT_TRUE(report.has_value());
    ASSERT_GE(loadBigEndian<int64_t>(report->data()), reported);
    reported = loadBigEndian<int64_t>(report->data());
  }
  // Disagreement, even in a heartbeat, ends the connection.
  ASSERT_TRUE(master.write(view(TransferHeader{.offset = end + 1, .bytes = 0}.encode())));
  EXPECT_TRUE(master.closedByPeer());
  EXPECT_TRUE(listener.hasConnection(10'000));
}

TEST_F(HaTest, SlaveCatchesUpThenFollowsAndSendersAreTold) {
  while (master_.store_->commitLogMaxOffset() < 3 * kFileBytes) {
    master_.send(10);
  }
  master_.configure([](BrokerSettings& settings) { settings.ha_new_slave_gets_all = true; });
  startMaster();
  EXPECT_EQ(waitFor(master_.send(1)), ReplicaOutcome::kSlaveNotAvailable);
  startSlave(server_->port());
  ASSERT_TRUE(slaveHas(master_.store_->commitLogMaxOffset()));
  ASSERT_TRUE(eventually([&] { return !server_->slaves().empty(); }));
  for (int i = 0; i < 200; ++i) {
    const int64_t end = master_.send(1);
    ASSERT_EQ(waitFor(end), ReplicaOutcome::kReplicated);
    ASSERT_EQ(slave_->store_->commitLogMaxOffset(), end);
  }
  EXPECT_EQ(slave_->log(), master_.log());
  EXPECT_EQ(slave_->store_->maxOffset("T", 0), master_.store_->maxOffset("T", 0));
  EXPECT_EQ(server_->slaves().front().ack_offset, master_.store_->commitLogMaxOffset());
  EXPECT_TRUE(client_->state().is_connected);
}

TEST_F(HaTest, AMasterThatStopsWaitsForTheSlavesThatAreNear) {
  const int64_t end = master_.send(3);
  startMaster();
  const auto waiting = [this](std::chrono::milliseconds timeout) {
    return std::async(std::launch::async, [this, timeout] {
      const auto deadline = std::chrono::steady_clock::now() + timeout;
      server_->awaitSlaves(deadline);
      return std::chrono::steady_clock::now() < deadline;
    });
  };
  constexpr std::chrono::milliseconds kLong{20'000};
  constexpr std::chrono::milliseconds kShort{50};
  EXPECT_TRUE(waiting(kLong).get()) << "nobody is there";
  RawSocket first = RawSocket::connectTo(server_->port());
  RawSocket second = RawSocket::connectTo(server_->port());
  for (RawSocket* slave : {&first, &second}) {
    ASSERT_TRUE(slave->write(view(encodeReport(0))));
    ASSERT_TRUE(slave->readBytes(kTransferHeaderBytes));
  }
  EXPECT_FALSE(waiting(kShort).get());
  auto both = waiting(kLong);
  ASSERT_TRUE(first.write(view(encodeReport(end))));
  ASSERT_TRUE(second.write(view(encodeReport(end))));
  EXPECT_TRUE(both.get());
  // One that leaves, or is far behind, is not waited for.
  master_.send(1);
  EXPECT_FALSE(waiting(kShort).get());
  auto rest = waiting(kLong);
  ASSERT_TRUE(first.write(view(encodeReport(master_.store_->commitLogMaxOffset()))));
  second.close();
  EXPECT_TRUE(rest.get());
  // Nor is one whose log may be another master's.
  RawSocket third = RawSocket::connectTo(server_->port());
  ASSERT_TRUE(third.write(view(encodeReport(end - 1))));
  ASSERT_TRUE(third.readBytes(kTransferHeaderBytes));
  EXPECT_TRUE(waiting(kLong).get());
  master_.configure([](BrokerSettings& settings) { settings.ha_slave_fall_behind_bytes_max = 10; });
  master_.send(1);
  EXPECT_TRUE(waiting(kLong).get());
}

TEST_F(HaTest, SlaveThatIsStoppedCostsTheSendersTheirTimeAtMost) {
  master_.configure([](BrokerSettings& settings) { settings.slave_timeout_ms = 200; });
  startMaster();
  startSlave(server_->port());
  // Until its first report has been taken it is no slave to wait for.
  ASSERT_TRUE(eventually([&] { return waitFor(master_.send(1)) == ReplicaOutcome::kReplicated; }));
  client_.reset();
  ASSERT_TRUE(eventually([&] { return server_->slaves().empty(); }));
  EXPECT_EQ(waitFor(master_.send(1)), ReplicaOutcome::kSlaveNotAvailable);
  RawSocket deaf = RawSocket::connectTo(server_->port());
  ASSERT_TRUE(deaf.write(view(encodeReport(0))));
  EXPECT_TRUE(eventually([&] { return waitFor(master_.send(1)) == ReplicaOutcome::kTimeout; }));
}

}  // namespace
}  // namespace rocketmq::broker
