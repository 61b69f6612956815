#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "broker/ha/ha_client.h"
#include "broker/ha/ha_server.h"
#include "broker/settings.h"
#include "common/clock.h"
#include "common/message/record.h"
#include "store/message_store.h"
#include "tests/support/eventually.h"
#include "tests/support/temp_dir.h"
#include "tests/support/unmappable_file_system.h"

namespace rocketmq::broker {

using test::eventually;

inline constexpr int64_t kFileBytes = 16 * 1024;

/// Settings and store of one broker.
class Replica {
 public:
  Replica(const test::TempDir& dir, const std::string& name, BrokerRole role,
          int64_t file_bytes = kFileBytes) {
    BrokerSettings settings;
    settings.broker_role = role;
    settings.bind_address = "127.0.0.1";
    settings.store_root = dir / name;
    settings.commit_log_file_bytes = file_bytes;
    settings.consume_queue_file_bytes = 20 * 1000;
    settings.index_hash_slots = 100;
    settings.index_entries_max = 400;
    settings.ha_heartbeat_interval_ms = 50;
    settings_.store(std::make_shared<const BrokerSettings>(settings));
    open();
  }
  ~Replica() { EXPECT_TRUE(store_->close().isOk()); }

  void open() {
    auto opened = store::MessageStore::open(
        storeOptionsOf(*settings_.load(), levels_), clock_, [](const store::Arrival&) {}, files_);
    EXPECT_TRUE(opened.ok()) << opened.status().message();
    store_ = std::move(*opened);
  }

  void configure(const auto& change) {
    BrokerSettings settings = *settings_.load();
    change(settings);
    settings_.store(std::make_shared<const BrokerSettings>(settings));
  }

  int64_t send(int count, const std::string& body = "0123456789012345678901234567890123456789") {
    MessageRecord record;
    record.topic = "T";
    record.body = body;
    int64_t end = 0;
    for (int i = 0; i < count; ++i) {
      end = store_->put(record).end_offset;
    }
    return end;
  }

  std::string log() const {
    std::string all;
    int64_t offset = store_->commitLogMinOffset();
    for (auto slice = store_->logBytes(offset, 4096).value(); !slice.bytes.empty();
         slice = store_->logBytes(offset, 4096).value()) {
      all += slice.bytes;
      offset += static_cast<int64_t>(slice.bytes.size());
    }
    return all;
  }

  test::UnmappableFileSystem files_;
  const SystemClock clock_;
  const DelayLevels levels_ = *DelayLevels::parse("1s");
  LiveSettings settings_{std::make_shared<const BrokerSettings>()};
  std::unique_ptr<store::MessageStore> store_;
};

class HaTest : public testing::Test {
 protected:
  ~HaTest() override { stop(); }

  void startMaster() {
    auto started = HaServer::start(pool_, *master_.store_, master_.settings_);
    ASSERT_TRUE(started.ok()) << started.status().message();
    server_ = std::move(*started);
    master_.store_->setAppendListener([this] { server_->onAppended(); });
  }
  void startSlave(
      uint16_t port, const std::function<void(BrokerSettings&)>& change = [](BrokerSettings&) {}) {
    slave_.emplace(dir_, "slave", BrokerRole::kSlave);
    slave_->configure([&](BrokerSettings& settings) {
      settings.ha_master_address = "127.0.0.1:" + std::to_string(port);
      change(settings);
    });
    client_.emplace(pool_, *slave_->store_, slave_->settings_, slave_->clock_);
    client_->start();
  }
  void stop() {
    client_.reset();
    if (server_ != nullptr) {
      server_->stop();
    }
  }

  bool slaveHas(int64_t end_offset) {
    return eventually([&] { return slave_->store_->commitLogMaxOffset() == end_offset; });
  }
  /// How a wait for a slave ends.
  std::optional<ReplicaOutcome> waitFor(int64_t end_offset) {
    const auto outcome = std::make_shared<std::atomic<int>>(-1);
    server_->whenReplicated(
        end_offset, [outcome](ReplicaOutcome ended) { *outcome = static_cast<int>(ended); });
    eventually([&] { return *outcome >= 0; });
    return static_cast<ReplicaOutcome>(outcome->load());
  }

  test::TempDir dir_;
  remoting::IoPool pool_{"ha", 1};
  Replica master_{dir_, "master", BrokerRole::kSyncMaster};
  std::unique_ptr<HaServer> server_;
  std::optional<Replica> slave_;
  std::optional<HaClient> client_;
};

}  // namespace rocketmq::broker
