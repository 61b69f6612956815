#pragma once

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "common/fields.h"

namespace rocketmq::remoting {

/// One slave, as its master sees it (RocketMQ: HARuntimeInfo.HAConnectionRuntimeInfo).
struct HaConnectionInfo {
  std::string address;
  int64_t slave_ack_offset = 0;  ///< The end of the slave's log.
  int64_t diff = 0;              ///< Bytes that it is behind.
  int64_t diff_messages = 0;     ///< Ours: messages that it is behind; many are estimated.
  bool in_sync = false;          ///< Near enough to be waited for.
  int64_t transferred_bytes_per_second = 0;
  int64_t transfer_from_where = 0;  ///< What is sent next.

  friend bool operator==(const HaConnectionInfo&, const HaConnectionInfo&) = default;

  static constexpr auto fields() {
    using H = HaConnectionInfo;
    return std::tuple{optional("addr", &H::address),
                      optional("diff", &H::diff),
                      optional("diffMessages", &H::diff_messages),
                      optional("inSync", &H::in_sync),
                      optional("slaveAckOffset", &H::slave_ack_offset),
                      optional("transferFromWhere", &H::transfer_from_where),
                      optional("transferredByteInSecond", &H::transferred_bytes_per_second)};
  }
};

/// A slave about itself (RocketMQ: HARuntimeInfo.HAClientRuntimeInfo).
struct HaClientInfo {
  std::string master_address;  ///< Of its HA port.
  int64_t transferred_bytes_per_second = 0;
  int64_t max_offset = 0;
  int64_t last_read_timestamp = 0;
  int64_t last_write_timestamp = 0;
  int64_t master_flush_offset = 0;  ///< Known in RocketMQ's controller mode only.
  bool activated = false;           ///< Connected.

  friend bool operator==(const HaClientInfo&, const HaClientInfo&) = default;

  static constexpr auto fields() {
    using H = HaClientInfo;
    return std::tuple{optional("activated", &H::activated),
                      optional("lastReadTimestamp", &H::last_read_timestamp),
                      optional("lastWriteTimestamp", &H::last_write_timestamp),
                      optional("masterAddr", &H::master_address),
                      optional("masterFlushOffset", &H::master_flush_offset),
                      optional("maxOffset", &H::max_offset),
                      optional("transferredByteInSecond", &H::transferred_bytes_per_second)};
  }
};

/// Answer to GET_BROKER_HA_STATUS (RocketMQ: HARuntimeInfo).
struct HaStatus {
  bool master = false;
  int64_t master_commit_log_max_offset = 0;
  int32_t in_sync_slave_nums = 0;
  std::vector<HaConnectionInfo> ha_connection_info;
  HaClientInfo ha_client_runtime_info;

  friend bool operator==(const HaStatus&, const HaStatus&) = default;

  static constexpr auto fields() {
    using H = HaStatus;
    return std::tuple{optional("haClientRuntimeInfo", &H::ha_client_runtime_info),
                      optional("haConnectionInfo", &H::ha_connection_info),
                      optional("inSyncSlaveNums", &H::in_sync_slave_nums),
                      optional("master", &H::master),
                      optional("masterCommitLogMaxOffset", &H::master_commit_log_max_offset)};
  }
};

}  // namespace rocketmq::remoting
