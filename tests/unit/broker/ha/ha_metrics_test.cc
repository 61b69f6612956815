#include <gmock/gmock.h>

#include <memory>
#include <string>

#include "broker/ha/ha_reporter.h"
#include "broker/metrics/broker_metrics.h"
#include "tests/support/raw_socket.h"
#include "tests/unit/broker/ha/ha_fixture.h"
#include "tests/unit/broker/ha/java_peers.h"

namespace rocketmq::broker {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

/// The metrics pages of a master and of its slave.
class HaMetricsTest : public HaTest {
 protected:
  /// True as soon as the page says that a metric without labels of its own has this value.
  bool shows(const Replica& broker, const std::string& metric, const std::string& value) {
    return eventually([&] {
      const std::string text = page(broker);
      const size_t at = text.find("\n" + metric + "{");
      const size_t end = text.find('\n', at + 1);
      return at != std::string::npos && text.substr(at, end - at).ends_with("} " + value);
    });
  }

  std::string page(const Replica& broker) {
    const bool is_master = &broker == &master_;
    const HaReporter reporter({.settings = broker.settings_,
                               .store = *broker.store_,
                               .server = is_master ? server_.get() : nullptr,
                               .client = is_master ? nullptr : &*client_,
                               .copies = is_master ? nullptr : &copies_});
    return BrokerMetrics({.settings = broker.settings_,
                          .store = *broker.store_,
                          .stats = stats_,
                          .topics = *topics_,
                          .groups = *groups_,
                          .offsets = *offsets_,
                          .clients = clients_,
                          .lanes = lanes_,
                          .ha = reporter,
                          .clock = master_.clock_,
                          .rpc_latency = rpc_latency_})
        .page();
  }

  TableCopies copies_{std::chrono::steady_clock::now() - std::chrono::hours(2)};
  BrokerStats stats_{"C", 0};
  ConsumerFilters filters_{"", BloomFilter(20, 32), master_.clock_};
  ClientRegistry clients_{{}, filters_, master_.clock_};
  remoting::Lanes lanes_{{}};
  remoting::RpcLatency rpc_latency_;
  std::unique_ptr<TopicTable> topics_ =
      std::move(*TopicTable::open(dir_ / "topics.json", master_.settings_, master_.clock_));
  std::unique_ptr<SubscriptionGroups> groups_ =
      std::move(*SubscriptionGroups::open(dir_ / "groups.json", master_.settings_, master_.clock_));
  std::unique_ptr<ConsumerOffsets> offsets_ =
      std::move(*ConsumerOffsets::open(dir_ / "offsets.json"));
};

TEST_F(HaMetricsTest, AMasterShowsHowManySlavesAreInSync) {
  startMaster();
  master_.send(3);
  EXPECT_TRUE(shows(master_, "rocketmq_ha_in_sync_slaves", "0"));
  test::RawSocket slave = test::RawSocket::connectTo(server_->port());
  const auto end = static_cast<uint64_t>(master_.store_->commitLogMaxOffset());
  ASSERT_TRUE(slave.write(bigEndian(end, 8)));
  EXPECT_TRUE(shows(master_, "rocketmq_ha_in_sync_slaves", "1"));
  // One that falls behind is not in sync, though it is connected.
  master_.configure([](BrokerSettings& settings) { settings.ha_in_sync_gap_bytes_max = 10; });
  master_.send(1);
  EXPECT_TRUE(shows(master_, "rocketmq_ha_in_sync_slaves", "0"));
  EXPECT_EQ(1u, server_->slaves().size());
  EXPECT_THAT(page(master_), Not(HasSubstr("\nrocketmq_ha_slave_connected{")));
}

TEST_F(HaMetricsTest, ASlaveShowsWhetherItIsConnected) {
  startMaster();
  const int64_t end = master_.send(3);
  startSlave(server_->port());
  ASSERT_TRUE(slaveHas(end));
  EXPECT_TRUE(shows(*slave_, "rocketmq_ha_slave_connected", "1"));
  EXPECT_THAT(page(*slave_), Not(HasSubstr("\nrocketmq_ha_in_sync_slaves{")));
  EXPECT_THAT(page(*slave_), ContainsRegex("\nrocketmq_ha_slave_tables_age_seconds.*} 72[0-9]+\n"));
  EXPECT_THAT(page(master_), Not(HasSubstr("\nrocketmq_ha_slave_tables_age_seconds{")));
  server_->stop();
  EXPECT_TRUE(shows(*slave_, "rocketmq_ha_slave_connected", "0"));
}

// What the settings ask for also decides when the answer comes.
TEST_F(HaTest, WithAutoInSyncReplicasNoMoreAreWaitedForThanAreInSync) {
  startMaster();
  master_.configure([](BrokerSettings& settings) {
    settings.in_sync_replicas = 2;
    settings.slave_timeout_ms = 200;
  });
  EXPECT_EQ(waitFor(master_.send(1)), ReplicaOutcome::kSlaveNotAvailable);
  master_.configure([](BrokerSettings& settings) { settings.auto_in_sync_replicas = true; });
  EXPECT_EQ(waitFor(master_.send(1)), ReplicaOutcome::kReplicated) << "the master alone is enough";
  const int64_t end = master_.send(1);
  test::RawSocket slave = test::RawSocket::connectTo(server_->port());
  ASSERT_TRUE(slave.write(bigEndian(static_cast<uint64_t>(end), 8)));
  ASSERT_TRUE(eventually([&] { return server_->inSyncSlaves() == 1; }));
  EXPECT_EQ(waitFor(master_.send(1)), ReplicaOutcome::kTimeout) << "one in sync is waited for";
  master_.configure([](BrokerSettings& settings) { settings.min_in_sync_replicas = 2; });
  slave.close();
  ASSERT_TRUE(eventually([&] { return server_->inSyncSlaves() == 0; }));
  EXPECT_EQ(waitFor(master_.send(1)), ReplicaOutcome::kSlaveNotAvailable) << "minInSyncReplicas";
}

}  // namespace
}  // namespace rocketmq::broker
