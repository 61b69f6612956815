#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "broker/group/consumer_offsets.h"
#include "broker/group/subscription_groups.h"
#include "broker/ha/ha_client.h"
#include "broker/schedule/delay_service.h"
#include "broker/timer/timer_copy.h"
#include "broker/topic/topic_table.h"
#include "common/mutex.h"
#include "remoting/client.h"
#include "remoting/lanes.h"
#include "store/message_store.h"

namespace rocketmq::broker {

/// Copies a master's topics, groups, consumer offsets, delay offsets and what it says of its timers
/// to its slave (RocketMQ: SlaveSynchronize), and gives it the consumer offsets that were committed
/// to the slave while the master was gone. What the master does not answer is asked for again with
/// the next round.
///
/// Promise: positions do not speak of what this broker's log lacks. A copy of them waits until the
///          log has come as far as the master's was after the copy was made: promoted before that,
///          the slave would take delayed messages for delivered, and new messages for consumed,
///          that are not. While this log does not follow the master's, or that is not known yet,
///          the positions of either are none in the other's log: nothing is copied or given back
///          but topics and groups, which are not about the log.
/// Threads: any; answers are taken over on the admin lane, because that writes files.
class SlaveSynchronizer {
 public:
  /// Everything is borrowed. `client` must be stopped before this object and its HaClient go.
  struct Parts {
    remoting::Client& client;
    remoting::Lanes& lanes;
    TopicTable& topics;
    SubscriptionGroups& groups;
    ConsumerOffsets& offsets;
    DelayService& delays;
    const store::MessageStore& store;
    TimerCopy* timers = nullptr;  ///< Of a slave with timerWheelEnable.
  };

  SlaveSynchronizer(const Parts& parts, HaClient& log) : parts_(parts), log_(log) {
    parts_.offsets.markForMaster();
  }

  /// Where the master takes requests ("host:port"). Begins a round when that is news.
  void setMasterAddress(const std::string& address);
  std::string masterAddress() const;

  /// One round; nothing as long as no master is known.
  void run();
  /// One round, if the log has begun to follow the master's since the last call; to be called
  /// often. Answers that came before have been left out.
  void runIfBegunToFollow();
  /// Takes over the copies of offsets that the log has caught up with; to be called often.
  void applyCovered();
  /// The log has brought the first message of a topic that the table lacks: copies the topics, once
  /// a second at most. Does not wait.
  void noteUnknownTopic();
  /// Copies them if that had to wait; to be called often.
  void copyUnknownTopics();
  /// Only how far the delivery of timers is, which is news more often than the tables.
  void copyTimerCheckpoint();

 private:
  /// A copy that the log has to catch up with first.
  struct Waiting {
    int64_t log_end = 0;  ///< The master's, after the copy was made.
    std::function<void()> apply;
  };

  void copyTopics(const std::string& master);
  /// While the master gives this log nothing: why not.
  void copyLogBegin(const std::string& master);
  /// Asks for something and has the body of the answer taken over: Status take_over(body).
  template <class C, class TakeOver>
  void copy(const std::string& master, std::string_view what, TakeOver take_over);
  /// The same with a body in JSON: void take_over(Table).
  template <class C, class Table, class TakeOver>
  void copyTable(const std::string& master, std::string_view what, TakeOver take_over);
  /// The same for a table of positions in the log.
  template <class C, class Table, class TakeOver>
  void copyPositions(const std::string& master, std::string_view what, TakeOver take_over);
  /// Whether what the master says of positions now is true in this log, as far as that goes.
  bool follows() const;
  /// Calls `apply` once the log has come as far as the master's is now.
  void applyOnceCovered(const std::string& master, std::string_view what,
                        std::function<void()> apply);
  void addWaiting(const std::string& master, std::string_view what, Waiting waiting);
  void giveBack(const std::string& master, const ConsumerOffsets::Position& position);
  void logOutcome(std::string_view what, const std::string& failure);

  const Parts parts_;
  HaClient& log_;

  mutable Mutex mutex_;
  std::string master_ ROCKETMQ_GUARDED_BY(mutex_);
  bool was_following_ ROCKETMQ_GUARDED_BY(mutex_) = false;
  bool lacks_topic_ ROCKETMQ_GUARDED_BY(mutex_) = false;
  std::chrono::steady_clock::time_point topics_copied_at_ ROCKETMQ_GUARDED_BY(mutex_);
  /// By name of what was copied. The oldest waits: a master that goes on and on must not keep a
  /// slave that is always behind from ever taking one over.
  std::map<std::string, Waiting, std::less<>> waiting_ ROCKETMQ_GUARDED_BY(mutex_);
  /// Why something could not be copied last; logged when it changes.
  std::map<std::string, std::string, std::less<>> failures_ ROCKETMQ_GUARDED_BY(mutex_);
};

}  // namespace rocketmq::broker
