#include "broker/settings.h"

#include <string_view>

#include "common/number.h"
#include "common/settings.h"

// The rows of the table: one function for each part of the broker.

namespace rocketmq::broker {

namespace {

using S = BrokerSettings;
using Rows = SettingsTable<S>;

constexpr Change kLive = Change::kLive;
constexpr Change kRestart = Change::kRestart;

/// A port that may be left to the system with 0.
const IntegerRange kPortRange = range(0, 65535);
const IntegerRange kPercentRange = range(0, 100);
const IntegerRange kPositive = atLeast(1);
const IntegerRange kNotNegative = atLeast(0);

/// As RocketMQ takes them: with one digit or two, and separators behind the last.
bool areHours(std::string_view text) {
  while (text.ends_with(';')) {
    text.remove_suffix(1);
  }
  for (;;) {
    const size_t end = text.find(';');
    const auto hour = parseNumber<int32_t>(text.substr(0, end));
    if (!hour || *hour < 0 || *hour > 23) {
      return false;
    }
    if (end == std::string_view::npos) {
      return true;
    }
    text.remove_prefix(end + 1);
  }
}

TextRule hours() { return {"hours from 0 to 23, separated by ';', such as 04;16", areHours}; }

TextRule delayLevels() {
  return {"delays of a number and s, m, h or d, separated by blanks",
          [](std::string_view text) { return DelayLevels::parse(text).ok(); }};
}

TextRule logLevels() { return oneWordOf({"trace", "debug", "info", "warn", "error", "off"}); }

void addIdentity(Rows& rows) {
  rows.insert(
      rows.end(),
      {setting("brokerClusterName", &S::cluster_name, kRestart, "Cluster this broker belongs to.")
           .important(),
       setting("brokerName", &S::broker_name, kRestart,
               "Name that a master shares with its slaves.")
           .important()
           .documentedDefault("the host name"),
       setting("brokerId", &S::broker_id, kNotNegative, kRestart, "0 for a master.").important(),
       setting("brokerRole", &S::broker_role,
               oneOf<BrokerRole>({{"ASYNC_MASTER", BrokerRole::kAsyncMaster},
                                  {"SYNC_MASTER", BrokerRole::kSyncMaster},
                                  {"SLAVE", BrokerRole::kSlave}}),
               kRestart, "Part of this broker among its replicas.")
           .important(),
       setting("brokerIP1", &S::advertised_ip, kRestart,
               "Address that clients and name servers are told to connect to.")
           .important()
           .documentedDefault("chosen from the network interfaces"),
       setting("brokerIP2", &S::advertised_ha_ip, kRestart,
               "Address that slaves are told to connect to.")
           .documentedDefault("as brokerIP1"),
       setting("listenPort", &S::listen_port, kPortRange, kRestart,
               "Port that clients connect to; the port two below it is served as well. 0: any.")
           .important(),
       setting("bindAddress", &S::bind_address, kRestart, "Address to listen on.").important(),
       setting("namesrvAddr", &S::namesrv_addr, kRestart,
               "Name servers, host:port separated by ';'.")
           .important()
           .documentedDefault("environment variable NAMESRV_ADDR"),
       setting("regionId", &S::region_id, kLive, "Region that send answers name."),
       setting("aclEnable", &S::acl, kRestart,
               "Ask every request for an access key and a signature, and let it do what "
               "conf/plain_acl.yml and conf/acl/*.yml below rocketmqHome allow.")
           .important(),
       setting("rocketmqHome", &S::rocketmq_home, kRestart, "Installation folder.")
           .important()
           .documentedDefault("environment variable ROCKETMQ_HOME"),
       setting("brokerConfigPath", &S::config_path, kRestart,
               "File that UPDATE_BROKER_CONFIG writes: the one given with -c.")
           .documentedDefault("$HOME/store/config/broker.properties")});
}

void addRegistration(Rows& rows) {
  rows.insert(rows.end(),
              {setting("registerNameServerPeriod", &S::register_period_ms, kPositive, kRestart,
                       "Milliseconds between registrations at the name servers, at least 10,000 "
                       "and at most 60,000."),
               setting("registerBrokerTimeoutMills", &S::register_timeout_ms, kPositive, kLive,
                       "Milliseconds that a name server has to answer a registration."),
               setting("forceRegister", &S::force_register, kLive,
                       "Accepted, without effect: every period registers, also when no topic has "
                       "changed."),
               setting("compressedRegister", &S::compressed_register, kLive,
                       "Compress the body of registrations. One of more than 8 MiB is compressed "
                       "in any case, since a request is 16 MiB at most; name servers then do not "
                       "learn which topics are those of a unit."),
               setting("enableSingleTopicRegister", &S::single_topic_register, kLive,
                       "Register a topic that has changed alone (REGISTER_TOPIC_IN_NAMESRV), also "
                       "at Java name servers; they should be 5.1 or newer. Our own name servers "
                       "are always told of it alone.")});
}

void addTopics(Rows& rows) {
  rows.insert(
      rows.end(),
      {setting("brokerPermission", &S::broker_permission, range(0, 7), kLive,
               "What this broker offers: 4 (read) + 2 (write)."),
       setting("defaultTopicQueueNums", &S::default_topic_queues, range(1, 65535), kLive,
               "Most queues of a topic that is created by sending to it."),
       setting("autoCreateTopicEnable", &S::auto_create_topic, kLive,
               "Create a topic when a message is sent to it.")
           .important(),
       setting("autoCreateSubscriptionGroup", &S::auto_create_group, kLive,
               "Create a consumer group when a client names it.")
           .important(),
       setting("maxAutoCreatedTopics", &S::auto_created_topics_max, kNotNegative, kLive,
               "Topics, all counted, above which sending and consuming create no more; mqadmin "
               "still can.")
           .own(),
       setting("maxAutoCreatedGroups", &S::auto_created_groups_max, kNotNegative, kLive,
               "Consumer groups, all counted, above which clients create no more; mqadmin still "
               "can.")
           .own(),
       setting("maxConsumerPositions", &S::consumer_positions_max, kNotNegative, kLive,
               "Positions of consumer groups in queues above which no group gets new ones; groups "
               "that do not exist get none above a quarter of it. Some 130 bytes each.")
           .own(),
       setting("clusterTopicEnable", &S::cluster_topic, kRestart,
               "Topics may be created after the topic named as the cluster."),
       setting("brokerTopicEnable", &S::broker_topic, kRestart,
               "Topics may be created after the topic named as the broker."),
       setting("traceTopicEnable", &S::trace_topic, kRestart,
               "Create the topic that clients send message traces to."),
       setting("msgTraceTopicName", &S::trace_topic_name, kRestart, "Name of that topic.")});
}

void addSending(Rows& rows) {
  rows.insert(
      rows.end(),
      {setting("maxMessageSize", &S::message_bytes_max, range(1, 16 * 1024 * 1024), kLive,
               "Largest body of a message, in bytes."),
       setting("sendThreadPoolQueueCapacity", &S::send_queue_capacity, kPositive, kLive,
               "Sends that may wait for the disk or for slaves at the same time; more are refused "
               "with SYSTEM_BUSY."),
       setting(
           "waitTimeMillsInSendQueue", &S::send_queue_wait_ms, kPositive, kLive,
           "Milliseconds that what arrives may wait for a thread; above it one send in eight is "
           "refused with SYSTEM_BUSY."),
       setting("rejectTransactionMessage", &S::reject_transaction_message, kLive,
               "Refuse transaction messages."),
       setting("transactionTimeOut", &S::transaction_timeout_ms, kPositive, kLive,
               "Milliseconds after which an open transaction may be checked, unless its message "
               "says otherwise."),
       setting("transactionCheckMax", &S::transaction_check_max, kPositive, kLive,
               "Checks after which an open transaction is given up."),
       setting("transactionCheckInterval", &S::transaction_check_interval_ms, kPositive, kLive,
               "Milliseconds between two looks at the open transactions."),
       setting("startAcceptSendRequestTimeStamp", &S::accept_sends_from_ms, kNotNegative, kLive,
               "Refuse sends before this time (milliseconds since 1970)."),
       setting("traceOn", &S::trace_on, kLive, "Tell clients that they may trace messages."),
       setting("storeReplyMessageEnable", &S::store_reply_message, kLive,
               "Store replies of the request-reply pattern besides delivering them."),
       setting("messageDelayLevel", &S::delay_levels, delayLevels(), kRestart,
               "Delay of each level; must stay as it is while delayed messages wait."),
       setting("flushDelayOffsetInterval", &S::flush_delay_offset_interval_ms, kPositive, kRestart,
               "Milliseconds between writes of delayOffset.json.")});
}

void addTimers(Rows& rows) {
  rows.insert(
      rows.end(),
      {setting("timerWheelEnable", &S::timer_wheel, kRestart,
               "Deliver messages at the time that their producers ask for."),
       setting("timerMaxDelaySec", &S::timer_delay_max_sec,
               range(int64_t{1}, int64_t{3'153'600'000}), kLive,
               "Seconds that such a time may be ahead."),
       setting("timerPrecisionMs", &S::timer_precision_ms, range(1, 3'600'000), kRestart,
               "Milliseconds that a message may be late for its time."),
       setting("timerRollWindowSlot", &S::timer_roll_window_slots,
               range(int64_t{2}, int64_t{604'800}), kRestart,
               "Steps of timerPrecisionMs after which a message that waits is stored anew."),
       setting("timerCongestNumEachSlot", &S::timer_congest_slot_max, kPositive, kLive,
               "Most messages that may be due in the same step."),
       setting("timerFlushIntervalMs", &S::timer_flush_interval_ms, kPositive, kLive,
               "Milliseconds between two looks at how much of the deliveries is on the disk."),
       setting("mappedFileSizeTimerLog", &S::timer_log_file_bytes,
               range(int64_t{4096}, int64_t{1} << 31), kRestart,
               "Bytes of a timer log file; must never change on a store."),
       setting("timerStopEnqueue", &S::timer_stop_enqueue, kLive,
               "Leave new timers in their queue for now."),
       setting("timerStopDequeue", &S::timer_stop_dequeue, kLive, "Deliver no timers for now."),
       setting("recallMessageEnable", &S::recall_message, kLive,
               "Let producers take back messages whose time has not come."),
       setting("allowRecallWhenBrokerNotWriteable", &S::recall_when_not_writable, kLive,
               "Let them do so while brokerPermission does not allow writing.")});
}

void addConsuming(Rows& rows) {
  rows.insert(
      rows.end(),
      {setting("longPollingEnable", &S::long_polling, kLive,
               "Hold pulls that find nothing as long as the client allows."),
       setting("shortPollingTimeMills", &S::short_polling_ms, kNotNegative, kLive,
               "Milliseconds that pulls are held when long polling is off."),
       setting("heldPullsMax", &S::held_pulls_max, kPositive, kRestart,
               "Pulls held at the same time; more are answered at once.")
           .own(),
       setting("litePullMessageEnable", &S::lite_pull_message, kLive,
               "Serve the lite pull consumers of 5.x."),
       setting("slaveReadEnable", &S::slave_read, kLive,
               "Send consumers that are far behind to a slave."),
       setting("enablePropertyFilter", &S::property_filter, kLive, "Accept SQL92 subscriptions."),
       setting("filterDataCleanTimeSpan", &S::filter_dead_ms_max, kNotNegative, kLive,
               "Milliseconds that consumerFilter.json keeps an SQL92 subscription whose consumers "
               "are away."),
       setting("defaultQueryMaxNum", &S::query_messages_max, range(1, 64), kLive,
               "Most messages that a query by unique key returns."),
       setting("notifyConsumerIdsChangedEnable", &S::notify_consumer_ids_changed, kLive,
               "Tell the members of a group at once when one comes or goes."),
       setting("rocketmq.broker.rebalance.lockMaxLiveTime", &S::queue_lock_lifetime_ms, kPositive,
               kRestart,
               "Milliseconds that a queue stays locked for an orderly consumer that was killed (a "
               "system property of the Java broker)."),
       setting("channelExpiredTimeout", &S::channel_expired_timeout_ms, kPositive, kRestart,
               "Milliseconds without a heartbeat after which a client is forgotten."),
       setting("flushConsumerOffsetInterval", &S::flush_consumer_offset_interval_ms, kPositive,
               kRestart, "Milliseconds between writes of consumerOffset.json."),
       setting("useServerSideResetOffset", &S::server_side_reset_offset, kLive,
               "Reset offsets in the broker, also of a group that is offline; false: only by "
               "asking the "
               "consumers that are online, as RocketMQ 4.")});
}

void addStoreLayout(Rows& rows) {
  rows.insert(
      rows.end(),
      {setting("storePathRootDir", &S::store_root, kRestart, "Folder of the store.")
           .important()
           .documentedDefault("$HOME/store"),
       setting("storePathCommitLog", &S::store_commit_log, kRestart, "Folder of the commit log.")
           .important()
           .documentedDefault("commitlog in the folder of the store"),
       setting("readOnlyCommitLogStorePaths", &S::store_commit_log_read_only, kRestart,
               "Not supported: the start is refused when it is set."),
       setting("storeType", &S::store_type, kRestart,
               "Kind of store; only default, consume queues in files, is supported."),
       setting("enableDLegerCommitLog", &S::store_dledger, kRestart,
               "Not supported: the start is refused with true."),
       setting("mappedFileSizeCommitLog", &S::commit_log_file_bytes,
               range(int64_t{4096}, int64_t{1} << 31), kRestart,
               "Bytes of a commit log file; must never change on a store."),
       setting("mappedFileSizeConsumeQueue", &S::consume_queue_file_bytes,
               range(int64_t{20}, int64_t{1} << 31), kRestart,
               "Bytes of a consume queue file; must never change on a store."),
       setting("enableConsumeQueueExt", &S::queue_extension, kRestart,
               "Write tag, store time and bit map of each message into consumequeue_ext."),
       setting("mappedFileSizeConsumeQueueExt", &S::queue_extension_file_bytes,
               range(int64_t{1} << 16, int64_t{1} << 31), kRestart,
               "Bytes of a file of consumequeue_ext; when it changes the files are made anew."),
       setting("enableCalcFilterBitMap", &S::filter_bit_maps, kRestart,
               "Note for each message which SQL92 subscriptions want it; needs "
               "enableConsumeQueueExt."),
       setting("maxErrorRateOfBloomFilter", &S::bloom_error_percent_max, range(1, 99), kRestart,
               "Share of unwanted messages, in percent, that the bit map may let through."),
       setting("expectConsumerNumUseFilter", &S::bloom_groups_expected, range(1, 20'000), kRestart,
               "Groups of a topic for which the bit map is made long enough."),
       setting("messageIndexEnable", &S::message_index, kRestart,
               "Build the index for queries by key."),
       setting("maxHashSlotNum", &S::index_hash_slots, kPositive, kRestart,
               "Hash slots of an index file; must never change on a store."),
       setting("maxIndexNum", &S::index_entries_max, atLeast(2), kRestart,
               "Entries of an index file; must never change on a store."),
       setting("checkCRCOnRecover", &S::check_crc_on_recover, kRestart,
               "Check message bodies when recovering."),
       setting("accessMessageInMemoryMaxRatio", &S::in_memory_percent_max, kPercentRange, kLive,
               "Share of physical memory, in percent, that recent messages are expected to be in."),
       setting("maxTransferBytesOnMessageInMemory", &S::transfer_bytes_max_in_memory, kPositive,
               kLive, "Most bytes of one pull answer, recent messages."),
       setting("maxTransferCountOnMessageInMemory", &S::transfer_count_max_in_memory, kPositive,
               kLive, "Most messages of one pull answer, recent messages."),
       setting("maxTransferBytesOnMessageInDisk", &S::transfer_bytes_max_on_disk, kPositive, kLive,
               "Most bytes of one pull answer, older messages."),
       setting("maxTransferCountOnMessageInDisk", &S::transfer_count_max_on_disk, kPositive, kLive,
               "Most messages of one pull answer, older messages.")});
}

void addFlushing(Rows& rows) {
  rows.insert(
      rows.end(),
      {setting("flushDiskType", &S::flush_disk_type,
               oneOf<store::FlushMode>({{"ASYNC_FLUSH", store::FlushMode::kAsync},
                                        {"SYNC_FLUSH", store::FlushMode::kSync}}),
               kRestart, "When a send is answered: before or after the message is on the disk.")
           .important(),
       setting("flushIntervalCommitLog", &S::flush_interval_ms, kPositive, kRestart,
               "Milliseconds between flushes of the commit log."),
       setting("flushCommitLogLeastPages", &S::flush_least_pages, kNotNegative, kRestart,
               "Pages that make a flush worthwhile."),
       setting("flushCommitLogThoroughInterval", &S::flush_thorough_interval_ms, kPositive,
               kRestart, "Milliseconds after which fewer pages are flushed too."),
       setting("flushIntervalConsumeQueue", &S::flush_queue_interval_ms, kPositive, kRestart,
               "Milliseconds between flushes of the consume queues."),
       setting("flushConsumeQueueLeastPages", &S::flush_queue_least_pages, kNotNegative, kRestart,
               "Pages that make a flush of a consume queue worthwhile."),
       setting("flushConsumeQueueThoroughInterval", &S::flush_queue_thorough_interval_ms, kPositive,
               kRestart, "Milliseconds after which fewer pages are flushed too."),
       setting("syncFlushTimeout", &S::sync_flush_timeout_ms, kPositive, kLive,
               "Milliseconds that a send waits for the disk under SYNC_FLUSH."),
       setting("osPageCacheBusyTimeOutMills", &S::page_cache_busy_timeout_ms, kPositive, kLive,
               "Refuse sends when one has held the commit log for so many milliseconds.")});
}

void addRetention(Rows& rows) {
  rows.insert(
      rows.end(),
      {setting("fileReservedTime", &S::file_reserved_hours, kNotNegative, kLive,
               "Hours that messages are kept.")
           .important(),
       setting("deleteWhen", &S::delete_when, hours(), kLive,
               "Hours of the day at which expired files are deleted.")
           .important(),
       setting("diskMaxUsedSpaceRatio", &S::disk_used_percent_max, kPercentRange, kLive,
               "Percent of the disk above which expired files are deleted at any hour."),
       setting("diskSpaceWarningLevelRatio", &S::disk_warning_percent, kPercentRange, kLive,
               "Percent of the disk above which sends are refused."),
       setting("diskSpaceCleanForciblyRatio", &S::disk_clean_forcibly_percent, kPercentRange, kLive,
               "Percent of the disk above which files are deleted whatever their age."),
       setting("cleanFileForciblyEnable", &S::clean_file_forcibly, kLive, "Allow that."),
       setting("cleanResourceInterval", &S::clean_resource_interval_ms, kPositive, kRestart,
               "Milliseconds between looks for expired files."),
       setting("deleteFileBatchMax", &S::delete_files_max, kPositive, kLive,
               "Files of the commit log that are deleted in one look at most."),
       setting("deleteCommitLogFilesInterval", &S::delete_log_files_pause_ms, kNotNegative, kLive,
               "Milliseconds between deleting one file of the commit log and the next."),
       setting("deleteConsumeQueueFilesInterval", &S::delete_queue_files_pause_ms, kNotNegative,
               kLive, "Milliseconds between deleting one file of consume queues and the next."),
       setting("redeleteHangedFileInterval", &S::delete_again_interval_ms, kNotNegative, kLive,
               "Milliseconds until a file that could not be deleted is tried again.")});
}

void addReplication(Rows& rows) {
  rows.insert(
      rows.end(),
      {setting("haListenPort", &S::ha_listen_port, kPortRange, kRestart,
               "Port that slaves connect to; 0: one above listenPort.")
           .documentedDefault("listenPort + 1"),
       setting("haMasterAddress", &S::ha_master_address, kRestart,
               "Address of the master's HA port for a slave, host:port.")
           .documentedDefault("as the name servers say"),
       setting("haSendHeartbeatInterval", &S::ha_heartbeat_interval_ms, kPositive, kLive,
               "Milliseconds of silence after which master and slave send a heartbeat."),
       setting("haHousekeepingInterval", &S::ha_housekeeping_interval_ms, kPositive, kLive,
               "Milliseconds of silence after which master and slave close their connection."),
       setting("haTransferBatchSize", &S::ha_transfer_batch_bytes, range(1, 1 << 30), kLive,
               "Most bytes of the log that go to a slave in one piece."),
       setting("haSlaveFallbehindMax", &S::ha_slave_fall_behind_bytes_max, kPositive, kLive,
               "Under SYNC_MASTER sends do not wait for slaves that are so many bytes behind."),
       setting("slaveTimeout", &S::slave_timeout_ms, kPositive, kLive,
               "Milliseconds that a send waits for slaves under SYNC_MASTER."),
       setting("inSyncReplicas", &S::in_sync_replicas, range(1, 16), kLive,
               "Brokers that must have a message under SYNC_MASTER, this master included; at least "
               "one slave in any case, unless enableAutoInSyncReplicas."),
       setting("minInSyncReplicas", &S::min_in_sync_replicas, range(1, 16), kLive,
               "Under SYNC_MASTER sends are refused while fewer brokers than this, the master "
               "included, are in sync."),
       setting("enableAutoInSyncReplicas", &S::auto_in_sync_replicas, kLive,
               "Under SYNC_MASTER wait for no more brokers than are in sync, down to "
               "minInSyncReplicas."),
       setting("allAckInSyncStateSet", &S::all_ack_in_sync, kLive,
               "Under SYNC_MASTER wait for every slave that is in sync."),
       setting("haMaxGapNotInSync", &S::ha_in_sync_gap_bytes_max, kPositive, kLive,
               "A slave that is so many bytes behind is not in sync."),
       setting("haFlowControlEnable", &S::ha_flow_control, kLive,
               "Limit how fast the log is sent to each slave, and taken from the master."),
       setting("maxHaTransferByteInSecond", &S::ha_bytes_per_second_max, kPositive, kLive,
               "That limit, in bytes per second."),
       setting("haNewSlaveGetsAll", &S::ha_new_slave_gets_all, kLive,
               "Send the whole log to a slave that has nothing, not only its newest file.")
           .own(),
       setting("offsetCheckInSlave", &S::offset_check_in_slave, kLive,
               "Let a slave correct consumers' offsets instead of sending them to the master.")});
}

void addProcess(Rows& rows) {
  rows.insert(
      rows.end(),
      {setting("serverChannelMaxIdleTimeSeconds", &S::connection_idle_max_seconds, kNotNegative,
               kRestart, "Seconds after which a silent connection is closed; 0: never."),
       setting("clientChannelMaxIdleTimeSeconds", &S::client_connection_idle_max_seconds,
               kNotNegative, kRestart, "The same for connections that this broker has opened."),
       setting("connectTimeoutMillis", &S::connect_timeout_ms, kPositive, kRestart,
               "Milliseconds that a connection to a name server may take."),
       setting("connectionsMax", &S::connections_max, kPositive, kRestart,
               "Connections of a port at the same time; more are closed at once. All ports have "
               "no more together than the limit of open files leaves: an eighth of it, at least "
               "1,024, is for files.")
           .own(),
       setting("frameReceiveTimeoutSeconds", &S::frame_timeout_seconds, kNotNegative, kRestart,
               "Seconds that a request may take to arrive from its first byte on; then the "
               "connection is closed. 0: for ever.")
           .own(),
       setting("unsentBytesMax", &S::unsent_bytes_total_max, kPositive, kRestart,
               "Bytes of answers that clients of one port have not read; above it nothing more is "
               "read from those with more than 64 KiB.")
           .own(),
       setting(
           "incompleteFrameBytesMax", &S::partial_bytes_total_max, kPositive, kRestart,
           "Bytes of requests of one port of which more than 64 KiB have come, but not all, and "
           "of those of which 16 to 64 KiB have come; above it connections to which more of "
           "such a request comes are closed.")
           .own(),
       setting("ioThreads", &S::io_threads, range(0, 256), kRestart,
               "Threads that serve connections; 0: one per core, at most 4.")
           .own(),
       setting("metricsPort", &S::metrics_port, kPortRange, kRestart,
               "Port of the HTTP server that gives metrics to Prometheus; 0: none.")
           .own(),
       setting("metricsBindAddress", &S::metrics_bind_address, kRestart,
               "Address that metricsPort listens on.")
           .own(),
       setting("metricsOtelCardinalityLimit", &S::metrics_series_max, range(1, 10'000'000), kLive,
               "Most values of one metric; further ones are left out and counted."),
       setting("maxStatsIdleTimeInMinutes", &S::stats_idle_minutes_max, range(-1, 1 << 30), kLive,
               "Minutes after which statistics that rest are forgotten; -1: never."),
       setting("configBlackList", &S::config_black_list, kRestart,
               "Keys, separated by ';', that UPDATE_BROKER_CONFIG must not change."),
       setting("logDir", &S::log_dir, kRestart, "Folder of the log files.")
           .own()
           .documentedDefault("$HOME/logs/rocketmqlogs"),
       setting("logLevel", &S::log_level, logLevels(), kLive,
               "trace, debug, info, warn, error or off.")
           .own()});
}

}  // namespace

const SettingsTable<BrokerSettings>& BrokerSettings::settings() {
  static const SettingsTable<BrokerSettings> table = [] {
    Rows rows;
    addIdentity(rows);
    addRegistration(rows);
    addTopics(rows);
    addSending(rows);
    addTimers(rows);
    addConsuming(rows);
    addStoreLayout(rows);
    addFlushing(rows);
    addRetention(rows);
    addReplication(rows);
    addProcess(rows);
    remoting::addTlsSettings(rows, &S::tls);
    return rows;
  }();
  return table;
}

}  // namespace rocketmq::broker
