#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "broker/group/consumer_offsets.h"
#include "broker/group/subscription_groups.h"
#include "broker/schedule/delay_service.h"
#include "broker/timer/timer_copy.h"
#include "broker/topic/topic_table.h"
#include "common/mutex.h"
#include "remoting/client.h"
#include "remoting/lanes.h"

namespace rocketmq::broker {

/// Copies a master's topics, groups, consumer offsets, delay offsets and what it says of its timers
/// to its slave (RocketMQ: SlaveSynchronize), and gives it the consumer offsets that were committed
/// to the slave while the master was gone. What the master does not answer is asked for again with
/// the next round.
///
/// Threads: any; answers are taken over on the admin lane, because that writes files.
class SlaveSynchronizer {
 public:
  /// Everything is borrowed. `client` must be stopped before this object goes.
  struct Parts {
    remoting::Client& client;
    remoting::Lanes& lanes;
    TopicTable& topics;
    SubscriptionGroups& groups;
    ConsumerOffsets& offsets;
    DelayService& delays;
    TimerCopy* timers = nullptr;  ///< Of a slave with timerWheelEnable.
  };

  explicit SlaveSynchronizer(const Parts& parts) : parts_(parts) { parts_.offsets.markForMaster(); }

  /// Where the master takes requests ("host:port"). Begins a round when that is news.
  void setMasterAddress(const std::string& address);
  std::string masterAddress() const;

  /// One round; nothing as long as no master is known.
  void run();
  /// Only how far the delivery of timers is, which is news more often than the tables.
  void copyTimerCheckpoint();

 private:
  /// Asks for something and has the body of the answer taken over: Status take_over(body).
  template <class C, class TakeOver>
  void copy(const std::string& master, std::string_view what, TakeOver take_over);
  /// The same with a body in JSON: void take_over(Table).
  template <class C, class Table, class TakeOver>
  void copyTable(const std::string& master, std::string_view what, TakeOver take_over);
  void giveBack(const std::string& master, const ConsumerOffsets::Position& position);
  void logOutcome(std::string_view what, const std::string& failure);

  const Parts parts_;

  mutable Mutex mutex_;
  std::string master_ ROCKETMQ_GUARDED_BY(mutex_);
  /// Why something could not be copied last; logged when it changes.
  std::map<std::string, std::string, std::less<>> failures_ ROCKETMQ_GUARDED_BY(mutex_);
};

}  // namespace rocketmq::broker
