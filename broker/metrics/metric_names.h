#pragma once

#include "metrics/metric.h"

namespace rocketmq::broker::metric {

using metrics::Metric;
using metrics::MetricKind;
using metrics::MetricStyle;

inline constexpr MetricKind kCounter = MetricKind::kCounter;
inline constexpr MetricKind kGauge = MetricKind::kGauge;

// --- RocketMQ 5's names.

inline constexpr Metric kWatermark{"rocketmq_processor_watermark", kGauge, "processor",
                                   "Requests that wait for a lane."};
inline constexpr Metric kRpcLatency{
    "rocketmq_rpc_latency", MetricKind::kHistogram,
    "protocol_type,request_code,response_code,is_long_polling,result",
    "How long requests took from their arrival to their answer, each, in ms."};
inline constexpr Metric kPermission{
    "rocketmq_broker_permission", kGauge, {}, "brokerPermission: 4 read, 2 write, 6 both."};
inline constexpr Metric kTopicNumber{"rocketmq_topic_number", kGauge, {}, "Topics of the broker."};
inline constexpr Metric kGroupNumber{
    "rocketmq_consumer_group_number", kGauge, {}, "Consumer groups of the broker."};
inline constexpr Metric kStorageSize{"rocketmq_storage_size", kGauge, "storage_type,storage_medium",
                                     "Bytes of the commit log."};
inline constexpr Metric kFlushBehind{"rocketmq_storage_flush_behind_bytes", kGauge,
                                     "storage_type,storage_medium",
                                     "Bytes of the commit log that are not on the disk yet."};
inline constexpr Metric kDispatchBehind{"rocketmq_storage_dispatch_behind_bytes", kGauge,
                                        "storage_type,storage_medium",
                                        "Bytes of the commit log that no queue shows yet."};
inline constexpr Metric kReserveTime{"rocketmq_storage_message_reserve_time", kGauge,
                                     "storage_type,storage_medium",
                                     "Age of the oldest message, in ms."};
inline constexpr Metric kMessagesIn{"rocketmq_messages_in_total", kCounter,
                                    "topic,message_type,is_system", "Messages stored."};
inline constexpr Metric kThroughputIn{"rocketmq_throughput_in_total", kCounter,
                                      "topic,message_type,is_system",
                                      "Bytes of the records stored."};
inline constexpr Metric kMessageSize{"rocketmq_message_size", MetricKind::kHistogram,
                                     "topic,is_system", "Bytes of the records stored, each."};
inline constexpr Metric kCommits{"rocketmq_commit_messages_total", kCounter, "topic",
                                 "Transactions committed."};
inline constexpr Metric kRollbacks{"rocketmq_rollback_messages_total", kCounter, "topic",
                                   "Transactions rolled back."};
inline constexpr Metric kHalfMessages{
    "rocketmq_half_messages", kGauge, {}, "Transactions that have not ended, of all topics."};
inline constexpr Metric kTimingMessages{"rocketmq_timing_messages", kGauge, "topic",
                                        "Messages that wait for their time."};
inline constexpr Metric kTimerEnqueueLag{
    "rocketmq_timer_enqueue_lag", kGauge, {}, "Timer messages that are not in a slot yet."};
inline constexpr Metric kTimerDequeueLatency{
    "rocketmq_timer_dequeue_latency", kGauge, {}, "How late the next slot is, in ms."};
inline constexpr Metric kTimerEnqueued{"rocketmq_timer_enqueue_total", kCounter, "topic",
                                       "Timer messages put into slots."};
inline constexpr Metric kTimerDequeued{"rocketmq_timer_dequeue_total", kCounter, "topic",
                                       "Timer messages delivered or put on a new way."};
inline constexpr Metric kMessagesOut{"rocketmq_messages_out_total", kCounter,
                                     "topic,consumer_group,is_retry,is_system",
                                     "Messages handed to a group."};
inline constexpr Metric kThroughputOut{"rocketmq_throughput_out_total", kCounter,
                                       "topic,consumer_group,is_retry,is_system",
                                       "Bytes of the records handed to a group."};
inline constexpr Metric kToDlq{"rocketmq_send_to_dlq_messages_total", kCounter,
                               "topic,consumer_group,is_system",
                               "Messages that went to a group's dead-letter topic."};
inline constexpr Metric kConsumerConnections{"rocketmq_consumer_connections", kGauge,
                                             "consumer_group", "Members of a group."};
inline constexpr Metric kLagMessages{"rocketmq_consumer_lag_messages", kGauge,
                                     "consumer_group,topic,is_retry,is_system",
                                     "Messages that the group has not consumed."};
inline constexpr Metric kInflight{"rocketmq_consumer_inflight_messages", kGauge,
                                  "consumer_group,topic,is_retry,is_system",
                                  "Messages handed to the group and not acknowledged yet."};
inline constexpr Metric kReady{"rocketmq_consumer_ready_messages", kGauge,
                               "consumer_group,topic,is_retry,is_system",
                               "Messages that the group has not fetched."};
inline constexpr Metric kLagLatency{"rocketmq_consumer_lag_latency", kGauge,
                                    "consumer_group,topic,is_retry,is_system",
                                    "Age of the oldest message not consumed, in ms."};
inline constexpr Metric kQueueingLatency{"rocketmq_consumer_queueing_latency", kGauge,
                                         "consumer_group,topic,is_retry,is_system",
                                         "Age of the oldest message not fetched, in ms."};

// --- Ours.

inline constexpr Metric kHaSlaves{"rocketmq_ha_in_sync_slaves",
                                  kGauge,
                                  {},
                                  "Slaves of a master that are near enough to be waited for."};
inline constexpr Metric kHaLag{
    "rocketmq_ha_slave_lag_bytes", kGauge, "slave",
    "Bytes of the log that the slave on this host lacks; of several the most."};
inline constexpr Metric kHaLagMessages{
    "rocketmq_ha_slave_lag_messages", kGauge, "slave",
    "Messages that the slave on this host lacks; above 10,000 an estimate; of several the most."};
inline constexpr Metric kHaConnected{
    "rocketmq_ha_slave_connected", kGauge, {}, "Whether this slave is connected to its master."};
inline constexpr Metric kHaTablesAge{
    "rocketmq_ha_slave_tables_age_seconds",
    kGauge,
    {},
    "How long ago this slave took over all tables of its master, or was started."};

// --- The exporter's names.

inline constexpr MetricStyle kExporter = MetricStyle::kExporter;
inline constexpr Metric kBrokerTps{
    "rocketmq_broker_tps", kGauge, {}, "Messages stored per second, over a minute.", kExporter};
inline constexpr Metric kBrokerQps{
    "rocketmq_broker_qps", kGauge, {}, "Messages handed out per second, over a minute.", kExporter};
inline constexpr Metric kProducerTps{"rocketmq_producer_tps", kGauge, "topic",
                                     "Messages stored per second, over a minute.", kExporter};
inline constexpr Metric kProducerSize{"rocketmq_producer_message_size", kGauge, "topic",
                                      "Bytes stored per second, over a minute.", kExporter};
inline constexpr Metric kProducerOffset{"rocketmq_producer_offset", kGauge, "topic",
                                        "Ends of the topic's queues, added up.", kExporter};
inline constexpr Metric kConsumerTps{"rocketmq_consumer_tps", kGauge, "topic,group",
                                     "Messages handed out per second, over a minute.", kExporter};
inline constexpr Metric kConsumerSize{"rocketmq_consumer_message_size", kGauge, "topic,group",
                                      "Bytes handed out per second, over a minute.", kExporter};
inline constexpr Metric kConsumerOffset{"rocketmq_consumer_offset", kGauge, "topic,group",
                                        "The group's positions in the topic's queues, added up.",
                                        kExporter};
inline constexpr Metric kGroupDiff{"rocketmq_group_diff", kGauge, "topic,group",
                                   "Messages that the group has not consumed.", kExporter};
inline constexpr Metric kSendBack{"rocketmq_send_back_nums", kGauge, "topic,group",
                                  "Messages sent back per second, over a minute.", kExporter};

}  // namespace rocketmq::broker::metric
