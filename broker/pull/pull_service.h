#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "broker/filter/sql_filter_cache.h"
#include "broker/group/client_registry.h"
#include "broker/group/consumer_offsets.h"
#include "broker/group/subscription_groups.h"
#include "broker/pull/held_pulls.h"
#include "broker/settings.h"
#include "broker/topic/topic_table.h"
#include "broker/traffic_observer.h"
#include "common/clock.h"
#include "remoting/answer.h"
#include "remoting/connection.h"
#include "remoting/lanes.h"
#include "remoting/protocol/commands/pull_message.h"
#include "store/message_store.h"

namespace rocketmq::broker {

/// Takes the answer to one pull, whichever of its two request codes it came with.
class PullResponder {
 public:
  virtual ~PullResponder() = default;
  virtual void answer(remoting::Answer<remoting::PullMessageReply> answer) = 0;
  virtual const remoting::ConnectionPtr& connection() const = 0;
  /// The pull is held until something arrives.
  virtual void markHeld() = 0;
};

/// Serves consumers' pulls (RocketMQ: PullMessageProcessor): checks in RocketMQ's order, filters by
/// tag or by SQL92 expression, commits the offset that comes along, holds pulls that find nothing.
///
/// Threads: any; pull() runs on the connection's thread and does not block: reads of data that may
///          not be in memory, scans that look into many messages' properties, the creation of an
///          unknown group and the parsing of long filters are moved to a lane. Messages are not
///          copied: the answer's body is slices of the log.
class PullService {
 public:
  /// Everything is borrowed.
  struct Parts {
    const LiveSettings& settings;
    TopicTable& topics;
    SubscriptionGroups& groups;
    const ClientRegistry& clients;
    ConsumerOffsets& offsets;
    store::MessageStore& store;
    HeldPulls& held;
    remoting::Lanes& lanes;
    TrafficObserver& traffic;
    const Clock& clock;
    /// Whether a slave has about all that this broker has; empty: no.
    std::function<bool()> has_slave_in_sync = nullptr;
  };

  explicit PullService(Parts parts);

  using Header = remoting::PullMessageHeader<std::string_view>;

  /// Answers through `responder`, now or later.
  void pull(const Header& request, bool is_lite, std::unique_ptr<PullResponder> responder) {
    pull(request, is_lite, std::move(responder), /*may_parse_long=*/false);
  }

 private:
  /// A pull that has passed its checks, with what it needs to be run again.
  struct Task;
  /// A task that is held.
  class Held;
  /// A pull on its way through the checks.
  struct Draft;
  using Answer = remoting::Answer<remoting::PullMessageReply>;

  // The checks, in this order. False: the pull ends here with the draft's refusal.
  bool checkBroker(Draft& draft) const;
  bool checkGroup(Draft& draft) const;
  bool checkTopic(Draft& draft) const;
  bool checkSubscription(Draft& draft);
  bool useOwnSubscription(Draft& draft);
  bool useOwnExpression(Draft& draft);
  bool useGroupSubscription(Draft& draft) const;
  bool useGroupExpression(Draft& draft, const ActiveSubscription& known) const;

  void pull(const Header& request, bool is_lite, std::unique_ptr<PullResponder> responder,
            bool may_parse_long);
  void createGroupThenPull(const Header& request, bool is_lite,
                           std::unique_ptr<PullResponder> responder);
  void parseOnLane(const Header& request, bool is_lite, std::unique_ptr<PullResponder> responder);
  /// Where an administrator's reset sends the pull.
  std::optional<int64_t> resetFor(const Header& request,
                                  const remoting::Connection& connection) const;
  std::unique_ptr<Task> taskOf(Draft& draft, std::unique_ptr<PullResponder> responder) const;
  /// Reads on this thread, or on a lane when the data may have to come from the disk or a filter
  /// has much to look at.
  void run(std::unique_ptr<Task> task);
  void runOnLane(std::unique_ptr<Task> task);
  /// Reads, then answers or holds the pull. `may_wait`: for the disk; else it is moved to a lane
  /// when that is needed.
  void serve(std::unique_ptr<Task> task, bool may_wait);
  /// True when the task was taken over, or has been answered elsewhere; false when a message has
  /// arrived meanwhile or it cannot be held: `task` is back then.
  /// With `is_unreadable` it waits although there are messages.
  bool hold(std::unique_ptr<Task>& task, bool is_unreadable);
  static bool waitsForMore(const Task& task, store::GetStatus status);
  static bool hasLost(const Task& task, store::GetStatus status);
  /// The reply to a pull that is to go on at `next_offset`.
  remoting::PullMessageReply replyFrom(std::string_view topic, int32_t queue_id,
                                       int64_t next_offset) const;
  Answer answerReset(const Header& request, int64_t offset) const;
  /// For one read more than may wait for the disk: to a slave, or to be tried again later.
  Answer answerOverloaded(const Task& task) const;
  /// "Ask again", from the same offset on.
  Answer answerFromHere(const Task& task) const;
  Answer answerOf(const Task& task, store::GetResult got) const;

  const Parts parts_;
  SqlFilterCache expressions_;
};

}  // namespace rocketmq::broker
