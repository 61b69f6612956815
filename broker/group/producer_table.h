#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "broker/group/group_member.h"
#include "broker/string_map.h"
#include "common/mutex.h"

namespace rocketmq::broker {

/// The producer groups and their clients (RocketMQ: ProducerManager). Who may join, and how long a
/// client belongs to a group, is ClientRegistry's affair. Threads: any.
class ProducerTable {
 public:
  /// Puts the client in the place of the one that the group knows by that connection and id; true
  /// when there was none.
  bool add(const std::string& group, const ClientInfo& client);
  void remove(std::string_view group, const MemberKey& key);
  void removeConnection(std::string_view group, uint64_t connection_id);
  /// Those whose last heartbeat came before `oldest`.
  void removeSilentSince(TimestampMs oldest);
  std::vector<remoting::ConnectionPtr> silentSince(TimestampMs oldest) const;

  /// Empty when nobody is there.
  std::vector<ClientInfo> clients(std::string_view group) const;
  std::map<std::string, std::vector<ClientInfo>> all() const;
  /// Where a client can be reached, null when it is not here. (For replies.)
  remoting::ConnectionPtr findConnection(std::string_view client_id) const;
  /// One of a group's clients, another one each time; null when nobody is there. (For transaction
  /// checks.)
  remoting::ConnectionPtr pickConnection(std::string_view group) const;

 private:
  /// Where a client can be reached, by connection, and in how many groups it is.
  struct Link {
    remoting::ConnectionPtr connection;
    int32_t groups = 0;
  };
  using Members = std::map<MemberKey, ClientInfo>;
  using Groups = StringMap<Members>;

  void link(const ClientInfo& client) ROCKETMQ_REQUIRES(mutex_);
  void unlink(const MemberKey& key) ROCKETMQ_REQUIRES(mutex_);
  /// Takes the members out that `gone` names, of those from `from` to `to`; and the group with its
  /// last one, whose successor is returned then as always.
  template <class Predicate>
  Groups::iterator erase(Groups::iterator group, Members::iterator from, Members::iterator to,
                         Predicate gone) ROCKETMQ_REQUIRES(mutex_);

  mutable Mutex mutex_;
  Groups groups_ ROCKETMQ_GUARDED_BY(mutex_);
  /// Client id -> connection id -> link.
  StringMap<std::map<uint64_t, Link>> links_ ROCKETMQ_GUARDED_BY(mutex_);
  mutable uint64_t picks_ ROCKETMQ_GUARDED_BY(mutex_) = 0;
};

}  // namespace rocketmq::broker
