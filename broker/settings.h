#pragma once

#include <cstdint>
#include <string>

#include "broker/schedule/delay_levels.h"
#include "common/delay_setting.h"
#include "common/settings_table.h"
#include "common/snapshot.h"
#include "common/status.h"
#include "remoting/tls/tls_settings.h"
#include "store/store_options.h"

namespace rocketmq::broker {

/// What a broker is in its group of replicas (RocketMQ: BrokerRole).
enum class BrokerRole : uint8_t { kAsyncMaster, kSyncMaster, kSlave };

/// Everything that can be set about a broker, by RocketMQ's names and with its defaults
/// (BrokerConfig, MessageStoreConfig, NettyServerConfig, NettyClientConfig in one), plus a few of
/// our own. The table in settings.cc gives each its key, range, help and whether it may change at
/// run time; times without a unit in their name are milliseconds there as in RocketMQ.
struct BrokerSettings {
  // Who this broker is and where.
  std::string cluster_name = "DefaultCluster";
  std::string broker_name;  ///< Empty: the host name.
  int64_t broker_id = 0;    ///< 0: master.
  BrokerRole broker_role = BrokerRole::kAsyncMaster;
  std::string advertised_ip;     ///< brokerIP1. Empty: chosen from the machine's interfaces.
  std::string advertised_ha_ip;  ///< brokerIP2.
  int32_t listen_port = 10911;   ///< 0: any free one.
  std::string bind_address = "0.0.0.0";
  std::string namesrv_addr;  ///< "host:port;host:port"; empty: no name server.
  std::string region_id = "DefaultRegion";
  std::string rocketmq_home;
  std::string config_path;  ///< brokerConfigPath: the file given with -c.

  /// Requests are looked at for who makes them; see broker/acl.
  bool acl = false;

  // Registration at the name servers.
  int64_t register_period_ms = 30'000;
  int64_t register_timeout_ms = 6000;
  bool force_register = true;
  bool compressed_register = false;
  bool single_topic_register = false;

  // Topics and groups.
  int32_t broker_permission = 6;  ///< Bits 4 read, 2 write.
  int32_t default_topic_queues = 8;
  bool auto_create_topic = true;
  bool auto_create_group = true;
  int32_t auto_created_topics_max = 20'000;    ///< Ours.
  int32_t auto_created_groups_max = 20'000;    ///< Ours.
  int32_t consumer_positions_max = 2'000'000;  ///< Ours.
  bool cluster_topic = true;
  bool broker_topic = true;
  bool trace_topic = false;
  std::string trace_topic_name = "RMQ_SYS_TRACE_TOPIC";

  // Sending.
  int32_t message_bytes_max = 4 * 1024 * 1024;
  int32_t send_queue_capacity = 10'000;  ///< sendThreadPoolQueueCapacity.
  int64_t send_queue_wait_ms = 200;      ///< waitTimeMillsInSendQueue.
  bool reject_transaction_message = false;
  int64_t transaction_timeout_ms = 6000;
  int32_t transaction_check_max = 15;
  int64_t transaction_check_interval_ms = 30'000;
  int64_t accept_sends_from_ms = 0;  ///< Wall time before which sends are refused.
  bool trace_on = true;
  bool store_reply_message = true;
  std::string delay_levels = std::string(kDefaultDelayLevels);
  int64_t flush_delay_offset_interval_ms = 10'000;

  // Timer messages.
  bool timer_wheel = true;
  int64_t timer_delay_max_sec = 3 * 24 * 3600;
  int32_t timer_precision_ms = 1000;
  int64_t timer_roll_window_slots = 2 * 24 * 3600;
  int32_t timer_congest_slot_max = 2147483647;
  int32_t timer_flush_interval_ms = 1000;
  int64_t timer_log_file_bytes = 100 << 20;
  bool timer_stop_enqueue = false;
  bool timer_stop_dequeue = false;
  bool recall_message = false;
  bool recall_when_not_writable = true;

  // Pulling.
  bool long_polling = true;
  int64_t short_polling_ms = 1000;  ///< How long a pull is held when long polling is off.
  int32_t held_pulls_max = 100'000;
  bool lite_pull_message = true;
  bool slave_read = false;
  bool property_filter = false;
  int64_t filter_dead_ms_max = 24 * 3'600'000;
  int32_t transfer_bytes_max_in_memory = 256 * 1024;
  int32_t transfer_count_max_in_memory = 32;
  int32_t transfer_bytes_max_on_disk = 64 * 1024;
  int32_t transfer_count_max_on_disk = 8;
  int32_t query_messages_max = 32;  ///< defaultQueryMaxNum: for queries by unique key.

  // Consumers.
  bool notify_consumer_ids_changed = true;
  int64_t queue_lock_lifetime_ms = 60'000;
  int64_t channel_expired_timeout_ms = 120'000;
  int64_t flush_consumer_offset_interval_ms = 5000;
  bool server_side_reset_offset = true;

  // The store.
  std::string store_root;        ///< storePathRootDir. Empty: $HOME/store.
  std::string store_commit_log;  ///< Empty: root/commitlog.
  // Ways of RocketMQ to keep messages elsewhere, which are refused.
  std::string store_commit_log_read_only;
  std::string store_type = "default";
  bool store_dledger = false;
  int64_t commit_log_file_bytes = 1 << 30;
  int64_t consume_queue_file_bytes = 300'000 * 20;
  bool queue_extension = false;
  int64_t queue_extension_file_bytes = 48 << 20;
  bool filter_bit_maps = false;
  int32_t bloom_error_percent_max = 20;
  int32_t bloom_groups_expected = 32;
  int32_t index_hash_slots = 5'000'000;
  int32_t index_entries_max = 20'000'000;
  bool message_index = true;
  store::FlushMode flush_disk_type = store::FlushMode::kAsync;
  int32_t flush_interval_ms = 500;
  int32_t flush_least_pages = 4;
  int32_t flush_thorough_interval_ms = 10'000;
  int32_t flush_queue_interval_ms = 1000;
  int32_t flush_queue_least_pages = 2;
  int32_t flush_queue_thorough_interval_ms = 60'000;
  int64_t sync_flush_timeout_ms = 5000;
  int32_t clean_resource_interval_ms = 10'000;
  int32_t delete_files_max = 10;
  int32_t delete_log_files_pause_ms = 100;
  int32_t delete_queue_files_pause_ms = 100;
  int32_t delete_again_interval_ms = 120'000;
  bool check_crc_on_recover = true;
  int32_t file_reserved_hours = 72;
  std::string delete_when = "04";
  int32_t disk_used_percent_max = 75;
  int32_t disk_warning_percent = 90;
  int32_t disk_clean_forcibly_percent = 85;
  bool clean_file_forcibly = true;
  int32_t page_cache_busy_timeout_ms = 1000;
  int32_t in_memory_percent_max = 40;

  // Replication.
  int32_t ha_listen_port = 0;     ///< 0: one above listenPort.
  std::string ha_master_address;  ///< Empty: as the name servers say.
  int64_t ha_heartbeat_interval_ms = 5000;
  int64_t ha_housekeeping_interval_ms = 20'000;
  int32_t ha_transfer_batch_bytes = 32 * 1024;
  int64_t ha_slave_fall_behind_bytes_max = 256 << 20;
  int64_t slave_timeout_ms = 3000;
  int32_t in_sync_replicas = 1;
  int32_t min_in_sync_replicas = 1;
  bool auto_in_sync_replicas = false;
  bool all_ack_in_sync = false;  ///< allAckInSyncStateSet.
  int64_t ha_in_sync_gap_bytes_max = 256 << 20;
  bool ha_flow_control = false;
  int64_t ha_bytes_per_second_max = 100 << 20;
  bool ha_new_slave_gets_all = false;  ///< Ours.
  bool offset_check_in_slave = false;

  // Connections.
  int32_t connection_idle_max_seconds = 120;
  int32_t client_connection_idle_max_seconds = 120;
  int64_t connect_timeout_ms = 3000;
  int32_t connections_max = 65535;              ///< Ours.
  int32_t frame_timeout_seconds = 60;           ///< Ours. 0: never.
  int64_t unsent_bytes_total_max = 256 << 20;   ///< Ours.
  int64_t partial_bytes_total_max = 256 << 20;  ///< Ours.
  int32_t io_threads = 0;                       ///< Ours. 0: one per core, at most 4.
  remoting::TlsSettings tls;

  // Metrics.
  int32_t metrics_port = 0;                      ///< Ours. 0: off.
  std::string metrics_bind_address = "0.0.0.0";  ///< Ours.
  int32_t metrics_series_max = 50'000;
  int32_t stats_idle_minutes_max = -1;  ///< -1: for ever.

  // Administration.
  std::string config_black_list = "configBlackList;brokerConfigPath";
  std::string log_dir;             ///< Ours. Empty: $HOME/logs/rocketmqlogs.
  std::string log_level = "info";  ///< Ours.

  /// brokerIP1 as given or as chosen, with the port.
  std::string advertisedAddress() const {
    const bool is_ipv6 = advertised_ip.find(':') != std::string::npos;
    return (is_ipv6 ? "[" + advertised_ip + "]" : advertised_ip) + ":" +
           std::to_string(listen_port);
  }

  bool isSlave() const { return broker_role == BrokerRole::kSlave; }

  /// Where clients of the cluster send the replies of request-reply exchanges.
  std::string replyTopic() const { return cluster_name + "_REPLY_TOPIC"; }

  /// brokerIP2 with the HA port, for slaves.
  std::string advertisedHaAddress() const {
    const bool is_ipv6 = advertised_ha_ip.find(':') != std::string::npos;
    return (is_ipv6 ? "[" + advertised_ha_ip + "]" : advertised_ha_ip) + ":" +
           std::to_string(ha_listen_port);
  }

  /// How many slaves must have a message under SYNC_MASTER while `in_sync_slaves` are in sync. The
  /// settings count the master; RocketMQ 4.9 waits for one slave where 5.x, with inSyncReplicas at
  /// its default of 1, would wait for none. With enableAutoInSyncReplicas it may be none.
  int32_t slavesToWaitFor(int32_t in_sync_slaves) const;

  /// Every key with its member, allowed values, moment of change and help.
  static const SettingsTable<BrokerSettings>& settings();

  bool operator==(const BrokerSettings&) const = default;
};

/// Fills in what was left open (names, addresses, folders; NAMESRV_ADDR and ROCKETMQ_HOME from the
/// environment) and checks what one value alone does not tell. InvalidArgument says in one line
/// which setting to mend.
Status completeSettings(BrokerSettings& settings);

/// The settings as the store wants them.
store::StoreOptions storeOptionsOf(const BrokerSettings& settings, const DelayLevels& levels);
store::LiveStoreOptions liveStoreOptionsOf(const BrokerSettings& settings);

/// The settings in force. UPDATE_BROKER_CONFIG publishes a new version; every reader loads the
/// current one for each use.
using LiveSettings = Snapshot<BrokerSettings>;

}  // namespace rocketmq::broker
