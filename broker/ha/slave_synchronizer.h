#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "broker/group/consumer_offsets.h"
#include "broker/group/subscription_groups.h"
#include "broker/ha/ha_client.h"
#include "broker/ha/table_copies.h"
#include "broker/schedule/delay_service.h"
#include "broker/timer/timer_copy.h"
#include "broker/topic/topic_table.h"
#include "common/mutex.h"
#include "remoting/client.h"
#include "remoting/lanes.h"
#include "remoting/protocol/bodies/config_tables.h"
#include "remoting/protocol/commands/query_message.h"
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
///          What is given back the master must still have: a topic or a group that was removed
///          there meanwhile does not get its old positions back, also when it has been made again.
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

  SlaveSynchronizer(const Parts& parts, HaClient& log);

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

  const TableCopies& copies() const { return copies_; }

 private:
  /// A copy that the log has to catch up with first.
  struct Waiting {
    int64_t log_end = 0;  ///< The master's, after the copy was made.
    std::function<void()> apply;
  };

  /// A copy of the master's consumer offsets, and what is marked here that it lacks.
  struct OffsetsCopy {
    remoting::AllConsumerOffset table;
    std::vector<ConsumerOffsets::Position> ahead;
  };
  /// What becomes of a mark.
  enum class Verdict : uint8_t {
    kGiveBack,
    kForget,  ///< The master's queue is not the one in which it was committed.
    kLater,   ///< The master does not say.
  };

  void copyTopics(const std::string& master);
  void takeGroups(remoting::AllSubscriptionGroups groups);
  void copyOffsets(const std::string& master);
  /// Gives back what is to be given back, one position after the other, then takes the copy over.
  void settleMarks(const std::string& master, std::shared_ptr<OffsetsCopy> copy);
  static Verdict judge(const ConsumerOffsets::Position& position,
                       const remoting::CallResult<remoting::QueryConsumeQueue>& answer);
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
  void noteOutcome(std::string_view what, const std::string& failure);
  void noteTakenOver(std::string_view table);

  const Parts parts_;
  HaClient& log_;
  TableCopies copies_;

  mutable Mutex mutex_;
  std::string master_ ROCKETMQ_GUARDED_BY(mutex_);
  /// Groups that the master had when they were copied last.
  std::set<std::string> groups_ ROCKETMQ_GUARDED_BY(mutex_);
  bool was_following_ ROCKETMQ_GUARDED_BY(mutex_) = false;
  bool lacks_topic_ ROCKETMQ_GUARDED_BY(mutex_) = false;
  std::chrono::steady_clock::time_point topics_copied_at_ ROCKETMQ_GUARDED_BY(mutex_);
  /// By name of what was copied. The oldest waits: a master that goes on and on must not keep a
  /// slave that is always behind from ever taking one over.
  std::map<std::string, Waiting, std::less<>> waiting_ ROCKETMQ_GUARDED_BY(mutex_);
};

}  // namespace rocketmq::broker
