#pragma once

#include <map>
#include <string>

#include "broker/ha/ha_reporter.h"
#include "broker/schedule/delay_service.h"
#include "broker/settings.h"
#include "broker/stats/broker_stats.h"
#include "broker/stats/rate_window.h"
#include "broker/timer/timer_service.h"
#include "common/clock.h"
#include "remoting/lanes.h"
#include "store/message_store.h"

namespace rocketmq::broker {

/// The broker's state as names and texts, in RocketMQ's keys of both releases (RocketMQ:
/// AdminBrokerProcessor.prepareRuntimeInfo, StoreStatsService). Tools parse these.
///
/// Threads: any. sample() once a second.
class RuntimeInfo {
 public:
  struct Parts {
    const LiveSettings& settings;
    const store::MessageStore& store;
    const DelayService& delays;
    const remoting::Lanes& lanes;
    const BrokerStats& stats;
    const HaReporter& ha;
    const Clock& clock;
    /// Null where there is none.
    const TimerService* timers = nullptr;
  };

  explicit RuntimeInfo(const Parts& parts);

  void sample();
  std::map<std::string, std::string> table() const;

 private:
  using Table = std::map<std::string, std::string>;

  void addStoreCounters(Table& table) const;
  void addDisk(Table& table) const;
  void addDelays(Table& table) const;
  void addTimers(Table& table) const;
  void addBroker(Table& table) const;
  void addPools(Table& table) const;

  const Parts parts_;
  const TimestampMs boot_ms_;
  RateWindow put_rate_;
  RateWindow get_found_rate_;
  RateWindow get_missed_rate_;
  RateWindow get_total_rate_;
  RateWindow transferred_rate_;
  RateWindow timer_enqueue_rate_;
  RateWindow timer_dequeue_rate_;
};

}  // namespace rocketmq::broker
