#pragma once

#include <chrono>
#include <map>
#include <string>

#include "broker/ha/ha_client.h"
#include "broker/ha/ha_server.h"
#include "broker/ha/table_copies.h"
#include "broker/settings.h"
#include "remoting/protocol/bodies/ha_status.h"
#include "store/message_store.h"

namespace rocketmq::broker {

/// Tells how replication goes, as answers of RocketMQ and as runtime info. Threads: any that may
/// wait for the disk: messages are counted in the log.
class HaReporter {
 public:
  /// Borrowed; of `server` and `client` one is null: a broker is a master or a slave. A slave has
  /// `copies`, too.
  struct Parts {
    const LiveSettings& settings;
    const store::MessageStore& store;
    const HaServer* server;
    const HaClient* client;
    const TableCopies* copies = nullptr;
  };

  explicit HaReporter(const Parts& parts) : parts_(parts) {}

  /// For GET_BROKER_HA_STATUS.
  remoting::HaStatus status() const;

  /// Of a slave's copies of its master's tables.
  std::chrono::seconds tablesAge() const {
    return parts_.copies->age(std::chrono::steady_clock::now());
  }

  /// Our own keys of GET_BROKER_RUNTIME_INFO: haSlaveCount, haInSyncSlaveCount, haSlaveAck_ADDRESS,
  /// haSlaveLag_ADDRESS (bytes) and haSlaveLagMessages_ADDRESS of a master; haMasterAddress,
  /// haConnected, haLogMatch (unknown, same, ahead, different) and haTablesAgeSeconds of a slave.
  void addTo(std::map<std::string, std::string>& table) const;

 private:
  const Parts parts_;
};

}  // namespace rocketmq::broker
