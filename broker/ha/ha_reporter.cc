#include "broker/ha/ha_reporter.h"

#include <algorithm>

#include "broker/ha/log_distance.h"

namespace rocketmq::broker {
namespace {

std::string nameOf(LogMatch match) {
  switch (match) {
    case LogMatch::kUnknown:
      return "unknown";
    case LogMatch::kSame:
      return "same";
    case LogMatch::kAhead:
      return "ahead";
    case LogMatch::kBehind:
      return "behind";
    case LogMatch::kDifferent:
      return "different";
  }
  return {};
}

}  // namespace

remoting::HaStatus HaReporter::status() const {
  remoting::HaStatus status;
  if (parts_.client != nullptr) {
    const HaClient::State client = parts_.client->state();
    status.ha_client_runtime_info = {.master_address = client.master_address,
                                     .transferred_bytes_per_second = client.bytes_per_second,
                                     .max_offset = parts_.store.commitLogMaxOffset(),
                                     .last_read_timestamp = client.last_read_ms,
                                     .last_write_timestamp = client.last_write_ms,
                                     .activated = client.is_connected};
    return status;
  }
  const int64_t gap_bytes_max = parts_.settings.load()->ha_in_sync_gap_bytes_max;
  status.master = true;
  // Before the log's end, so that no slave seems to be ahead of it.
  const auto slaves = parts_.server->slaves();
  status.master_commit_log_max_offset = parts_.store.commitLogMaxOffset();
  for (const SlaveConnection::State& slave : slaves) {
    const int64_t ack = std::max<int64_t>(slave.ack_offset, 0);
    const int64_t diff = status.master_commit_log_max_offset - ack;
    const bool in_sync = slave.is_following && diff < gap_bytes_max;
    status.in_sync_slave_nums += in_sync ? 1 : 0;
    status.ha_connection_info.push_back(
        {.address = slave.address,
         .slave_ack_offset = ack,
         .diff = diff,
         .diff_messages = messagesBetween(parts_.store, ack, status.master_commit_log_max_offset),
         .in_sync = in_sync,
         .transferred_bytes_per_second = slave.bytes_per_second,
         .transfer_from_where = slave.transfer_from});
  }
  return status;
}

void HaReporter::addTo(std::map<std::string, std::string>& table) const {
  const remoting::HaStatus now = status();
  if (!now.master) {
    table["haMasterAddress"] = now.ha_client_runtime_info.master_address;
    table["haConnected"] = now.ha_client_runtime_info.activated ? "true" : "false";
    table["haLogMatch"] = nameOf(parts_.client->state().log_match);
    table["haTablesAgeSeconds"] = std::to_string(tablesAge().count());
    return;
  }
  table["haSlaveCount"] = std::to_string(now.ha_connection_info.size());
  table["haInSyncSlaveCount"] = std::to_string(now.in_sync_slave_nums);
  for (const remoting::HaConnectionInfo& slave : now.ha_connection_info) {
    table["haSlaveAck_" + slave.address] = std::to_string(slave.slave_ack_offset);
    table["haSlaveLag_" + slave.address] = std::to_string(slave.diff);
    table["haSlaveLagMessages_" + slave.address] = std::to_string(slave.diff_messages);
  }
}

}  // namespace rocketmq::broker
