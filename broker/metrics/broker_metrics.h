#pragma once

#include <string>
#include <vector>

#include "broker/group/client_registry.h"
#include "broker/group/consumer_offsets.h"
#include "broker/group/subscription_groups.h"
#include "broker/ha/ha_reporter.h"
#include "broker/settings.h"
#include "broker/stats/broker_stats.h"
#include "broker/timer/timer_service.h"
#include "broker/topic/topic_table.h"
#include "broker/transaction/transactions.h"
#include "common/clock.h"
#include "metrics/metric.h"
#include "metrics/page.h"
#include "remoting/lanes.h"
#include "remoting/rpc_latency.h"
#include "store/message_store.h"

namespace rocketmq::broker {

/// The broker's page of metrics: RocketMQ 5's names (RocketMQ: BrokerMetricsManager) and those of
/// RocketMQ's exporter.
///
/// Threads: any. Reads counters, tables and offsets as they are; the only thing that may wait for
/// a disk is the age of what a group has not consumed, and that stops after 300 ms, leaving out the
/// ages of the remaining groups.
class BrokerMetrics {
 public:
  /// Everything is borrowed.
  struct Parts {
    const LiveSettings& settings;
    const store::MessageStore& store;
    const BrokerStats& stats;
    const TopicTable& topics;
    const SubscriptionGroups& groups;
    const ConsumerOffsets& offsets;
    const ClientRegistry& clients;
    const remoting::Lanes& lanes;
    const HaReporter& ha;
    const Clock& clock;
    const remoting::RpcLatency& rpc_latency;
    /// Null where there is none: on a slave, and the first also where timerWheelEnable is false.
    const TimerService* timers = nullptr;
    const Transactions* transactions = nullptr;
  };

  explicit BrokerMetrics(const Parts& parts) : parts_(parts) {}

  std::string page() const;

  /// What a page may have, in its order.
  static metrics::MetricList all();

 private:
  /// How far a group is in a topic.
  struct Progress;

  void addBroker(metrics::Page& page) const;
  void addRequests(metrics::Page& page) const;
  void addTimers(metrics::Page& page) const;
  void addStorage(metrics::Page& page) const;
  void addReplication(metrics::Page& page) const;
  void addTopics(metrics::Page& page) const;
  void addWaiting(metrics::Page& page) const;
  void addGroups(metrics::Page& page) const;
  void addConnections(metrics::Page& page) const;
  void addProgress(metrics::Page& page) const;
  std::vector<Progress> progress() const;
  void measure(Progress& progress, int32_t queues, bool with_ages) const;

  const Parts parts_;
};

}  // namespace rocketmq::broker
