#include "broker/group/connection_ledger.h"

#include <utility>

#include "common/log_limiter.h"

namespace rocketmq::broker {
namespace {

/// What a membership takes beside the names of the group and the client: nodes of some maps.
constexpr size_t kMembershipBytes = 512;

size_t membershipBytes(const std::string& group, const std::string& client_id) {
  return 2 * group.size() + 4 * client_id.size() + kMembershipBytes;
}

}  // namespace

ConnectionLedger::Account ConnectionLedger::note(const ClientInfo& client, const std::string& group,
                                                 MemberKind kind) {
  const uint64_t connection_id = client.connection->id();
  MutexLock lock(mutex_);
  Entry& entry = entries_[connection_id];
  if (entry.account == nullptr) {
    entry.account = budget_.open();
    entry.names = ByteCharge(entry.account);
  }
  GroupClients& groups =
      kind == MemberKind::kProducer ? entry.groups.producers : entry.groups.consumers;
  const auto clients = groups.find(group);
  const bool is_known = clients != groups.end() && clients->second.contains(client.client_id);
  if (!is_known && (entry.memberships >= kMembershipsMax ||
                    !entry.names.grow(membershipBytes(group, client.client_id)))) {
    static LogLimiter limiter(1);
    limiter.warn("connection {} joins no more groups, it has joined {}", connection_id,
                 entry.memberships);
    return nullptr;
  }
  if (!is_known) {
    groups[group].insert(client.client_id);
  }
  return entry.account;
}

/// Closing may have come in between; then there is nothing left to count.
void ConnectionLedger::countMembership(uint64_t connection_id) {
  MutexLock lock(mutex_);
  if (const auto entry = entries_.find(connection_id); entry != entries_.end()) {
    ++entry->second.memberships;
  }
}

ConnectionLedger::Groups ConnectionLedger::take(uint64_t connection_id) {
  MutexLock lock(mutex_);
  auto entry = entries_.extract(connection_id);
  return entry ? std::move(entry.mapped().groups) : Groups();
}

void ConnectionLedger::remember(uint64_t connection_id, const HeartbeatPrint& print,
                                std::shared_ptr<LastHeard> heard) {
  MutexLock lock(mutex_);
  if (const auto entry = entries_.find(connection_id); entry != entries_.end()) {
    entry->second.last_print = print;
    entry->second.last_heard = std::move(heard);
  }
}

bool ConnectionLedger::refresh(uint64_t connection_id, const HeartbeatPrint& print,
                               TimestampMs now_ms) {
  MutexLock lock(mutex_);
  const auto entry = entries_.find(connection_id);
  if (entry == entries_.end() || entry->second.last_heard == nullptr ||
      entry->second.last_print != print) {
    return false;
  }
  entry->second.last_heard->set(now_ms);
  return true;
}

void ConnectionLedger::forget(uint64_t connection_id) {
  MutexLock lock(mutex_);
  if (const auto entry = entries_.find(connection_id); entry != entries_.end()) {
    entry->second.last_heard = nullptr;
  }
}

}  // namespace rocketmq::broker
