#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>

#include "broker/group/byte_budget.h"
#include "broker/group/group_member.h"
#include "broker/string_map.h"
#include "common/mutex.h"

namespace rocketmq::broker {

/// What a heartbeat is recognised by when it comes again, and the state of the broker in which it
/// came: what it did once needs no doing again in the same state.
struct HeartbeatPrint {
  uint64_t hash = 0;
  size_t bytes = 0;
  uint64_t state = 0;
  friend bool operator==(const HeartbeatPrint&, const HeartbeatPrint&) = default;
};

/// What each connection has made the broker keep: in which groups it was ever a member, so that
/// closing it does not have to look at all groups, and its last heartbeat.
///
/// Bound: a connection makes at most 10,000 memberships, whose names count in its account of the
/// ByteBudget. Threads: any.
class ConnectionLedger {
 public:
  enum class MemberKind : uint8_t { kProducer, kConsumer };
  using Account = std::shared_ptr<ByteBudget::Account>;
  /// Groups, with the clients that were ever in them.
  using GroupClients = StringMap<std::set<std::string, std::less<>>>;
  struct Groups {
    GroupClients producers;
    GroupClients consumers;
  };

  explicit ConnectionLedger(ByteBudget::Options options) : budget_(options) {}

  /// Notes that a client is about to join a group; null, with a line in the log, when its
  /// connection has joined too many.
  Account note(const ClientInfo& client, const std::string& group, MemberKind kind);
  /// It has joined.
  void countMembership(uint64_t connection_id);
  /// The connection has closed.
  Groups take(uint64_t connection_id);

  /// The heartbeat with this print has been registered, all of it, with `heard` in its
  /// memberships, and takes the place of the connection's last one. `heard` null: none is
  /// remembered any more.
  void remember(uint64_t connection_id, const HeartbeatPrint& print,
                std::shared_ptr<LastHeard> heard);
  /// True when the connection's last heartbeat had this print: its memberships are refreshed then.
  bool refresh(uint64_t connection_id, const HeartbeatPrint& print, TimestampMs now_ms);
  void forget(uint64_t connection_id);

  /// What is counted of all connections.
  size_t bytes() const { return budget_.bytes(); }

 private:
  struct Entry {
    size_t memberships = 0;  ///< Made over this connection so far.
    Account account;
    ByteCharge names;  ///< Of the groups, and of the clients in them.
    Groups groups;
    HeartbeatPrint last_print;
    std::shared_ptr<LastHeard> last_heard;  ///< Null: no heartbeat is remembered.
  };
  /// Memberships that a connection may make; a process of clients has a few dozen.
  static constexpr size_t kMembershipsMax = 10'000;

  const ByteBudget budget_;
  Mutex mutex_;
  std::unordered_map<uint64_t, Entry> entries_ ROCKETMQ_GUARDED_BY(mutex_);
};

}  // namespace rocketmq::broker
