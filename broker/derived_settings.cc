#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "broker/settings.h"
#include "common/message/message_id.h"
#include "common/text.h"

// What follows from the settings: the paths and addresses that nobody has given, and the store's
// options.

namespace rocketmq::broker {

namespace {

/// Percent of the memory.
constexpr int32_t kSlaveMemoryMargin = 10;

std::string environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

std::string hostName() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 && name[0] != '\0' ? name.data()
                                                                             : "broker";
}

Status checkNameServers(std::string_view addresses) {
  for (const std::string_view address : splitList(addresses, ';')) {
    if (!isHostAndPort(address)) {
      return Status::invalidArgument("The Name Server Address[" + std::string(addresses) +
                                     "] illegal, please set it as follows, "
                                     "\"127.0.0.1:9876;192.168.0.1:9876\"");
    }
  }
  return Status::ok();
}

/// A start would find no messages, or not all, and take the queues' entries for void.
Status checkStoreIsSupported(const BrokerSettings& settings) {
  if (settings.store_commit_log.find(',') != std::string::npos) {
    return Status::invalidArgument("storePathCommitLog=" + settings.store_commit_log +
                                   " lists several folders; only one is supported: bring the files "
                                   "of all of them together in it");
  }
  if (!settings.store_commit_log_read_only.empty()) {
    return Status::invalidArgument(
        "readOnlyCommitLogStorePaths is not supported: bring the files of all folders together in "
        "storePathCommitLog");
  }
  if (settings.store_type != "default") {
    return Status::invalidArgument("storeType=" + settings.store_type +
                                   " is not supported: only default is, consume queues in files");
  }
  if (settings.store_dledger) {
    return Status::invalidArgument(
        "enableDLegerCommitLog=true is not supported: the log of DLedger has another format");
  }
  return Status::ok();
}

void fillIn(std::string& value, std::string fallback) {
  if (value.empty()) {
    value = std::move(fallback);
  }
}

double ratioOf(int32_t percent, int32_t min, int32_t max) {
  return std::clamp(percent, min, max) / 100.0;
}

}  // namespace

int32_t BrokerSettings::slavesToWaitFor(int32_t in_sync_slaves) const {
  const int32_t in_sync = in_sync_slaves + 1;
  int32_t replicas = std::max(in_sync_replicas, 2);
  if (auto_in_sync_replicas) {
    replicas = std::max(std::min(replicas, in_sync), min_in_sync_replicas);
  }
  if (all_ack_in_sync) {
    replicas = std::max(replicas, in_sync);
  }
  return replicas - 1;
}

Status completeSettings(BrokerSettings& settings) {
  const std::string home = environment("HOME");
  fillIn(settings.broker_name, hostName());
  fillIn(settings.advertised_ip, localAddress().ipString());
  fillIn(settings.advertised_ha_ip, settings.advertised_ip);
  fillIn(settings.namesrv_addr, environment("NAMESRV_ADDR"));
  fillIn(settings.rocketmq_home, environment("ROCKETMQ_HOME"));
  fillIn(settings.store_root, home + "/store");
  fillIn(settings.config_path, settings.store_root + "/config/broker.properties");
  fillIn(settings.log_dir, home + "/logs/rocketmqlogs");
  if (settings.isSlave() && settings.broker_id <= 0) {
    return Status::invalidArgument("brokerRole=SLAVE: Slave's brokerId must be > 0");
  }
  if (!settings.isSlave()) {
    // RocketMQ parity: the id of a master is 0, whatever the file says.
    settings.broker_id = 0;
  }
  if (!settings.ha_master_address.empty() && !isHostAndPort(settings.ha_master_address)) {
    return Status::invalidArgument("haMasterAddress=" + settings.ha_master_address +
                                   " is not host:port");
  }
  ROCKETMQ_RETURN_IF_ERROR(checkStoreIsSupported(settings));
  return checkNameServers(settings.namesrv_addr);
}

store::LiveStoreOptions liveStoreOptionsOf(const BrokerSettings& settings) {
  store::LiveStoreOptions options;
  options.file_reserved_hours = settings.file_reserved_hours;
  options.delete_when = settings.delete_when;
  // RocketMQ parity: values outside these bounds are taken as the bound.
  options.disk_used_percent_max = std::clamp(settings.disk_used_percent_max, 10, 95);
  options.disk_warning_ratio = ratioOf(settings.disk_warning_percent, 35, 90);
  options.disk_clean_forcibly_ratio = ratioOf(settings.disk_clean_forcibly_percent, 30, 85);
  options.clean_file_forcibly = settings.clean_file_forcibly;
  options.delete_files_max = settings.delete_files_max;
  options.delete_log_files_pause_ms = settings.delete_log_files_pause_ms;
  options.delete_queue_files_pause_ms = settings.delete_queue_files_pause_ms;
  options.delete_again_interval_ms = settings.delete_again_interval_ms;
  options.page_cache_busy_timeout_ms = settings.page_cache_busy_timeout_ms;
  options.message_bytes_max = settings.message_bytes_max;
  // RocketMQ parity: a slave lets go of its consumers a little earlier than the master does.
  options.in_memory_percent_max =
      std::max(0, settings.in_memory_percent_max - (settings.isSlave() ? kSlaveMemoryMargin : 0));
  options.transfer_bytes_max_in_memory = settings.transfer_bytes_max_in_memory;
  options.transfer_count_max_in_memory = settings.transfer_count_max_in_memory;
  options.transfer_bytes_max_on_disk = settings.transfer_bytes_max_on_disk;
  options.transfer_count_max_on_disk = settings.transfer_count_max_on_disk;
  return options;
}

store::StoreOptions storeOptionsOf(const BrokerSettings& settings, const DelayLevels& levels) {
  store::StoreOptions options;
  options.root_dir = settings.store_root;
  options.commit_log_dir = settings.store_commit_log;
  options.commit_log_file_bytes = settings.commit_log_file_bytes;
  options.consume_queue_file_bytes = settings.consume_queue_file_bytes;
  options.queue_extension = settings.queue_extension;
  options.queue_extension_file_bytes = settings.queue_extension_file_bytes;
  options.index_hash_slots = settings.index_hash_slots;
  options.index_entries_max = settings.index_entries_max;
  options.message_index_enable = settings.message_index;
  options.is_replica = settings.isSlave();
  options.flush_mode = settings.flush_disk_type;
  options.flush_interval_ms = settings.flush_interval_ms;
  options.flush_least_pages = settings.flush_least_pages;
  options.flush_thorough_interval_ms = settings.flush_thorough_interval_ms;
  options.flush_queue_interval_ms = settings.flush_queue_interval_ms;
  options.flush_queue_least_pages = settings.flush_queue_least_pages;
  options.flush_queue_thorough_interval_ms = settings.flush_queue_thorough_interval_ms;
  options.clean_resource_interval_ms = settings.clean_resource_interval_ms;
  options.check_crc_on_recover = settings.check_crc_on_recover;
  options.delay_level_ms = levels.delaysMs();
  options.live = liveStoreOptionsOf(settings);
  return options;
}

}  // namespace rocketmq::broker
