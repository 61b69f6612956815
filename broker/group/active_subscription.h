#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "broker/filter/consumer_filters.h"
#include "broker/group/byte_budget.h"
#include "common/clock.h"
#include "common/model/subscription_data.h"
#include "store/message_store.h"

namespace rocketmq::broker {

/// A subscription of a group in the form that pulls need. Immutable.
struct ActiveSubscription {
  model::SubscriptionData data;
  /// Null for "everything", and when an expression could not be compiled. Whoever keeps it, a pull
  /// that waits for instance, keeps `charge` as well, also when the group subscribes otherwise
  /// since.
  std::shared_ptr<const store::MessageFilter> filter;
  /// The same, when it is an expression; the subscription keeps it alive.
  std::shared_ptr<ConsumerFilter> expression;
  /// A bad expression leaves the one before it in force, for consumers that still use that (the
  /// Java broker refuses theirs too). Then this is its version, below that of `data`.
  int64_t filter_version = 0;
  std::string filter_fault;  ///< Why `data` could not be compiled.
  /// What it takes, of the connection that has sent it.
  std::shared_ptr<const ByteCharge> charge;
};
using ActiveSubscriptionPtr = std::shared_ptr<const ActiveSubscription>;

/// A group's subscriptions by topic.
using ActiveSubscriptions = std::map<std::string, ActiveSubscriptionPtr, std::less<>>;

/// Makes what a group has sent usable. `known`: its subscription of that topic before; null: none.
/// Compiles an expression that `filters` does not have yet. `charge` is for activeBytes().
ActiveSubscriptionPtr activate(const std::string& group, const model::SubscriptionData& sent,
                               const ActiveSubscription* known, ConsumerFilters& filters,
                               ByteCharge charge);

/// What activate() would make of it takes about so many bytes.
size_t activeBytes(const model::SubscriptionData& sent);

/// What merging a heartbeat into a group's table has done.
struct MergeOutcome {
  bool is_changed = false;      ///< The table is not what it was.
  bool topics_changed = false;  ///< A topic came or went.
  /// Topics of which other messages are wanted than before.
  std::vector<std::string> other_expressions = {};
};

/// Whether a subscription takes the place of the known one of its topic.
using TakesOver =
    std::function<bool(const model::SubscriptionData& sent, const model::SubscriptionData& known)>;

/// Merges what a heartbeat subscribes to into the group's table. Expressions that are no longer in
/// the table are dead from `now_ms` on.
MergeOutcome mergeSubscriptions(const std::vector<ActiveSubscriptionPtr>& sent, TimestampMs now_ms,
                                const TakesOver& takes_over, ActiveSubscriptions& table);

/// To be called with the table of a group whose last member is gone.
void markDead(const ActiveSubscriptions& table, TimestampMs now_ms);

}  // namespace rocketmq::broker
